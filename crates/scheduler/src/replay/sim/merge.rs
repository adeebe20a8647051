//! Partial sums: from the IMAs over the bus, merged on their tile and over the network, through the activation units.

use rebias_engine::{Claim, Tick};
use rebias_units::{Action, Bytes};

use super::pace::Completion;
use super::state::{Missing, Parcel, Sending};
use super::{Event, Recorder, Sim};
use crate::replay::Schedule;
use crate::replay::plan::{Ends, Entered, InputMap, Output, PartIdx, Position, ReplicaIdx, Role, ShareIdx};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Lets a share send its oldest sums as soon as the tiles' output registers have room for the position.
    pub(super) fn try_send(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &mut self.shares[share.at()];
        let turn = state.outputs.left();
        let waits = state.sending == Sending::Idle && turn < state.summed;
        if waits && self.replicas[plan.replica.at()].outputs.enter(turn).is_ok() {
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
        let position = self.turn_of(share, state.outputs.left());
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
        let turn = state.outputs.left();
        state.outputs.leave();
        state.sending = Sending::Idle;
        let position = self.turn_of(share, turn);
        self.count(plan.layer, position.image, Action::OutputRegisterRead, plan.sums.0);
        self.count(plan.layer, position.image, Action::TileOutputRegisterWrite, plan.sums.0);
        let merged = self.merge(plan.part, turn, plan.merges);
        self.queue.push(merged, Event::Merged(share));
        self.queue.push(self.boundary(), Event::Start(share));
        self.try_send(share);
    }

    /// Adds sums to a tile's output register; what nothing has to be added to is just written.
    fn merge(&mut self, part: PartIdx, turn: u64, values: u64) -> Tick {
        let plan = &self.plan.parts[part.at()];
        if values == 0 {
            return self.queue.now();
        }
        let position = plan.turns.position(turn);
        let span = self.tiles[plan.tile.at()].unit.merge(self.queue.now(), values);
        self.count(plan.layer, position.image, Action::TileShiftAdd, values);
        self.record(Stage::TileShiftAdd, plan.tile, plan.layer, position, span);
        span.end
    }

    /// One share's sums are merged; with the last, the tile's own are complete.
    pub(super) fn merged(&mut self, share: ShareIdx) {
        let part = self.plan.shares[share.at()].part;
        let turn = self.shares[share.at()].merged;
        self.shares[share.at()].merged += 1;
        let missing = self.missing(part, turn);
        missing.shares -= 1;
        if missing.shares > 0 {
            return;
        }
        let plan = &self.plan.parts[part.at()];
        let now = self.queue.now();
        self.tiles[plan.tile.at()].outputs.change(now).open += plan.sums.n;
        for lane in plan.sums.iter() {
            self.queue.push(self.boundary(), Event::Inject(Parcel { lane, turn }));
        }
        if plan.n_outputs > 0 {
            self.finish_sums(part, turn);
        }
    }

    /// Another tile's sums are here.
    pub(super) fn merge_link(&mut self, parcel: Parcel, from: PartIdx, to: PartIdx) {
        let (lane, part) = (&self.plan.lanes[parcel.lane.at()], &self.plan.parts[from.at()]);
        let image = part.turns.position(u64::from(parcel.turn)).image;
        self.count(part.layer, image, Action::TileOutputRegisterWrite, u64::from(lane.kept));
        self.stream.received(part.layer, image, lane.bytes());
        let merged = self.merge(to, u64::from(parcel.turn), u64::from(lane.values));
        self.queue.push(merged, Event::LinkMerged(to, parcel.turn));
    }

    /// The sums of one tile are merged into those of the part that finishes them; with the last, they are complete.
    pub(super) fn finish_sums(&mut self, part: PartIdx, turn: u32) {
        let missing = self.missing(part, turn);
        missing.tiles -= 1;
        if missing.tiles == 0 {
            debug_assert!(turn >= self.parts[part.at()].activated, "turns are completed in order");
            self.queue.push(self.boundary(), Event::Activate(part));
        }
    }

    /// What a part's sums of a turn wait for.
    fn missing(&mut self, part: PartIdx, turn: u32) -> &mut Missing {
        let plan = &self.plan.parts[part.at()];
        let ahead = u64::from(turn) - self.replicas[plan.replica.at()].outputs.left();
        self.parts[part.at()].missing(ahead, plan)
    }

    /// Adds the bias and applies the activation; logits take the same way with their bias only.
    pub(super) fn activate(&mut self, part: PartIdx) {
        let plan = &self.plan.parts[part.at()];
        let turn = self.parts[part.at()].activated;
        self.parts[part.at()].activated += 1;
        let position = plan.turns.position(u64::from(turn));
        let span = self.tiles[plan.tile.at()].unit.activate(self.queue.now(), u64::from(plan.n_outputs));
        let n_multiplies = u64::from(plan.n_outputs) * self.plan.layers[plan.layer.at()].bias_multiplies;
        self.count(plan.layer, position.image, Action::BiasMultiply, n_multiplies);
        if let Output::Codes { .. } = self.plan.layers[plan.layer.at()].output {
            self.count(plan.layer, position.image, Action::Activation, u64::from(plan.n_outputs));
        }
        self.record(Stage::Activation, plan.tile, plan.layer, position, span);
        self.queue.push(self.clock.boundary_from(span.end), Event::Emit(part));
    }

    /// Outputs go to the buffers that keep them. Those that no layer reads are written to the eDRAM, where the outside
    /// takes them.
    pub(super) fn emit(&mut self, part: PartIdx) {
        let plan = &self.plan.parts[part.at()];
        let turn = self.parts[part.at()].emitted;
        self.parts[part.at()].emitted += 1;
        let position = plan.turns.position(u64::from(turn));
        let now = self.queue.now();
        self.tiles[plan.tile.at()].outputs.change(now).open += plan.codes.n.max(1);
        match self.plan.layers[plan.layer.at()].role {
            Role::Inner => self.offer_codes(part, turn, position),
            Role::Last => {
                let bytes = self.plan.layers[plan.layer.at()].output.bytes(u64::from(plan.n_outputs));
                let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), bytes);
                self.count(plan.layer, position.image, Action::EdramWrite, bytes.0);
                self.record(Stage::EdramWrite, plan.tile, plan.layer, position, span);
                self.leave_copy(plan.replica, turn, span.end);
            }
        }
    }

    /// Offers finished codes to their buffers: they leave, or wait for room.
    fn offer_codes(&mut self, from: PartIdx, turn: u32, position: Position) {
        let plan = &self.plan.parts[from.at()];
        // Most lanes lead to the same map.
        let mut entered: Option<(&InputMap, Entered)> = None;
        for lane in plan.codes.iter() {
            let lane_plan = &self.plan.lanes[lane.at()];
            let Ends::Codes { to, .. } = lane_plan.ends else { continue };
            let map = self.buffers[to.at()].map;
            let of_map = match entered {
                Some((last, of_last)) if std::ptr::eq(last, map) => of_last,
                _ => map.entered(position.index as u32),
            };
            entered = Some((map, of_map));
            self.stream.opens(position.image);
            let (parcel, codes) = (Parcel { lane, turn }, lane_plan.codes(position.image, of_map));
            match self.claim(parcel, to, &codes) {
                Some(Claim::Granted(parcel)) => self.send_codes(parcel, (from, to), &codes),
                Some(Claim::Waits) => {
                    let now = self.queue.now();
                    self.tiles[plan.tile.at()].outputs.change(now).waiting += 1;
                }
                None => {
                    self.stream.closes(position.image);
                    self.leave_copy(plan.replica, turn, self.queue.now());
                }
            }
        }
    }

    /// A turn of a copy leaves by one of its lanes, at a tick.
    pub(super) fn leave_copy(&mut self, replica: ReplicaIdx, turn: u32, at: Tick) {
        if let Some(until) = self.replicas[replica.at()].leave(u64::from(turn), at) {
            self.queue.push(self.clock.boundary_from(until), Event::Left(replica));
        }
    }

    /// A position has left by all lanes: the output registers have room for another.
    pub(super) fn left(&mut self, replica: ReplicaIdx) {
        let plan = &self.plan.replicas[replica.at()];
        let first = self.replicas[replica.at()].outputs.left();
        let n_left = self.replicas[replica.at()].take_left(self.queue.now());
        let (now, cycle) = (self.queue.now(), self.cycle());
        for part in &plan.parts {
            let turns = &mut self.parts[part.at()].turns;
            for _ in 0..n_left {
                turns.pop_front();
            }
            let part = &self.plan.parts[part.at()];
            self.tiles[part.tile.at()].outputs.change(now).open -= part.departures() * n_left as u32;
        }
        for turn in first..first + n_left {
            if self.stream.position_done(plan.layer, plan.turns.position(turn).image, cycle) {
                self.queue.push(now, Event::ImageDone);
            }
        }
        if n_left > 0 {
            for &share in &plan.shares {
                self.try_send(share);
            }
            if let Some(adder) = plan.adder {
                self.try_add(adder);
            }
        }
        if self.plan.schedule == Schedule::LayerByLayer {
            self.begin_layer();
        }
    }

    /// Lets the layer begin whose turn it is.
    fn begin_layer(&mut self) {
        for &replica in &self.plan.layers[self.stream.n_finished_layers()].replicas {
            let plan = &self.plan.replicas[replica.at()];
            for &share in &plan.shares {
                self.try_load(share);
            }
            if let Some(adder) = plan.adder {
                self.try_add(adder);
            }
        }
    }

    pub(super) fn image_done(&mut self) {
        let completion = Completion { cycle: self.cycle(), ledger: self.ledger(), progress: self.progress() };
        self.stream.pace.image_done(completion);
        self.admit();
    }

    /// Lets the outside go on with the images whose time has come.
    pub(super) fn admit(&mut self) {
        let held_back = self.stream.pace.first_held_back();
        if let Some(cycle) = self.stream.pace.admit(self.cycle()) {
            self.queue.push(self.start_of(cycle), Event::Admit);
        }
        self.feed_next_images(held_back);
        for share in (0..self.shares.len()).map(ShareIdx::new) {
            self.note_activity(share);
        }
    }

    /// Digest of how far every share, copy and buffer is ahead of the complete images.
    fn progress(&self) -> u64 {
        let n_complete = self.stream.n_complete();
        let mut digest = 0u64;
        let mut note = |count: u64, per_image: u32| {
            let ahead = count.wrapping_sub(n_complete * u64::from(per_image));
            digest = (digest.rotate_left(5) ^ ahead).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        };
        for (share, plan) in self.shares.iter().zip(&self.plan.shares) {
            let per_image = plan.turns.per_image.get();
            let inputs = &self.imas[plan.ima.at()].inputs;
            let (loaded, drained) = (inputs.filled(plan.mvm), inputs.drained(plan.mvm));
            for count in [loaded, share.started, drained, share.summed, share.outputs.left()] {
                note(count, per_image);
            }
        }
        for (replica, plan) in self.replicas.iter().zip(&self.plan.replicas) {
            note(replica.outputs.left(), plan.turns.per_image.get());
        }
        for (buffer, plan) in self.buffers.iter().zip(&self.plan.buffers) {
            let map = &plan.map;
            note(buffer.complete, map.n_pixels());
            note(buffer.written, map.n_pixels());
        }
        for (adder, plan) in self.adders.iter().zip(&self.plan.adders) {
            note(adder.begun, self.plan.replicas[plan.replica.at()].turns.per_image.get());
        }
        digest
    }
}
