//! Cells and arrays: how levels become conductances, and conductances the currents of bit lines.
//!
//! Knows nothing of converters, layers and files. The models compute in `f64`, in units of one level; networks are
//! emulated in units of 1/128 level ([`FRACTION_BITS`]), so that everything up to the activation is integer arithmetic.
//!
//! ```text
//! levels ─► CellModel: variation ─► drift ─► stuck cells ─► conductances ─► access device, wires ─► effective matrix
//!                │                                              └─► or each read by itself, where no matrix stands for it
//!                └── ArrayDraws (seed, chip, layer, array, cell) ──┘
//! ```

mod cell;
mod error;
mod model;
mod random;
mod read;
mod spec;
mod wires;

pub use cell::{
    CellModel, CellSpec, CurrentVoltageSpec, DriftSpec, FRACTION_BITS, FaultSpec, MeasuredSigma, NonIdealities, OnOff,
    ProgrammedCell, ReadEnergy, ReadNoiseSpec, VariationSpec, units,
};
pub use error::CrossbarError;
pub use model::{CrossbarModel, EffectiveArray, ProgrammedCrossbar};
pub use random::{ArrayDraws, ChipSeed};
pub use read::ArrayRead;
pub use spec::{CrossbarSpec, Solve, WiringSpec};
pub use wires::{Precision, Workspace};
