//! The books of a replay: what is done for the first image, and how far each image has come.

use rebias_units::{Action, Bytes, Counts};

use super::pace::Pace;
use crate::replay::Traffic;
use crate::replay::plan::{LayerIdx, LayerPlan, Plan, Role, Source};

/// Books of a replay.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) pace: Pace,
    /// Positions of the first image that have not left, and parcels on their way.
    open: u64,
    layers: Vec<LayerBook>,
    /// Images that all last layers have finished.
    n_complete: usize,
    /// Maps that layers have finished, of all images.
    n_finished_maps: usize,
}

/// Books of a layer; counts and bytes are those of the first image.
#[derive(Debug)]
pub(super) struct LayerBook {
    role: Role,
    n_positions: u64,
    /// For each image, positions that have left.
    left: Vec<u64>,
    n_finished: usize,
    pub(super) counts: Counts,
    pub(super) sent: Bytes,
    pub(super) received: Bytes,
    pub(super) start: Option<u64>,
    pub(super) end: Option<u64>,
}

impl Stream {
    pub(super) fn new(plan: &Plan, traffic: Traffic) -> Self {
        let positions: u64 = plan.layers.iter().map(|layer| layer.n_positions).sum();
        let from_outside = plan.buffers.iter().map(|buffer| &buffer.map).filter(|map| map.source == Source::Network);
        let pixels: u64 = from_outside.map(|map| u64::from(map.n_source_pixels())).sum();
        Self {
            pace: Pace::new(traffic, plan.period),
            open: positions + pixels,
            layers: plan.layers.iter().map(LayerBook::new).collect(),
            n_complete: 0,
            n_finished_maps: 0,
        }
    }

    pub(super) fn layers(&self) -> &[LayerBook] {
        &self.layers
    }

    pub(super) fn count(&mut self, layer: LayerIdx, image: u64, action: Action, times: u64) {
        if image == 0 {
            self.layers[layer.at()].counts.add(action, times);
        }
    }

    pub(super) fn merge(&mut self, layer: LayerIdx, image: u64, counts: &Counts) {
        if image == 0 {
            self.layers[layer.at()].counts.merge(counts);
        }
    }

    pub(super) fn sent(&mut self, layer: LayerIdx, image: u64, bytes: Bytes) {
        if image == 0 {
            self.layers[layer.at()].sent += bytes;
        }
    }

    pub(super) fn received(&mut self, layer: LayerIdx, image: u64, bytes: Bytes) {
        if image == 0 {
            self.layers[layer.at()].received += bytes;
        }
    }

    /// A layer reads inputs of an image.
    pub(super) fn begins(&mut self, layer: LayerIdx, image: u64, cycle: u64) {
        if image == 0 {
            self.layers[layer.at()].start.get_or_insert(cycle);
        }
    }

    /// A parcel of an image sets out.
    pub(super) fn opens(&mut self, image: u64) {
        self.open += u64::from(image == 0);
    }

    /// A parcel of an image has arrived.
    pub(super) fn closes(&mut self, image: u64) {
        self.open -= u64::from(image == 0);
    }

    /// A position has left; `cycle` is the first one behind it. Whether another image is complete by that.
    pub(super) fn position_done(&mut self, layer: LayerIdx, image: u64, cycle: u64) -> bool {
        self.closes(image);
        if !self.layers[layer.at()].position_done(image as usize, cycle) {
            return false;
        }
        self.n_finished_maps += 1;
        let last_layers = self.layers.iter().filter(|book| book.role == Role::Last);
        let n_complete = last_layers.map(|book| book.n_finished).min().unwrap_or(0);
        let another = n_complete > self.n_complete;
        self.n_complete = n_complete;
        another
    }

    /// Layers that have finished the present image, if one is on its way at a time.
    pub(super) fn n_finished_layers(&self) -> usize {
        self.n_finished_maps % self.layers.len()
    }

    /// Images that are complete.
    pub(super) fn n_complete(&self) -> u64 {
        self.n_complete as u64
    }

    /// Whether the interval is known and all books of the first image are closed.
    pub(super) fn is_over(&self) -> bool {
        self.pace.is_over() && self.open == 0
    }
}

impl LayerBook {
    fn new(layer: &LayerPlan) -> Self {
        Self {
            role: layer.role,
            n_positions: layer.n_positions,
            left: Vec::new(),
            n_finished: 0,
            counts: Counts::ZERO,
            sent: Bytes(0),
            received: Bytes(0),
            start: None,
            end: None,
        }
    }

    /// A position has left; whether that finishes an image.
    fn position_done(&mut self, image: usize, cycle: u64) -> bool {
        if self.left.len() <= image {
            self.left.resize(image + 1, 0);
        }
        self.left[image] += 1;
        if self.left[image] < self.n_positions {
            return false;
        }
        self.n_finished += 1;
        self.end.get_or_insert(cycle);
        true
    }
}
