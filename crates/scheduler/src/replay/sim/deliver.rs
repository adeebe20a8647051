//! Codes into the buffers of the layers that read them: room, pooling, writing, arrival.

use rebias_engine::{Claim, Tick};
use rebias_units::{Action, Bytes};

use super::state::{Arrivals, LoadState, Parcel};
use super::{Buffer, Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Cargo, Entered, InputMap, LanePlan, LayerKind, Origin, Position, Way};
use crate::replay::record::Stage;

/// Codes of one source pixel for one buffer.
#[derive(Clone, Copy)]
struct Codes<'a> {
    lane: &'a LanePlan,
    buffer: BufferIdx,
    map: &'a InputMap,
    /// The position that made them, or the pixel of the network's input.
    position: Position,
    entered: Entered,
}

impl Codes<'_> {
    fn bytes_written(&self) -> Bytes {
        Bytes(self.lane.bytes().0 * self.entered.n_pixels())
    }
}

impl<'a, R: Recorder> Sim<'a, R> {
    /// What a parcel brings to its buffer; `None` for partial sums.
    fn codes(&self, parcel: Parcel) -> Option<Codes<'a>> {
        let plan = self.plan;
        let lane = &plan.lanes[parcel.lane.at()];
        let Cargo::Codes { buffer } = lane.cargo else {
            return None;
        };
        let map = plan.map_of(buffer);
        let position = lane.turns.position(u64::from(parcel.turn));
        Some(Codes { lane, buffer, map, position, entered: map.entered(position.index as usize) })
    }

    /// The position whose sums or codes a parcel brings.
    pub(super) fn position_of(&self, parcel: Parcel) -> Position {
        self.plan.lanes[parcel.lane.at()].turns.position(u64::from(parcel.turn))
    }

    /// Claims room for a parcel of codes; `None` if no window of the pool covers them, so that nobody needs them.
    pub(super) fn claim(&mut self, parcel: Parcel) -> Option<Claim<Parcel>> {
        let codes = self.codes(parcel)?;
        let plan = &self.plan.buffers[codes.buffer.at()];
        let pixels = codes.position.image * codes.map.n_pixels as u64;
        let end = Bytes((pixels + codes.entered.last()? as u64 + 1) * plan.slot.0);
        let claim = self.tiles[plan.tile.at()].edram.claim(plan.region, end, parcel);
        if let Claim::Granted(_) = claim {
            self.note_room(codes.buffer);
        }
        Some(claim)
    }

    /// Notes what a buffer holds now.
    pub(super) fn note_room(&mut self, buffer: BufferIdx) {
        let (plan, now) = (&self.plan.buffers[buffer.at()], self.queue.now());
        let tile = &mut self.tiles[plan.tile.at()];
        let (held, gauge) = (tile.edram.held(plan.region).0, &mut self.buffers[buffer.at()].held);
        if held != gauge.level() {
            tile.held.set(now, tile.held.level() + held - gauge.level());
            gauge.set(now, held);
            let (index, layer) = (self.plan.tiles[plan.tile.at()].index, self.plan.layers[plan.layer.at()].id);
            self.recorder.held(index, Buffer::Map(layer), now, Bytes(held));
            self.recorder.held(index, Buffer::Edram, now, Bytes(tile.held.level()));
        }
    }

    /// A parcel that has waited for room gets it.
    pub(super) fn admitted(&mut self, parcel: Parcel) {
        let at = self.boundary();
        let lane = &self.plan.lanes[parcel.lane.at()];
        match (lane.origin, lane.cargo) {
            (Origin::Part(part), _) => {
                let now = self.queue.now();
                self.tiles[self.plan.parts[part.at()].tile.at()].outputs.change(now).waiting -= 1;
                self.queue.push(at, Event::Depart(parcel));
            }
            (Origin::Outside(buffer), _) => {
                self.queue.push(at, Event::Enter(parcel));
                self.feed(buffer);
            }
        }
    }

    /// Offers finished codes to their buffer: they leave, or wait for room.
    pub(super) fn offer(&mut self, parcel: Parcel) {
        match self.claim(parcel) {
            Some(Claim::Granted(parcel)) => self.depart(parcel),
            Some(Claim::Waits) => {
                if let Origin::Part(part) = self.plan.lanes[parcel.lane.at()].origin {
                    let now = self.queue.now();
                    self.tiles[self.plan.parts[part.at()].tile.at()].outputs.change(now).waiting += 1;
                }
            }
            None => {
                self.stream.closes(self.position_of(parcel).image);
                self.leave(parcel, self.queue.now());
            }
        }
    }

    /// Codes with room at their destination leave the output register.
    pub(super) fn depart(&mut self, parcel: Parcel) {
        let lane = &self.plan.lanes[parcel.lane.at()];
        match lane.way {
            Way::Local => {
                self.stream.sent(lane.layer, self.position_of(parcel).image, lane.bytes());
                self.enter(parcel);
            }
            Way::Network { .. } => self.inject(parcel),
        }
    }

    /// Codes are at the tile of their buffer: they are pooled, or written as they are.
    pub(super) fn enter(&mut self, parcel: Parcel) {
        let Some(codes) = self.codes(parcel) else {
            return;
        };
        if codes.map.pooling.is_none() {
            let end = self.write_codes(&codes);
            self.leave_locally(parcel, end);
            return;
        }
        let now = self.queue.now();
        let tile = &mut self.tiles[codes.lane.to.at()];
        let compared = tile.unit.pool(now, codes.lane.values() * codes.entered.n_pixels());
        // Maxima begun by earlier codes are read from the buffer.
        let read = tile.edram.access(now, Bytes(codes.lane.bytes().0 * codes.entered.n_resumed()));
        let end = compared.end.max(read.end);
        self.record(Stage::MaxPool, codes.lane.to, codes.lane.layer, codes.position, compared);
        self.queue.push(self.clock.boundary_from(end), Event::Write(parcel));
        self.leave_locally(parcel, end);
    }

    /// Pooled codes are written to the banks.
    pub(super) fn write(&mut self, parcel: Parcel) {
        if let Some(codes) = self.codes(parcel) {
            self.write_codes(&codes);
        }
    }

    /// Writes codes to the banks, and schedules the pixels that are complete by that; returns when the access ends.
    fn write_codes(&mut self, codes: &Codes<'_>) -> Tick {
        let span = self.tiles[codes.lane.to.at()].edram.access(self.queue.now(), codes.bytes_written());
        self.count_entry(codes);
        let stage = if codes.lane.is_from_outside() { Stage::Fill } else { Stage::EdramWrite };
        self.record(stage, codes.lane.to, codes.lane.layer, codes.position, span);
        if let Some(at) = self.receive(codes, self.clock.boundary_from(span.end)) {
            self.queue.push(at, Event::Complete(codes.buffer));
        }
        span.end
    }

    /// Lets the outside write codes before the clock starts.
    pub(super) fn preload(&mut self, parcel: Parcel) {
        if let Some(codes) = self.codes(parcel) {
            self.count_entry(&codes);
            self.receive(&codes, Tick::ZERO);
            let state = &mut self.buffers[codes.buffer.at()];
            state.complete = state.written;
            state.completing.clear();
        }
    }

    /// Counts what brings codes into their buffer.
    fn count_entry(&mut self, codes: &Codes<'_>) {
        let (layer, image) = (codes.lane.layer, codes.position.image);
        if codes.map.pooling.is_some() {
            self.count(layer, image, Action::MaxPool, codes.lane.values() * codes.entered.n_pixels());
            self.count(layer, image, Action::EdramRead, codes.lane.bytes().0 * codes.entered.n_resumed());
        }
        self.count(layer, image, Action::EdramWrite, codes.bytes_written().0);
    }

    /// Notes codes that can be read from a boundary on; when that completes pixels, if no others are then anyway.
    fn receive(&mut self, codes: &Codes<'_>, readable: Tick) -> Option<Tick> {
        let image = codes.position.image;
        if !codes.lane.is_from_outside() {
            self.stream.received(codes.lane.layer, image, codes.lane.bytes());
        }
        self.stream.closes(image);
        let (map, n_pixels) = (codes.map, codes.map.n_pixels as u64);
        let n_channels = self.plan.buffers[codes.buffer.at()].n_channels;
        let state = &mut self.buffers[codes.buffer.at()];
        codes.entered.pixels().for_each(|pixel| {
            let ahead = (image * n_pixels + pixel as u64 - state.written) as usize;
            while state.pixels.len() <= ahead {
                state.pixels.push_back(Arrivals::default());
            }
            let arrivals = &mut state.pixels[ahead];
            arrivals.values += codes.lane.values();
            arrivals.readable = arrivals.readable.max(readable);
        });
        let last = state.completing.back().map(|&(at, _)| at);
        let (before, mut complete_at) = (state.written, last.unwrap_or(Tick::ZERO));
        while let Some(&arrivals) = state.pixels.front() {
            let pixel = (state.written % n_pixels) as usize;
            if arrivals.values < n_channels * u64::from(map.n_contributions(pixel)) {
                break;
            }
            state.pixels.pop_front();
            state.written += 1;
            complete_at = complete_at.max(arrivals.readable);
        }
        if state.written == before {
            return None;
        }
        match state.completing.back_mut() {
            Some((at, written)) if *at == complete_at => {
                *written = state.written;
                None
            }
            _ => {
                state.completing.push_back((complete_at, state.written));
                Some(complete_at)
            }
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
        let lane = &self.plan.lanes[parcel.lane.at()];
        if lane.way == Way::Local {
            self.leave(parcel, at);
        }
    }

    /// A parcel leaves the output register at a tick.
    pub(super) fn leave(&mut self, parcel: Parcel, at: Tick) {
        if let Origin::Part(part) = self.plan.lanes[parcel.lane.at()].origin {
            self.leave_part(part, u64::from(parcel.turn), at);
        }
    }
}
