//! Which link leads into which queue.

use std::fmt;

use rebias_engine::{PoolId, Tick};

use super::link::Link;
use super::queue::InputQueue;
use super::{Direction, Mesh, Place};

/// A link of the mesh, as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkName {
    /// From a router to the next.
    Between {
        /// The router before it.
        router: u32,
        /// Where it leads.
        direction: Direction,
    },
    /// From a router to a tile.
    ToTile {
        /// The router.
        router: u32,
        /// The tile.
        tile: u32,
    },
    /// From a tile to its router.
    FromTile {
        /// The tile.
        tile: u32,
    },
    /// From a router to the link between chips.
    ToChipLink {
        /// The router.
        router: u32,
    },
    /// From the link between chips to its router.
    FromChipLink {
        /// The router.
        router: u32,
    },
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between { router, direction } => write!(f, "Router[{router}].{direction:?}"),
            Self::ToTile { router, tile } => write!(f, "Router[{router}].Tile[{tile}]"),
            Self::FromTile { tile } => write!(f, "Tile[{tile}].Port"),
            Self::ToChipLink { router } => write!(f, "Router[{router}].ChipLink"),
            Self::FromChipLink { .. } => write!(f, "ChipLink.Port"),
        }
    }
}

/// A link that leads into a router, and the queue behind it. The queue is one of the router's inputs.
// Two lines of a processor's cache: what a packet touches where it comes from, and what it also touches where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Channel {
    /// Where the router stands.
    pub(super) place: Place,
    pub(super) queue: InputQueue,
    /// What waits for the link, as long as it is not known when the queue will have room.
    pub(super) waiting: Waiting,
    /// The first channel into the router.
    pub(super) base: u32,
    /// The channel that waits behind this one for the same link, if its first packet waits for one.
    pub(super) next_waiting: Option<u32>,
    pub(super) link: Link,
}

const _: () = assert!(size_of::<Channel>() == 128);

/// What waits for room behind a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Nobody,
    /// First packets of channels, in order of arrival, each of which leads to the next.
    Channels {
        first: u32,
        last: u32,
    },
    /// The message at a terminal.
    Terminal(u32),
}

/// What stands at a router and sends and takes messages: a tile, or the link between chips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    /// Its router.
    pub(super) place: Place,
    /// The channel into that.
    pub(super) port: u32,
    /// The message of which some packets have no start yet.
    pub(super) sending: Option<Sending>,
    /// The link from the router, behind which there is always room.
    pub(super) exit: Link,
}

/// A message at its terminal's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    /// Its place among the messages on their way.
    pub(super) message: PoolId,
    /// The terminal that it is for.
    pub(super) to: u32,
    /// Flits whose start is not known.
    pub(super) left: u32,
    /// The tick since which the next packet waits.
    pub(super) since: Tick,
}

/// A link of a mesh by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkPlace {
    /// Of the channel that it is the link of.
    Channel(u32),
    /// Of the terminal that it leads to.
    Exit(u32),
}

/// The idle parts of a mesh, wired.
pub(super) struct Wiring {
    /// Inputs of routers: `router × n_ports + port`. A router has a port for each direction, one for each of its
    /// tiles, and one for the link between chips, if there is such a link. One that leads nowhere is never used.
    pub(super) channels: Vec<Channel>,
    /// Tiles, then the link between chips.
    pub(super) terminals: Vec<Terminal>,
    /// The links in use: outputs of routers, port by port, then those of terminals.
    pub(super) names: Vec<(LinkName, LinkPlace)>,
    pub(super) n_ports: u32,
}

impl Wiring {
    pub(super) fn new(mesh: &Mesh, n_tiles: u32, gateway: Option<u32>) -> Self {
        let n_directions = Direction::ALL.len() as u32;
        let tiles_per_router = mesh.spec().tiles_per_router;
        let gateway_port = n_directions + tiles_per_router.min(n_tiles);
        let n_ports = gateway_port + u32::from(gateway.is_some());
        let mut wiring = Self { channels: Vec::new(), terminals: Vec::new(), names: Vec::new(), n_ports };
        for router in 0..mesh.n_routers() {
            let channel = Channel {
                place: mesh.place(router),
                queue: InputQueue::new(mesh.spec().queue_flits),
                waiting: Waiting::Nobody,
                base: router * n_ports,
                next_waiting: None,
                link: Link::default(),
            };
            wiring.channels.extend(vec![channel; n_ports as usize]);
        }
        let tiles = (0..n_tiles).map(|tile| (mesh.router_of(tile), n_directions + tile % tiles_per_router));
        let ends: Vec<_> = tiles.chain(gateway.map(|router| (router, gateway_port))).collect();
        wiring.terminals.extend(ends.iter().map(|&(router, port)| Terminal {
            place: mesh.place(router),
            port: router * n_ports + port,
            sending: None,
            exit: Link::default(),
        }));
        wiring.name_links(mesh, n_tiles, &ends);
        wiring
    }

    /// The channel from a router into its neighbour, if there is one.
    fn between(&self, mesh: &Mesh, router: u32, direction: Direction) -> Option<u32> {
        Some(mesh.neighbour(router, direction)? * self.n_ports + direction.opposite() as u32)
    }

    fn name_links(&mut self, mesh: &Mesh, n_tiles: u32, ends: &[(u32, u32)]) {
        for router in 0..mesh.n_routers() {
            for direction in Direction::ALL {
                let name = LinkName::Between { router, direction };
                let channel = self.between(mesh, router, direction).map(LinkPlace::Channel);
                self.names.extend(channel.map(|channel| (name, channel)));
            }
            let here = (0u32..).zip(ends).filter(|(_, end)| end.0 == router);
            self.names.extend(here.map(|(end, _)| {
                let name = if end < n_tiles {
                    LinkName::ToTile { router, tile: end }
                } else {
                    LinkName::ToChipLink { router }
                };
                (name, LinkPlace::Exit(end))
            }));
        }
        for (end, terminal) in (0u32..).zip(&self.terminals) {
            let router = ends[end as usize].0;
            let name = if end < n_tiles { LinkName::FromTile { tile: end } } else { LinkName::FromChipLink { router } };
            self.names.push((name, LinkPlace::Channel(terminal.port)));
        }
    }
}
