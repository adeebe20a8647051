//! What to train, on what, and how, as TOML says it.
//!
//! Takes documents; gives a [`Recipe`] of one training run, or a [`Study`] of one recipe in several number
//! representations and with several seeds. Trains nothing: that is the work of `rebias-train`, which brings a framework,
//! while editors, `check` and `init` get along with this.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod data;
mod form;
mod hardware;
mod network;
mod recipe;
mod study;

pub use data::{Data, Mirror};
pub use form::{ActivationRange, Form, Granularity};
pub use hardware::{Hardware, PartialSums, Range, StuckCells};
pub use network::PlannedLayer;
pub use recipe::{Distillation, Quantisation, Recipe, Schedule, Training};
pub use study::Study;
