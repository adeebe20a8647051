//! All that carries messages between tiles, of one chip or of several.
//!
//! ```text
//!  tile ─► mesh ─► tile                                 on the same chip
//!  tile ─► mesh ─► chip link ═► chip link ─► mesh ─► tile     on another
//! ```
//!
//! Tiles are numbered chip by chip. A message to another chip passes its own chip's mesh to the router of the chip link,
//! as a whole crosses the link, and passes the other chip's mesh. Its room at the chip link is reserved before it leaves
//! its tile, so no mesh ever waits for a chip link: what waits for the mesh of another chip waits outside all meshes,
//! and as each mesh is free of deadlock, so is the whole.

use std::collections::VecDeque;

use rebias_engine::{Busy, Tick};
use rebias_units::{Bits, Bytes, Cycles, Time};

use crate::{
    ChipLinkUnit, ChipSpec, LinkName, LinkUse, Mesh, MeshEvent, MeshNotice, MeshUnit, Message, Route, SystemSpec,
};

/// Where tiles are, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interconnect {
    mesh: Mesh,
    tiles_per_chip: u32,
    system: SystemSpec,
    tick: Time,
}

impl Interconnect {
    /// The interconnect of a system of chips.
    pub fn new(chip: &ChipSpec, system: &SystemSpec) -> Self {
        Self {
            mesh: Mesh::new(chip.n_tiles, chip.noc),
            tiles_per_chip: chip.n_tiles,
            system: *system,
            tick: chip.tick_time(),
        }
    }

    /// The chip of a tile, and its number there.
    pub fn place(&self, tile: u32) -> (u32, u32) {
        (tile / self.tiles_per_chip, tile % self.tiles_per_chip)
    }

    /// The way from one tile to another; its latency leaves out what a message takes to enter and to cross the chip
    /// link as a whole.
    pub fn route(&self, from: u32, to: u32) -> Route {
        let ((from_chip, from), (to_chip, to)) = (self.place(from), self.place(to));
        let (from, to) = (self.mesh.router_of(from), self.mesh.router_of(to));
        let link = self.system.chip_link.filter(|_| from_chip != to_chip);
        let Some(link) = link else {
            return self.mesh.route_between(from, to);
        };
        let (out, back) = (self.mesh.route_between(from, link.router), self.mesh.route_between(link.router, to));
        Route {
            links: out.links + back.links,
            routers: out.routers + back.routers,
            chip_links: 1,
            latency: out.latency + link.latency_ticks(self.tick) + back.latency,
        }
    }
}

/// What happens in the interconnect at a tick; the event loop hands it back to [`InterconnectUnit::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterconnectEvent {
    /// Something happens on a chip's mesh.
    Mesh {
        /// The chip.
        chip: u32,
        /// What.
        event: MeshEvent,
    },
    /// The message that came first on a chip's link has crossed it.
    Crossed {
        /// The chip that it comes from.
        chip: u32,
    },
}

/// A link, as reports name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterconnectPart {
    /// A link of a mesh.
    Link(LinkName),
    /// The link to other chips.
    ChipLink,
}

impl std::fmt::Display for InterconnectPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link(link) => link.fmt(f),
            Self::ChipLink => f.write_str("ChipLink"),
        }
    }
}

/// The meshes of all chips and the links between them.
///
/// Driven like a [`MeshUnit`]; between tiles of one chip it does the same at the same ticks.
#[derive(Clone, Debug, PartialEq)]
pub struct InterconnectUnit<W> {
    topology: Interconnect,
    chips: Vec<ChipState<W>>,
}

/// The mesh of a chip and its way to the others.
#[derive(Clone, Debug, PartialEq)]
struct ChipState<W> {
    mesh: MeshUnit<Leg<W>>,
    link: Option<ChipLinkUnit>,
    /// Messages for other chips that wait for room at the link; until they have it their tiles send no others.
    waiting: VecDeque<(Message<W>, Tick)>,
    /// Ticks that messages have waited for room at the link and for the link.
    waited: Cycles,
    /// Messages on the link.
    crossing: VecDeque<Crossing<W>>,
    /// Messages from other chips that wait for this chip's mesh.
    landed: VecDeque<Crossing<W>>,
}

/// A message that goes from chip to chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Crossing<W> {
    message: Message<W>,
    from_chip: u32,
}

/// A message's way over one mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg<W> {
    /// The only one.
    Whole(W),
    /// The one to the chip link.
    Out(Message<W>),
    /// The one from the chip link.
    Back(Crossing<W>),
}

impl<W: Copy> InterconnectUnit<W> {
    /// An idle interconnect.
    ///
    /// # Panics
    /// If there are several chips and no link between them.
    pub fn new(topology: Interconnect) -> Self {
        let Interconnect { mesh, tiles_per_chip, system, tick } = topology;
        let link = system.chip_link.filter(|_| system.n_chips > 1);
        assert!(system.n_chips == 1 || link.is_some(), "several chips have a link");
        let idle = ChipState {
            mesh: match link {
                Some(link) => MeshUnit::with_chip_link(tiles_per_chip, *mesh.spec(), link.router),
                None => MeshUnit::new(tiles_per_chip, *mesh.spec()),
            },
            link: link.map(|link| ChipLinkUnit::new(link, tick)),
            waiting: VecDeque::new(),
            waited: Cycles(0),
            crossing: VecDeque::new(),
            landed: VecDeque::new(),
        };
        Self { topology, chips: vec![idle; system.n_chips as usize] }
    }

    /// Begins to send a message, whose tail will be told to have left.
    ///
    /// # Errors
    /// [`Busy`] with the message while the tile's port sends another or keeps one that waits for the chip link.
    pub fn inject(
        &mut self,
        now: Tick,
        message: Message<W>,
        schedule: &mut impl FnMut(Tick, InterconnectEvent),
    ) -> Result<(), Busy<Message<W>>> {
        let ((chip, from), (to_chip, to)) = (self.topology.place(message.from), self.topology.place(message.to));
        let state = &mut self.chips[chip as usize];
        let waits = !state.waiting.is_empty() && state.waiting.iter().any(|(waiting, _)| waiting.from == message.from);
        if waits || state.mesh.is_sending(from) {
            return Err(Busy(message));
        }
        if chip != to_chip {
            state.waiting.push_back((message, now));
            self.send_out(chip, now, schedule);
            return Ok(());
        }
        let leg = Message { payload: Leg::Whole(message.payload), from, to, flits: message.flits };
        let sent = state.mesh.inject(now, leg, &mut on_mesh(chip, schedule));
        sent.map_err(|_| Busy(message))
    }

    /// Does what happens at a tick.
    pub fn step(
        &mut self,
        now: Tick,
        event: InterconnectEvent,
        schedule: &mut impl FnMut(Tick, InterconnectEvent),
    ) -> Option<MeshNotice<W>> {
        match event {
            InterconnectEvent::Mesh { chip, event } => {
                let notice = self.chips[chip as usize].mesh.step(now, event, &mut on_mesh(chip, schedule))?;
                self.follow(chip, now, notice, schedule)
            }
            InterconnectEvent::Crossed { chip } => {
                let crossing = self.chips[chip as usize].crossing.pop_front()?;
                let (to_chip, _) = self.topology.place(crossing.message.to);
                self.chips[to_chip as usize].landed.push_back(crossing);
                self.send_back(to_chip, now, schedule);
                None
            }
        }
    }

    /// What each link of each chip has done before a tick, which is not before the last event.
    pub fn links_before(&self, tick: Tick) -> impl Iterator<Item = (u32, InterconnectPart, LinkUse)> + '_ {
        self.chips.iter().zip(0u32..).flat_map(move |(state, chip)| {
            let links =
                state.mesh.links_before(tick).map(move |(link, done)| (chip, InterconnectPart::Link(link), done));
            let chip_link = state.link.as_ref().map(|link| {
                let waited_for_link = state.waited;
                let done = LinkUse { busy: link.busy_before(tick), waited_for_link, ..LinkUse::default() };
                (chip, InterconnectPart::ChipLink, done)
            });
            links.chain(chip_link)
        })
    }

    /// Goes on with a message that has come to the end of a mesh.
    fn follow(
        &mut self,
        chip: u32,
        now: Tick,
        notice: MeshNotice<Leg<W>>,
        schedule: &mut impl FnMut(Tick, InterconnectEvent),
    ) -> Option<MeshNotice<W>> {
        match notice {
            MeshNotice::Left(Leg::Whole(payload)) => Some(MeshNotice::Left(payload)),
            MeshNotice::Left(Leg::Out(message)) => Some(MeshNotice::Left(message.payload)),
            MeshNotice::Left(Leg::Back(Crossing { message, from_chip })) => {
                let bytes = self.bytes(message.flits);
                if let Some(link) = &mut self.chips[from_chip as usize].link {
                    link.release(bytes);
                }
                self.send_out(from_chip, now, schedule);
                self.send_back(chip, now, schedule);
                None
            }
            MeshNotice::Delivered(Leg::Whole(payload)) => Some(MeshNotice::Delivered(payload)),
            MeshNotice::Delivered(Leg::Back(crossing)) => Some(MeshNotice::Delivered(crossing.message.payload)),
            MeshNotice::Delivered(Leg::Out(message)) => {
                let bytes = self.bytes(message.flits);
                let state = &mut self.chips[chip as usize];
                let link = state.link.as_mut()?;
                let span = link.cross(now, bytes);
                state.waited += span.start - now;
                schedule(span.end + link.latency(), InterconnectEvent::Crossed { chip });
                state.crossing.push_back(Crossing { message, from_chip: chip });
                None
            }
        }
    }

    /// Lets messages for other chips leave their tiles, in order of arrival, as far as the chip link has room.
    fn send_out(&mut self, chip: u32, now: Tick, schedule: &mut impl FnMut(Tick, InterconnectEvent)) {
        let gateway = self.topology.tiles_per_chip;
        while let Some(&(message, since)) = self.chips[chip as usize].waiting.front() {
            let bytes = self.bytes(message.flits);
            let (_, from) = self.topology.place(message.from);
            let state = &mut self.chips[chip as usize];
            if state.link.as_mut().is_none_or(|link| link.reserve(bytes).is_err()) {
                return;
            }
            state.waiting.pop_front();
            state.waited += now - since;
            let leg = Message { payload: Leg::Out(message), from, to: gateway, flits: message.flits };
            let sent = state.mesh.inject(now, leg, &mut on_mesh(chip, schedule));
            debug_assert!(sent.is_ok(), "a tile whose message waits for the chip link sends no other");
        }
    }

    /// Lets the next message from another chip enter a chip's mesh.
    fn send_back(&mut self, chip: u32, now: Tick, schedule: &mut impl FnMut(Tick, InterconnectEvent)) {
        let gateway = self.topology.tiles_per_chip;
        let Some(&crossing) = self.chips[chip as usize].landed.front() else { return };
        let (_, to) = self.topology.place(crossing.message.to);
        let state = &mut self.chips[chip as usize];
        let leg = Message { payload: Leg::Back(crossing), from: gateway, to, flits: crossing.message.flits };
        if state.mesh.inject(now, leg, &mut on_mesh(chip, schedule)).is_ok() {
            state.landed.pop_front();
        }
    }

    /// What a message takes on the chip link: whole flits.
    fn bytes(&self, flits: u32) -> Bytes {
        Bits(u64::from(flits) * u64::from(self.topology.mesh.spec().flit_bits)).to_bytes()
    }
}

fn on_mesh(chip: u32, schedule: &mut impl FnMut(Tick, InterconnectEvent)) -> impl FnMut(Tick, MeshEvent) {
    move |at, event| schedule(at, InterconnectEvent::Mesh { chip, event })
}

#[cfg(test)]
mod tests;
