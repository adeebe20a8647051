//! Which link leads into which queue.

use std::fmt;

use rebias_engine::Tick;

use super::link::{Link, LinkEnd};
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

/// What stands at a router and sends and takes messages: a tile, or the link between chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    /// Its router.
    pub(super) place: Place,
    /// The router's port to it.
    pub(super) port: u32,
    /// The message of which some packets have no start yet.
    pub(super) sending: Option<Sending>,
}

/// A message at its terminal's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    /// Its place among the messages on their way.
    pub(super) message: u32,
    /// The terminal that it is for.
    pub(super) to: u32,
    /// Flits whose start is not known.
    pub(super) left: u32,
    /// The tick since which the next packet waits.
    pub(super) since: Tick,
}

/// The idle parts of a mesh, wired.
pub(super) struct Wiring {
    /// Inputs of routers: `router × n_ports + port`. A router has a port for each direction, one for each of its
    /// tiles, and one for the link between chips, if there is such a link.
    pub(super) queues: Vec<InputQueue>,
    /// Outputs of routers, likewise, then those of terminals.
    pub(super) links: Vec<Link>,
    /// Tiles, then the link between chips.
    pub(super) terminals: Vec<Terminal>,
    /// Of each link; none for outputs that lead nowhere.
    pub(super) names: Vec<Option<LinkName>>,
}

impl Wiring {
    pub(super) fn new(mesh: &Mesh, n_tiles: u32, gateway: Option<u32>) -> Self {
        let n_directions = Direction::ALL.len() as u32;
        let tiles_per_router = mesh.spec().tiles_per_router;
        let gateway_port = n_directions + tiles_per_router.min(n_tiles);
        let n_ports = gateway_port + u32::from(gateway.is_some());
        let mut wiring = Self {
            queues: Vec::new(),
            links: vec![Link::default(); (mesh.n_routers() * n_ports) as usize],
            terminals: Vec::new(),
            names: vec![None; (mesh.n_routers() * n_ports) as usize],
        };
        for router in 0..mesh.n_routers() {
            for port in 0..n_ports {
                let outputs = router * n_ports;
                // A port that leads nowhere has a queue and a link that are never used.
                wiring.queues.push(InputQueue::new(
                    mesh.place(router),
                    outputs,
                    outputs + port,
                    mesh.spec().queue_flits,
                ));
            }
        }
        for router in 0..mesh.n_routers() {
            wiring.join_neighbours(mesh, router, n_ports);
        }
        for tile in 0..n_tiles {
            let router = mesh.router_of(tile);
            let port = n_directions + tile % tiles_per_router;
            let names = (LinkName::ToTile { router, tile }, LinkName::FromTile { tile });
            wiring.join_terminal(mesh.place(router), (router * n_ports, port), names);
        }
        if let Some(router) = gateway {
            let names = (LinkName::ToChipLink { router }, LinkName::FromChipLink { router });
            wiring.join_terminal(mesh.place(router), (router * n_ports, gateway_port), names);
        }
        wiring
    }

    /// Leads a router's links into the queues of those next to it.
    fn join_neighbours(&mut self, mesh: &Mesh, router: u32, n_ports: u32) {
        for direction in Direction::ALL {
            let Some(next) = mesh.neighbour(router, direction) else { continue };
            let link = (router * n_ports + direction as u32) as usize;
            let queue = (next * n_ports + direction.opposite() as u32) as usize;
            self.links[link].end = Some(LinkEnd::Queue(queue as u32));
            self.queues[queue].link = link as u32;
            self.names[link] = Some(LinkName::Between { router, direction });
        }
    }

    /// Puts a terminal at a router's port, with a link to it and one from it.
    fn join_terminal(&mut self, place: Place, (outputs, port): (u32, u32), (to, from): (LinkName, LinkName)) {
        let output = (outputs + port) as usize;
        self.links[output].end = Some(LinkEnd::Terminal);
        self.names[output] = Some(to);
        self.queues[output].link = self.links.len() as u32;
        self.links.push(Link::to(LinkEnd::Queue(output as u32)));
        self.names.push(Some(from));
        self.terminals.push(Terminal { place, port, sending: None });
    }
}
