//! Codes into the buffers of the layers that read them: room, pooling, writing, arrival.

use rebias_engine::{Claim, Tick};
use rebias_units::{Action, Bytes};

use super::codes::Codes;
use super::state::{LoadState, Parcel, Waiting};
use super::{Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Way};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Claims room for a parcel of codes; `None` if no window of the pool covers them, so that nobody needs them.
    pub(super) fn claim(&mut self, parcel: Parcel) -> Option<Claim<Waiting>> {
        let codes = self.codes(parcel)?;
        let plan = &self.plan.buffers[codes.buffer.at()];
        let pixels = codes.position.image * self.plan.layers[plan.layer.at()].input.n_pixels as u64;
        let end = Bytes((pixels + codes.entered.last()? as u64 + 1) * plan.slot.0);
        let claimant = Waiting { parcel, since: self.queue.now() };
        Some(self.tiles[plan.tile.at()].edram.claim(plan.region, end, claimant))
    }

    /// A parcel that has waited for room gets it.
    pub(super) fn admitted(&mut self, parcel: Parcel, since: Tick) {
        let at = self.boundary();
        match parcel {
            Parcel::Codes { target, .. } => {
                let layer = self.plan.parts[self.plan.targets[target.at()].from.at()].layer;
                self.stream.waits(layer).buffer += self.queue.now() - since;
                self.queue.push(at, Event::Depart(parcel));
            }
            Parcel::Input { buffer, .. } => {
                self.queue.push(at, Event::Enter(parcel));
                self.feed(buffer);
            }
            Parcel::Sums { .. } => {}
        }
    }

    pub(super) fn offer(&mut self, parcel: Parcel) {
        match self.claim(parcel) {
            Some(Claim::Granted(Waiting { parcel, .. })) => self.depart(parcel),
            Some(Claim::Waits) => {}
            None => self.drop_codes(parcel),
        }
    }

    /// Codes that no window covers go nowhere.
    fn drop_codes(&mut self, parcel: Parcel) {
        if let Parcel::Codes { target, turn } = parcel {
            let replica = self.plan.parts[self.plan.targets[target.at()].from.at()].replica;
            self.stream.closes(self.position(replica, turn).image);
            self.queue.push(self.queue.now(), Event::Left(replica, turn));
        }
    }

    /// Codes with room at their destination leave the output register.
    pub(super) fn depart(&mut self, parcel: Parcel) {
        let Parcel::Codes { target, .. } = parcel else {
            return;
        };
        match self.plan.targets[target.at()].way {
            Way::Local => {
                if let Some(codes) = self.codes(parcel) {
                    self.stream.sent(codes.layer, codes.position.image, codes.bytes);
                }
                self.enter(parcel);
            }
            Way::Network(_) => self.inject(parcel),
        }
    }

    /// Codes are at the tile of their buffer: they are pooled, or written as they are.
    pub(super) fn enter(&mut self, parcel: Parcel) {
        let Some(codes) = self.codes(parcel) else {
            return;
        };
        let plan = &self.plan.buffers[codes.buffer.at()];
        if self.plan.layers[plan.layer.at()].input.pooling.is_none() {
            self.write(parcel);
            return;
        }
        let tile = &mut self.tiles[plan.tile.at()];
        let compared = tile.unit.pool(self.queue.now(), codes.values * codes.entered.n_pixels());
        // Maxima begun by earlier codes are read from the buffer.
        let read = tile.edram.access(self.queue.now(), Bytes(codes.bytes.0 * codes.entered.n_resumed()));
        let end = compared.end.max(read.end);
        self.record(Stage::MaxPool, plan.tile, codes.layer, codes.position, compared);
        self.queue.push(end.next_boundary(self.plan.period), Event::Write(parcel));
        if let Some((replica, turn)) = codes.local_turn {
            self.queue.push(end, Event::Left(replica, turn));
        }
    }

    pub(super) fn write(&mut self, parcel: Parcel) {
        let Some(codes) = self.codes(parcel) else {
            return;
        };
        let plan = &self.plan.buffers[codes.buffer.at()];
        let bytes = Bytes(codes.bytes.0 * codes.entered.n_pixels());
        let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), bytes);
        self.count_entry(&codes);
        let stage = if let Parcel::Input { .. } = parcel { Stage::Fill } else { Stage::EdramWrite };
        self.record(stage, plan.tile, codes.layer, codes.position, span);
        self.queue.push(span.end.next_boundary(self.plan.period), Event::Arrive(parcel));
        if let (Some((replica, turn)), None) = (codes.local_turn, self.plan.layers[plan.layer.at()].input.pooling) {
            self.queue.push(span.end, Event::Left(replica, turn));
        }
    }

    /// Counts what brings codes into their buffer.
    pub(super) fn count_entry(&mut self, codes: &Codes) {
        let (layer, image) = (codes.layer, codes.position.image);
        let buffer = &self.plan.buffers[codes.buffer.at()];
        let n_pixels = codes.entered.n_pixels();
        if self.plan.layers[buffer.layer.at()].input.pooling.is_some() {
            self.count(layer, image, Action::MaxPool, codes.values * n_pixels);
            self.count(layer, image, Action::EdramRead, codes.bytes.0 * codes.entered.n_resumed());
        }
        self.count(layer, image, Action::EdramWrite, codes.bytes.0 * n_pixels);
    }

    /// Codes are in their buffer, and whoever waits for a window that they complete is woken.
    pub(super) fn arrive(&mut self, parcel: Parcel) {
        let Some(codes) = self.codes(parcel) else {
            return;
        };
        let image = codes.position.image;
        if let Parcel::Codes { .. } = parcel {
            self.stream.received(codes.layer, image, codes.bytes);
        }
        self.stream.closes(image);
        let plan = &self.plan.buffers[codes.buffer.at()];
        let map = &self.plan.layers[plan.layer.at()].input;
        let state = &mut self.buffers[codes.buffer.at()];
        for pixel in codes.entered.pixels() {
            let ahead = (image * map.n_pixels as u64 + pixel as u64 - state.complete) as usize;
            if state.received.len() <= ahead {
                state.received.resize(ahead + 1, 0);
            }
            state.received[ahead] += codes.values;
        }
        let before = state.complete;
        while let Some(&received) = state.received.front() {
            let pixel = (state.complete % map.n_pixels as u64) as usize;
            if received < plan.n_channels * u64::from(map.n_contributions(pixel)) {
                break;
            }
            state.received.pop_front();
            state.complete += 1;
        }
        if state.complete > before {
            self.wake_readers(codes.buffer);
        }
    }

    fn wake_readers(&mut self, buffer: BufferIdx) {
        for &share in &self.plan.buffers[buffer.at()].shares {
            if let LoadState::WaitsForInput(_) = self.shares[share.at()].load {
                self.try_load(share);
            }
        }
    }
}
