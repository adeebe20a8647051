//! When packets move over the mesh.

use rebias_engine::{Busy, Tick};

use super::link::{Link, LinkEnd};
use super::queue::{InputQueue, Packet};
use super::wiring::{LinkName, Sending, Terminal, Wiring};
use super::{LinkUse, Mesh, NocSpec};

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

/// The routers and links of a chip.
///
/// Any event loop can drive it: [`inject`](Self::inject) and [`step`](Self::step) call `schedule` with what is to happen
/// when, and want each event back at its tick. A message costs an event for each router of each packet, one for each
/// packet at its port, one at its arrival, and one each time that a link with waiting packets becomes free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshUnit<W> {
    spec: NocSpec,
    mesh: Mesh,
    terminals: Vec<Terminal<W>>,
    queues: Vec<InputQueue<W>>,
    links: Vec<Link>,
    names: Vec<Option<LinkName>>,
}

impl<W: Copy> MeshUnit<W> {
    /// The idle mesh of some tiles; messages name them by their numbers.
    pub fn new(n_tiles: u32, spec: NocSpec) -> Self {
        Self::wired(n_tiles, spec, None)
    }

    /// The idle mesh of some tiles, with the link between chips at a router; messages name it by the number after the
    /// last tile's.
    pub fn with_chip_link(n_tiles: u32, spec: NocSpec, router: u32) -> Self {
        Self::wired(n_tiles, spec, Some(router))
    }

    fn wired(n_tiles: u32, spec: NocSpec, gateway: Option<u32>) -> Self {
        let mesh = Mesh::new(n_tiles, spec);
        let Wiring { queues, links, terminals, names } = Wiring::new(&mesh, n_tiles, gateway);
        Self { spec, mesh, terminals, queues, links, names }
    }

    /// Begins to send a message, whose tail will be told to have left.
    ///
    /// # Errors
    /// [`Busy`] with the message while the sender's port sends another.
    ///
    /// # Panics
    /// If the message has no flits.
    pub fn inject(
        &mut self,
        now: Tick,
        message: Message<W>,
        schedule: &mut impl FnMut(Tick, MeshEvent),
    ) -> Result<(), Busy<Message<W>>> {
        assert!(message.flits > 0, "a message has at least one flit");
        let terminal = &mut self.terminals[message.from as usize];
        if terminal.sending.is_some() {
            return Err(Busy(message));
        }
        terminal.sending = Some(Sending { message, left: message.flits, since: now });
        self.serve(self.port_link(message.from as usize), now, schedule);
        Ok(())
    }

    /// Whether a tile's port sends a message.
    pub fn is_sending(&self, tile: u32) -> bool {
        self.terminals[tile as usize].sending.is_some()
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
                let left = self.terminal_of(link).and_then(|terminal| self.finish(terminal));
                self.serve(link, now, schedule);
                left.map(MeshNotice::Left)
            }
            MeshEvent::Arrive(terminal) => {
                self.terminals[terminal as usize].arriving.pop_front().map(MeshNotice::Delivered)
            }
        }
    }

    /// What each link has done before a tick, which is not before the last event.
    pub fn links_before(&self, tick: Tick) -> impl Iterator<Item = (LinkName, LinkUse)> + '_ {
        self.names.iter().enumerate().filter_map(move |(link, name)| {
            let asked = self.next_packet(link).map(|(_, asked)| asked);
            Some(((*name)?, self.links[link].use_before(tick, asked)))
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
        let port = match self.mesh.next_hop(at.place, packet.to) {
            Some(way) => way as usize,
            None => packet.to_port as usize,
        };
        let link = at.outputs + port;
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
        if let Some(terminal) = self.terminal_of(link).filter(|&it| self.terminals[it].sending.is_some()) {
            self.wake(self.port_link(terminal), self.links[link].free_at, schedule);
        }
    }

    fn wake(&mut self, link: usize, at: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        self.links[link].is_waking = true;
        schedule(at, MeshEvent::Wake(link as u32));
    }

    /// Length of the packet whose turn it is on a link, and since when it waits.
    fn next_packet(&self, link: usize) -> Option<(u32, Tick)> {
        if let Some(terminal) = self.terminal_of(link) {
            let sending = self.terminals[terminal].sending.filter(|sending| sending.left > 0)?;
            return Some((sending.left.min(self.spec.packet_flits()), sending.since));
        }
        let &(queue, asked) = self.links[link].waiting.front()?;
        Some((self.queues[queue].front()?.flits, asked))
    }

    /// The first tick at which a packet may be able to start on a link; `None` if that is not known yet.
    fn may_start(&self, link: usize, flits: u32, now: Tick) -> Option<Tick> {
        let link = &self.links[link];
        let room = match link.end? {
            LinkEnd::Queue(queue) => self.queues[queue].room_from(now, flits, self.spec.queue_flits)?,
            LinkEnd::Terminal(_) => now,
        };
        Some(room.max(link.free_at))
    }

    fn start(&mut self, link: usize, now: Tick, asked: Tick, schedule: &mut impl FnMut(Tick, MeshEvent)) {
        let packet = match self.terminal_of(link) {
            Some(terminal) => self.cut(terminal, now),
            None => self.leave_queue(link, now, schedule),
        };
        let Some(packet) = packet else { return };
        let tail = self.links[link].carry(now, packet.flits, asked);
        match self.links[link].end {
            Some(LinkEnd::Queue(queue)) => {
                let over_link = if link < self.queues.len() { self.spec.link_ticks.0 } else { 0 };
                let ready = Tick(now.0 + over_link + self.spec.router_ticks.0);
                if let Some(asks) = self.queues[queue].push(Packet { ready, ..packet }) {
                    schedule(asks, MeshEvent::Ask(queue as u32));
                }
            }
            Some(LinkEnd::Terminal(terminal)) => {
                if let Some(payload) = packet.payload {
                    self.terminals[terminal].arriving.push_back(payload);
                    schedule(tail + self.spec.link_ticks, MeshEvent::Arrive(terminal as u32));
                }
            }
            None => {}
        }
    }

    /// The next packet of the message that a terminal sends.
    fn cut(&mut self, terminal: usize, now: Tick) -> Option<Packet<W>> {
        let packet_flits = self.spec.packet_flits();
        let sending = self.terminals[terminal].sending.as_mut()?;
        let flits = sending.left.min(packet_flits);
        sending.left -= flits;
        sending.since = Tick(now.0 + u64::from(flits));
        let Message { payload, to, .. } = sending.message;
        let payload = (sending.left == 0).then_some(payload);
        let to = &self.terminals[to as usize];
        Some(Packet { to: to.place, to_port: to.port, flits, ready: now, payload })
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

    /// Frees a terminal's port if all of its message has left.
    fn finish(&mut self, terminal: usize) -> Option<W> {
        let sending = self.terminals[terminal].sending.take_if(|sending| sending.left == 0)?;
        Some(sending.message.payload)
    }

    /// The link from a terminal to its router.
    fn port_link(&self, terminal: usize) -> usize {
        self.queues.len() + terminal
    }

    /// The terminal before a link, if it is one's.
    fn terminal_of(&self, link: usize) -> Option<usize> {
        link.checked_sub(self.queues.len())
    }
}
