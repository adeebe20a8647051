//! A tile: what it is, and when its digital parts outside IMAs and buffer work.

use rebias_buffer::{EdramSpec, RegisterSpec};
use rebias_engine::{Span, Tick};
use rebias_units::{Bytes, Cycles};

use crate::{ActivationUnit, BusSpec, BusUnit, ImaSpec, MaxPoolUnit, ShiftAddUnit};

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

/// Bus, shift-and-add, activation and max-pool units of a tile; each serves one block of values at a time, in order of
/// arrival.
///
/// ```text
///  IMAs ◄═══ bus ═══► eDRAM
///    └─► bus ─► S+A ─► OR ─► activation ─► (max-pool) ─► eDRAM or network
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TileUnit {
    bus: BusUnit,
    shift_add: ShiftAddUnit,
    activation: ActivationUnit,
    max_pool: MaxPoolUnit,
}

/// Ticks that a tile's parts have worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileBusy {
    /// The bus.
    pub bus: Cycles,
    /// The shift-and-add units, which work together on a block.
    pub shift_add: Cycles,
    /// The activation units, likewise.
    pub activation: Cycles,
    /// The max-pool units, likewise.
    pub max_pool: Cycles,
}

impl TileUnit {
    /// An idle tile.
    pub fn new(spec: TileSpec) -> Self {
        Self {
            bus: BusUnit::new(spec.bus),
            shift_add: ShiftAddUnit::new(spec.n_shift_adds),
            activation: ActivationUnit::new(spec.n_activations),
            max_pool: MaxPoolUnit::new(spec.n_max_pools),
        }
    }

    /// Moves bytes between the IMAs and the rest of the tile.
    #[inline]
    pub fn transfer(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.bus.transfer(arrival, bytes)
    }

    /// Adds partial sums to what the output register holds.
    #[inline]
    pub fn merge(&mut self, arrival: Tick, values: u64) -> Span {
        self.shift_add.merge(arrival, values)
    }

    /// Takes finished sums through the activation units.
    #[inline]
    pub fn activate(&mut self, arrival: Tick, values: u64) -> Span {
        self.activation.activate(arrival, values)
    }

    /// Compares values with running maxima.
    #[inline]
    pub fn pool(&mut self, arrival: Tick, values: u64) -> Span {
        self.max_pool.pool(arrival, values)
    }

    /// What has been worked before a tick.
    pub fn busy_before(&self, tick: Tick) -> TileBusy {
        TileBusy {
            bus: self.bus.busy_before(tick),
            shift_add: self.shift_add.busy_before(tick),
            activation: self.activation.busy_before(tick),
            max_pool: self.max_pool.busy_before(tick),
        }
    }
}
