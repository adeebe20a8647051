//! Validation: figures that a design's paper prints, beside those that come out here.
//!
//! Takes a design and its `expected.toml`, which quotes each figure as printed, with its source; computes each by its
//! named [`Metric`], from the cost table or by a replay, and judges it. Knows nothing of files.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod claim;
mod expected;
mod metric;
mod sums;
mod validate;

pub use claim::{Claim, Printed, Tolerance, Verdict};
pub use expected::{Expected, Figure};
pub use metric::Metric;
pub use validate::{Compared, ValidateError, Validation, validate};

#[cfg(test)]
mod tests;
