//! Cells: how a level becomes a conductance.

mod current_voltage;
mod drift;
mod faults;
mod model;
mod read_noise;
mod spec;
mod variation;

pub use current_voltage::CurrentVoltageSpec;
pub use drift::DriftSpec;
pub use faults::FaultSpec;
pub use model::{CellModel, FRACTION_BITS, ProgrammedCell, units};
pub use read_noise::ReadNoiseSpec;
pub use spec::{CellSpec, NonIdealities, OnOff, ReadEnergy};
pub use variation::{MeasuredSigma, VariationSpec};
