//! Layers: what is computed, on which shapes, with which tensors.

use std::ops::Range;

use ndarray::Array2;

use crate::{CodeFormat, Shape};

/// Index of a layer in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(pub usize);

/// Where a layer's input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerInput {
    /// The network's input.
    Network,
    /// The output of an earlier layer.
    Layer(LayerId),
}

/// One layer of a valid network.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    pub(crate) name: String,
    pub(crate) input: LayerInput,
    pub(crate) in_shape: Shape,
    pub(crate) out_shape: Shape,
    pub(crate) op: Op,
}

impl Layer {
    /// Unique name within the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the input comes from; the first operand of an addition.
    pub fn input(&self) -> LayerInput {
        self.input
    }

    /// All that it reads: the input and, of an addition, the second operand.
    pub fn inputs(&self) -> impl Iterator<Item = LayerInput> + use<> {
        let skip = match self.op {
            Op::Add(add) => Some(add.skip),
            Op::Weighted(_) | Op::MaxPool(_) | Op::SumPool(_) => None,
        };
        std::iter::once(self.input).chain(skip)
    }

    /// Input shape; flattened for a linear layer.
    pub fn in_shape(&self) -> Shape {
        self.in_shape
    }

    /// Output shape.
    pub fn out_shape(&self) -> Shape {
        self.out_shape
    }

    /// What it computes.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The weighted part, if the layer has weights.
    pub fn weighted(&self) -> Option<&Weighted> {
        match &self.op {
            Op::Weighted(weighted) => Some(weighted),
            Op::MaxPool(_) | Op::SumPool(_) | Op::Add(_) => None,
        }
    }

    /// Rows of the weight matrix, K: the values that one output position sums. 0 without weights.
    pub fn rows(&self) -> usize {
        self.weighted().map_or(0, |weighted| weighted.window.area() * self.in_shape.channels)
    }

    /// Multiply–accumulates of one image; the padded border counts, as it is driven like any other input.
    pub fn macs(&self) -> u64 {
        self.rows() as u64 * self.out_shape.len() as u64
    }
}

/// What a layer computes.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a network has few layers, and most of them are weighted")]
pub enum Op {
    /// A convolution or, with a 1 × 1 window on a 1 × 1 map, a linear layer, with its coalesced activation.
    Weighted(Weighted),
    /// Maximum over windows of codes.
    MaxPool(Window),
    /// Sum over windows of codes, in as many bits as the greatest has: an average whose division is in the next
    /// layer's α.
    SumPool(Window),
    /// Element-wise sum of two maps (a residual connection).
    Add(Add),
}

/// The sum of two maps of one shape, whose unsigned codes have the same step: min(a + b, 2^bits − 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add {
    /// Where the second operand comes from; the first is the layer's input.
    pub skip: LayerInput,
    /// Bits of a sum, 1 … 16; greater ones are cut to the greatest code.
    pub bits: u32,
}

/// A sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows of the window.
    pub height: usize,
    /// Columns of the window.
    pub width: usize,
    /// Step between windows, in both directions.
    pub stride: usize,
    /// Rows and columns of code 0 around the map.
    pub padding: usize,
}

impl Window {
    /// The window of a linear layer.
    pub const UNIT: Self = Self { height: 1, width: 1, stride: 1, padding: 0 };

    /// Values under the window in one channel.
    pub const fn area(self) -> usize {
        self.height * self.width
    }

    /// Rows of a map of `extent` rows under the window at output row `step`, without its padding.
    pub fn rows_on_map(self, step: usize, extent: usize) -> Range<usize> {
        self.on_map((step, self.height), extent)
    }

    /// Columns of a map of `extent` columns under the window at output column `step`, without its padding.
    pub fn columns_on_map(self, step: usize, extent: usize) -> Range<usize> {
        self.on_map((step, self.width), extent)
    }

    fn on_map(self, (step, window_extent): (usize, usize), extent: usize) -> Range<usize> {
        let start = step * self.stride;
        let on_map = |padded: usize| padded.saturating_sub(self.padding).min(extent);
        on_map(start)..on_map(start + window_extent)
    }
}

/// A layer with weights, as crossbars see it: a matrix of `out_channels × rows` codes applied at every position.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// The convolution's window; rows of the matrix are in order channel, window row, window column.
    pub window: Window,
    /// Format of the input codes.
    pub input: CodeFormat,
    /// Bits of a weight code, k; 1 … 16.
    pub weight_bits: u32,
    /// How real weights became codes.
    pub representation: Representation,
    /// What leaves the layer.
    pub output: OutputFormat,
    /// The trained values; `None` in a shape-only trace.
    pub tensors: Option<Tensors>,
    /// What is assumed of the bits where there are no values to count.
    pub densities: Densities,
}

/// How much of a layer's bits is set, where values are not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Densities {
    /// Ones among the bits of the input codes, 0 … 1; padding is not counted.
    pub inputs: f64,
    /// Mean of the slices of weight codes as a share of the greatest slice, 0 … 1; for slices of a bit, the ones.
    pub weights: f64,
}

impl Default for Densities {
    /// Half of each, as random codes have.
    fn default() -> Self {
        Self { inputs: 0.5, weights: 0.5 }
    }
}

/// How real weights become unsigned cell codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// w = α·(q + β): trained, or with the fixed β of offset binary, symmetric, binary, TWN and unsigned codes.
    Biased,
    /// w = α⁺·q⁺ − α⁻·q⁻: two codes a weight, in two columns of cells, and no bias.
    Pair(Scales),
}

/// Scales of the two sides of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scales {
    /// Both have the same, α⁻ = α⁺: sign and magnitude, two's complement of LSQ, TWN, BWN.
    One,
    /// Each has its own, as in TTQ.
    Two,
}

/// What leaves a weighted layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Unsigned codes of this many bits, by thresholds.
    Codes {
        /// 1 … 16.
        bits: u32,
    },
    /// Real class scores.
    Logits,
}

impl OutputFormat {
    /// Format of the codes; `None` for logits.
    pub const fn codes(self) -> Option<CodeFormat> {
        match self {
            Self::Codes { bits } => Some(CodeFormat::unsigned(bits)),
            Self::Logits => None,
        }
    }
}

/// The trained values of a weighted layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensors {
    /// Weight codes, shape `[out_channels, rows]`, each below 2^k; of a pair, q⁺.
    pub codes: Array2<u16>,
    /// The other side of a pair; `None` for other representations.
    pub minus: Option<Minus>,
    /// Step of the codes (of a pair, α⁺); one, or one for each output channel.
    pub alpha: Vec<f64>,
    /// Bias of the codes in units of 2^−F; one, or one for each output channel. 0 for pairs.
    pub beta: Vec<i32>,
    /// Fraction bits of β and of a pair's ratio, F.
    pub beta_fraction_bits: u32,
    /// How sums become outputs.
    pub output: OutputTensors,
}

/// What is subtracted in a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Minus {
    /// Codes q⁻, shape `[out_channels, rows]`, each below 2^k.
    pub codes: Array2<u16>,
    /// α⁻/α⁺ in units of 2^−F, at least 1; one, or one for each output channel.
    pub ratio: Vec<i32>,
}

impl Minus {
    /// α⁻/α⁺ of an output channel in units of 2^−F.
    pub fn ratio_of(&self, out_channel: usize) -> i32 {
        if self.ratio.len() == 1 { self.ratio[0] } else { self.ratio[out_channel] }
    }
}

impl Tensors {
    /// What an input of 1 adds to Y: 2^F·q + n, or 2^F·q⁺ − r·q⁻ of a pair with ratio r.
    pub fn weight(&self, out_channel: usize, row: usize) -> i64 {
        let plus = i64::from(self.codes[[out_channel, row]]) << self.beta_fraction_bits;
        let minus = self
            .minus
            .as_ref()
            .map_or(0, |minus| i64::from(minus.codes[[out_channel, row]]) * i64::from(minus.ratio_of(out_channel)));
        plus - minus + i64::from(self.beta_of(out_channel))
    }

    /// The step of an output channel's codes.
    pub fn alpha_of(&self, out_channel: usize) -> f64 {
        if self.alpha.len() == 1 { self.alpha[0] } else { self.alpha[out_channel] }
    }

    /// The bias n of an output channel, in units of 2^−F.
    pub fn beta_of(&self, out_channel: usize) -> i32 {
        if self.beta.len() == 1 { self.beta[0] } else { self.beta[out_channel] }
    }
}

/// How the sums Y = 2^F·P + n·S of a layer become its outputs.
#[derive(Clone, Debug, PartialEq)]
pub enum OutputTensors {
    /// A code is the number of thresholds that Y passes.
    Codes {
        /// `[out_channels, 2^m − 1]`, ascending for [`Direction::Rising`], descending for [`Direction::Falling`];
        /// `i64::MIN` and `i64::MAX` are minus and plus infinity.
        thresholds: Array2<i64>,
        /// One for each output channel.
        direction: Vec<Direction>,
    },
    /// logit = scale·Y + offset.
    Logits {
        /// One for each output channel.
        scale: Vec<f64>,
        /// One for each output channel.
        offset: Vec<f64>,
    },
}

/// On which side of a threshold Y has passed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Passed when Y ≥ Θ (positive batch-norm scale).
    Rising,
    /// Passed when Y ≤ Θ (negative batch-norm scale).
    Falling,
}
