//! What a chip is, and what a system of chips.

use rebias_units::{Cycles, Time};

use crate::{ChipLinkSpec, NocSpec, TileSpec};

/// What a chip is: tiles on a concentrated mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipSpec {
    /// Number of tiles; at least 1.
    pub n_tiles: u32,
    /// The chip's cycle: one read of a crossbar. Pipeline registers are clocked by it.
    pub cycle_time: Time,
    /// Ticks of the tile's digital clock in one chip cycle; at least 1.
    pub ticks_per_cycle: Cycles,
    /// The tiles, all alike.
    pub tile: TileSpec,
    /// The network between them.
    pub noc: NocSpec,
}

impl ChipSpec {
    /// A tick of the tile's digital clock.
    pub fn tick_time(&self) -> Time {
        self.cycle_time / self.ticks_per_cycle.0 as f64
    }
}

/// How many chips there are, and what links them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemSpec {
    /// Number of chips, all alike; at least 1.
    pub n_chips: u32,
    /// Each chip's link to the others; always there if there are several.
    pub chip_link: Option<ChipLinkSpec>,
}
