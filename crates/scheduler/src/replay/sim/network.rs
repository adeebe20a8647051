//! Parcels over the network on chip.

use std::collections::VecDeque;

use rebias_engine::{EventQueue, Span, Tick};
use rebias_tile::{InterconnectEvent, Listener, Message};
use rebias_units::Action;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{Cargo, TileIdx, Way};
use crate::replay::record::Stage;

/// What the network tells of a parcel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    Left(Parcel),
    Delivered(Parcel),
}

impl<R: Recorder> Sim<'_, R> {
    /// A parcel goes to its tile's port, behind those that wait there.
    pub(super) fn inject(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let Way::Network { from, routers, links, chip_links } = lane.way else {
            return;
        };
        let position = self.position_of(parcel);
        self.stream.sent(lane.layer, position.image, lane.bytes());
        self.count(lane.layer, position.image, Action::RouterByte, lane.bytes().0 * u64::from(routers));
        self.count(lane.layer, position.image, Action::LinkByte, lane.bytes().0 * u64::from(links));
        self.count(lane.layer, position.image, Action::ChipLinkByte, lane.bytes().0 * u64::from(chip_links));
        self.tiles[from.at()].outbox.push_back((parcel, self.queue.now()));
        if self.tiles[from.at()].outbox.len() == 1 {
            self.send_next(from);
            self.hear();
        }
    }

    /// Gives the network the first parcel at a port.
    fn send_next(&mut self, from: TileIdx) {
        let Some(&(parcel, _)) = self.tiles[from.at()].outbox.front() else {
            return;
        };
        let lane = &self.plan.lanes[parcel.lane.at()];
        let message = Message {
            payload: parcel,
            from: self.plan.tiles[from.at()].index,
            to: self.plan.tiles[lane.to.at()].index,
            flits: lane.flits,
        };
        let now = self.queue.now();
        let sent = self.network.inject(now, message, &mut Ears { queue: &mut self.queue, told: &mut self.told });
        debug_assert!(sent.is_ok(), "a port is given a parcel when it is known when the one before it leaves");
    }

    /// Something happens on the network.
    pub(super) fn network_event(&mut self, event: InterconnectEvent) {
        let now = self.queue.now();
        self.network.step(now, event, &mut Ears { queue: &mut self.queue, told: &mut self.told });
        self.hear();
    }

    /// Goes on with the parcels that the network has told of.
    #[inline(always)]
    fn hear(&mut self) {
        while let Some((at, parcel)) = self.told.pop_front() {
            match parcel {
                Told::Left(parcel) => self.has_left(parcel, at),
                Told::Delivered(parcel) => self.delivered(parcel, at),
            }
        }
    }

    /// A parcel's last flit leaves its tile.
    fn has_left(&mut self, parcel: Parcel, at: Tick) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        self.leave(parcel, at);
        let Way::Network { from, .. } = lane.way else {
            return;
        };
        let entered = self.tiles[from.at()].outbox.pop_front();
        if let Some((_, start)) = entered.filter(|_| self.recorder.listens()) {
            self.record(Stage::Network, from, lane.layer, self.position_of(parcel), Span { start, end: at });
        }
        self.send_next(from);
    }

    /// Its last flit arrives at its tile, and it goes on at the boundary behind that.
    fn delivered(&mut self, parcel: Parcel, at: Tick) {
        if self.recorder.listens() {
            let lane = &self.plan.lanes[parcel.lane.at()];
            let flits = u64::from(lane.flits);
            let span = Span { start: Tick(at.0.saturating_sub(flits)), end: at };
            self.record(Stage::Network, lane.to, lane.layer, self.position_of(parcel), span);
        }
        self.queue.push(self.clock.boundary_from(at), Event::Received(parcel));
    }

    pub(super) fn received(&mut self, parcel: Parcel) {
        match self.plan.lanes[parcel.lane.at()].cargo {
            Cargo::Sums { to, partial_bytes } => self.merge_link(parcel, to, partial_bytes),
            Cargo::Codes { .. } => self.enter(parcel),
        }
    }
}

/// Puts what the network wants back into the queue, and keeps what it tells of parcels.
struct Ears<'a> {
    queue: &'a mut EventQueue<Event>,
    told: &'a mut VecDeque<(Tick, Told)>,
}

impl Listener<Parcel, InterconnectEvent> for Ears<'_> {
    #[inline(always)]
    fn event(&mut self, at: Tick, event: InterconnectEvent) {
        self.queue.push(at, Event::Network(event));
    }

    #[inline(always)]
    fn left(&mut self, at: Tick, parcel: Parcel) {
        self.told.push_back((at, Told::Left(parcel)));
    }

    #[inline(always)]
    fn delivered(&mut self, at: Tick, parcel: Parcel) {
        self.told.push_back((at, Told::Delivered(parcel)));
    }
}
