//! What the network on chip is.

use rebias_units::Cycles;

/// A concentrated mesh of routers: each serves some tiles and is linked to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NocSpec {
    /// Tiles at one router; at least 1.
    pub tiles_per_router: u32,
    /// Width of a link, and so of a flit; at least 1.
    pub flit_bits: u32,
    /// Flits that a router keeps for each of its inputs; at least 1.
    pub queue_flits: u32,
    /// Ticks that a packet's head takes through a router's pipeline; at least 1.
    pub router_ticks: Cycles,
    /// Ticks that a flit takes over a link; at least 1.
    pub link_ticks: Cycles,
}

impl NocSpec {
    /// Flits of a packet at most: half of an input queue, so that one packet can enter it while another leaves.
    pub const fn packet_flits(&self) -> u32 {
        if self.queue_flits > 1 { self.queue_flits / 2 } else { 1 }
    }

    /// Ticks that a packet's head takes through a router and the link behind it.
    pub fn hop_ticks(&self) -> Cycles {
        self.router_ticks + self.link_ticks
    }
}
