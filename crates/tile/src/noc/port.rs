//! When a tile's ports at its router are busy, on a network whose links never are.

use rebias_engine::{Resource, Span, Tick, ticks_to_move};
use rebias_units::{Bytes, Cycles};

use crate::NocSpec;

/// The two ports of a tile at its router: each moves one flit a tick, one packet after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortUnit {
    flit_bits: u32,
    injection: Resource,
    ejection: Resource,
}

impl PortUnit {
    /// Idle ports.
    pub fn new(spec: &NocSpec) -> Self {
        Self { flit_bits: spec.flit_bits, injection: Resource::new(1), ejection: Resource::new(1) }
    }

    /// Sends a packet into the network.
    pub fn inject(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.injection.serve(arrival, ticks_to_move(bytes, self.flit_bits))
    }

    /// Takes a packet, whose first flit is there, out of the network.
    pub fn eject(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.ejection.serve(arrival, ticks_to_move(bytes, self.flit_bits))
    }

    /// Ticks that the injection and the ejection port have worked before a tick.
    pub fn busy_before(&self, tick: Tick) -> (Cycles, Cycles) {
        (self.injection.busy_before(tick), self.ejection.busy_before(tick))
    }
}
