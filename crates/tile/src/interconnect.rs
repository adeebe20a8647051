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
    ChipLinkUnit, ChipSpec, LinkName, LinkUse, Listener, Mesh, MeshEvent, MeshUnit, Message, Route, SystemSpec,
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

    /// Where a tile is.
    ///
    /// # Panics
    /// If the system has no such tile.
    pub fn address(&self, tile: u32) -> TileAddress {
        let chip = tile / self.tiles_per_chip;
        assert!(chip < self.system.n_chips, "tile {tile} is on none of {} chips", self.system.n_chips);
        TileAddress { chip: chip as u16, tile: tile % self.tiles_per_chip }
    }

    /// The way from one tile to another; its latency leaves out what a message takes to enter and to cross the chip
    /// link as a whole.
    pub fn route(&self, from: u32, to: u32) -> Route {
        let (from, to) = (self.address(from), self.address(to));
        let link = self.system.chip_link.filter(|_| from.chip != to.chip);
        let (from, to) = (self.mesh.router_of(from.tile), self.mesh.router_of(to.tile));
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

    /// What a message takes on the chip link: whole flits.
    fn bytes(&self, flits: u32) -> Bytes {
        Bits(u64::from(flits) * u64::from(self.mesh.spec().flit_bits)).to_bytes()
    }
}

/// A tile among those of several chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileAddress {
    /// Its chip.
    pub chip: u16,
    /// Its number there.
    pub tile: u32,
}

/// What happens in the interconnect at a tick; the event loop hands it back to [`InterconnectUnit::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterconnectEvent {
    /// Something happens on a chip's mesh.
    Mesh {
        /// The chip.
        chip: u16,
        /// What.
        event: MeshEvent,
    },
    /// A message for another chip is at the end of its own chip's mesh.
    AtLink {
        /// The chip that it comes from.
        chip: u16,
    },
    /// The message that came first on a chip's link has crossed it.
    Crossed {
        /// The chip that it comes from.
        chip: u16,
    },
    /// A message from another chip has entered the mesh.
    Entered {
        /// The chip that it is for.
        chip: u16,
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
    waiting: VecDeque<(Message<W, TileAddress>, Tick)>,
    /// Ticks that messages have waited for room at the link and for the link.
    waited: Cycles,
    /// Messages on the last part of their way to the link, in order of their arrival.
    leaving: VecDeque<Crossing<W>>,
    /// Messages on the link.
    crossing: VecDeque<Crossing<W>>,
    /// Messages from other chips that wait for this chip's mesh.
    landed: VecDeque<Crossing<W>>,
    /// Messages of these that enter the mesh.
    entering: VecDeque<Crossing<W>>,
}

/// A message that goes from chip to chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Crossing<W> {
    message: Message<W, TileAddress>,
    from_chip: u16,
}

/// A message's way over one mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leg<W> {
    /// The only one.
    Whole(W),
    /// The one to the chip link.
    Out(Message<W, TileAddress>),
    /// The one from the chip link.
    Back(Crossing<W>),
}

impl<W: Copy> InterconnectUnit<W> {
    /// An idle interconnect.
    ///
    /// # Panics
    /// If there are several chips and no link between them, or more chips than addresses.
    pub fn new(topology: Interconnect) -> Self {
        let Interconnect { mesh, tiles_per_chip, system, tick } = topology;
        let link = system.chip_link.filter(|_| system.n_chips > 1);
        assert!(system.n_chips == 1 || link.is_some(), "several chips have a link");
        assert!(u16::try_from(system.n_chips).is_ok(), "{} chips are too many", system.n_chips);
        let idle = ChipState {
            mesh: match link {
                Some(link) => MeshUnit::with_chip_link(tiles_per_chip, *mesh.spec(), link.router),
                None => MeshUnit::new(tiles_per_chip, *mesh.spec()),
            },
            link: link.map(|link| ChipLinkUnit::new(link, tick)),
            waiting: VecDeque::new(),
            waited: Cycles(0),
            leaving: VecDeque::new(),
            crossing: VecDeque::new(),
            landed: VecDeque::new(),
            entering: VecDeque::new(),
        };
        Self { topology, chips: vec![idle; system.n_chips as usize] }
    }

    /// Begins to send a message as soon as the tail of the one before has left.
    ///
    /// # Errors
    /// [`Busy`] with the message while it is not known when that will be, as the one before waits for room on the mesh
    /// or at the chip link.
    #[inline]
    pub fn inject(
        &mut self,
        now: Tick,
        message: Message<W, TileAddress>,
        listener: &mut impl Listener<W, InterconnectEvent>,
    ) -> Result<(), Busy<Message<W, TileAddress>>> {
        let Message { payload, from, to, flits } = message;
        let state = &mut self.chips[usize::from(from.chip)];
        if !state.waiting.is_empty() && state.waiting.iter().any(|(waiting, _)| waiting.from == from) {
            return Err(Busy(message));
        }
        if from.chip == to.chip {
            let leg = Message { payload: Leg::Whole(payload), from: from.tile, to: to.tile, flits };
            return state.inject(now, from.chip, leg, listener).map_err(|_| Busy(message));
        }
        if state.mesh.is_sending(from.tile) {
            return Err(Busy(message));
        }
        state.waiting.push_back((message, now));
        self.send_out(from.chip, now, listener);
        Ok(())
    }

    /// Does what happens at a tick.
    #[inline(always)]
    pub fn step(&mut self, now: Tick, event: InterconnectEvent, listener: &mut impl Listener<W, InterconnectEvent>) {
        if let InterconnectEvent::Mesh { chip, event } = event {
            let ChipState { mesh, leaving, entering, .. } = &mut self.chips[usize::from(chip)];
            mesh.step(now, event, &mut Legs { chip, leaving, entering, listener });
        } else {
            self.step_between_chips(now, event, listener);
        }
    }

    #[inline(never)]
    fn step_between_chips(
        &mut self,
        now: Tick,
        event: InterconnectEvent,
        listener: &mut impl Listener<W, InterconnectEvent>,
    ) {
        match event {
            InterconnectEvent::Mesh { .. } => {}
            InterconnectEvent::AtLink { chip } => self.cross(chip, now, listener),
            InterconnectEvent::Crossed { chip } => {
                let Some(crossing) = self.chips[usize::from(chip)].crossing.pop_front() else { return };
                let to_chip = crossing.message.to.chip;
                self.chips[usize::from(to_chip)].landed.push_back(crossing);
                self.send_back(to_chip, now, listener);
            }
            InterconnectEvent::Entered { chip } => {
                let Some(crossing) = self.chips[usize::from(chip)].entering.pop_front() else { return };
                let bytes = self.topology.bytes(crossing.message.flits);
                if let Some(link) = &mut self.chips[usize::from(crossing.from_chip)].link {
                    link.release(bytes);
                }
                self.send_out(crossing.from_chip, now, listener);
                self.send_back(chip, now, listener);
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

    /// Lets the message that has come to the chip link cross it, behind those before.
    fn cross(&mut self, chip: u16, now: Tick, listener: &mut impl Listener<W, InterconnectEvent>) {
        let state = &mut self.chips[usize::from(chip)];
        let Some(crossing) = state.leaving.pop_front() else { return };
        let Some(link) = state.link.as_mut() else { return };
        let span = link.cross(now, self.topology.bytes(crossing.message.flits));
        state.waited += span.start - now;
        state.crossing.push_back(crossing);
        listener.event(span.end + link.latency(), InterconnectEvent::Crossed { chip });
    }

    /// Lets messages for other chips leave their tiles, in order of arrival, as far as the chip link has room.
    fn send_out(&mut self, chip: u16, now: Tick, listener: &mut impl Listener<W, InterconnectEvent>) {
        let gateway = self.topology.tiles_per_chip;
        while let Some(&(message, since)) = self.chips[usize::from(chip)].waiting.front() {
            let bytes = self.topology.bytes(message.flits);
            let state = &mut self.chips[usize::from(chip)];
            if state.link.as_mut().is_none_or(|link| link.reserve(bytes).is_err()) {
                return;
            }
            state.waiting.pop_front();
            state.waited += now - since;
            let leg =
                Message { payload: Leg::Out(message), from: message.from.tile, to: gateway, flits: message.flits };
            let sent = state.inject(now, chip, leg, listener);
            debug_assert!(sent.is_ok(), "a tile whose message waits for the chip link sends no other");
        }
    }

    /// Lets the next message from another chip enter a chip's mesh.
    fn send_back(&mut self, chip: u16, now: Tick, listener: &mut impl Listener<W, InterconnectEvent>) {
        let gateway = self.topology.tiles_per_chip;
        let Some(&crossing) = self.chips[usize::from(chip)].landed.front() else { return };
        let state = &mut self.chips[usize::from(chip)];
        let Message { to, flits, .. } = crossing.message;
        let leg = Message { payload: Leg::Back(crossing), from: gateway, to: to.tile, flits };
        if state.inject(now, chip, leg, listener).is_ok() {
            state.landed.pop_front();
        }
    }
}

impl<W: Copy> ChipState<W> {
    /// Begins to send a leg over the mesh.
    fn inject(
        &mut self,
        now: Tick,
        chip: u16,
        leg: Message<Leg<W>>,
        listener: &mut impl Listener<W, InterconnectEvent>,
    ) -> Result<(), Busy<Message<Leg<W>>>> {
        let Self { mesh, leaving, entering, .. } = self;
        mesh.inject(now, leg, &mut Legs { chip, leaving, entering, listener })
    }
}

/// Listens to the mesh of a chip: where a leg of a message's way ends, the message goes on.
struct Legs<'a, W, L> {
    chip: u16,
    leaving: &'a mut VecDeque<Crossing<W>>,
    entering: &'a mut VecDeque<Crossing<W>>,
    listener: &'a mut L,
}

impl<W: Copy, L: Listener<W, InterconnectEvent>> Listener<Leg<W>, MeshEvent> for Legs<'_, W, L> {
    #[inline(always)]
    fn event(&mut self, at: Tick, event: MeshEvent) {
        self.listener.event(at, InterconnectEvent::Mesh { chip: self.chip, event });
    }

    #[inline(always)]
    fn left(&mut self, at: Tick, leg: Leg<W>) {
        match leg {
            Leg::Whole(payload) => self.listener.left(at, payload),
            Leg::Out(message) => self.listener.left(at, message.payload),
            Leg::Back(crossing) => {
                self.entering.push_back(crossing);
                self.listener.event(at, InterconnectEvent::Entered { chip: self.chip });
            }
        }
    }

    #[inline(always)]
    fn delivered(&mut self, at: Tick, leg: Leg<W>) {
        match leg {
            Leg::Whole(payload) => self.listener.delivered(at, payload),
            Leg::Back(crossing) => self.listener.delivered(at, crossing.message.payload),
            Leg::Out(message) => {
                self.leaving.push_back(Crossing { message, from_chip: self.chip });
                self.listener.event(at, InterconnectEvent::AtLink { chip: self.chip });
            }
        }
    }
}

#[cfg(test)]
mod tests;
