//! Random networks with tensors, for property tests of this crate and of those that use it.
//!
//! Needs the cargo feature `testing`.

use std::ops::RangeInclusive;

use ndarray::Array2;

use crate::build::sum_format;
use crate::layer::{
    Add, Direction, LayerId, LayerInput, Minus, OutputFormat, OutputTensors, Representation, Scales, Tensors, Window,
};
use crate::{CodeFormat, LayerDef, Network, OpDef, Shape, Sign, WeightsDef};

/// SplitMix64: a counter-based stream of random numbers (Steele, Lea & Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// An integer within `range`, which has fewer than 2^63 of them.
    pub fn integer(&mut self, range: RangeInclusive<i64>) -> i64 {
        let count = (range.end() - range.start() + 1) as u64;
        range.start() + (self.next_u64() % count) as i64
    }

    fn bits(&mut self, range: &RangeInclusive<u32>) -> u32 {
        self.integer((*range.start()).into()..=(*range.end()).into()) as u32
    }

    fn size(&mut self, range: RangeInclusive<usize>) -> usize {
        self.integer(*range.start() as i64..=*range.end() as i64) as usize
    }
}

/// What random networks are like. The last layer is linear and gives logits.
#[derive(Clone, Debug)]
pub struct RandomNetwork {
    /// Input shape.
    pub input: Shape,
    /// Bits of an input code.
    pub input_bits: RangeInclusive<u32>,
    /// How input codes are read; one is drawn.
    pub input_signs: Vec<Sign>,
    /// Bits of a weight code.
    pub weight_bits: RangeInclusive<u32>,
    /// Bits of a code between layers.
    pub activation_bits: RangeInclusive<u32>,
    /// Convolutions; after some of them, and while the map is large enough, stands a max-pool.
    pub n_convs: RangeInclusive<usize>,
    /// Residual blocks, behind the convolutions: a convolution each, and the sum with what went in or with a second
    /// convolution of that. Where there may be some, a sum-pool may stand before the last layer.
    pub n_residuals: RangeInclusive<usize>,
    /// Channels of a convolution.
    pub channels: RangeInclusive<usize>,
    /// Classes.
    pub classes: usize,
    /// Fraction bits of β.
    pub beta_fraction_bits: RangeInclusive<u32>,
    /// How weights become codes.
    pub representation: Representation,
}

impl Default for RandomNetwork {
    /// Up to three convolutions on 2 × 7 × 6 inputs, with all widths from 1 to 8 bits.
    fn default() -> Self {
        Self {
            input: Shape::new(2, 7, 6),
            input_bits: 1..=8,
            input_signs: vec![Sign::Unsigned, Sign::TwosComplement],
            weight_bits: 1..=8,
            activation_bits: 1..=8,
            n_convs: 0..=3,
            n_residuals: 0..=0,
            channels: 1..=6,
            classes: 4,
            beta_fraction_bits: 0..=8,
            representation: Representation::Biased,
        }
    }
}

/// The network of a seed.
///
/// # Panics
///
/// If `recipe` allows what no network has, such as codes of 0 bits.
pub fn random_network(seed: u64, recipe: &RandomNetwork) -> Network {
    let mut random = SplitMix64::new(seed);
    let sign = recipe.input_signs[random.size(0..=recipe.input_signs.len() - 1)];
    let format = CodeFormat { bits: random.bits(&recipe.input_bits), sign };
    let mut chain = Chain { random, recipe, shape: recipe.input, format, defs: Vec::new() };
    for _ in 0..chain.random.size(recipe.n_convs.clone()) {
        chain.conv();
        if chain.shape.height.min(chain.shape.width) >= 4 && chain.random.integer(0..=1) == 1 {
            chain.max_pool();
        }
    }
    chain.residuals();
    chain.linear();
    match Network::new(format!("random-{seed}"), recipe.input, format, chain.defs) {
        Ok(network) => network,
        Err(error) => unreachable!("a recipe of legal networks: {error}"),
    }
}

/// A random input of the network.
pub fn random_image(seed: u64, network: &Network) -> Vec<u16> {
    let mut random = SplitMix64::new(!seed);
    let max_code = i64::from(network.input_format().max_code());
    (0..network.input_shape().len()).map(|_| random.integer(0..=max_code) as u16).collect()
}

struct Chain<'r> {
    random: SplitMix64,
    recipe: &'r RandomNetwork,
    shape: Shape,
    format: CodeFormat,
    defs: Vec<LayerDef>,
}

impl Chain<'_> {
    fn push(&mut self, op: OpDef) {
        let index = self.defs.len();
        let (name, input) = match index.checked_sub(1) {
            None => ("first".to_owned(), LayerInput::Network),
            Some(before) => (format!("layer-{index}"), LayerInput::Layer(LayerId(before))),
        };
        self.defs.push(LayerDef { name, input, op });
    }

    fn conv(&mut self) {
        let random = &mut self.random;
        let (height, width) = (random.size(1..=3.min(self.shape.height)), random.size(1..=3.min(self.shape.width)));
        let window = Window { height, width, stride: random.size(1..=2), padding: random.size(0..=1) };
        let out_channels = random.size(self.recipe.channels.clone());
        self.windowed(window, out_channels);
    }

    /// A convolution whose window fits.
    fn windowed(&mut self, window: Window, out_channels: usize) {
        let bits = self.random.bits(&self.recipe.activation_bits);
        let rows = self.shape.channels * window.area();
        let weights = self.weights([out_channels, rows], OutputFormat::Codes { bits });
        self.push(OpDef::Conv { window, weights });
        let steps = |extent: usize, size: usize| (extent + 2 * window.padding - size) / window.stride + 1;
        let (height, width) = (steps(self.shape.height, window.height), steps(self.shape.width, window.width));
        self.shape = Shape::new(out_channels, height, width);
        self.format = CodeFormat::unsigned(bits);
    }

    fn residuals(&mut self) {
        if *self.recipe.n_residuals.end() == 0 {
            return;
        }
        for _ in 0..self.random.size(self.recipe.n_residuals.clone()) {
            self.residual();
        }
        if self.shape.height.min(self.shape.width) >= 2 && self.random.integer(0..=1) == 1 {
            self.sum_pool();
        }
    }

    /// The sum of a convolution of what came before, and of that itself or, as in a projection shortcut, a second
    /// convolution of it with a window of one pixel. Signed codes are not added.
    fn residual(&mut self) {
        let Some(fork) = self.defs.len().checked_sub(1).filter(|_| self.format.sign == Sign::Unsigned) else {
            return;
        };
        let (shape, format) = (self.shape, self.format);
        let mut skip = LayerInput::Layer(LayerId(fork));
        let (mut channels, mut stride) = (shape.channels, 1);
        if self.random.integer(0..=1) == 1 {
            (channels, stride) = (self.random.size(self.recipe.channels.clone()), 2);
            self.windowed(Window { stride, ..Window::UNIT }, channels);
            skip = LayerInput::Layer(LayerId(fork + 1));
            (self.shape, self.format) = (shape, format);
        }
        let conv = self.defs.len();
        self.windowed(Window { height: 3, width: 3, stride, padding: 1 }, channels);
        self.defs[conv].input = LayerInput::Layer(LayerId(fork));
        let bits = self.random.bits(&self.recipe.activation_bits);
        self.push(OpDef::Add(Add { skip, bits }));
        self.format = CodeFormat::unsigned(bits);
    }

    fn sum_pool(&mut self) {
        let window = Window { height: 2, width: 2, stride: 1, padding: 0 };
        let sums = sum_format(self.format, window);
        if self.format.sign == Sign::Unsigned && sums.bits <= 16 {
            self.push(OpDef::SumPool(window));
            self.shape = Shape::new(self.shape.channels, self.shape.height - 1, self.shape.width - 1);
            self.format = sums;
        }
    }

    fn max_pool(&mut self) {
        self.push(OpDef::MaxPool(Window { height: 2, width: 2, stride: 2, padding: 0 }));
        self.shape = Shape::new(self.shape.channels, self.shape.height / 2, self.shape.width / 2);
    }

    fn linear(&mut self) {
        let weights = self.weights([self.recipe.classes, self.shape.len()], OutputFormat::Logits);
        self.push(OpDef::Linear(weights));
    }

    fn weights(&mut self, [out_channels, rows]: [usize; 2], output: OutputFormat) -> WeightsDef {
        let random = &mut self.random;
        let weight_bits = random.bits(&self.recipe.weight_bits);
        let beta_fraction_bits = random.bits(&self.recipe.beta_fraction_bits);
        let max_code = (1i64 << weight_bits) - 1;
        let codes = Array2::from_shape_simple_fn((out_channels, rows), || random.integer(0..=max_code) as u16);
        let n_scales = if random.integer(0..=1) == 0 { 1 } else { out_channels };
        // Biases around that of symmetric weights, −(2^k − 1)/2, and some beyond.
        let greatest = max_code << beta_fraction_bits;
        let beta: Vec<_> = (0..n_scales).map(|_| random.integer(-greatest..=greatest / 4) as i32).collect();
        let alpha = (0..n_scales).map(|_| random.integer(1..=1000) as f64 / 1000.0).collect();
        let (minus, beta) = match self.recipe.representation {
            Representation::Biased => (None, beta),
            Representation::Pair(scales) => {
                let one = 1i64 << beta_fraction_bits;
                let ratio = match scales {
                    Scales::One => vec![one as i32],
                    Scales::Two => (0..n_scales).map(|_| random.integer(1..=3 * one) as i32).collect(),
                };
                let codes = Array2::from_shape_simple_fn((out_channels, rows), || random.integer(0..=max_code) as u16);
                (Some(Minus { codes, ratio }), vec![0])
            }
        };
        let mut tensors = Tensors {
            codes,
            minus,
            alpha,
            beta,
            beta_fraction_bits,
            output: OutputTensors::Logits { scale: Vec::new(), offset: Vec::new() },
        };
        tensors.output = match output {
            OutputFormat::Codes { bits } => self.thresholds(&tensors, bits),
            OutputFormat::Logits => {
                let mut numbers = || (0..out_channels).map(|_| self.random.integer(-999..=999) as f64 / 7.0).collect();
                OutputTensors::Logits { scale: numbers(), offset: numbers() }
            }
        };
        let tensors = Some(tensors);
        WeightsDef { out_channels, weight_bits, representation: self.recipe.representation, output, tensors }
    }

    /// Thresholds spread over the sums of random inputs, so that all codes occur.
    fn thresholds(&mut self, tensors: &Tensors, bits: u32) -> OutputTensors {
        let (out_channels, rows) = tensors.codes.dim();
        let n_thresholds = (1usize << bits) - 1;
        let mut thresholds = Array2::zeros((out_channels, n_thresholds));
        let mut direction = Vec::with_capacity(out_channels);
        let max_code = i64::from(self.format.max_code());
        for (channel, mut row) in thresholds.outer_iter_mut().enumerate() {
            let mut sum = || {
                let input = |random: &mut SplitMix64| i64::from(self.format.value(random.integer(0..=max_code) as u16));
                (0..rows).map(|row| tensors.weight(channel, row) * input(&mut self.random)).sum::<i64>()
            };
            let (first, second) = (sum(), sum());
            // Two random sums are often close together: the thresholds reach as far again on both sides.
            let reach = (first - second).abs() + rows as i64;
            let (low, high) = (first.min(second) - reach, first.max(second) + reach);
            let mut values: Vec<_> = (0..n_thresholds).map(|_| self.random.integer(low..=high)).collect();
            values.sort_unstable();
            let falls = self.random.integer(0..=1) == 1;
            if falls {
                values.reverse();
            }
            direction.push(if falls { Direction::Falling } else { Direction::Rising });
            row.assign(&ndarray::ArrayView1::from(&values));
        }
        OutputTensors::Codes { thresholds, direction }
    }
}
