//! Sums of codes: from the eDRAM over the bus through a tile's shift-and-add units.

use rebias_units::Action;

use super::{Event, Recorder, Sim};
use crate::replay::plan::{AdderIdx, AdderPlan, Position};
use crate::replay::record::Stage;

impl<'a, R: Recorder> Sim<'a, R> {
    /// Lets an adder begin its next position as soon as all its maps have what that needs, and the output register has
    /// room.
    pub(super) fn try_add(&mut self, adder: AdderIdx) {
        let plan = &self.plan.adders[adder.at()];
        let state = &self.adders[adder.at()];
        let has_room = self.replicas[plan.replica.at()].outputs.enter(state.begun).is_ok();
        if state.is_reading || !has_room || !self.plan.is_turn_of(plan.layer, self.stream.n_finished_layers()) {
            return;
        }
        let Position { image, index } = self.position(plan.replica, state.begun);
        for &buffer in &plan.buffers {
            let last_needed = self.plan.map_of(buffer).last_needed(image, index);
            let state = &mut self.buffers[buffer.at()];
            if state.complete <= last_needed {
                state.awaited = Some(last_needed);
                return;
            }
        }
        let state = &mut self.adders[adder.at()];
        state.is_reading = true;
        state.begun += 1;
        self.queue.push(self.boundary(), Event::AddRead(adder));
    }

    /// A position's codes leave the eDRAM.
    pub(super) fn add_read(&mut self, adder: AdderIdx) {
        let (plan, position) = self.adding(adder);
        let bytes = plan.read(position.index);
        let span = self.tiles[plan.tile.at()].edram.access(self.queue.now(), bytes);
        self.stream.begins(plan.layer, position.image, self.cycle());
        self.count(plan.layer, position.image, Action::EdramRead, bytes.0);
        self.record(Stage::EdramRead, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::AddTransfer(adder));
    }

    /// They go over the bus.
    pub(super) fn add_transfer(&mut self, adder: AdderIdx) {
        let (plan, position) = self.adding(adder);
        let bytes = plan.read(position.index);
        let span = self.tiles[plan.tile.at()].unit.transfer(self.queue.now(), bytes);
        self.count(plan.layer, position.image, Action::BusTransfer, bytes.0);
        self.record(Stage::InputTransfer, plan.tile, plan.layer, position, span);
        self.queue.push(span.end, Event::AddSum(adder));
    }

    /// They are added up, and what no later position needs of the maps may go.
    pub(super) fn add_sum(&mut self, adder: AdderIdx) {
        let (plan, position) = self.adding(adder);
        let turn = self.adders[adder.at()].begun - 1;
        let n_channels = u64::from(self.plan.parts[plan.part.at()].n_outputs);
        let additions = n_channels * u64::from(plan.terms[position.index as usize] - 1);
        let span = self.tiles[plan.tile.at()].unit.merge(self.queue.now(), additions);
        let written = self.plan.layers[plan.layer.at()].output.bytes(n_channels);
        self.count(plan.layer, position.image, Action::TileShiftAdd, additions);
        self.count(plan.layer, position.image, Action::TileOutputRegisterWrite, written.0);
        self.record(Stage::TileShiftAdd, plan.tile, plan.layer, position, span);
        self.queue.push(self.clock.boundary_from(span.end), Event::Emit(plan.part));
        let next = self.position(plan.replica, turn + 1);
        for &buffer in &plan.buffers {
            let first = self.plan.map_of(buffer).first_needed(next.image, next.index);
            self.release(buffer, first);
        }
        self.adders[adder.at()].is_reading = false;
        self.try_add(adder);
    }

    /// An adder and the position that it works on.
    fn adding(&self, adder: AdderIdx) -> (&'a AdderPlan, Position) {
        let plan = &self.plan.adders[adder.at()];
        (plan, self.position(plan.replica, self.adders[adder.at()].begun - 1))
    }
}
