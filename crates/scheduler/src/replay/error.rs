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
    /// Nothing can go on: everyone waits for someone else. Larger buffers help.
    #[error("the chip is deadlocked at cycle {cycle}: {}", chain(waits, *returns_to))]
    Deadlock {
        /// The cycle of the last event.
        cycle: u64,
        /// Who waits for what, each for the next: the first for what the outside waits for.
        waits: Vec<String>,
        /// Whom the last one waits for: the place in `waits` where the circle begins.
        returns_to: Option<usize>,
    },
}

fn chain(waits: &[String], returns_to: Option<usize>) -> String {
    let links = waits.join("; ");
    match returns_to {
        Some(0) => format!("{links}; and so in a circle"),
        Some(first) => format!("{links}; and so in a circle from the wait number {} on", first + 1),
        None => links,
    }
}

fn list(parts: &[(String, Bytes)]) -> String {
    let parts: Vec<_> = parts.iter().map(|(layer, bytes)| format!("`{layer}` {}", bytes.0)).collect();
    parts.join(", ")
}
