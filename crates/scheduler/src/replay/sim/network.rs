//! Parcels over the network on chip.

use rebias_engine::{EventQueue, Span, Tick};
use rebias_tile::{InterconnectEvent, Listener, Message};
use rebias_units::Action;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{Ends, LanePlan, LayerIdx, PartPlan, TileIdx};
use crate::replay::record::Stage;

/// What the network tells of a parcel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    Left(Parcel),
    Delivered(Parcel),
}

impl<R: Recorder> Sim<'_, R> {
    /// Sums go to their tile's port.
    pub(super) fn inject_sums(&mut self, parcel: Parcel) {
        if let Ends::Sums { from, .. } = self.plan.lanes[parcel.lane.at()].ends {
            let part = &self.plan.parts[from.at()];
            self.inject(parcel, part, part.turns.position(u64::from(parcel.turn)).image);
        }
    }

    /// A parcel of an image goes to its tile's port, behind those that wait there.
    pub(super) fn inject(&mut self, parcel: Parcel, from: &PartPlan, image: u64) {
        if image == 0 {
            self.book_way(parcel, from.layer);
        }
        let outbox = &mut self.tiles[from.tile.at()].outbox;
        let is_first = outbox.front().is_none();
        outbox.push(parcel, self.queue.now());
        if is_first {
            self.send_parcel(from.tile, parcel);
            self.hear();
        }
    }

    /// Books what a parcel of the first image passes on its way.
    fn book_way(&mut self, parcel: Parcel, layer: LayerIdx) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let (routers, links, chip_links) = lane.way.passes();
        self.stream.sent(layer, 0, lane.bytes());
        for (action, n) in
            [(Action::RouterByte, routers), (Action::LinkByte, links), (Action::ChipLinkByte, chip_links)]
        {
            self.count(layer, 0, action, lane.bytes().0 * u64::from(n));
        }
    }

    /// Gives the network the first parcel at a port.
    fn send_parcel(&mut self, from: TileIdx, payload: Parcel) {
        let lane = &self.plan.lanes[payload.lane.at()];
        let from = self.addresses[from.at()];
        let to = self.addresses[self.target_of(lane.ends).at()];
        let message = Message { payload, from, to, flits: lane.flits };
        let now = self.queue.now();
        let sent = self.network.inject(now, message, &mut Ears { queue: &mut self.queue, told: &mut self.told });
        debug_assert!(sent.is_ok(), "a port is given a parcel when it is known when the one before it leaves");
    }

    /// The tile that a lane leads to.
    fn target_of(&self, ends: Ends) -> TileIdx {
        match ends {
            Ends::Codes { to, .. } | Ends::Input { to } => self.hosts[to.at()],
            Ends::Sums { to, .. } => self.plan.parts[to.at()].tile,
        }
    }

    /// Something happens on the network.
    #[inline(always)]
    pub(super) fn network_event(&mut self, event: InterconnectEvent) {
        let now = self.queue.now();
        self.network.step(now, event, &mut Ears { queue: &mut self.queue, told: &mut self.told });
        if !self.told.is_empty() {
            self.hear();
        }
    }

    /// Goes on with the parcels that the network has told of, and with those that it tells of meanwhile.
    fn hear(&mut self) {
        let mut n_heard = 0;
        while let Some(&(at, told)) = self.told.get(n_heard) {
            n_heard += 1;
            match told {
                Told::Left(parcel) => self.has_left(parcel, at),
                Told::Delivered(parcel) => self.delivered(parcel, at),
            }
        }
        self.told.clear();
    }

    /// A parcel's last flit leaves its tile.
    fn has_left(&mut self, parcel: Parcel, at: Tick) {
        let (Ends::Codes { from, .. } | Ends::Sums { from, .. }) = self.plan.lanes[parcel.lane.at()].ends else {
            return;
        };
        let &PartPlan { replica, tile, .. } = &self.plan.parts[from.at()];
        self.leave_copy(replica, parcel.turn, at);
        let outbox = &mut self.tiles[tile.at()].outbox;
        let came = outbox.pop();
        let next = outbox.front();
        if let Some(start) = came.filter(|_| self.recorder.listens()) {
            self.record_parcel(Stage::Network, tile, parcel, Span { start, end: at });
        }
        if let Some(next) = next {
            self.send_parcel(tile, next);
        }
    }

    /// Its last flit arrives at its tile, and it goes on at the boundary behind that.
    fn delivered(&mut self, parcel: Parcel, at: Tick) {
        if self.recorder.listens() {
            let LanePlan { ends, flits, .. } = self.plan.lanes[parcel.lane.at()];
            let span = Span { start: Tick(at.0.saturating_sub(u64::from(flits))), end: at };
            self.record_parcel(Stage::Network, self.target_of(ends), parcel, span);
        }
        self.queue.push(self.clock.boundary_from(at), Event::Received(parcel));
    }

    pub(super) fn received(&mut self, parcel: Parcel) {
        match self.plan.lanes[parcel.lane.at()].ends {
            Ends::Sums { from, to } => self.merge_link(parcel, from, to),
            Ends::Codes { .. } | Ends::Input { .. } => self.enter(parcel),
        }
    }
}

/// Puts what the network wants back into the queue, and keeps what it tells of parcels.
struct Ears<'a> {
    queue: &'a mut EventQueue<Event>,
    told: &'a mut Vec<(Tick, Told)>,
}

impl Listener<Parcel, InterconnectEvent> for Ears<'_> {
    #[inline(always)]
    fn event(&mut self, at: Tick, event: InterconnectEvent) {
        self.queue.push(at, Event::Network(event));
    }

    #[inline(always)]
    fn left(&mut self, at: Tick, parcel: Parcel) {
        self.told.push((at, Told::Left(parcel)));
    }

    #[inline(always)]
    fn delivered(&mut self, at: Tick, parcel: Parcel) {
        self.told.push((at, Told::Delivered(parcel)));
    }
}
