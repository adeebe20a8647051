//! What buffers must have room for.

use rebias_units::Bytes;

use super::{BufferIdx, BufferPlan, LayerIdx, Plan};
use crate::replay::Schedule;

impl Plan {
    /// Reserves each layer's room in the buffers.
    ///
    /// In a pipeline each has for itself its longest window and, where maps are added, what comes of one before the
    /// other, so that no layer can starve another. Layer by layer, maps share the room: at any time only those must fit
    /// that are being written or read.
    pub(super) fn reserve_buffers(&mut self) {
        for buffer in 0..self.buffers.len() {
            let (layer, operand) = (self.buffers[buffer].layer, self.buffers[buffer].operand);
            let pixels = self.layers[layer.at()].inputs[operand].window_pixels + self.ahead(layer, operand);
            let plan = &mut self.buffers[buffer];
            plan.reserved = match self.schedule {
                Schedule::InterLayer => Bytes(plan.slot.0 * pixels),
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

    /// Pixels of an operand that may come before the other operand has the pixel that the first of them is added to.
    ///
    /// Both come, by different ways, from outputs of the layer where these ways part, or from the network's input. When
    /// there is enough of these for a pixel of the other operand, there is enough for so many of this one.
    fn ahead(&self, layer: LayerIdx, operand: usize) -> u64 {
        if self.layers[layer.at()].inputs.len() < 2 {
            return 0;
        }
        let forks = (0..layer.at()).rev().map(|fork| Some(LayerIdx::new(fork))).chain([None]);
        let needs = |fork| Some((self.needs_of(layer, operand, fork)?, self.needs_of(layer, 1 - operand, fork)?));
        let Some((own, other)) = forks.into_iter().find_map(needs) else { return 0 };
        let mut possible = 0;
        let ahead = other.iter().zip(0u64..).map(|(&needed, pixel)| {
            while possible < own.len() && own[possible] <= needed {
                possible += 1;
            }
            (possible as u64).saturating_sub(pixel + 1)
        });
        ahead.max().unwrap_or(0)
    }

    /// For each position of a layer, the last output of an earlier layer (`None`: the last pixel of the network's input)
    /// that one of its inputs needs up to there; `None` if it needs none.
    fn needs_of(&self, layer: LayerIdx, operand: usize, fork: Option<LayerIdx>) -> Option<Vec<u32>> {
        let mut needs: Vec<Option<Vec<u32>>> = vec![None; layer.at()];
        let from_source = |needs: &[Option<Vec<u32>>], reader: usize, operand: usize| -> Option<Vec<u32>> {
            let last_sources = self.layers[reader].inputs[operand].last_sources();
            match self.source(LayerIdx::new(reader), operand) {
                source if source == fork => Some(last_sources),
                Some(source) => {
                    let of_source = needs.get(source.at())?.as_ref()?;
                    Some(last_sources.iter().map(|&pixel| of_source[pixel as usize]).collect())
                }
                None => None,
            }
        };
        let first = fork.map_or(0, |fork| fork.at() + 1);
        for reader in first..layer.at() {
            let operands = 0..self.layers[reader].inputs.len();
            needs[reader] = operands.filter_map(|operand| from_source(&needs, reader, operand)).reduce(latest);
        }
        from_source(&needs, layer.at(), operand)
    }

    /// What a layer needs of a buffer.
    pub(in crate::replay) fn needed_of(&self, buffer: &BufferPlan) -> Bytes {
        let map = &self.layers[buffer.layer.at()].inputs[buffer.operand];
        match self.schedule {
            Schedule::InterLayer => buffer.reserved,
            Schedule::LayerByLayer => Bytes(buffer.slot.0 * map.n_pixels as u64),
        }
    }

    /// The layers, from the one that writes a buffer to the one that reads it, and the bytes.
    fn needed_in(&self, buffer: BufferIdx) -> ((usize, usize), Bytes) {
        let plan = &self.buffers[buffer.at()];
        let writer = self.source(plan.layer, plan.operand).map_or(0, LayerIdx::at);
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

/// The later of two needs, position by position.
fn latest(one: Vec<u32>, other: Vec<u32>) -> Vec<u32> {
    one.into_iter().zip(other).map(|(one, other)| one.max(other)).collect()
}
