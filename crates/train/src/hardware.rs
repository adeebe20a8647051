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
use rebias_arch::FlipEncoding;
use rebias_config::{Interval, Problem, Table};

use crate::forms::Form;
use crate::random::{Purpose, Stream};

/// The chip to train for, as far as training sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hardware {
    /// Bits of a cell; 1 … 8.
    pub(crate) cell_bits: u32,
    /// Word lines of an array: rows whose currents meet in a column.
    pub(crate) word_lines: usize,
    /// How heavy columns are stored.
    pub(crate) flip_encoding: FlipEncoding,
    /// Level of the cells in each array's bias column; `None`: inputs are counted digitally.
    pub(crate) bias_level: Option<u32>,
    /// Standard deviation of programming errors, as a share of a cell's range.
    pub(crate) weight_noise: f64,
    /// Cells that don't take what is written.
    pub(crate) stuck_cells: StuckCells,
    /// Converters, if they are seen.
    pub(crate) partial_sums: Option<PartialSums>,
}

/// Shares of cells that are stuck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StuckCells {
    /// At the highest level.
    pub(crate) lrs: f64,
    /// At level 0.
    pub(crate) hrs: f64,
}

impl StuckCells {
    /// All cells take what is written.
    pub(crate) const NONE: Self = Self { lrs: 0.0, hrs: 0.0 };
}

/// How column sums become codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartialSums {
    /// Bits of an ADC's code.
    pub(crate) adc_bits: u32,
    /// Bits of an input slice.
    pub(crate) dac_bits: u32,
    /// Which interval of sums the codes span.
    pub(crate) range: Range,
}

/// The interval of column sums that an ADC's codes span, as in a chip's `[adc] range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// From 0 to the nominal full scale, in steps of at least one level.
    FullScale,
    /// From 0 in steps of one level.
    LosslessStep,
    /// From the least to the greatest sum that the batch's first images make in the layer, in steps of at least one level.
    Calibrated,
}

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

impl Hardware {
    /// Reads the table `[hardware]` of a recipe.
    pub(crate) fn read(table: &Table<'_>) -> Option<Self> {
        let share = || Interval::closed(0.0, 1.0);
        let cell_bits = table.integer("cell_bits", 1..=8);
        let word_lines = table.integer("word_lines", 1..=65_536);
        let flips = [("off", FlipEncoding::Off), ("on", FlipEncoding::On)];
        let flip_encoding = table.choice_or_first("flip_encoding", &flips);
        let most = cell_bits.map_or(255, |bits: u32| (1i64 << bits) - 1);
        let bias_level = table.optional_integer("bias_level", 1..=most);
        let weight_noise = table.number_or("weight_noise", share(), 0.0);
        let stuck_cells = table.optional_table_as("stuck_cells", stuck_cells);
        let partial_sums = table.optional_table_as("partial_sums", partial_sums);
        Some(Self {
            cell_bits: cell_bits?,
            word_lines: word_lines?,
            flip_encoding: flip_encoding?,
            bias_level: bias_level?,
            weight_noise: weight_noise?,
            stuck_cells: stuck_cells?.unwrap_or(StuckCells::NONE),
            partial_sums: partial_sums?,
        })
    }

    /// Says what of `[hardware]` a form cannot be trained with.
    pub(crate) fn check_form(&self, root: &Table<'_>, form: Form) -> Option<()> {
        if self.partial_sums.is_some() && form.is_pair() {
            let problem = Problem::new("`form` is a pair of columns, and partial sums are those of one");
            root.fault("hardware", problem.legal("a form of one column").hint("remove `partial_sums`"));
            return None;
        }
        Some(())
    }

    /// The highest level of a cell, 2^c − 1.
    fn max_level(&self) -> u32 {
        (1 << self.cell_bits) - 1
    }
}

fn stuck_cells(table: &Table<'_>) -> Option<StuckCells> {
    let lrs = table.number_or("lrs", Interval::closed(0.0, 1.0), 0.0);
    let hrs = table.number_or("hrs", Interval::closed(0.0, 1.0), 0.0);
    let (lrs, hrs) = (lrs?, hrs?);
    if lrs + hrs > 1.0 {
        table.fault(
            "hrs",
            Problem::new("`lrs` and `hrs` are more than all cells").legal(format!("0 <= x <= {}", 1.0 - lrs)),
        );
        return None;
    }
    Some(StuckCells { lrs, hrs })
}

fn partial_sums(table: &Table<'_>) -> Option<PartialSums> {
    let adc_bits = table.integer("adc_bits", 1..=16);
    let dac_bits = table.integer("dac_bits", 1..=8);
    let ranges =
        [("full-scale", Range::FullScale), ("lossless-step", Range::LosslessStep), ("calibrated", Range::Calibrated)];
    let range = table.choice("range", &ranges);
    Some(PartialSums { adc_bits: adc_bits?, dac_bits: dac_bits?, range: range? })
}
