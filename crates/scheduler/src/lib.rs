//! The clock and the facade: `replay` moves a placed network's work through the chip's parts, tick by tick, and `run`
//! maps, emulates, replays and prices a network on a chip.
//!
//! Takes valid types, gives a [`RunResult`]. Knows nothing of files and of the terminal.

mod accuracy;
mod chips;
mod mvm;
mod replay;
mod result;
mod run;

pub use accuracy::Proportion;
pub use chips::{ChipQuality, Chips};
pub use mvm::{MatrixError, MatrixJob, MatrixResult, mvm};
pub use rebias_crossbar::ChipSeed;
pub use replay::{
    CriticalPart, LayerReplay, PartKind, PartReplay, ReplayError, ReplayOptions, ReplayResult, Steadiness, Waits,
    replay,
};
pub use result::{Allocation, ColumnCurrent, Component, Conversion, Cost, LayerResult, Quality, RunResult, Timing};
pub use run::{RunError, RunOptions, run};
