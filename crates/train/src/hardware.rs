//! Hardware in the loop: what cells, arrays and converters do to sums, in the forward pass of quantised training.
//!
//! ```text
//!             ┌ cells: levels + errors, stuck ones ┐   ┌ ADC of each column, input slice ┐
//!  codes ───► │ slices, flips, bias columns        │─► │ and weight slice; shift and add  │─► sums
//!             └────────────────────────────────────┘   └──────────────────────────────────┘
//! ```
//! Each step trains on a chip of its own. Gradients are those of the ideal layer (straight-through).

pub(crate) mod cells;
pub(crate) mod partial_sums;

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};
use ndarray::Array2;
use rebias_recipe::Hardware;

use crate::random::{Purpose, Stream};

/// The chips of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chips<'a> {
    pub(crate) hardware: &'a Hardware,
    /// Seed of the run.
    pub(crate) seed: u64,
}

impl<'a> Chips<'a> {
    /// Chip `index` of those that serve `purpose`.
    pub(crate) fn chip(self, purpose: Purpose, index: usize) -> Chip<'a> {
        Chip { hardware: self.hardware, stream: Stream::nth(self.seed, purpose, index as u64) }
    }
}

/// One chip, whose errors a stream draws.
#[derive(Clone, Debug)]
pub(crate) struct Chip<'a> {
    pub(crate) hardware: &'a Hardware,
    stream: Stream,
}

/// What the integer inputs of a layer stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct InputCodes {
    /// Value of code 1.
    pub(crate) step: f64,
    /// Bits of a code.
    pub(crate) bits: u32,
}

impl InputCodes {
    /// Pixels: code c is c/255.
    pub(crate) const PIXELS: Self = Self { step: 1.0 / 255.0, bits: 8 };
}

/// How a layer multiplies, without bias: inputs `[images, channels, height, width]`, weights
/// `[outputs, channels, rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// 3 × 3 convolution with padding 1.
    Conv,
    /// Linear layer: maps of one pixel, weights of one row and column.
    Linear,
}

impl Product {
    /// The sums, `[images, outputs, height, width]`.
    pub(crate) fn of(self, x: Tensor<4>, weights: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv => conv2d(x, weights, None, ConvOptions::new([1, 1], [1, 1], [1, 1], 1)),
            Self::Linear => {
                let ([images, inputs, ..], [outputs, ..]) = (x.dims(), weights.dims());
                let sums = x.reshape([images, inputs]).matmul(weights.reshape([outputs, inputs]).transpose());
                sums.reshape([images, outputs, 1, 1])
            }
        }
    }
}

/// Numbers of a matrix as a tensor beside `like`, without gradient.
pub(crate) fn constant<const D: usize>(values: &Array2<f64>, dims: [usize; D], like: &Tensor<4>) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, dims), &like.device())
}
