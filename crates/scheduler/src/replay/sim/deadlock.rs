//! Who waits for whom when nothing can go on.

use super::state::LoadState;
use super::{Recorder, Sim};
use crate::replay::ReplayError;
use crate::replay::plan::{LayerIdx, Origin, ShareIdx, Source};

impl<R: Recorder> Sim<'_, R> {
    pub(super) fn deadlock(&self) -> ReplayError {
        let mut waits: Vec<String> =
            (0..self.shares.len()).filter_map(|share| self.wait_of(ShareIdx::new(share))).collect();
        for (buffer, plan) in self.plan.buffers.iter().enumerate() {
            let tile = &self.plan.tiles[plan.tile.at()];
            let waiting = self.tiles[plan.tile.at()].edram.waiting(plan.region);
            waits.extend(waiting.take(1).map(|waiting| {
                let lane = &self.plan.lanes[waiting.lane.at()];
                let sender = match lane.origin {
                    Origin::Part(_) => format!("`{}`", self.name(lane.layer)),
                    Origin::Outside => "the network's input".to_owned(),
                };
                let complete = self.buffers[buffer].complete;
                let reader = self.name(plan.layer);
                format!(
                    "{sender} waits for room in the buffer of `{reader}` on {}, which has {complete} pixels",
                    tile.path()
                )
            }));
        }
        ReplayError::Deadlock { cycle: self.cycle(), waits }
    }

    /// What a share waits for on its loading side.
    fn wait_of(&self, share: ShareIdx) -> Option<String> {
        let plan = &self.plan.shares[share.at()];
        let state = &self.shares[share.at()];
        let ima = self.plan.imas[plan.ima.at()].path();
        let reader = self.name(plan.layer);
        match state.load {
            LoadState::WaitsForInput => {
                let position = self.turn_of(share, state.loaded);
                let map = &self.plan.layers[plan.layer.at()].input;
                let pixel = map.last_needed(position.image, position.index);
                let source = match map.source {
                    Source::Network => "the network's input".to_owned(),
                    Source::Layer(id) => {
                        let producer = self.plan.layers.iter().find(|layer| layer.id == id);
                        format!("`{}`", producer.map_or("?", |layer| &layer.name))
                    }
                };
                Some(format!("`{reader}` in {ima} waits for pixel {pixel} of {source}"))
            }
            LoadState::WaitsForRegister => Some(format!("`{reader}` waits for room in the input register of {ima}")),
            LoadState::Idle | LoadState::Loading => None,
        }
    }

    fn name(&self, layer: LayerIdx) -> &str {
        &self.plan.layers[layer.at()].name
    }
}
