//! Why a network cannot be replayed.

use rebias_units::Bytes;

/// Why a placed network does not run on a chip.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// What a tile's layers need at once does not fit its buffer: give it a larger one, or spread the layers over more
    /// tiles. Nothing is spilled.
    #[error(
        "the eDRAM of {tile} has {} bytes, but the {what} of its layers need {}: {}",
        capacity.0, needed.0, list(parts)
    )]
    BufferTooSmall {
        /// Path of the tile.
        tile: String,
        /// What the buffer holds.
        capacity: Bytes,
        /// What it would have to hold.
        needed: Bytes,
        /// What has to fit: the windows of all layers in a pipeline; layer by layer, the whole maps that are written and
        /// read at the same time.
        what: &'static str,
        /// Each layer on the tile with its part.
        parts: Vec<(String, Bytes)>,
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
