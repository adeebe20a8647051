//! Parcels over the network on chip.

use rebias_engine::{Span, Tick, ticks_to_move};
use rebias_tile::{InterconnectEvent, MeshNotice, Message};
use rebias_units::Action;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{Cargo, TileIdx, Way};
use crate::replay::record::Stage;

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
            flits: ticks_to_move(lane.bytes(), self.plan.flit_bits).0 as u32,
        };
        let queue = &mut self.queue;
        let sent = self.network.inject(queue.now(), message, &mut |at, event| queue.push(at, Event::Network(event)));
        debug_assert!(sent.is_ok(), "a port is given a parcel when the one before it has left");
    }

    /// Something happens on the network.
    pub(super) fn network_event(&mut self, event: InterconnectEvent) {
        let queue = &mut self.queue;
        let notice = self.network.step(queue.now(), event, &mut |at, event| queue.push(at, Event::Network(event)));
        match notice {
            Some(MeshNotice::Left(parcel)) => self.has_left(parcel),
            Some(MeshNotice::Delivered(parcel)) => self.delivered(parcel),
            None => {}
        }
    }

    /// A parcel's last flit has left its tile.
    fn has_left(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let now = self.queue.now();
        self.leave(parcel, now);
        let Way::Network { from, .. } = lane.way else {
            return;
        };
        if let Some((_, start)) = self.tiles[from.at()].outbox.pop_front() {
            self.record(Stage::Network, from, lane.layer, self.position_of(parcel), Span { start, end: now });
        }
        self.send_next(from);
    }

    /// Its last flit is at its tile.
    fn delivered(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let end = self.queue.now();
        let flits = ticks_to_move(lane.bytes(), self.plan.flit_bits);
        let start = Tick(end.0.saturating_sub(flits.0));
        self.record(Stage::Network, lane.to, lane.layer, self.position_of(parcel), Span { start, end });
        self.queue.push(self.boundary(), Event::Received(parcel));
    }

    /// A parcel goes on at the boundary behind its arrival.
    pub(super) fn received(&mut self, parcel: Parcel) {
        match self.plan.lanes[parcel.lane.at()].cargo {
            Cargo::Sums { to, partial_bytes } => self.merge_link(parcel, to, partial_bytes),
            Cargo::Codes { .. } => self.enter(parcel),
        }
    }
}
