//! Quantisation-aware training of the trained biased number representation and of those it is compared with, and export.
//!
//! Takes a [`Recipe`] and a folder of images; returns a [`Summary`] and leaves a trace of the exact integer network
//! with its provenance. Weights are w = α·(q + β), q unsigned codes, α and β trained with them ([`formula`]), or have
//! another form (`forms`); activations are unsigned codes of a trained step size. Knows nothing of hardware. Prints nothing: an [`Observer`] watches.
//!
//! ```text
//! images ─► float pre-training ─┬─► float fine-tuning ─► the accuracy to compare with
//!                               └─► quantised fine-tuning ─► thresholds ─► trace
//! ```
//! All random choices follow from the recipe's seed.

mod batches;
mod checkpoint;
mod codes;
mod data;
mod error;
mod export;
mod fit;
mod forms;
pub mod formula;
mod hardware;
mod layers;
mod model;
mod observer;
mod output;
mod parameter;
mod quantise;
mod random;
mod read;
mod reference;
mod run;
mod study;
mod trained;

pub use error::TrainError;
pub use observer::{Observer, Phase, Silent};
pub use read::{read_recipe, read_study};
pub use rebias_recipe::{Recipe, Study};
pub use run::{DEBIAN_FASHION_MNIST, RunFiles, Summary, run};
pub use study::{Comparison, FormSummary, Interval, StudyRow, compare, run_study, text_table, write_tables};
