//! Codes into the buffers of the layers that read them: room, pooling, writing, arrival.

use rebias_engine::{Claim, Span, Tick};
use rebias_units::{Action, Bytes};

use super::state::{BufferState, Codes, LoadState, Parcel};
use super::{Buffer, Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Ends, Entered, LayerIdx, LayerKind, Position, TileIdx, Way};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// The position whose sums or codes a parcel brings, or the pixel of the network's input.
    pub(super) fn position_of(&self, parcel: Parcel) -> Position {
        let turn = u64::from(parcel.turn);
        match self.plan.lanes[parcel.lane.at()].ends {
            Ends::Codes { from, .. } | Ends::Sums { from, .. } => self.plan.parts[from.at()].turns.position(turn),
            Ends::Input { to } => {
                let n_pixels = u64::from(self.buffers[to.at()].map.n_source_pixels());
                Position { image: turn / n_pixels, index: turn % n_pixels }
            }
        }
    }

    /// The layer that a lane's parcels are counted for.
    pub(super) fn layer_of(&self, ends: Ends) -> LayerIdx {
        match ends {
            Ends::Codes { from, .. } | Ends::Sums { from, .. } => self.plan.parts[from.at()].layer,
            Ends::Input { to } => self.plan.buffers[to.at()].layer,
        }
    }

    /// What a parcel of codes brings to its buffer.
    fn codes(&self, parcel: Parcel, buffer: BufferIdx) -> Codes {
        let Position { image, index } = self.position_of(parcel);
        let entered = self.buffers[buffer.at()].map.entered(index as u32);
        let lane = &self.plan.lanes[parcel.lane.at()];
        Codes { image, entered, values: lane.values, bytes: lane.bytes }
    }

    /// Claims room in their buffer for codes of an image that enter some pixels; `None` if they enter none, as no window
    /// of the pool covers them, so that nobody needs them.
    pub(super) fn claim(
        &mut self,
        parcel: Parcel,
        buffer: BufferIdx,
        (image, entered): (u64, Entered),
    ) -> Option<Claim<Parcel>> {
        let state = &self.buffers[buffer.at()];
        let pixel = image * u64::from(state.map.n_pixels()) + u64::from(entered.last(state.map.width())?);
        let end = Bytes((pixel + 1) * state.slot.0);
        let claim = self.tiles[state.tile.at()].edram.claim(state.region, end, parcel);
        if let Claim::Granted(_) = claim {
            self.note_room(buffer);
        }
        Some(claim)
    }

    /// Notes what a buffer holds now.
    pub(super) fn note_room(&mut self, buffer: BufferIdx) {
        let now = self.queue.now();
        let state = &mut self.buffers[buffer.at()];
        let tile = &mut self.tiles[state.tile.at()];
        let (held, before) = (tile.edram.held(state.region), state.held.level());
        if held.0 != before {
            tile.held.set(now, tile.held.level() + held.0 - before);
            state.held.set(now, held.0);
            let in_tile = Bytes(tile.held.level());
            let plan = &self.plan.buffers[buffer.at()];
            let (index, layer) = (self.plan.tiles[plan.tile.at()].index, self.plan.layers[plan.layer.at()].id);
            self.recorder.held(index, Buffer::Map(layer), now, held);
            self.recorder.held(index, Buffer::Edram, now, in_tile);
        }
    }

    /// A parcel that has waited for room gets it.
    pub(super) fn admitted(&mut self, parcel: Parcel) {
        let at = self.boundary();
        match self.plan.lanes[parcel.lane.at()].ends {
            Ends::Codes { from, .. } | Ends::Sums { from, .. } => {
                let now = self.queue.now();
                self.tiles[self.plan.parts[from.at()].tile.at()].outputs.change(now).waiting -= 1;
                self.queue.push(at, Event::Depart(parcel));
            }
            Ends::Input { to } => {
                self.queue.push(at, Event::Enter(parcel));
                self.feed(to);
            }
        }
    }

    /// Codes with room at their destination leave the output register.
    pub(super) fn depart(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        match lane.way {
            Way::Local => {
                let (layer, image) = (self.layer_of(lane.ends), self.position_of(parcel).image);
                self.stream.sent(layer, image, lane.bytes());
                self.enter(parcel);
            }
            Way::Mesh { .. } | Way::Chips { .. } => self.inject(parcel),
        }
    }

    /// Codes are at the tile of their buffer: they are pooled, or written as they are.
    pub(super) fn enter(&mut self, parcel: Parcel) {
        let ends = self.plan.lanes[parcel.lane.at()].ends;
        let (Ends::Codes { to: buffer, .. } | Ends::Input { to: buffer }) = ends else { return };
        let codes = self.codes(parcel, buffer);
        let BufferState { map, tile, .. } = self.buffers[buffer.at()];
        if map.pooling.is_none() {
            let end = self.write_codes(parcel, buffer, &codes);
            self.leave_locally(parcel, end);
            return;
        }
        let now = self.queue.now();
        let host = &mut self.tiles[tile.at()];
        let compared = host.unit.pool(now, codes.values_entered());
        // Maxima begun by earlier codes are read from the buffer.
        let read = host.edram.access(now, codes.bytes_resumed());
        let end = compared.end.max(read.end);
        self.record_parcel(Stage::MaxPool, tile, parcel, compared);
        self.queue.push(self.clock.boundary_from(end), Event::Write(parcel));
        self.leave_locally(parcel, end);
    }

    /// Pooled codes are written to the banks.
    pub(super) fn write(&mut self, parcel: Parcel) {
        let ends = self.plan.lanes[parcel.lane.at()].ends;
        if let Ends::Codes { to, .. } | Ends::Input { to } = ends {
            let codes = self.codes(parcel, to);
            self.write_codes(parcel, to, &codes);
        }
    }

    /// Writes codes to the banks, and schedules the pixels that are complete by that; returns when the access ends.
    fn write_codes(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) -> Tick {
        let state = &mut self.buffers[buffer.at()];
        let tile = state.tile;
        let span = self.tiles[tile.at()].edram.access(self.queue.now(), codes.bytes_written());
        if let Some(at) = state.receive(codes, self.clock.boundary_from(span.end)) {
            self.queue.push(at, Event::Complete(buffer));
        }
        self.book_entry(parcel, buffer, codes);
        if self.recorder.listens() {
            let ends = self.plan.lanes[parcel.lane.at()].ends;
            let stage = if let Ends::Input { .. } = ends { Stage::Fill } else { Stage::EdramWrite };
            self.record_parcel(stage, tile, parcel, span);
        }
        span.end
    }

    /// Lets the outside write codes before the clock starts.
    pub(super) fn preload(&mut self, parcel: Parcel, buffer: BufferIdx) {
        let codes = self.codes(parcel, buffer);
        let state = &mut self.buffers[buffer.at()];
        state.receive(&codes, Tick::ZERO);
        state.complete = state.written;
        state.completing.clear();
        self.book_entry(parcel, buffer, &codes);
    }

    /// Books codes that come into their buffer, and what brings them there.
    fn book_entry(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) {
        if codes.image > 0 {
            return;
        }
        let lane = &self.plan.lanes[parcel.lane.at()];
        let layer = self.layer_of(lane.ends);
        if self.buffers[buffer.at()].map.pooling.is_some() {
            self.count(layer, codes.image, Action::MaxPool, codes.values_entered());
            self.count(layer, codes.image, Action::EdramRead, codes.bytes_resumed().0);
        }
        self.count(layer, codes.image, Action::EdramWrite, codes.bytes_written().0);
        if let Ends::Codes { .. } = lane.ends {
            self.stream.received(layer, codes.image, lane.bytes());
        }
        self.stream.closes(codes.image);
    }

    pub(super) fn record_parcel(&mut self, stage: Stage, tile: TileIdx, parcel: Parcel, span: Span) {
        if self.recorder.listens() {
            let layer = self.layer_of(self.plan.lanes[parcel.lane.at()].ends);
            self.record(stage, tile, layer, self.position_of(parcel), span);
        }
    }

    /// More pixels are complete: whoever waits for a window that they complete is woken.
    pub(super) fn complete(&mut self, buffer: BufferIdx) {
        let state = &mut self.buffers[buffer.at()];
        let Some((_, written)) = state.completing.pop_front() else {
            return;
        };
        state.complete = written;
        if self.plan.layers[self.plan.buffers[buffer.at()].layer.at()].kind == LayerKind::Taken {
            self.take(buffer);
            return;
        }
        let state = &mut self.buffers[buffer.at()];
        if state.awaited.is_none_or(|pixel| pixel >= state.complete) {
            return;
        }
        state.awaited = None;
        let plan = &self.plan.buffers[buffer.at()];
        if let Some(adder) = plan.adder {
            self.try_add(adder);
        }
        for &share in &plan.shares {
            if let LoadState::WaitsForInput = self.shares[share.at()].load {
                self.try_load(share);
            }
        }
    }

    /// The outside takes complete pixels, each a position of what the network gives.
    fn take(&mut self, buffer: BufferIdx) {
        let plan = &self.plan.buffers[buffer.at()];
        let n_pixels = self.plan.map_of(buffer).n_pixels as u64;
        let (now, cycle) = (self.queue.now(), self.cycle());
        let complete = self.buffers[buffer.at()].complete;
        for pixel in self.buffers[buffer.at()].taken..complete {
            if self.stream.position_done(plan.layer, pixel / n_pixels, cycle) {
                self.queue.push(now, Event::ImageDone);
            }
        }
        self.buffers[buffer.at()].taken = complete;
        self.release(buffer, complete);
    }

    /// A parcel that stays on its tile leaves the output register.
    fn leave_locally(&mut self, parcel: Parcel, at: Tick) {
        if self.plan.lanes[parcel.lane.at()].way == Way::Local {
            self.leave(parcel, at);
        }
    }

    /// A parcel leaves the output register at a tick.
    pub(super) fn leave(&mut self, parcel: Parcel, at: Tick) {
        if let Ends::Codes { from, .. } | Ends::Sums { from, .. } = self.plan.lanes[parcel.lane.at()].ends {
            self.leave_copy(self.plan.parts[from.at()].replica, u64::from(parcel.turn), at);
        }
    }
}
