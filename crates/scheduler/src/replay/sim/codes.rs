//! What a parcel brings to a buffer.

use rebias_units::Bytes;

use super::state::Parcel;
use super::{Recorder, Sim};
use crate::replay::plan::{BufferIdx, Entered, InputMap, LayerIdx, Position, ReplicaIdx, TargetIdx, Way};

/// Codes of one source pixel for one buffer.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    pub(super) buffer: BufferIdx,
    /// The layer that they are counted for.
    pub(super) layer: LayerIdx,
    /// The position that made them, or the pixel of the network's input.
    pub(super) position: Position,
    pub(super) values: u64,
    pub(super) bytes: Bytes,
    pub(super) entered: Entered,
    /// The turn that leaves its output register when they are written on its own tile.
    pub(super) local_turn: Option<(ReplicaIdx, u64)>,
}

impl<R: Recorder> Sim<'_, R> {
    /// What a parcel brings to its buffer; `None` for partial sums.
    pub(super) fn codes(&self, parcel: Parcel) -> Option<Codes> {
        match parcel {
            Parcel::Sums { .. } => None,
            Parcel::Codes { target, turn } => Some(self.output_codes(target, turn)),
            Parcel::Input { buffer, pixel } => Some(self.input_codes(buffer, pixel)),
        }
    }

    fn output_codes(&self, target: TargetIdx, turn: u64) -> Codes {
        let plan = &self.plan.targets[target.at()];
        let from = &self.plan.parts[plan.from.at()];
        let position = self.position(from.replica, turn);
        Codes {
            buffer: plan.buffer,
            layer: from.layer,
            position,
            values: plan.values,
            bytes: plan.bytes,
            entered: self.map_of(plan.buffer).entered(position.index as usize),
            local_turn: (plan.way == Way::Local).then_some((from.replica, turn)),
        }
    }

    fn input_codes(&self, buffer: BufferIdx, pixel: u64) -> Codes {
        let plan = &self.plan.buffers[buffer.at()];
        let map = self.map_of(buffer);
        let n_pixels = map.n_source_pixels() as u64;
        let position = Position { image: pixel / n_pixels, index: pixel % n_pixels };
        Codes {
            buffer,
            layer: plan.layer,
            position,
            values: plan.n_channels,
            bytes: plan.slot,
            entered: map.entered(position.index as usize),
            local_turn: None,
        }
    }

    fn map_of(&self, buffer: BufferIdx) -> &InputMap {
        &self.plan.layers[self.plan.buffers[buffer.at()].layer.at()].input
    }
}
