//! Inputs: from the eDRAM over the bus into an IMA's input register.

use rebias_engine::{Claim, RegionId, Span};
use rebias_units::{Action, Bytes};

use super::state::{LoadState, Waiting};
use super::{Event, Recorder, Sim};
use crate::replay::plan::{BufferIdx, Position, ShareIdx};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Lets a share load its next position as soon as its window is complete and the register has room.
    pub(super) fn try_load(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &self.shares[share.at()];
        let now = self.queue.now();
        let waited_since = match state.load {
            LoadState::Idle => now,
            LoadState::WaitsForInput(since) => since,
            LoadState::WaitsForRegister(_) | LoadState::Loading => return,
        };
        let Position { image, index } = self.position(plan.replica, state.loaded);
        let last_needed = self.plan.layers[plan.layer.at()].input.last_needed(image, index);
        if self.buffers[plan.buffer.at()].complete <= last_needed {
            self.shares[share.at()].load = LoadState::WaitsForInput(waited_since);
            let awaited = &mut self.buffers[plan.buffer.at()].awaited;
            *awaited = Some(awaited.map_or(last_needed, |pixel| pixel.min(last_needed)));
            return;
        }
        self.stream.waits(plan.layer).input += now - waited_since;
        let end = (state.loaded + 1) * plan.input.0;
        match self.imas[plan.ima.at()].register.claim(RegionId(plan.mvm), end, share) {
            Claim::Granted(share) => self.begin_load(share),
            Claim::Waits => self.shares[share.at()].load = LoadState::WaitsForRegister(now),
        }
    }

    fn begin_load(&mut self, share: ShareIdx) {
        self.shares[share.at()].load = LoadState::Loading;
        self.queue.push(self.boundary(), Event::Load(share));
    }

    pub(super) fn load(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.position(plan.replica, self.shares[share.at()].loaded);
        let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), plan.input);
        self.stream.begins(plan.layer, position.image, self.cycle());
        self.count(plan.layer, position.image, Action::EdramRead, plan.input.0);
        self.record(Stage::EdramRead, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::Fetched(share));
    }

    pub(super) fn fetched(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.position(plan.replica, self.shares[share.at()].loaded);
        let span = self.tiles[plan.tile.at()].unit.transfer(self.queue.now(), plan.input);
        self.count(plan.layer, position.image, Action::BusTransfer, plan.input.0);
        self.record_in(Stage::InputTransfer, (plan.tile, Some(plan.ima)), plan.layer, position, span);
        self.queue.push(span.end, Event::Loaded(share));
    }

    pub(super) fn loaded(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.position(plan.replica, self.shares[share.at()].loaded);
        self.count(plan.layer, position.image, Action::InputRegisterWrite, plan.input.0);
        let state = &mut self.shares[share.at()];
        state.loaded += 1;
        state.load = LoadState::Idle;
        self.queue.push(self.boundary(), Event::Start(share));
        self.pass_pixels(share);
        self.free_pixels(plan.buffer);
        self.try_load(share);
    }

    /// Lets no buffer keep room for pixels that only copies on other tiles need.
    pub(super) fn open_buffers(&mut self) {
        for share in 0..self.shares.len() {
            self.pass_pixels(ShareIdx::new(share));
        }
        for buffer in 0..self.buffers.len() {
            self.free_pixels(BufferIdx::new(buffer));
        }
    }

    /// Notes what a share needs from its next position on.
    fn pass_pixels(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let next = self.turn_of(share, self.shares[share.at()].loaded);
        let first = self.plan.layers[plan.layer.at()].input.first_needed(next.image, next.index);
        self.shares[share.at()].first_needed = first;
    }

    /// Gives back what no share of the tile needs any more.
    fn free_pixels(&mut self, buffer: BufferIdx) {
        let plan = &self.plan.buffers[buffer.at()];
        let first = plan.shares.iter().map(|share| self.shares[share.at()].first_needed).min().unwrap_or(0);
        let mut granted = std::mem::take(&mut self.granted);
        let base = Bytes(first * plan.slot.0);
        self.tiles[plan.tile.at()].edram.release(plan.region, base, &mut granted);
        for Waiting { parcel, since } in granted.drain(..) {
            self.admitted(parcel, since);
        }
        self.granted = granted;
    }

    /// The last slice of a position is in the drivers of the word lines, so its inputs may go.
    pub(super) fn drain(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &mut self.shares[share.at()];
        let position = self.plan.replicas[plan.replica.at()].position(state.drained);
        state.drained += 1;
        let base = state.drained * plan.input.0;
        self.count(plan.layer, position.image, Action::InputRegisterRead, plan.input.0);
        let mut granted = Vec::new();
        self.imas[plan.ima.at()].register.release(RegionId(plan.mvm), base, &mut granted);
        for share in granted {
            self.wake_load(share);
        }
    }

    fn wake_load(&mut self, share: ShareIdx) {
        if let LoadState::WaitsForRegister(since) = self.shares[share.at()].load {
            let layer = self.plan.shares[share.at()].layer;
            self.stream.waits(layer).input_register += self.queue.now() - since;
            self.begin_load(share);
        }
    }

    /// A span of whole chip cycles.
    pub(super) fn cycles(&self, from: u64, behind: u64) -> Span {
        Span { start: self.start_of(from), end: self.start_of(behind) }
    }
}
