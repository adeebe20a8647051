//! When packets move over the mesh.

use rebias_engine::{Busy, Tick};

use super::in_flight::InFlight;
use super::link::{Link, LinkEnd};
use super::queue::{InputQueue, Packet};
use super::wiring::{LinkName, Sending, Terminal, Wiring};
use super::{LinkUse, Mesh, NocSpec};

/// What `may_start` has found out.
const LINK_IS_FREE: &str = "a packet starts when its link is free";

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

/// What a [`Listener`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<W, E> {
    /// An event that the network wants back.
    Event(E),
    /// A message has left its tile.
    Left(W),
    /// A message has arrived.
    Delivered(W),
}

/// Who is told by a network what is to happen at a tick, which may lie ahead. Closures that take a [`Notice`] are.
pub trait Listener<W, E> {
    /// The network wants an event back.
    fn event(&mut self, at: Tick, event: E);

    /// The tail of a message has left the tile that sends it. The tile's port takes the next message at once; it will
    /// follow the tail.
    fn left(&mut self, at: Tick, payload: W);

    /// The tail of a message has arrived.
    fn delivered(&mut self, at: Tick, payload: W);
}

impl<W, E, F: FnMut(Tick, Notice<W, E>)> Listener<W, E> for F {
    fn event(&mut self, at: Tick, event: E) {
        self(at, Notice::Event(event));
    }

    fn left(&mut self, at: Tick, payload: W) {
        self(at, Notice::Left(payload));
    }

    fn delivered(&mut self, at: Tick, payload: W) {
        self(at, Notice::Delivered(payload));
    }
}

/// What happens on the mesh: the first packet of a queue asks for its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeshEvent(u32);

/// The routers and links of a chip.
///
/// Any event loop can drive it: [`inject`](Self::inject) and [`step`](Self::step) tell it what is to happen when, and
/// want each [`MeshEvent`] back at its tick. A packet costs an event for each router, no more: when a packet asks for a
/// link, those before it have a start already, or else wait for room of which nobody knows when there will be some. So
/// its own start, and with it all that follows from it for the queue that it leaves, is either known at once or found
/// by the packet that makes room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshUnit<W> {
    spec: NocSpec,
    mesh: Mesh,
    terminals: Vec<Terminal>,
    queues: Vec<InputQueue>,
    links: Vec<Link>,
    names: Vec<Option<LinkName>>,
    messages: InFlight<W>,
    packets: InFlight<Packet>,
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
        Self {
            spec,
            mesh,
            terminals,
            queues,
            links,
            names,
            messages: InFlight::default(),
            packets: InFlight::default(),
        }
    }

    /// Begins to send a message as soon as the tail of the one before has left.
    ///
    /// # Errors
    /// [`Busy`] with the message while it is not known when that will be, as the message before waits for room.
    ///
    /// # Panics
    /// If the message has no flits.
    pub fn inject(
        &mut self,
        now: Tick,
        message: Message<W>,
        listener: &mut impl Listener<W, MeshEvent>,
    ) -> Result<(), Busy<Message<W>>> {
        assert!(message.flits > 0, "a message has at least one flit");
        let Message { payload, from, to, flits } = message;
        let link = self.port_link(from as usize);
        let terminal = &mut self.terminals[from as usize];
        if terminal.sending.is_some() {
            return Err(Busy(message));
        }
        let since = self.links[link].free_at.max(now);
        terminal.sending = Some(Sending { message: self.messages.insert(payload), to, left: flits, since });
        self.serve(link, now, listener);
        Ok(())
    }

    /// Whether a tile's port keeps a message of which it is not known when it will have left.
    pub fn is_sending(&self, tile: u32) -> bool {
        self.terminals[tile as usize].sending.is_some()
    }

    /// Does what happens at a tick: the first packet of a queue joins those that wait for its link.
    pub fn step(&mut self, now: Tick, event: MeshEvent, listener: &mut impl Listener<W, MeshEvent>) {
        let queue = event.0 as usize;
        let at = &self.queues[queue];
        let Some(packet) = at.front() else { return };
        let packet = &self.packets[packet];
        let port = self.mesh.next_hop(at.place, packet.exit).map_or(packet.exit_port, |way| way as u32);
        let link = (at.outputs + port) as usize;
        let flits = packet.flits;
        let start = if self.links[link].waiting.is_empty() { self.may_start(link, flits, now) } else { None };
        match start {
            Some(start) => {
                let tail = self.links[link].carry(now, start, flits, now).expect(LINK_IS_FREE);
                if let Some(before) = self.leave_queue(queue, link, (start, tail), listener) {
                    self.serve(before, now, listener);
                }
            }
            None => self.links[link].waiting.push_back((event.0, now)),
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

    /// Gives a start to the packets that wait for a link, in order, as long as it is known when there is room for them.
    fn serve(&mut self, link: usize, now: Tick, listener: &mut impl Listener<W, MeshEvent>) {
        while let Some((flits, asked)) = self.next_packet(link) {
            // Otherwise the packet that makes room serves the link.
            let Some(start) = self.may_start(link, flits, now) else { return };
            let tail = self.links[link].carry(now, start, flits, asked).expect(LINK_IS_FREE);
            match self.terminal_of(link) {
                Some(terminal) => self.cut(terminal, link, (start, tail), listener),
                None => {
                    let Some((queue, _)) = self.links[link].waiting.pop_front() else { return };
                    if let Some(before) = self.leave_queue(queue as usize, link, (start, tail), listener) {
                        self.serve(before, now, listener);
                    }
                }
            }
        }
    }

    /// Length of the packet whose turn it is on a link, and since when it waits.
    #[inline]
    fn next_packet(&self, link: usize) -> Option<(u32, Tick)> {
        if let Some(terminal) = self.terminal_of(link) {
            let sending = self.terminals[terminal].sending.as_ref()?;
            return Some((sending.left.min(self.spec.packet_flits()), sending.since));
        }
        let &(queue, asked) = self.links[link].waiting.front()?;
        let packet = self.queues[queue as usize].front()?;
        Some((self.packets[packet].flits, asked))
    }

    /// The first tick at which a packet can start on a link; if that is not known yet, the queue behind the link will
    /// tell when it has room.
    #[inline]
    fn may_start(&mut self, link: usize, flits: u32, now: Tick) -> Option<Tick> {
        let link = &self.links[link];
        let from = link.free_at.max(now);
        match link.end? {
            LinkEnd::Queue(queue) => {
                let queue = &mut self.queues[queue as usize];
                let start = queue.room_from(from, flits);
                queue.is_awaited |= start.is_none();
                start
            }
            LinkEnd::Terminal => Some(from),
        }
    }

    /// Books a packet at the end of the link that it starts on.
    #[inline(always)]
    fn follow(
        &mut self,
        link: usize,
        packet: u32,
        (start, tail): (Tick, Tick),
        listener: &mut impl Listener<W, MeshEvent>,
    ) {
        match self.links[link].end {
            Some(LinkEnd::Queue(queue)) => {
                let over_link = if link < self.queues.len() { self.spec.link_ticks.0 } else { 0 };
                self.packets[packet].ready = Tick(start.0 + over_link + self.spec.router_ticks.0);
                let accepted = self.queues[queue as usize].accept(start, packet, &mut self.packets);
                if let Some(asks) = accepted.expect("a packet starts when there is room behind the link") {
                    listener.event(asks, MeshEvent(queue));
                }
            }
            Some(LinkEnd::Terminal) => {
                let packet = self.packets.remove(packet);
                if packet.is_last {
                    listener.delivered(tail + self.spec.link_ticks, self.messages.remove(packet.message));
                }
            }
            None => {}
        }
    }

    /// Sends the next packet of a terminal's message.
    fn cut(
        &mut self,
        terminal: usize,
        link: usize,
        (start, tail): (Tick, Tick),
        listener: &mut impl Listener<W, MeshEvent>,
    ) {
        let packet_flits = self.spec.packet_flits();
        let at_port = &mut self.terminals[terminal].sending;
        let Some(sending) = at_port.as_mut() else { return };
        let flits = sending.left.min(packet_flits);
        sending.left -= flits;
        sending.since = tail;
        let Sending { message, to, left, .. } = *sending;
        let is_last = left == 0;
        if is_last {
            *at_port = None;
            listener.left(tail, self.messages[message]);
        }
        let Terminal { place: exit, port: exit_port, .. } = self.terminals[to as usize];
        let packet = Packet { ready: start, exit, exit_port, flits, message, is_last, next: 0 };
        let packet = self.packets.insert(packet);
        self.follow(link, packet, (start, tail), listener);
    }

    /// Sends the first packet of a queue over a link. Returns the link to the queue, if a packet waits there for room: it
    /// is known now when there will be some.
    #[inline(always)]
    fn leave_queue(
        &mut self,
        queue: usize,
        link: usize,
        (start, tail): (Tick, Tick),
        listener: &mut impl Listener<W, MeshEvent>,
    ) -> Option<usize> {
        let left = &mut self.queues[queue];
        let (packet, next) = left.pop(start, &self.packets)?;
        let before = std::mem::take(&mut left.is_awaited).then_some(left.link as usize);
        if let Some(asks) = next {
            listener.event(asks, MeshEvent(queue as u32));
        }
        self.follow(link, packet, (start, tail), listener);
        before
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
