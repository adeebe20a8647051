//! What the parts of a chip are, and how many there are.

use rebias_buffer::{EdramSpec, RegisterSpec};
use rebias_converter::{AdcSpec, DacSpec};
use rebias_crossbar::CrossbarSpec;
use rebias_units::{Cycles, Time};

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

/// What a tile is.
#[derive(Clone, Debug, PartialEq)]
pub struct TileSpec {
    /// Number of IMAs; at least 1.
    pub n_imas: u32,
    /// The IMAs, all alike.
    pub ima: ImaSpec,
    /// Buffer of feature maps.
    pub edram: EdramSpec,
    /// Bus between the buffer and the IMAs.
    pub bus: BusSpec,
    /// Register before the buffer.
    pub output_register: RegisterSpec,
    /// Units that merge partial sums, each one value a tick.
    pub n_shift_adds: u32,
    /// Activation units, each one value a tick.
    pub n_activations: u32,
    /// Max-pool units, each one value a tick.
    pub n_max_pools: u32,
}

/// What an IMA is.
#[derive(Clone, Debug, PartialEq)]
pub struct ImaSpec {
    /// Number of crossbars; at least 1.
    pub n_crossbars: u32,
    /// The crossbars, all alike.
    pub crossbar: CrossbarSpec,
    /// One on each word line.
    pub dac: DacSpec,
    /// ADCs shared by all crossbars of the IMA; at least 1. A crossbar takes the ADC that is free first.
    pub n_adcs: u32,
    /// The ADCs, all alike.
    pub adc: AdcSpec,
    /// Shift-and-add units.
    pub n_shift_adds: u32,
    /// Values that all shift-and-add units of the IMA take in a chip cycle.
    pub shift_adds_per_cycle: u32,
    /// Width of a partial sum in the output registers, on the bus and on the network; 1 … 64. Sets how many bytes are
    /// moved; values are never cut to it.
    pub partial_sum_bits: u32,
    /// Register of inputs.
    pub input_register: RegisterSpec,
    /// Register of finished partial sums.
    pub output_register: RegisterSpec,
}

/// What converts a bias column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasConverter {
    /// A converter of its own for each IMA, one conversion for each crossbar in a chip cycle.
    Own,
    /// The array's ADC: a bias column takes a conversion slot like any column.
    Shared,
}

/// What the bus inside a tile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusSpec {
    /// Bits moved in one tick of the tile's clock.
    pub wires: u32,
}

/// What the on-chip network is: routers in a mesh, each shared by some tiles, XY routing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NocSpec {
    /// Tiles at one router.
    pub tiles_per_router: u32,
    /// Bits that a port moves in one tick.
    pub flit_bits: u32,
    /// Ticks that a flit takes through a router and its link.
    pub hop_ticks: Cycles,
}
