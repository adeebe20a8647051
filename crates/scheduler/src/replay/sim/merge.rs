//! Partial sums: from the IMAs over the bus, merged on their tile and over the network, through the activation units.

use rebias_engine::Tick;
use rebias_units::{Action, Bytes};

use super::state::{Parcel, Sending};
use super::stream::Completion;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{LinkIdx, Output, PartIdx, ReplicaIdx, Role, ShareIdx};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Lets a share send its oldest sums as soon as the tiles' output registers have room for the position.
    pub(super) fn try_send(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &mut self.shares[share.at()];
        let room_until = self.replicas[plan.replica.at()].left + self.plan.replicas[plan.replica.at()].depth;
        if state.sending == Sending::Idle && state.sent < state.summed && state.sent < room_until {
            state.sending = Sending::Fill(0);
            self.queue.push(self.boundary(), Event::Send(share));
        }
    }

    /// Sends one fill of the registers.
    pub(super) fn send(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &self.shares[share.at()];
        let Sending::Fill(fill) = state.sending else {
            return;
        };
        let of_fill = plan.carried.0.div_ceil(u64::from(plan.fills));
        let bytes = Bytes(of_fill.min(plan.carried.0.saturating_sub(of_fill * u64::from(fill))));
        let position = self.turn_of(share, state.sent);
        let span = self.tiles[plan.tile.at()].unit.transfer(self.queue.now(), bytes);
        self.count(plan.layer, position.image, Action::BusTransfer, bytes.0);
        self.record_in(Stage::SumTransfer, (plan.tile, Some(plan.ima)), plan.layer, position, span);
        self.queue.push(span.end, Event::Sent(share));
    }

    pub(super) fn sent(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &mut self.shares[share.at()];
        let Sending::Fill(fill) = state.sending else {
            return;
        };
        if fill + 1 < plan.fills {
            state.sending = Sending::Fill(fill + 1);
            self.queue.push(self.boundary(), Event::Send(share));
            return;
        }
        let turn = state.sent;
        state.sent += 1;
        state.sending = Sending::Idle;
        let position = self.turn_of(share, turn);
        self.count(plan.layer, position.image, Action::OutputRegisterRead, plan.sums.0);
        self.count(plan.layer, position.image, Action::TileOutputRegisterWrite, plan.sums.0);
        let merged = self.merge(plan.part, turn, plan.merges);
        self.queue.push(merged, Event::Merged(plan.part, turn));
        self.queue.push(self.boundary(), Event::Start(share));
        self.try_send(share);
    }

    /// Adds sums to a tile's output register; what nothing has to be added to is just written.
    fn merge(&mut self, part: PartIdx, turn: u64, values: u64) -> Tick {
        let plan = &self.plan.parts[part.at()];
        if values == 0 {
            return self.queue.now();
        }
        let position = self.position(plan.replica, turn);
        let span = self.tiles[plan.tile.at()].unit.merge(self.queue.now(), values);
        self.count(plan.layer, position.image, Action::TileShiftAdd, values);
        self.record(Stage::TileShiftAdd, plan.tile, plan.layer, position, span);
        span.end
    }

    /// One share's sums are merged; with the last, the tile's own are complete.
    pub(super) fn merged(&mut self, part: PartIdx, turn: u64) {
        let plan = &self.plan.parts[part.at()];
        let ahead = turn - self.replicas[plan.replica.at()].left;
        let missing = self.parts[part.at()].missing(ahead, plan);
        missing.shares -= 1;
        if missing.shares > 0 {
            return;
        }
        for &link in &plan.links {
            self.queue.push(self.boundary(), Event::Inject(Parcel::Sums { link, turn }));
        }
        if plan.n_outputs > 0 {
            self.finish_sums(part, turn);
        }
    }

    /// Another tile's sums are here.
    pub(super) fn merge_link(&mut self, link: LinkIdx, turn: u64) {
        let plan = &self.plan.links[link.at()];
        let layer = self.plan.parts[plan.to.at()].layer;
        let image = self.position(self.plan.parts[plan.to.at()].replica, turn).image;
        self.count(layer, image, Action::TileOutputRegisterWrite, plan.sums.0);
        self.stream.received(layer, image, plan.bytes);
        let merged = self.merge(plan.to, turn, plan.values);
        self.queue.push(merged, Event::LinkMerged(plan.to, turn));
    }

    /// The sums of one tile are merged into those of the part that finishes them; with the last, they are complete.
    pub(super) fn finish_sums(&mut self, part: PartIdx, turn: u64) {
        let plan = &self.plan.parts[part.at()];
        let ahead = turn - self.replicas[plan.replica.at()].left;
        let missing = self.parts[part.at()].missing(ahead, plan);
        missing.tiles -= 1;
        if missing.tiles == 0 {
            self.queue.push(self.boundary(), Event::Activate(part, turn));
        }
    }

    /// Adds the bias and applies the activation; logits take the same way with their bias only.
    pub(super) fn activate(&mut self, part: PartIdx, turn: u64) {
        let plan = &self.plan.parts[part.at()];
        let position = self.position(plan.replica, turn);
        let span = self.tiles[plan.tile.at()].unit.activate(self.queue.now(), plan.n_outputs);
        self.count(plan.layer, position.image, Action::BiasMultiply, plan.n_outputs);
        if let Output::Codes { .. } = self.plan.layers[plan.layer.at()].output {
            self.count(plan.layer, position.image, Action::Activation, plan.n_outputs);
        }
        self.record(Stage::Activation, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::Activated(part, turn));
    }

    pub(super) fn activated(&mut self, part: PartIdx, turn: u64) {
        let plan = &self.plan.parts[part.at()];
        let at = self.boundary();
        if self.plan.layers[plan.layer.at()].role == Role::Last {
            self.queue.push(at, Event::WriteLast(part, turn));
            return;
        }
        let image = self.position(plan.replica, turn).image;
        for &target in &plan.targets {
            self.stream.opens(image);
            self.queue.push(at, Event::Offer(Parcel::Codes { target, turn }));
        }
    }

    /// Outputs that no layer reads are written to the eDRAM, where the outside takes them.
    pub(super) fn write_last(&mut self, part: PartIdx, turn: u64) {
        let plan = &self.plan.parts[part.at()];
        let position = self.position(plan.replica, turn);
        let bytes = self.plan.layers[plan.layer.at()].output.bytes(plan.n_outputs);
        let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), bytes);
        self.count(plan.layer, position.image, Action::EdramWrite, bytes.0);
        self.record(Stage::EdramWrite, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::Left(plan.replica, turn));
    }

    /// A position has left one way; with the last, the output registers have room for another.
    pub(super) fn left(&mut self, replica: ReplicaIdx, turn: u64) {
        let plan = &self.plan.replicas[replica.at()];
        let first = self.replicas[replica.at()].left;
        let n_left = self.replicas[replica.at()].depart(turn, plan.departures);
        if n_left == 0 {
            return;
        }
        for part in &plan.parts {
            let turns = &mut self.parts[part.at()].turns;
            turns.drain(..turns.len().min(n_left as usize));
        }
        let at = self.boundary();
        for turn in first..first + n_left {
            let image = plan.position(turn).image;
            if self.stream.position_done(plan.layer, image, at.0 / self.plan.period.0) {
                self.queue.push(at, Event::ImageDone);
            }
        }
        for &share in &plan.shares {
            self.try_send(share);
        }
    }

    pub(super) fn image_done(&mut self) {
        let started = self.shares.iter().map(|share| share.started).collect();
        self.stream.image_done(Completion { cycle: self.cycle(), busy: self.busy(), started });
        self.feed_next_image();
    }
}
