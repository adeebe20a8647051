//! The network on chip: distances, and when a tile's ports are busy.

use rebias_engine::{Resource, Span, Tick, ticks_to_move};
use rebias_units::{Bytes, Cycles};

use crate::{ChipSpec, NocSpec};

/// Where tiles are on a concentrated mesh, and how far apart.
///
/// ```text
///  tiles 0…3   tiles 4…7        a router serves tiles_per_router tiles; routers stand in
///      ╲╱          ╲╱           rows, as near to a square as their number allows;
///    router 0 ── router 1       packets go along the row first, then along the column
///       │           │
///    router 2 ── router 3
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mesh {
    spec: NocSpec,
    routers_per_row: u32,
}

/// A way through the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Links between routers.
    pub links: u32,
    /// Routers, both ends included.
    pub routers: u32,
    /// Ticks from the first flit's departure to its arrival.
    pub latency: Cycles,
}

impl Mesh {
    /// The mesh of a chip.
    pub fn new(chip: &ChipSpec) -> Self {
        let n_routers = chip.n_tiles.div_ceil(chip.noc.tiles_per_router);
        let root = n_routers.isqrt();
        Self { spec: chip.noc, routers_per_row: if root * root < n_routers { root + 1 } else { root } }
    }

    /// The way from one tile to another; a tile reaches its neighbours at the same router without a link.
    pub fn route(&self, from: u32, to: u32) -> Route {
        let ((from_row, from_column), (to_row, to_column)) = (self.router(from), self.router(to));
        let links = from_row.abs_diff(to_row) + from_column.abs_diff(to_column);
        let routers = links + 1;
        Route { links, routers, latency: Cycles(self.spec.hop_ticks.0 * u64::from(routers)) }
    }

    /// Row and column of a tile's router.
    fn router(&self, tile: u32) -> (u32, u32) {
        let router = tile / self.spec.tiles_per_router;
        (router / self.routers_per_row, router % self.routers_per_row)
    }
}

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
