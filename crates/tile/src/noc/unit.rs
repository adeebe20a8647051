//! When packets move over the mesh.

use rebias_engine::{Busy, Pool, Tick};

use super::queue::Packet;
use super::wiring::{Channel, LinkName, LinkPlace, Sending, Terminal, Waiting, Wiring};
use super::{Direction, LinkUse, Mesh, NocSpec};

/// What `may_start` has found out.
const LINK_IS_FREE: &str = "a packet starts when its link is free";
const HAS_ROOM: &str = "a packet starts when there is room behind the link";

/// What a tile gives to the network; on one chip, tiles are known by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<W, Tile = u32> {
    /// What the caller knows it by.
    pub payload: W,
    /// The tile that sends it.
    pub from: Tile,
    /// The tile that it is for.
    pub to: Tile,
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
    mesh: Mesh,
    channels: Vec<Channel>,
    terminals: Vec<Terminal>,
    /// From a router's first channel to the one in each direction, modulo the range of channels' numbers.
    steps: [u32; Direction::ALL.len()],
    names: Vec<(LinkName, LinkPlace)>,
    messages: Pool<W>,
    packets: Pool<Packet>,
}

/// When a packet has asked for a link, and when it starts on it.
#[derive(Clone, Copy)]
struct Turn {
    now: Tick,
    asked: Tick,
    start: Tick,
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
        let Wiring { channels, terminals, names, n_ports } = Wiring::new(&mesh, n_tiles, gateway);
        let step = |way: Direction| {
            let routers = match way {
                Direction::East => 1,
                Direction::West => 1u32.wrapping_neg(),
                Direction::North => mesh.columns().wrapping_neg(),
                Direction::South => mesh.columns(),
            };
            routers.wrapping_mul(n_ports).wrapping_add(way.opposite() as u32)
        };
        Self {
            mesh,
            channels,
            terminals,
            steps: Direction::ALL.map(step),
            names,
            messages: Pool::default(),
            packets: Pool::default(),
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
        let terminal = &self.terminals[from as usize];
        if terminal.sending.is_some() {
            return Err(Busy(message));
        }
        let since = self.channels[terminal.port as usize].link.free_at.max(now);
        let message = self.messages.insert(payload);
        self.send(from, Sending { message, to, left: flits, since }, now, listener);
        Ok(())
    }

    /// Whether a tile's port keeps a message of which it is not known when it will have left.
    pub fn is_sending(&self, tile: u32) -> bool {
        self.terminals[tile as usize].sending.is_some()
    }

    /// Does what happens at a tick: the first packet of a queue joins those that wait for its link.
    #[inline(always)]
    pub fn step(&mut self, now: Tick, event: MeshEvent, listener: &mut impl Listener<W, MeshEvent>) {
        let from = event.0;
        let channel = &self.channels[from as usize];
        let Some(first) = channel.queue.front() else { return };
        let Packet { exit, flits, .. } = self.packets[first];
        match self.mesh.next_hop(channel.place, exit) {
            Some(direction) => {
                let to = channel.base.wrapping_add(self.steps[direction as usize]);
                let next = &self.channels[to as usize];
                let start = match next.waiting {
                    Waiting::Nobody => next.room_from(now, flits),
                    Waiting::Channels { .. } | Waiting::Terminal(_) => None,
                };
                let Some(start) = start else {
                    self.packets[first].asks = now;
                    self.wait(from, to);
                    return;
                };
                self.pass(from, to, Turn { now, asked: now, start }, listener);
            }
            None => self.arrive(from, now, listener),
        }
        if self.channels[from as usize].waiting != Waiting::Nobody {
            self.serve(from, now, listener);
        }
    }

    /// What each link has done before a tick, which is not before the last event.
    pub fn links_before(&self, tick: Tick) -> impl Iterator<Item = (LinkName, LinkUse)> + '_ {
        self.names.iter().map(move |&(name, place)| {
            let done = match place {
                LinkPlace::Channel(channel) => {
                    self.channels[channel as usize].link.use_before(tick, self.waits_since(channel))
                }
                LinkPlace::Exit(terminal) => self.terminals[terminal as usize].exit.use_before(tick, None),
            };
            (name, done)
        })
    }

    /// The mesh.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Since when the packet whose turn it is on a channel's link waits, if one does.
    fn waits_since(&self, channel: u32) -> Option<Tick> {
        match self.channels[channel as usize].waiting {
            Waiting::Nobody => None,
            Waiting::Channels { first, .. } => Some(self.packets[self.channels[first as usize].queue.front()?].asks),
            Waiting::Terminal(terminal) => Some(self.terminals[terminal as usize].sending?.since),
        }
    }

    /// Gives a start to what waits for a channel's link, in order, as long as it is known when there is room for it.
    #[inline(never)]
    fn serve(&mut self, to: u32, now: Tick, listener: &mut impl Listener<W, MeshEvent>) {
        loop {
            let channel = &mut self.channels[to as usize];
            match channel.waiting {
                Waiting::Nobody => return,
                Waiting::Terminal(terminal) => {
                    channel.waiting = Waiting::Nobody;
                    let Some(sending) = self.terminals[terminal as usize].sending.take() else { return };
                    return self.send(terminal, sending, now, listener);
                }
                Waiting::Channels { first, last } => {
                    let [channel, before] = pair(&mut self.channels, to, first);
                    let Some(packet) = before.queue.front() else { return };
                    let Packet { flits, asks: asked, .. } = self.packets[packet];
                    // Otherwise the packet that makes room serves the link.
                    let Some(start) = channel.room_from(now, flits) else { return };
                    let next = before.next_waiting.take();
                    channel.waiting = next.map_or(Waiting::Nobody, |next| Waiting::Channels { first: next, last });
                    let serves_before = before.waiting != Waiting::Nobody;
                    self.pass(first, to, Turn { now, asked, start }, listener);
                    if serves_before {
                        self.serve(first, now, listener);
                    }
                }
            }
        }
    }

    /// The first packet of a channel waits for room behind the link of another, behind all that wait there.
    #[cold]
    fn wait(&mut self, from: u32, to: u32) {
        let waiting = &mut self.channels[to as usize].waiting;
        match *waiting {
            Waiting::Channels { first, last } => {
                *waiting = Waiting::Channels { first, last: from };
                self.channels[last as usize].next_waiting = Some(from);
            }
            Waiting::Nobody | Waiting::Terminal(_) => *waiting = Waiting::Channels { first: from, last: from },
        }
    }

    /// Sends the packets of a message from its terminal, as long as it is known when there is room for them.
    fn send(&mut self, from: u32, mut sending: Sending, now: Tick, listener: &mut impl Listener<W, MeshEvent>) {
        let port = self.terminals[from as usize].port;
        let exit = self.terminals[sending.to as usize].place;
        let channel = &mut self.channels[port as usize];
        while sending.left > 0 {
            let flits = sending.left.min(self.mesh.spec().packet_flits());
            let Some(start) = channel.room_from(now, flits) else {
                channel.waiting = Waiting::Terminal(from);
                self.terminals[from as usize].sending = Some(sending);
                return;
            };
            let tail = channel.link.carry(now, start, flits, sending.since).expect(LINK_IS_FREE);
            sending.left -= flits;
            sending.since = tail;
            let ends = (sending.left == 0).then_some(sending.message);
            if let Some(message) = ends {
                listener.left(tail, self.messages[message]);
            }
            let asks = start + self.mesh.spec().router_ticks;
            let packet = self.packets.insert(Packet { asks, exit, to: sending.to, flits, ends, next: None });
            let accepted = channel.queue.accept(start, packet, &mut self.packets);
            if let Some(asks) = accepted.expect(HAS_ROOM) {
                listener.event(asks, MeshEvent(port));
            }
        }
    }

    /// Sends the first packet of a channel over the link of another one.
    #[inline(always)]
    fn pass(&mut self, from: u32, to: u32, turn: Turn, listener: &mut impl Listener<W, MeshEvent>) {
        let hop = self.mesh.spec().hop_ticks();
        let [before, channel] = pair(&mut self.channels, from, to);
        let Some((packet, next)) = before.queue.pop(turn.start, &mut self.packets) else { return };
        if let Some(asks) = next {
            listener.event(asks, MeshEvent(from));
        }
        let passing = &mut self.packets[packet];
        passing.asks = turn.start + hop;
        channel.link.carry(turn.now, turn.start, passing.flits, turn.asked).expect(LINK_IS_FREE);
        let accepted = channel.queue.accept(turn.start, packet, &mut self.packets);
        if let Some(asks) = accepted.expect(HAS_ROOM) {
            listener.event(asks, MeshEvent(to));
        }
    }

    /// Sends the first packet of a channel to its terminal, as soon as the link to that is free.
    #[inline(always)]
    fn arrive(&mut self, from: u32, now: Tick, listener: &mut impl Listener<W, MeshEvent>) {
        let queue = &mut self.channels[from as usize].queue;
        let Some(first) = queue.front() else { return };
        let Packet { to, flits, ends, .. } = self.packets[first];
        let exit = &mut self.terminals[to as usize].exit;
        let start = exit.free_at.max(now);
        let tail = exit.carry(now, start, flits, now).expect(LINK_IS_FREE);
        if let Some((_, Some(asks))) = queue.pop(start, &mut self.packets) {
            listener.event(asks, MeshEvent(from));
        }
        self.packets.remove(first);
        if let Some(message) = ends {
            listener.delivered(tail + self.mesh.spec().link_ticks, self.messages.remove(message));
        }
    }
}

/// Two channels, of which one leads to the other.
#[inline(always)]
fn pair(channels: &mut [Channel], one: u32, other: u32) -> [&mut Channel; 2] {
    channels.get_disjoint_mut([one as usize, other as usize]).expect("a channel leads to another one")
}

impl Channel {
    /// The first tick at which a packet of some flits can start on the link; if that is not known yet, the queue will
    /// tell when it has room.
    #[inline(always)]
    fn room_from(&self, now: Tick, flits: u32) -> Option<Tick> {
        self.queue.room_from(self.link.free_at.max(now), flits)
    }
}
