//! When packets move over the mesh.

use std::collections::VecDeque;
use std::fmt;

use rebias_engine::{Busy, Tick};

use super::link::Link;
use super::queue::{InputQueue, Packet};
use crate::{Direction, LinkUse, Mesh, NocSpec};

/// What a tile gives to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<W> {
    /// What the caller knows it by.
    pub payload: W,
    /// The tile that sends it.
    pub from: u32,
    /// The tile that it is for.
    pub to: u32,
    /// Its length; at least 1.
    pub flits: u32,
}

/// What happens on the mesh at a tick; the event loop hands it back to [`MeshUnit::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshEvent {
    /// The first packet of a queue asks for its link.
    Ask(u32),
    /// A link may go on.
    Wake(u32),
    /// The tail of a message is at its tile.
    Arrive(u32),
}

/// What the mesh tells of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeshNotice<W> {
    /// Its tail has left the tile that sends it, whose port takes the next message.
    Left(W),
    /// Its tail has arrived.
    Delivered(W),
}

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
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between { router, direction } => write!(f, "Router[{router}].{direction:?}"),
            Self::ToTile { router, tile } => write!(f, "Router[{router}].Tile[{tile}]"),
            Self::FromTile { tile } => write!(f, "Tile[{tile}].Port"),
        }
    }
}

/// The routers and links of a chip.
///
/// Any event loop can drive it: [`inject`](Self::inject) and [`step`](Self::step) call `schedule` with what is to happen
/// when, and want each event back at its tick. A message costs an event for each router of each packet, one for each
/// packet at its port, one at its arrival, and one each time that a link with waiting packets becomes free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshUnit<W> {
    spec: NocSpec,
    mesh: Mesh,
    /// Ports of a router: one for each direction, then its tiles.
    n_ports: usize,
    tiles: Vec<TilePort<W>>,
    /// Inputs of routers: `router × n_ports + port`.
    queues: Vec<InputQueue<W>>,
    /// Outputs of routers, likewise, then those of tiles.
    links: Vec<Link>,
}

/// A tile at its router.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TilePort<W> {
    router: u32,
    /// The router's port to the tile.
    port: u32,
    sending: Option<Sending<W>>,
    /// Messages whose last packets are on the link to the tile.
    arriving: VecDeque<W>,
}

/// A message whose tail has not left its tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sending<W> {
    message: Message<W>,
    /// Flits that have not started.
    left: u32,
    /// The tick since which the next packet waits.
    since: Tick,
}

impl<W: Copy> MeshUnit<W> {
    /// The idle mesh of some tiles.
    pub fn new(n_tiles: u32, spec: NocSpec) -> Self {
        let mesh = Mesh::new(n_tiles, spec);
        let n_directions = Direction::ALL.len() as u32;
        let n_ports = n_directions + spec.tiles_per_router.min(n_tiles);
        let tiles: Vec<_> = (0..n_tiles)
            .map(|tile| TilePort {
                router: mesh.router_of(tile),
                port: n_directions + tile % spec.tiles_per_router,
                sending: None,
                arriving: VecDeque::new(),
            })
            .collect();
        let mut unit = Self {
            spec,
            mesh,
            n_ports: n_ports as usize,
            queues: Vec::new(),
            links: vec![Link::default(); (mesh.n_routers() * n_ports) as usize],
            tiles,
        };
        unit.wire();
        unit
    }

    /// Gives each queue the link before it, and each link the queue behind it.
    fn wire(&mut self) {
        let n_outputs = self.links.len();
        for router in 0..self.mesh.n_routers() {
            for port in 0..self.n_ports {
                let queue = self.queues.len();
                // Ports that lead nowhere have a queue and a link that are never used.
                let neighbour =
                    Direction::ALL.get(port).and_then(|&way| Some((way, self.mesh.neighbour(router, way)?)));
                let link = match neighbour {
                    Some((way, next)) => self.output(next, way.opposite() as usize),
                    None => queue,
                };
                self.queues.push(InputQueue::new(router, link));
                if neighbour.is_some() {
                    self.links[link].queue = Some(queue);
                }
            }
        }
        for tile in 0..self.tiles.len() {
            let queue = self.output(self.tiles[tile].router, self.tiles[tile].port as usize);
            self.queues[queue].link = n_outputs + tile;
            self.links.push(Link::into_queue(queue));
        }
    }

    /// Begins to send a message, whose tail will be told to have left.
    ///
    /// # Errors
    /// [`Busy`] with the message while the tile's port sends another.
    pub fn inject(
        &mut self,
        now: Tick,
        message: Message<W>,
        schedule: &mut impl FnMut(Tick, MeshEvent),
    ) -> Result<(), Busy<Message<W>>> {
        let tile = &mut self.tiles[message.from as usize];
        if tile.sending.is_some() {
            return Err(Busy(message));
        }
        tile.sending = Some(Sending { message, left: message.flits, since: now });
        self.serve(self.port_link(message.from as usize), now, schedule);
        Ok(())
    }

    /// Does what happens at a tick.
    pub fn step(
        &mut self,
        now: Tick,
        event: MeshEvent,
        schedule: &mut impl FnMut(Tick, MeshEvent),
    ) -> Option<MeshNotice<W>> {
        match event {
            MeshEvent::Ask(queue) => {
                self.ask(queue as usize, now, schedule);
                None
            }
            MeshEvent::Wake(link) => {
                let link = link as usize;
                self.links[link].is_waking = false;
                let left = self.tile_of(link).and_then(|tile| self.finish(tile));
                self.serve(link, now, schedule);
                left.map(MeshNotice::Left)
            }
            MeshEvent::Arrive(tile) => self.tiles[tile as usize].arriving.pop_front().map(MeshNotice::Delivered),
        }
    }

    /// What each link has done before a tick, which is not before the last event.
    pub fn links_before(&self, tick: Tick) -> impl Iterator<Item = (LinkName, LinkUse)> + '_ {
        (0..self.links.len()).filter_map(move |link| {
            let asked = self.next_packet(link).map(|(_, asked)| asked);
            Some((self.name(link)?, self.links[link].use_before(tick, asked)))
        })
    }

    /// The mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// The first packet of a queue joins those that wait for its link.
    fn ask(&mut self, queue: usize, now: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        let at = &self.queues[queue];
        let Some(packet) = at.front() else { return };
        let port = match self.mesh.next_hop(at.router, packet.to_router) {
            Some(way) => way as usize,
            None => packet.to_port as usize,
        };
        let link = self.output(at.router, port);
        self.links[link].waiting.push_back((queue, now));
        self.serve(link, now, schedule);
    }

    /// Starts the packet whose turn it is on a link, or sees to it that the link is woken when that may be possible.
    fn serve(&mut self, link: usize, now: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        if self.links[link].is_waking {
            return;
        }
        while let Some((flits, asked)) = self.next_packet(link) {
            match self.may_start(link, flits, now) {
                Some(at) if at <= now => self.start(link, now, asked, schedule),
                Some(at) => return self.wake(link, at, schedule),
                // The first packet of the queue behind it serves the link when it leaves.
                None => return,
            }
        }
        if let Some(tile) = self.tile_of(link).filter(|&tile| self.tiles[tile].sending.is_some()) {
            self.wake(self.port_link(tile), self.links[link].free_at, schedule);
        }
    }

    fn wake(&mut self, link: usize, at: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        self.links[link].is_waking = true;
        schedule(at, MeshEvent::Wake(link as u32));
    }

    /// Length of the packet whose turn it is on a link, and since when it waits.
    fn next_packet(&self, link: usize) -> Option<(u32, Tick)> {
        if let Some(tile) = self.tile_of(link) {
            let sending = self.tiles[tile].sending.filter(|sending| sending.left > 0)?;
            return Some((sending.left.min(self.spec.packet_flits()), sending.since));
        }
        let &(queue, asked) = self.links[link].waiting.front()?;
        Some((self.queues[queue].front()?.flits, asked))
    }

    /// The first tick at which a packet may be able to start on a link; `None` if that is not known yet.
    fn may_start(&self, link: usize, flits: u32, now: Tick) -> Option<Tick> {
        let link = &self.links[link];
        let room = match link.queue {
            Some(queue) => self.queues[queue].room_from(now, flits, self.spec.queue_flits)?,
            None => now,
        };
        Some(room.max(link.free_at))
    }

    fn start(&mut self, link: usize, now: Tick, asked: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        let packet = match self.tile_of(link) {
            Some(tile) => self.cut(tile, now),
            None => self.leave_queue(link, now, schedule),
        };
        let Some(packet) = packet else { return };
        let tail = self.links[link].carry(now, packet.flits, asked);
        match self.links[link].queue {
            Some(queue) => {
                let over_link = if link < self.queues.len() { self.spec.link_ticks.0 } else { 0 };
                let ready = Tick(now.0 + over_link + self.spec.router_ticks.0);
                if let Some(asks) = self.queues[queue].push(Packet { ready, ..packet }) {
                    schedule(asks, MeshEvent::Ask(queue as u32));
                }
            }
            None => self.arrive(link, tail, packet, schedule),
        }
    }

    /// The next packet of the message that a tile sends.
    fn cut(&mut self, tile: usize, now: Tick) -> Option<Packet<W>> {
        let packet_flits = self.spec.packet_flits();
        let sending = self.tiles[tile].sending.as_mut()?;
        let flits = sending.left.min(packet_flits);
        sending.left -= flits;
        sending.since = Tick(now.0 + u64::from(flits));
        let Message { payload, to, .. } = sending.message;
        let payload = (sending.left == 0).then_some(payload);
        let to = &self.tiles[to as usize];
        Some(Packet { to_router: to.router, to_port: to.port, flits, ready: now, payload })
    }

    /// Takes the packet whose turn it is on a link out of its queue.
    fn leave_queue(&mut self, link: usize, now: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) -> Option<Packet<W>> {
        let (queue, _) = self.links[link].waiting.pop_front()?;
        let (packet, next) = self.queues[queue].pop(now)?;
        if let Some(asks) = next {
            schedule(asks, MeshEvent::Ask(queue as u32));
        }
        // Who waits for room in the queue now knows when there will be some.
        self.serve(self.queues[queue].link, now, schedule);
        Some(packet)
    }

    fn arrive(&mut self, link: usize, tail: Tick, packet: Packet<W>, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        let Some(payload) = packet.payload else { return };
        let Some(LinkName::ToTile { tile, .. }) = self.name(link) else { return };
        self.tiles[tile as usize].arriving.push_back(payload);
        schedule(tail + self.spec.link_ticks, MeshEvent::Arrive(tile));
    }

    /// Frees a tile's port if all of its message has left.
    fn finish(&mut self, tile: usize) -> Option<W> {
        let sending = self.tiles[tile].sending.take_if(|sending| sending.left == 0)?;
        Some(sending.message.payload)
    }

    fn output(&self, router: u32, port: usize) -> usize {
        router as usize * self.n_ports + port
    }

    /// The link from a tile to its router.
    fn port_link(&self, tile: usize) -> usize {
        self.queues.len() + tile
    }

    /// The tile before a link, if it is one's.
    fn tile_of(&self, link: usize) -> Option<usize> {
        link.checked_sub(self.queues.len())
    }

    /// A link's name; `None` for an output that leads nowhere.
    fn name(&self, link: usize) -> Option<LinkName> {
        if let Some(tile) = self.tile_of(link) {
            return Some(LinkName::FromTile { tile: tile as u32 });
        }
        let (router, port) = ((link / self.n_ports) as u32, link % self.n_ports);
        match Direction::ALL.get(port) {
            Some(&direction) => self.mesh.neighbour(router, direction).map(|_| LinkName::Between { router, direction }),
            None => {
                let local = (port - Direction::ALL.len()) as u32;
                let tile = router * self.spec.tiles_per_router + local;
                ((tile as usize) < self.tiles.len()).then_some(LinkName::ToTile { router, tile })
            }
        }
    }
}
