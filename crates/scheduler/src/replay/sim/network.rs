//! Packets over the network on chip.

use rebias_tile::Route;
use rebias_units::{Action, Bytes};

use super::state::Parcel;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{LayerIdx, PartIdx, Position, TileIdx, Way};
use crate::replay::record::Stage;

/// A packet on the network.
struct Packet {
    layer: LayerIdx,
    position: Position,
    from: PartIdx,
    to: TileIdx,
    bytes: Bytes,
    route: Route,
    turn: u64,
}

impl<R: Recorder> Sim<'_, R> {
    pub(super) fn inject(&mut self, parcel: Parcel) {
        let Some(packet) = self.packet(parcel) else {
            return;
        };
        let Packet { layer, position, bytes, route, .. } = packet;
        let from = &self.plan.parts[packet.from.at()];
        let span = self.tiles[from.tile.at()].port.inject(self.queue.now(), bytes);
        self.stream.sent(layer, position.image, bytes);
        self.count(layer, position.image, Action::RouterByte, bytes.0 * u64::from(route.routers));
        self.count(layer, position.image, Action::LinkByte, bytes.0 * u64::from(route.links));
        self.record(Stage::Network, from.tile, layer, position, span);
        self.queue.push(span.start + route.latency, Event::Eject(parcel));
        self.queue.push(span.end, Event::Left(from.replica, packet.turn));
    }

    pub(super) fn eject(&mut self, parcel: Parcel) {
        let Some(packet) = self.packet(parcel) else {
            return;
        };
        let span = self.tiles[packet.to.at()].port.eject(self.queue.now(), packet.bytes);
        self.record(Stage::Network, packet.to, packet.layer, packet.position, span);
        self.queue.push(span.end.next_boundary(self.plan.period), Event::Received(parcel));
    }

    pub(super) fn received(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Sums { link, turn } => self.merge_link(link, turn),
            Parcel::Codes { .. } | Parcel::Input { .. } => self.enter(parcel),
        }
    }

    /// What a parcel is on the network; `None` for what never travels there.
    fn packet(&self, parcel: Parcel) -> Option<Packet> {
        let (from, to, bytes, route, turn) = match parcel {
            Parcel::Sums { link, turn } => {
                let plan = &self.plan.links[link.at()];
                (plan.from, self.plan.parts[plan.to.at()].tile, plan.bytes, plan.route, turn)
            }
            Parcel::Codes { target, turn } => {
                let plan = &self.plan.targets[target.at()];
                let Way::Network(route) = plan.way else {
                    return None;
                };
                (plan.from, self.plan.buffers[plan.buffer.at()].tile, plan.bytes, route, turn)
            }
            Parcel::Input { .. } => return None,
        };
        let sender = &self.plan.parts[from.at()];
        let position = self.position(sender.replica, turn);
        Some(Packet { layer: sender.layer, position, from, to, bytes, route, turn })
    }
}
