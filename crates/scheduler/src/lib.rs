//! The clock and the facade: `replay` moves a placed network's work through the chip's parts, tick by tick, and `run`
//! maps, emulates, replays and prices a network on a chip.
//!
//! Takes valid types, gives a [`RunResult`]. Knows nothing of files and of the terminal.

mod accuracy;
mod calibration;
mod chips;
mod cost;
mod density;
mod mvm;
mod replay;
mod result;
mod run;

pub use accuracy::{Mean, Proportion};
pub use chips::{ChipQuality, Chips, Emulated};
pub use mvm::{MatrixError, MatrixJob, MatrixResult, mvm};
pub use rebias_crossbar::ChipSeed;
pub use replay::{
    Buffer, BufferReplay, CriticalPart, Images, LayerReplay, PartKind, PartReplay, Recorder, ReplayError,
    ReplayOptions, ReplayResult, Schedule, Smallest, SmallestBuffers, Stage, Stall, Steadiness, UnitReplay, Work,
    replay, replay_recorded, smallest_buffers,
};
pub use result::{
    AdcBand, AdcModelCost, Allocation, ColumnCurrent, Component, Conversion, Cost, LayerResult, ModelledCost, Quality,
    RunResult, Timing,
};
pub use run::{RunError, RunOptions, Stages, conclude, run, run_recorded};
