//! The values of a placed network: what cells and converters make of real images, without a clock.
//!
//! Takes a network, an architecture and the placement of one on the other, and gives classes, what the converters
//! lost, and how often each part of an array acted. Knows nothing of cycles and joules.
//!
//! ```text
//! images ─► Planes ─► Patterns ─┬─► kernel (arrays one under another) ─► S+A over weight slices ─► P̂ ─┐
//!              ▲                └─► sums of inputs ─► bias source ─► Ŝ ─────────────────────────────┴─► Y = 2^F·P̂ + n·Ŝ
//!              └──────────── max-pool ◄─ coalesced activation ◄──────────────────────────────────────────┘
//! ```
//!
//! All of it is integer arithmetic in units of 1/128 of a cell level, so that results are the same for any number of
//! threads, any order of images and any kernel. Images are run 64 at a time, one in each lane of a kernel's vectors.

mod analog;
mod analog_bias;
mod analog_currents;
mod arrays;
mod batch;
mod bias;
mod bias_columns;
mod bounds;
mod calibration;
mod converters;
mod correction;
mod diagnosis;
mod driven;
mod emulator;
mod error;
mod levels;
mod mvm;
mod outputs;
mod pairs;
mod planes;
mod programmed;
mod programming;
mod record;
mod reference;
mod result;
mod tables;
#[cfg(test)]
mod tests;

pub use analog::{AnalogLayer, AnalogProduct};
pub use diagnosis::{ColumnSums, LayerDiagnosis};
pub use emulator::{EmulateOptions, Emulator, exact_classes};
pub use error::EmulationError;
pub use mvm::EmulatedMvm;
pub use programmed::ProgrammedArrays;
pub use result::{EmulationResult, Fidelity, LayerEmulation, Loss};

/// Fraction bits of sums: a level is 128 units.
const FRACTION_BITS: u32 = rebias_crossbar::FRACTION_BITS;
/// Units of a level.
const LEVEL: i64 = 1 << FRACTION_BITS;

const _: () =
    assert!(LEVEL == rebias_converter::UNITS_PER_LEVEL as i64, "cells and converters count in the same units");
