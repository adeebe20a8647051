//! Quantisation-aware training of the trained biased number representation, and its export.
//!
//! Takes a TOML [`Recipe`] and a folder of images; returns a [`Summary`] and leaves a trace of the exact integer network
//! with its provenance. Weights are w = α·(q + β), q unsigned codes, α and β trained with them ([`formula`]); activations
//! are unsigned codes of a trained step size. Knows nothing of hardware. Prints nothing: an [`Observer`] watches.
//!
//! ```text
//! images ─► float pre-training ─┬─► quantised fine-tuning ─► thresholds ─► trace
//!                               └─► float fine-tuning ─► the accuracy to compare with
//! ```
//! All random choices follow from the recipe's seed.

mod batches;
mod data;
mod error;
mod export;
mod fit;
pub mod formula;
mod layers;
mod model;
mod observer;
mod output;
mod parameter;
mod quantise;
mod random;
#[deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod recipe;
mod reference;
mod run;
mod trained;

pub use error::TrainError;
pub use observer::{Observer, Phase, Silent};
pub use recipe::Recipe;
pub use run::{DEBIAN_FASHION_MNIST, RunFiles, Summary, run};
