//! The endless stream of images: what is done for the first, and when there have been enough.

use rebias_units::{Action, Bytes, Counts, Cycles};

use super::summary::Busy;
use crate::replay::plan::{BufferPlan, LayerIdx, LayerPlan, Plan, Role, Source};
use crate::replay::{Steadiness, Traffic, Waits};

/// Images after which a steady stream may repeat itself, at most.
const MAX_PERIOD: usize = 16;

/// Books of a replay.
#[derive(Debug)]
pub(super) struct Stream {
    traffic: Traffic,
    /// Positions of the first image that have not left, and parcels on their way.
    open: u64,
    layers: Vec<LayerBook>,
    /// Images that all last layers have finished.
    n_complete: usize,
    /// When images were complete, in order.
    completions: Vec<Completion>,
    /// For each share, its positions of one image.
    positions_per_image: Vec<u64>,
    /// Images after which the stream repeats itself, if it does: known anew with each completion.
    period: Option<usize>,
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
    pub(super) waits: Waits,
}

/// How far everything is when an image is complete.
#[derive(Debug)]
pub(super) struct Completion {
    /// The first cycle behind it.
    pub(super) cycle: u64,
    /// What the parts have worked.
    pub(super) busy: Busy,
    /// For each share, the positions whose reads have begun.
    pub(super) started: Vec<u64>,
}

impl Stream {
    pub(super) fn new(plan: &Plan, traffic: Traffic) -> Self {
        let positions: u64 = plan.layers.iter().map(|layer| layer.n_positions).sum();
        let input_of = |buffer: &BufferPlan| &plan.layers[buffer.layer.at()].input;
        let from_outside = plan.buffers.iter().map(input_of).filter(|map| map.source == Source::Network);
        let pixels: u64 = from_outside.map(|map| map.n_source_pixels() as u64).sum();
        Self {
            traffic,
            open: positions + pixels,
            layers: plan.layers.iter().map(LayerBook::new).collect(),
            n_complete: 0,
            completions: Vec::new(),
            positions_per_image: plan
                .shares
                .iter()
                .map(|share| plan.replicas[share.replica.at()].positions_per_image)
                .collect(),
            period: None,
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

    pub(super) fn waits(&mut self, layer: LayerIdx) -> &mut Waits {
        &mut self.layers[layer.at()].waits
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
        let last_layers = self.layers.iter().filter(|book| book.role == Role::Last);
        let n_complete = last_layers.map(|book| book.n_finished).min().unwrap_or(0);
        let another = n_complete > self.n_complete;
        self.n_complete = n_complete;
        another
    }

    pub(super) fn image_done(&mut self, completion: Completion) {
        self.completions.push(completion);
        self.period = self.find_period();
    }

    /// Whether the interval is known and all books of the first image are closed.
    pub(super) fn is_over(&self) -> bool {
        self.open == 0 && (self.is_steady() || self.completions.len() >= self.traffic.max_images as usize)
    }

    /// The first image that may not enter yet.
    pub(super) fn first_held_back(&self) -> u64 {
        (self.completions.len() as u64).saturating_add(self.traffic.in_flight)
    }

    /// Images after which the stream repeats itself: the intervals between completions are those of as many images
    /// before, and every share has begun as many positions as that many images have, so that nothing piles up.
    fn find_period(&self) -> Option<usize> {
        (1..=MAX_PERIOD).find(|&period| {
            let Some(from) = self.completions.len().checked_sub(2 * period + 1) else {
                return false;
            };
            let cycles: Vec<u64> =
                self.completions[from..].windows(2).map(|pair| pair[1].cycle - pair[0].cycle).collect();
            let (before, after) = cycles.split_at(period);
            before == after && self.begins_what_it_ends(period)
        })
    }

    fn begins_what_it_ends(&self, period: usize) -> bool {
        let last = self.completions.len() - 1;
        let (before, after) = (&self.completions[last - period], &self.completions[last]);
        let began = before.started.iter().zip(&after.started).map(|(before, after)| after - before);
        began.zip(&self.positions_per_image).all(|(began, of_image)| began == period as u64 * of_image)
    }

    fn is_steady(&self) -> bool {
        self.period.is_some()
    }

    /// Completions from which the interval is taken: the last period of a steady stream, else the later half.
    fn measured_from(&self) -> usize {
        let last = self.completions.len() - 1;
        self.period.map_or(last / 2, |period| last - period)
    }

    pub(super) fn steadiness(&self) -> Steadiness {
        let images = self.completions.len() as u32;
        if self.is_steady() { Steadiness::Steady { images } } else { Steadiness::Unsteady { images } }
    }

    /// The cycle behind which the first image was complete.
    pub(super) fn first_latency(&self) -> Cycles {
        Cycles(self.completions.first().map_or(0, |completion| completion.cycle))
    }

    /// Cycles between images, rounded up.
    pub(super) fn interval(&self) -> Cycles {
        let (last, from) = (self.completions.len() - 1, self.measured_from());
        if last == from {
            return self.first_latency();
        }
        let span = self.completions[last].cycle - self.completions[from].cycle;
        Cycles(span.div_ceil((last - from) as u64))
    }

    /// The cycles that the interval is taken from, and what the parts worked in them.
    pub(super) fn measured(&self) -> (Cycles, Busy) {
        let (last, from) = (&self.completions[self.completions.len() - 1], &self.completions[self.measured_from()]);
        (Cycles(last.cycle - from.cycle), last.busy.since(&from.busy))
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
            waits: Waits::default(),
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
