//! Packets over the network on chip.

use rebias_units::Action;

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{Cargo, Way};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// A packet enters the network.
    pub(super) fn inject(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let Way::Network { from, route } = lane.way else {
            return;
        };
        let position = self.position_of(parcel);
        let span = self.tiles[from.at()].port.inject(self.queue.now(), lane.bytes);
        self.stream.sent(lane.layer, position.image, lane.bytes);
        self.count(lane.layer, position.image, Action::RouterByte, lane.bytes.0 * u64::from(route.routers));
        self.count(lane.layer, position.image, Action::LinkByte, lane.bytes.0 * u64::from(route.links));
        self.record(Stage::Network, from, lane.layer, position, span);
        self.queue.push(span.start + route.latency, Event::Eject(parcel));
        self.leave(parcel, span.end);
    }

    /// A packet's first flit is at its destination.
    pub(super) fn eject(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let span = self.tiles[lane.to.at()].port.eject(self.queue.now(), lane.bytes);
        self.record(Stage::Network, lane.to, lane.layer, self.position_of(parcel), span);
        self.queue.push(span.end.next_boundary(self.plan.period), Event::Received(parcel));
    }

    /// Its last flit is.
    pub(super) fn received(&mut self, parcel: Parcel) {
        match self.plan.lanes[parcel.lane.at()].cargo {
            Cargo::Sums { to, partial } => self.merge_link(parcel, (to, partial)),
            Cargo::Codes { .. } => self.enter(parcel),
        }
    }
}
