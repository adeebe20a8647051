//! Cells and arrays: how a level becomes a conductance, and what an array of them is.
//!
//! Knows nothing of converters, layers and files. Conductances are held in units of 1/128 of one level
//! ([`FRACTION_BITS`]), so that everything up to the activation is integer arithmetic.

mod cell;
mod spec;

pub use cell::{CellModel, FRACTION_BITS};
pub use spec::{CellSpec, CrossbarSpec, OnOff, ReadEnergy, WiringSpec};
