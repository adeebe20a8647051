//! The inner loops of emulation: sums over the word lines of arrays, fused with their converters' transfer.
//!
//! Knows nothing of crossbars and files: cells are whole numbers, inputs are bits. A kernel takes the cells of a
//! [`Stack`] of arrays and the input bits of many output positions of up to [`LANES`] images each ([`Patterns`]), and
//! gives for each column and position the converted sums of all reads, each shifted by the weight of its input slice.
//!
//! ```text
//! cells ─► Stack (look-up tables) ──┐
//! bits  ─► Patterns (indices) ──────┼─► look up, add ─► sums ─► + lift, noise ─► Transfer ─► shift, add ─► totals
//! slices ─► Slice (planes, weight) ─┘                                    └─► Tally
//! ```
//!
//! | kernel | tables | lanes |
//! |---|---|---|
//! | `scalar` | none: a loop over cells | – |
//! | `portable`, `avx2` | eight word lines, in memory | columns |
//! | `avx512` | six word lines of bytes or words, in registers; wider cells as `portable` | images |
//! | `amx` | none: cells of 64 word lines times what drives them; cells wider than two bytes as `portable` | images |
//!
//! Where converters lose nothing, inputs of many bits and wide cells are multiplied instead by the kernels with tables in
//! memory, images in the lanes.
//!
//! Every kernel gives the same integers; `scalar` is the one that is obviously right, and a test holds all others to it.
//! The kernel is chosen when the program runs; the environment variable [`KERNEL_VARIABLE`] forces one.

mod aes;
#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(feature = "baseline")]
pub mod baseline;
mod bits;
mod columns;
mod dispatch;
mod finish;
mod histogram;
mod interleave;
mod job;
mod kernel;
mod lines;
mod memory;
mod noise;
mod patterns;
mod products;
mod random;
mod rows;
mod scalar;
mod scratch;
mod segments;
#[cfg(target_arch = "x86_64")]
mod sse2;
mod stack;
#[cfg(test)]
mod suite;
mod tiled;
mod tiles;
mod transfer;
mod words;

pub use bits::planes;
pub use dispatch::vectorised;
pub use finish::{Affine, Finish};
pub use histogram::{Histogram, Tally};
pub use job::{Grid, Job, Lift, Output, OutputTotals, Position, Slice, SliceSign, Total, Work};
pub use kernel::{KERNEL_VARIABLE, Kernel, KernelError, Portion};
pub use lines::{Lines, Read};
pub use patterns::{LANES, Patterns, Source, Vector};
pub use scratch::Scratch;
pub use stack::{Cells, Stack, StackError};
pub use transfer::{Transfer, Uniform};
