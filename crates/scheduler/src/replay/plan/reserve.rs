//! What buffers must have room for.

use rebias_units::Bytes;

use super::{BufferIdx, BufferPlan, LayerIdx, Plan, Source};
use crate::replay::Schedule;

impl Plan {
    /// Reserves each layer's room in the buffers.
    ///
    /// In a pipeline each has its longest window for itself, so that no layer can starve another. Layer by layer, maps
    /// share the room: at any time only those must fit that are being written or read.
    pub(super) fn reserve_buffers(&mut self) {
        for buffer in 0..self.buffers.len() {
            let window = self.layers[self.buffers[buffer].layer.at()].input.window_pixels;
            let plan = &mut self.buffers[buffer];
            plan.reserved = match self.schedule {
                Schedule::InterLayer => Bytes(plan.slot.0 * window),
                Schedule::LayerByLayer => Bytes(0),
            };
        }
        for tile in 0..self.tiles.len() {
            let buffers: Vec<_> = self.tiles[tile].buffers.iter().map(|&buffer| self.needed_in(buffer)).collect();
            let live_in = |step: usize| {
                let live = buffers.iter().filter(|((from, to), _)| (*from..=*to).contains(&step));
                live.map(|&(_, bytes)| bytes).sum()
            };
            self.tiles[tile].needed = match self.schedule {
                Schedule::InterLayer => buffers.iter().map(|&(_, bytes)| bytes).sum(),
                Schedule::LayerByLayer => (0..self.layers.len()).map(live_in).max().unwrap_or(Bytes(0)),
            };
        }
    }

    /// What a layer needs of a buffer.
    pub(in crate::replay) fn needed_of(&self, buffer: &BufferPlan) -> Bytes {
        let map = &self.layers[buffer.layer.at()].input;
        match self.schedule {
            Schedule::InterLayer => buffer.reserved,
            Schedule::LayerByLayer => Bytes(buffer.slot.0 * map.n_pixels as u64),
        }
    }

    /// The layers, from the one that writes a buffer to the one that reads it, and the bytes.
    fn needed_in(&self, buffer: BufferIdx) -> ((usize, usize), Bytes) {
        let plan = &self.buffers[buffer.at()];
        let writer = match self.layers[plan.layer.at()].input.source {
            Source::Network => 0,
            Source::Layer(id) => self.layers.iter().position(|layer| layer.id == id).unwrap_or(0),
        };
        ((writer, plan.layer.at()), self.needed_of(plan))
    }

    /// Whether a layer may work while `n_finished` layers have finished the present image.
    pub(in crate::replay) fn is_turn_of(&self, layer: LayerIdx, n_finished: usize) -> bool {
        match self.schedule {
            Schedule::InterLayer => true,
            Schedule::LayerByLayer => layer.at() == n_finished,
        }
    }
}
