//! The inner loops of emulation: sums over the word lines of an array, fused with its converters' transfer.
//!
//! Knows nothing of crossbars and files: cells are small integers, inputs are bits. A kernel takes the cells of an
//! [`Array`] and the input bits of many output positions ([`Inputs`]), and gives for each position and column the
//! converted sums of all reads, each shifted by the weight of its input slice.
//!
//! ```text
//! cells ─► Array (look-up tables) ─┐
//! bits  ─► Inputs (patterns) ──────┼─► look up, add ─► column sums ─► Transfer ─► shift, add ─► totals
//! slices ─► Slice (planes, weight)─┘                        └─► Tally
//! ```
//!
//! Every kernel gives the same integers; [`Kernel::Scalar`] is the one that is obviously right, and a test holds all
//! others to it. A kernel for an instruction set is one more file with the functions of `portable.rs` and one more
//! arm in `kernel.rs`.

mod array;
mod histogram;
mod job;
mod kernel;
mod portable;
mod scalar;
#[cfg(test)]
mod suite;
mod transfer;

pub use array::{Array, Cell, GROUP, Read};
pub use histogram::{Histogram, Tally};
pub use job::{Inputs, Job, Output, Slice, SliceSign, Work};
pub use kernel::Kernel;
pub use transfer::{Division, Rounding, Transfer};
