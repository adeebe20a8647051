//! Evaluation of a trained network in `f64`: real weights, real activations, no thresholds.
//!
//! It shares nothing with the integer network but the trained numbers, and so checks the export.

use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::data::ImageSet;
use crate::formula::Levels;
use crate::trained::{Norm, Trained, TrainedStage};

/// Codes of a pixel that stand for 1.
pub(crate) const PIXEL_ONE: f64 = 255.0;

/// The classes that `network` finds in all images of `set`.
pub(crate) fn classes(network: &Trained, set: &ImageSet) -> Vec<u16> {
    let layers: Vec<_> = network.stages.iter().map(Prepared::new).collect();
    (0..set.len()).into_par_iter().map(|index| classify(&layers, network.shape, set.image(index))).collect()
}

/// Part of the images of `set` whose class is in `classes`.
pub(crate) fn accuracy(classes: &[u16], set: &ImageSet) -> f64 {
    let right = classes.iter().zip(&set.labels).filter(|&(&class, &label)| class == u16::from(label)).count();
    right as f64 / set.len().max(1) as f64
}

/// A stage with the weights that its forward pass uses.
enum Prepared<'a> {
    Conv { weights: Array2<f64>, norm: &'a Norm },
    Pool,
    Activation(Option<Levels>),
    Linear { weights: Array2<f64>, bias: &'a [f64] },
}

impl<'a> Prepared<'a> {
    fn new(stage: &'a TrainedStage) -> Self {
        match stage {
            TrainedStage::Conv { weights, norm } => Self::Conv { weights: weights.effective(), norm },
            TrainedStage::Linear { weights, bias } => Self::Linear { weights: weights.effective(), bias },
            TrainedStage::Pool => Self::Pool,
            TrainedStage::Activation(levels) => Self::Activation(*levels),
        }
    }

    fn forward(&self, map: Map) -> Map {
        match self {
            Self::Conv { weights, norm } => convolve(&map, weights, norm),
            Self::Linear { weights, bias } => {
                let sums = weights.dot(&ArrayView1::from(&map.values));
                let values = sums.iter().zip(*bias).map(|(sum, bias)| sum + bias).collect();
                Map { size: [1, 1], values }
            }
            Self::Pool => pool(&map),
            Self::Activation(levels) => {
                let activate = |value: f64| levels.map_or(value.max(0.0), |levels| levels.quantise(value));
                Map { values: map.values.into_iter().map(activate).collect(), ..map }
            }
        }
    }
}

/// A feature map, `[channel][row][column]`.
struct Map {
    size: [usize; 2],
    values: Vec<f64>,
}

fn classify(layers: &[Prepared<'_>], [_, height, width]: [usize; 3], image: &[u8]) -> u16 {
    let values = image.iter().map(|&code| f64::from(code) / PIXEL_ONE).collect();
    let logits = layers.iter().fold(Map { size: [height, width], values }, |map, layer| layer.forward(map)).values;
    let first_best = (0..logits.len()).reduce(|best, next| if logits[next] > logits[best] { next } else { best });
    first_best.unwrap_or(0) as u16
}

fn convolve(map: &Map, weights: &Array2<f64>, norm: &Norm) -> Map {
    let mut sums = weights.dot(&windows(map));
    for (channel, mut sums) in sums.outer_iter_mut().enumerate() {
        sums.mapv_inplace(|sum| norm.apply(channel, sum));
    }
    Map { size: map.size, values: sums.into_iter().collect() }
}

/// The values under a 3 × 3 window, `[channel · window row · window column, position]`; 0 outside the map.
fn windows(map: &Map) -> Array2<f64> {
    let [height, width] = map.size;
    let positions = height * width;
    let rows = map.values.len() / positions * 9;
    let mut windows = vec![0.0; rows * positions];
    for (row, inputs) in windows.chunks_exact_mut(positions).enumerate() {
        let (channel, down, right) = (row / 9, row % 9 / 3, row % 3);
        let channel = &map.values[channel * positions..][..positions];
        // A window's left and right columns lack one place of each row, its upper and lower rows one row.
        let (from, to) = (right.saturating_sub(1), 1usize.saturating_sub(right));
        let n = width - usize::from(right != 1);
        for y in 0..height {
            if let Some(above) = (y + down).checked_sub(1).filter(|&above| above < height) {
                inputs[y * width + to..][..n].copy_from_slice(&channel[above * width + from..][..n]);
            }
        }
    }
    let Ok(windows) = Array2::from_shape_vec((rows, positions), windows) else {
        unreachable!("there are as many values as the shape says");
    };
    windows
}

fn pool(map: &Map) -> Map {
    let [height, width] = map.size;
    let size = [height / 2, width / 2];
    let mut values = Vec::with_capacity(map.values.len() / 4);
    for channel in map.values.chunks_exact(height * width) {
        for y in 0..size[0] {
            for x in 0..size[1] {
                let corner = 2 * y * width + 2 * x;
                let window = [corner, corner + 1, corner + width, corner + width + 1];
                values.push(window.into_iter().map(|at| channel[at]).fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    Map { size, values }
}
