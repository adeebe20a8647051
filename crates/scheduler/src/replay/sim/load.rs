//! Inputs: from the eDRAM over the bus into an IMA's input register.

use rebias_engine::{Claim, Span};
use rebias_units::{Action, Bytes};

use super::state::{Activity, BufferState, LoadState};
use super::{Buffer, Event, Recorder, Sim};
use crate::replay::Stall;
use crate::replay::plan::{BufferIdx, Ends, ImaIdx, Position, ShareIdx};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Lets a share load its next position as soon as its window is complete and the register has room.
    pub(super) fn try_load(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let state = &self.shares[share.at()];
        if let LoadState::WaitsForRegister | LoadState::Loading = state.load {
            return;
        }
        if !self.plan.is_turn_of(plan.layer, self.stream.n_finished_layers()) {
            self.shares[share.at()].load = LoadState::WaitsForInput;
            self.note_activity(share);
            return;
        }
        let Position { image, index } = self.loading(share);
        let last_needed = self.plan.map_of(plan.buffer).last_needed(image, index);
        if self.buffers[plan.buffer.at()].complete <= last_needed {
            self.shares[share.at()].load = LoadState::WaitsForInput;
            let awaited = &mut self.buffers[plan.buffer.at()].awaited;
            *awaited = Some(awaited.map_or(last_needed, |pixel| pixel.min(last_needed)));
            self.note_activity(share);
            return;
        }
        let now = self.queue.now();
        match self.imas[plan.ima.at()].inputs.claim(plan.mvm, now, share) {
            Claim::Granted(share) => self.begin_load(share),
            Claim::Waits => {
                self.shares[share.at()].load = LoadState::WaitsForRegister;
                self.note_activity(share);
            }
        }
    }

    /// Notes what keeps the arrays of a share from reading, if they do not read.
    pub(super) fn note_activity(&mut self, share: ShareIdx) {
        let state = &self.shares[share.at()];
        if state.diary.is_reading() {
            return;
        }
        let activity = match state.load {
            _ if state.started < self.loaded_by(share) => Activity::Stalled(Stall::Output),
            LoadState::WaitsForInput if self.has_no_image(share) => Activity::Idle,
            LoadState::WaitsForInput => Activity::Stalled(Stall::Input),
            LoadState::WaitsForRegister => Activity::Stalled(Stall::InputRegister),
            LoadState::Loading | LoadState::Idle => Activity::Stalled(Stall::Transfer),
        };
        let now = self.queue.now();
        self.shares[share.at()].diary.begins(activity, now);
    }

    /// Whether the image that a share works on next has not been let in yet.
    fn has_no_image(&self, share: ShareIdx) -> bool {
        self.loading(share).image >= self.stream.pace.first_held_back()
    }

    fn begin_load(&mut self, share: ShareIdx) {
        self.shares[share.at()].load = LoadState::Loading;
        self.note_register(self.plan.shares[share.at()].ima);
        self.note_activity(share);
        self.queue.push(self.boundary(), Event::Load(share));
    }

    pub(super) fn load(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.loading(share);
        let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), plan.input);
        self.stream.begins(plan.layer, position.image, self.cycle());
        self.count(plan.layer, position.image, Action::EdramRead, plan.input.0);
        self.record(Stage::EdramRead, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::Fetched(share));
    }

    pub(super) fn fetched(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.loading(share);
        let span = self.tiles[plan.tile.at()].unit.transfer(self.queue.now(), plan.input);
        self.count(plan.layer, position.image, Action::BusTransfer, plan.input.0);
        self.record_in(Stage::InputTransfer, (plan.tile, Some(plan.ima)), plan.layer, position, span);
        self.queue.push(span.end, Event::Loaded(share));
    }

    pub(super) fn loaded(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.loading(share);
        self.count(plan.layer, position.image, Action::InputRegisterWrite, plan.input.0);
        self.imas[plan.ima.at()].inputs.fill(plan.mvm);
        self.shares[share.at()].load = LoadState::Idle;
        self.queue.push(self.boundary(), Event::Start(share));
        // If others need earlier pixels than it did, there is nothing to free; claims that wait are looked at all the same,
        // as others may have been granted since the last look.
        let before = self.pass_pixels(share);
        let BufferState { tile, first_kept, .. } = self.buffers[plan.buffer.at()];
        if before == first_kept || self.tiles[tile.at()].edram.is_awaited() {
            self.free_pixels(plan.buffer);
        }
        self.try_load(share);
    }

    /// Lets no buffer keep room for pixels that only copies on other tiles need.
    pub(super) fn open_buffers(&mut self) {
        for share in 0..self.shares.len() {
            self.pass_pixels(ShareIdx::new(share));
        }
        for buffer in (0..self.buffers.len()).map(BufferIdx::new) {
            if !self.plan.buffers[buffer.at()].shares.is_empty() {
                self.free_pixels(buffer);
            }
        }
    }

    /// Notes what a share needs from its next position on; returns the first pixel that it needed so far.
    fn pass_pixels(&mut self, share: ShareIdx) -> u64 {
        let plan = &self.plan.shares[share.at()];
        let next = self.loading(share);
        let first = self.plan.map_of(plan.buffer).first_needed(next.image, next.index);
        std::mem::replace(&mut self.first_needed[share.at()], first)
    }

    /// Gives back what no share of the tile needs any more.
    fn free_pixels(&mut self, buffer: BufferIdx) {
        let plan = &self.plan.buffers[buffer.at()];
        let first = plan.shares.iter().map(|share| self.first_needed[share.at()]).min().unwrap_or(0);
        self.release(buffer, first);
    }

    /// Gives back the pixels of a buffer before one.
    pub(super) fn release(&mut self, buffer: BufferIdx, first: u64) {
        let mut granted = std::mem::take(&mut self.granted);
        let state = &mut self.buffers[buffer.at()];
        state.first_kept = first;
        let BufferState { tile, region, slot, .. } = *state;
        self.tiles[tile.at()].edram.release(region, Bytes(first * slot.0), &mut granted);
        self.note_room(buffer);
        for parcel in granted.drain(..) {
            if let Ends::Codes { to, .. } | Ends::Input { to } = self.plan.lanes[parcel.lane.at()].ends {
                self.note_room(to);
            }
            self.admitted(parcel);
        }
        self.granted = granted;
    }

    /// The last slice of a position is in the drivers of the word lines, so its inputs may go.
    pub(super) fn drain(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let (inputs, now) = (&mut self.imas[plan.ima.at()].inputs, self.queue.now());
        let position = plan.turns.position(inputs.drained(plan.mvm));
        let mut granted = Vec::new();
        inputs.drain(plan.mvm, now, &mut granted);
        self.count(plan.layer, position.image, Action::InputRegisterRead, plan.input.0);
        self.note_register(plan.ima);
        for share in granted {
            self.wake_load(share);
        }
    }

    fn wake_load(&mut self, share: ShareIdx) {
        if self.shares[share.at()].load == LoadState::WaitsForRegister {
            self.begin_load(share);
        }
    }

    /// Tells what an input register holds now.
    fn note_register(&mut self, ima: ImaIdx) {
        let id = self.plan.imas[ima.at()].id;
        let held = Bytes(self.imas[ima.at()].inputs.held().level());
        self.recorder.held(id.tile.0, Buffer::InputRegister(id.ima), self.queue.now(), held);
    }

    /// Positions that a share has loaded.
    pub(super) fn loaded_by(&self, share: ShareIdx) -> u64 {
        let plan = &self.plan.shares[share.at()];
        self.imas[plan.ima.at()].inputs.filled(plan.mvm)
    }

    /// The position that a share loads, or will load next.
    fn loading(&self, share: ShareIdx) -> Position {
        self.turn_of(share, self.loaded_by(share))
    }

    /// A span of whole chip cycles.
    pub(super) fn cycles(&self, from: u64, behind: u64) -> Span {
        Span { start: self.start_of(from), end: self.start_of(behind) }
    }
}
