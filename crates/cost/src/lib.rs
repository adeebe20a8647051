//! Costs: counts of actions × sourced tables and models → energy, leakage, area.
//!
//! A design's `costs.toml` has a row for each component with published power and area, or energies of our own, and the
//! source of each. [`Costs`] is that table checked against an architecture: every action has its price. Knows nothing
//! of how counts arose.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod adc;
mod calibration;
mod feasibility;
mod parse;
mod peak;
mod price;
mod programming;
mod row;
mod scaling;
mod unit;

pub use adc::AdcCostModel;
pub use calibration::{Calibration, CalibrationReads};
pub use feasibility::{Limits, Warning, warnings};
pub use peak::{Peak, PeakFormat, peak};
pub use price::{ComponentCost, LayerCost, LayerUsage, Priced, Usage, price};
pub use programming::{ProgrammedCells, Programming, ProgrammingSpec};
pub use row::{Confidence, Costs, PeakRate, Row, RowEnergy};
pub use unit::{Extent, Place, Unit};
