//! Codes into the buffers of the layers that read them: room, pooling, writing, arrival.

use rebias_engine::{Claim, Span, Tick};
use rebias_units::{Action, Bytes};

use super::state::{BufferState, LoadState, Parcel};
use super::{Buffer, Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Codes, Ends, LayerIdx, LayerKind, PartIdx, Position, TileIdx, Way};
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
        self.plan.lanes[parcel.lane.at()].codes(image, self.buffers[buffer.at()].map.entered(index as u32))
    }

    /// Claims room in their buffer for codes; `None` if no window of the pool covers them, so that nobody needs them.
    pub(super) fn claim(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) -> Option<Claim<Parcel>> {
        let state = &self.buffers[buffer.at()];
        let last = codes.entered.last(state.map.width())?;
        let pixel = codes.image * u64::from(state.map.n_pixels()) + u64::from(last);
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

    /// Codes that have waited for room leave the output register.
    pub(super) fn depart(&mut self, parcel: Parcel) {
        if let Ends::Codes { from, to } = self.plan.lanes[parcel.lane.at()].ends {
            let codes = self.codes(parcel, to);
            self.send_codes(parcel, (from, to), &codes);
        }
    }

    /// Codes with room at their destination leave the output register.
    pub(super) fn send_codes(&mut self, parcel: Parcel, (from, to): (PartIdx, BufferIdx), codes: &Codes) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        let part = &self.plan.parts[from.at()];
        match lane.way {
            Way::Local => {
                self.stream.sent(part.layer, codes.image, lane.bytes());
                let end = self.enter_codes(parcel, to, codes);
                self.leave_copy(part.replica, parcel.turn, end);
            }
            Way::Mesh { .. } | Way::Chips { .. } => self.inject(parcel, part, codes.image),
        }
    }

    /// Codes are at the tile of their buffer.
    pub(super) fn enter(&mut self, parcel: Parcel) {
        if let Ends::Codes { to, .. } | Ends::Input { to } = self.plan.lanes[parcel.lane.at()].ends {
            let codes = self.codes(parcel, to);
            self.enter_codes(parcel, to, &codes);
        }
    }

    /// Codes at the tile of their buffer are pooled, or written as they are; returns when all of them have come.
    pub(super) fn enter_codes(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) -> Tick {
        let BufferState { map, tile, .. } = self.buffers[buffer.at()];
        if map.pooling.is_none() {
            return self.write_codes(parcel, buffer, codes);
        }
        let now = self.queue.now();
        let host = &mut self.tiles[tile.at()];
        let compared = host.unit.pool(now, codes.values_entered());
        // Maxima begun by earlier codes are read from the buffer.
        let read = host.edram.access(now, codes.bytes_resumed());
        let end = compared.end.max(read.end);
        self.record_parcel(Stage::MaxPool, tile, parcel, compared);
        self.queue.push(self.clock.boundary_from(end), Event::Write(parcel));
        end
    }

    /// Pooled codes are written to the banks.
    pub(super) fn write(&mut self, parcel: Parcel) {
        if let Ends::Codes { to, .. } | Ends::Input { to } = self.plan.lanes[parcel.lane.at()].ends {
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
        if codes.image == 0 {
            self.book_entry(parcel, buffer, codes);
        }
        if self.recorder.listens() {
            let ends = self.plan.lanes[parcel.lane.at()].ends;
            let stage = if let Ends::Input { .. } = ends { Stage::Fill } else { Stage::EdramWrite };
            self.record_parcel(stage, tile, parcel, span);
        }
        span.end
    }

    /// Lets the outside write codes before the clock starts.
    pub(super) fn preload(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) {
        let state = &mut self.buffers[buffer.at()];
        state.receive(codes, Tick::ZERO);
        state.complete = state.written;
        state.completing.clear();
        if codes.image == 0 {
            self.book_entry(parcel, buffer, codes);
        }
    }

    /// Books codes of the first image that come into their buffer, and what brings them there.
    fn book_entry(&mut self, parcel: Parcel, buffer: BufferIdx, codes: &Codes) {
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
}
