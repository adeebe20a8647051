//! Products: reads, conversions and additions of an IMA, up to its output register.

use rebias_tile::{Accepted, ImaEvent};
use rebias_units::Action;

use super::state::Activity;
use super::{Event, Recorder, Sim};
use crate::replay::plan::{ImaIdx, Position, ShareIdx};
use crate::replay::record::Stage;

impl<R: Recorder> Sim<'_, R> {
    /// Begins the reads of a share's next position, if it is there, the arrays are free, and the way out is not
    /// blocked.
    pub(super) fn start(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let (state, ima) = (&self.shares[share.at()], &mut self.imas[plan.ima.at()]);
        if ima.inputs.read(plan.mvm, state.started).is_err() || state.outputs.enter(state.started).is_err() {
            self.note_activity(share);
            return;
        }
        let cycle = self.clock.cycle();
        // A refused share is woken by the last read of the position before.
        let Ok(accepted) = ima.unit.accept(plan.mvm, cycle) else {
            return;
        };
        let position = plan.turns.position(self.shares[share.at()].started);
        self.shares[share.at()].started += 1;
        self.shares[share.at()].reading += 1;
        let now = self.queue.now();
        self.shares[share.at()].diary.begins(Activity::Reading, now);
        match accepted {
            Accepted::Timed(timing) => {
                self.queue.push(self.start_of(timing.last_read), Event::LastRead(share));
                self.queue.push(self.start_of(timing.summed + 1), Event::Summed(share));
                self.shares[share.at()].started_first += u32::from(position.image == 0);
                for (stage, delay) in [(Stage::CrossbarRead, 0), (Stage::Conversion, 1), (Stage::ShiftAdd, 2)] {
                    self.record_cycles(stage, share, position, (cycle + delay, timing.last_read + 1 + delay));
                }
            }
            Accepted::Stepwise => self.step(plan.ima),
        }
    }

    pub(super) fn last_read(&mut self, share: ShareIdx) {
        self.drain(share);
        self.queue.push(self.start_of(self.cycle() + 1), Event::NextRead(share));
    }

    /// The reads of a position are over: those of the next begin, or it becomes known what they wait for.
    pub(super) fn next_read(&mut self, share: ShareIdx) {
        let now = self.queue.now();
        let state = &mut self.shares[share.at()];
        // Where converters are scarce, the next position may have been accepted in the cycle of the last read.
        state.reading -= 1;
        if state.reading == 0 {
            state.diary.begins(Activity::Idle, now);
        }
        self.start(share);
    }

    /// Takes an IMA through the present cycle.
    pub(super) fn step(&mut self, ima: ImaIdx) {
        let cycle = self.cycle();
        let mut events = std::mem::take(&mut self.ima_events);
        self.imas[ima.at()].unit.step(cycle, &mut events);
        for event in events.drain(..) {
            self.ima_event(ima, cycle, event);
        }
        self.ima_events = events;
        let state = &mut self.imas[ima.at()];
        if !state.unit.is_idle() && !state.is_stepping {
            state.is_stepping = true;
            self.queue.push(self.start_of(cycle + 1), Event::Step(ima));
        }
    }

    fn ima_event(&mut self, ima: ImaIdx, cycle: u64, event: ImaEvent) {
        let share_of = |mvm: usize| self.plan.imas[ima.at()].shares[mvm];
        match event {
            ImaEvent::Read { mvm } => {
                let share = share_of(mvm);
                let position = self.turn_of(share, self.shares[share.at()].started - 1);
                self.record_cycles(Stage::CrossbarRead, share, position, (cycle, cycle + 1));
            }
            ImaEvent::Converted { mvm } => {
                let share = share_of(mvm);
                let position = self.turn_of(share, self.shares[share.at()].converted);
                self.record_cycles(Stage::Conversion, share, position, (cycle, cycle + 1));
                self.record_cycles(Stage::ShiftAdd, share, position, (cycle + 1, cycle + 2));
            }
            ImaEvent::LastRead { mvm } => self.last_read(share_of(mvm)),
            ImaEvent::Summed { mvm, counts } => {
                let share = share_of(mvm);
                let position = self.turn_of(share, self.shares[share.at()].converted);
                self.shares[share.at()].converted += 1;
                self.stream.merge(self.plan.shares[share.at()].layer, position.image, &counts);
                self.queue.push(self.start_of(cycle + 2), Event::Summed(share));
            }
        }
    }

    /// A position's sums are complete and go to the output register.
    pub(super) fn summed(&mut self, share: ShareIdx) {
        let plan = &self.plan.shares[share.at()];
        let position = self.turn_of(share, self.shares[share.at()].summed);
        self.shares[share.at()].summed += 1;
        self.count(plan.layer, position.image, Action::OutputRegisterWrite, plan.sums.0);
        self.try_send(share);
    }

    pub(super) fn turn_of(&self, share: ShareIdx, turn: u64) -> Position {
        self.plan.shares[share.at()].turns.position(turn)
    }

    fn record_cycles(&mut self, stage: Stage, share: ShareIdx, position: Position, (from, behind): (u64, u64)) {
        let plan = &self.plan.shares[share.at()];
        let span = self.cycles(from, behind);
        self.record_in(stage, (plan.tile, Some(plan.ima)), plan.layer, position, span);
    }
}
