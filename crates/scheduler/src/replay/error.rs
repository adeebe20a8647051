//! Why a network cannot be replayed.

use rebias_units::Bytes;

/// Why a placed network does not run on a chip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The windows that a tile's layers need at once do not fit its buffer: give it a larger one, or spread the layers
    /// over more tiles.
    #[error(
        "the eDRAM of {tile} has {} bytes, but the windows of its layers need {}: {}",
        capacity.0, needed.0, list(windows)
    )]
    BufferTooSmall {
        /// Path of the tile.
        tile: String,
        /// What the buffer holds.
        capacity: Bytes,
        /// What it would have to hold.
        needed: Bytes,
        /// Each layer on the tile with its part.
        windows: Vec<(String, Bytes)>,
    },
    /// The inputs of one position of each product do not fit an IMA's input register: give it a larger one.
    #[error(
        "the input register of {ima} has {} bytes, but the inputs of its arrays need {}: {}",
        capacity.0, needed.0, list(inputs)
    )]
    InputRegisterTooSmall {
        /// Path of the IMA.
        ima: String,
        /// What the register holds.
        capacity: Bytes,
        /// What it would have to hold.
        needed: Bytes,
        /// Each layer in the IMA with its part.
        inputs: Vec<(String, Bytes)>,
    },
    /// Nothing can go on: everyone waits for someone else.
    #[error("the chip is deadlocked at cycle {cycle}: {}", first_of(waits))]
    Deadlock {
        /// The cycle of the last event.
        cycle: u64,
        /// Who waits for what.
        waits: Vec<String>,
    },
}

/// Waits that a message lists; the others are like them.
const SHOWN_WAITS: usize = 8;

fn first_of(waits: &[String]) -> String {
    let shown = waits[..waits.len().min(SHOWN_WAITS)].join("; ");
    match waits.len().checked_sub(SHOWN_WAITS) {
        None | Some(0) => shown,
        Some(more) => format!("{shown}; and {more} more"),
    }
}

fn list(parts: &[(String, Bytes)]) -> String {
    let parts: Vec<_> = parts.iter().map(|(layer, bytes)| format!("`{layer}` {}", bytes.0)).collect();
    parts.join(", ")
}
