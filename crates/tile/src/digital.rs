//! The digital parts of a tile outside its IMAs and its buffer: when they work.

use rebias_engine::{Resource, Span, Tick, ticks_to_handle, ticks_to_move};
use rebias_units::{Bytes, Cycles};

use crate::TileSpec;

/// Bus, shift-and-add, activation and max-pool units of a tile; each serves one block of values at a time, in order of
/// arrival.
///
/// ```text
///  IMAs ◄═══ bus ═══► eDRAM
///    └─► bus ─► S+A ─► OR ─► activation ─► (max-pool) ─► eDRAM or network
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TileUnit {
    spec: TileSpec,
    bus: Resource,
    shift_add: Resource,
    activation: Resource,
    max_pool: Resource,
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
        let one = || Resource::new(1);
        Self { spec, bus: one(), shift_add: one(), activation: one(), max_pool: one() }
    }

    /// Moves bytes between the IMAs and the rest of the tile.
    pub fn transfer(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.bus.serve(arrival, ticks_to_move(bytes, self.spec.bus.wires))
    }

    /// Adds partial sums to what the output register holds.
    pub fn merge(&mut self, arrival: Tick, values: u64) -> Span {
        self.shift_add.serve(arrival, ticks_to_handle(values, self.spec.n_shift_adds))
    }

    /// Takes finished sums through the activation units.
    pub fn activate(&mut self, arrival: Tick, values: u64) -> Span {
        self.activation.serve(arrival, ticks_to_handle(values, self.spec.n_activations))
    }

    /// Compares values with running maxima.
    pub fn pool(&mut self, arrival: Tick, values: u64) -> Span {
        self.max_pool.serve(arrival, ticks_to_handle(values, self.spec.n_max_pools))
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
