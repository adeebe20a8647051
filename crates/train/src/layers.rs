//! The stages of a network that have values of their own, as tensors with gradients.

use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array2;
use rebias_recipe::{ActivationRange, Form, Granularity};

use crate::forms::{self, Rule};
use crate::formula::{Levels, Origin, least_squares};
use crate::hardware::cells::Cells;
use crate::hardware::partial_sums::Converted;
use crate::hardware::{Chip, InputCodes, Product, constant};
use crate::parameter::{Parameter, Pass, Role, to_vec, widened};
use crate::quantise::{self, max_code, straight_through};
use crate::random::Stream;
use crate::trained::{Norm, TrainedStage, TrainedWeights};

/// What keeps the standard deviation of batch norm from 0.
const NORM_EPSILON: f64 = 1e-5;
/// Part of a batch's statistics in the new running statistics.
const NORM_MOMENTUM: f64 = 0.1;
/// Values from which an activation's first step size is fitted, at most.
const FIT_VALUES: usize = 50_000;

/// 3 × 3 convolution with batch norm.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    pub(crate) weights: Weights,
    gamma: Parameter,
    beta: Parameter,
    /// Running mean, without gradient.
    mean: Tensor<1>,
    /// Running variance, without gradient.
    variance: Tensor<1>,
}

/// Linear layer at the end.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    pub(crate) weights: Weights,
    bias: Parameter,
}

/// The weights of a layer, with their quantiser once the network is quantised.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub(crate) name: String,
    latent: Parameter,
    /// Output channels, input channels, rows, columns.
    dims: [usize; 4],
    quantiser: Option<Box<dyn Rule>>,
}

/// ReLU, or the unsigned quantiser that contains it.
#[derive(Clone, Debug)]
pub(crate) struct Activation {
    /// Name of the layer whose output it is.
    pub(crate) layer: String,
    quantiser: Option<ActivationQuantiser>,
}

/// Trained levels of activations.
#[derive(Clone, Debug)]
struct ActivationQuantiser {
    bits: u32,
    range: ActivationRange,
    /// The step, or the clip.
    size: Parameter,
}

/// What a forward pass runs with.
#[derive(Debug)]
pub(crate) struct Run<'a, 'h> {
    pub(crate) pass: Pass,
    /// The chip on which a quantised network runs; `None`: an ideal one.
    pub(crate) chip: Option<&'a mut Chip<'h>>,
    /// What the next layer gets.
    pub(crate) inputs: InputCodes,
}

impl Weights {
    fn new(name: String, dims: [usize; 4], gain: f64, stream: &mut Stream, device: &Device) -> Self {
        let fan_in: usize = dims[1..].iter().product();
        let deviation = (gain / fan_in as f64).sqrt();
        let values = (0..dims[0] * fan_in).map(|_| (stream.normal() * deviation) as f32).collect();
        Self { name, latent: Parameter::new(values, Role::Weights, device), dims, quantiser: None }
    }

    /// The weights that the forward pass uses.
    fn effective(&self, pass: Pass) -> Tensor<4> {
        let latent = self.latent.value(pass);
        match &self.quantiser {
            None => latent.reshape(self.dims),
            Some(rule) => rule.forward(latent.reshape(self.matrix()), pass).reshape(self.dims),
        }
    }

    /// Sums of inputs times weights, as the layer's part of a chip gives them if there is one.
    fn sums(&self, x: Tensor<4>, product: Product, run: &mut Run<'_, '_>) -> Tensor<4> {
        let weights = self.effective(run.pass);
        let (Some(chip), Some(rule)) = (&mut run.chip, &self.quantiser) else {
            return product.of(x, weights);
        };
        let codes = rule.codes(&self.latent());
        let cells = Cells::program(&codes, chip);
        let errors = cells.weights(&codes, chip) - codes.weights();
        let weights = weights + constant(&errors, self.dims, &x);
        let sums = product.of(x.clone(), weights);
        let Some(adc) = chip.hardware.partial_sums else { return sums };
        let converted = Converted { hardware: chip.hardware, adc, product, dims: self.dims };
        straight_through(sums, converted.sums(&x, run.inputs, &codes, &cells))
    }

    /// Output channels and rows.
    fn matrix(&self) -> [usize; 2] {
        [self.dims[0], self.dims[1..].iter().product()]
    }

    /// The weights before quantisation, `[out_channels, rows]`.
    fn latent(&self) -> Array2<f64> {
        let latent = Array2::from_shape_vec(self.matrix(), self.latent.exact_values());
        latent.expect("as many weights as the layer's dimensions say")
    }

    /// Puts the quantiser of a form in, fitted to the float weights.
    pub(crate) fn quantise(&mut self, form: Form, bits: u32, granularity: Granularity, device: &Device) {
        self.quantiser = Some(forms::rule(form, bits, granularity, &self.latent(), device));
    }

    /// Rounds what is stored with `fraction_bits` bits after the point, and trains it no further.
    pub(crate) fn freeze(&mut self, fraction_bits: u32) {
        if let Some(rule) = &mut self.quantiser {
            rule.freeze(fraction_bits);
        }
    }

    /// Numbers of its quantiser beside parameters.
    pub(crate) fn stored(&self) -> Vec<f64> {
        self.quantiser.as_ref().map(|rule| rule.stored()).unwrap_or_default()
    }

    /// Sets what [`Weights::stored`] told.
    pub(crate) fn set_stored(&mut self, stored: &[f64]) {
        if let Some(rule) = &mut self.quantiser {
            rule.set_stored(stored);
        }
    }

    fn trained(&self) -> TrainedWeights {
        let latent = self.latent();
        let codes = self.quantiser.as_ref().map(|rule| rule.codes(&latent));
        TrainedWeights { name: self.name.clone(), latent, codes }
    }

    /// Its trained values.
    pub(crate) fn parameters(&mut self) -> Vec<&mut Parameter> {
        let mut parameters = vec![&mut self.latent];
        parameters.extend(self.quantiser.iter_mut().flat_map(|rule| rule.parameters()));
        parameters
    }
}

impl Conv {
    /// Random weights (normal, He et al. 2015), identity batch norm.
    pub(crate) fn new(name: String, [out, channels]: [usize; 2], stream: &mut Stream, device: &Device) -> Self {
        let statistic = |value: f32| Tensor::from_data(TensorData::new(vec![value; out], [out]), device);
        Self {
            weights: Weights::new(name, [out, channels, 3, 3], 2.0, stream, device),
            gamma: Parameter::new(vec![1.0; out], Role::Channels, device),
            beta: Parameter::new(vec![0.0; out], Role::Channels, device),
            mean: statistic(0.0),
            variance: statistic(1.0),
        }
    }

    /// Its trained values.
    pub(crate) fn parameters(&mut self) -> Vec<&mut Parameter> {
        let mut parameters = self.weights.parameters();
        parameters.extend([&mut self.gamma, &mut self.beta]);
        parameters
    }

    /// Running mean and variance.
    pub(crate) fn statistics(&self) -> [Vec<f32>; 2] {
        [to_vec(self.mean.clone()), to_vec(self.variance.clone())]
    }

    /// Sets the running mean and variance; `None` if there are not so many channels.
    pub(crate) fn set_statistics(&mut self, [mean, variance]: [&Vec<f32>; 2]) -> Option<()> {
        let dims @ [channels] = self.mean.dims();
        let device = self.mean.device();
        let statistic = |values: &Vec<f32>| {
            (values.len() == channels).then(|| Tensor::from_data(TensorData::new(values.clone(), dims), &device))
        };
        (self.mean, self.variance) = (statistic(mean)?, statistic(variance)?);
        Some(())
    }

    /// Its numbers.
    pub(crate) fn trained(&self) -> TrainedStage {
        let norm = Norm {
            gamma: self.gamma.exact_values(),
            beta: self.beta.exact_values(),
            mean: widened(to_vec(self.mean.clone())),
            variance: widened(to_vec(self.variance.clone())),
            epsilon: NORM_EPSILON,
        };
        TrainedStage::Conv { weights: self.weights.trained(), norm }
    }

    /// Sums and batch norm; shape `[images, channels, height, width]` to the same with other channels.
    pub(crate) fn forward(&mut self, x: Tensor<4>, run: &mut Run<'_, '_>) -> Tensor<4> {
        let pass = run.pass;
        let sums = self.weights.sums(x, Product::Conv, run);
        let (gamma, beta) = (self.gamma.value(pass), self.beta.value(pass));
        match pass {
            Pass::Evaluation => batch_norm(sums, gamma, beta, self.mean.clone(), self.variance.clone(), NORM_EPSILON),
            Pass::Training => {
                let [images, _, height, width] = sums.dims();
                let count = (images * height * width) as f64;
                let result = batch_norm_train(sums, gamma, beta, NORM_EPSILON);
                let unbiased = result.variance.inner() * (count / (count - 1.0).max(1.0));
                self.mean = self.mean.clone() * (1.0 - NORM_MOMENTUM) + result.mean.inner() * NORM_MOMENTUM;
                self.variance = self.variance.clone() * (1.0 - NORM_MOMENTUM) + unbiased * NORM_MOMENTUM;
                result.output
            }
        }
    }
}

impl Linear {
    /// Random weights, no bias yet.
    pub(crate) fn new([classes, inputs]: [usize; 2], stream: &mut Stream, device: &Device) -> Self {
        let weights = Weights::new("linear".to_owned(), [classes, inputs, 1, 1], 1.0, stream, device);
        Self { weights, bias: Parameter::new(vec![0.0; classes], Role::Channels, device) }
    }

    /// Its trained values.
    pub(crate) fn parameters(&mut self) -> Vec<&mut Parameter> {
        let mut parameters = self.weights.parameters();
        parameters.push(&mut self.bias);
        parameters
    }

    /// Its numbers.
    pub(crate) fn trained(&self) -> TrainedStage {
        TrainedStage::Linear { weights: self.weights.trained(), bias: self.bias.exact_values() }
    }

    /// Class scores, shape `[images, classes, 1, 1]`.
    pub(crate) fn forward(&self, x: Tensor<4>, run: &mut Run<'_, '_>) -> Tensor<4> {
        let [images, ..] = x.dims();
        let [classes, inputs, ..] = self.weights.dims;
        let bias = self.bias.value(run.pass).reshape([1, classes, 1, 1]);
        self.weights.sums(x.reshape([images, inputs, 1, 1]), Product::Linear, run) + bias
    }
}

impl Activation {
    /// ReLU behind layer `layer`.
    pub(crate) fn relu(layer: &str) -> Self {
        Self { layer: layer.to_owned(), quantiser: None }
    }

    /// Its trained values.
    pub(crate) fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.quantiser.iter_mut().map(|quantiser| &mut quantiser.size).collect()
    }

    /// Its numbers.
    pub(crate) fn trained(&self) -> TrainedStage {
        TrainedStage::Activation(self.levels())
    }

    fn levels(&self) -> Option<Levels> {
        self.quantiser.as_ref().map(|quantiser| {
            let parts = match quantiser.range {
                ActivationRange::Step => 1.0,
                ActivationRange::Clip => max_code(quantiser.bits),
            };
            Levels { bits: quantiser.bits, alpha: quantiser.size.scalar() / parts, beta: 0.0 }
        })
    }

    /// What the next layer sees; same shape.
    pub(crate) fn forward(&self, x: Tensor<4>, run: &mut Run<'_, '_>) -> Tensor<4> {
        let pass = run.pass;
        if let (Some(levels), Some(_)) = (self.levels(), &run.chip) {
            run.inputs = InputCodes { step: levels.alpha, bits: levels.bits };
        }
        match &self.quantiser {
            None => x.clamp_min(0.0),
            Some(ActivationQuantiser { bits, range, size }) => {
                let size = size.value(pass).reshape([1, 1, 1, 1]);
                match range {
                    ActivationRange::Step => quantise::activations(x, size, *bits),
                    ActivationRange::Clip => quantise::clipped_activations(x, size, *bits),
                }
            }
        }
    }

    /// Puts the quantiser in, from the least-squares step size of `x`.
    pub(crate) fn quantise(&mut self, x: Tensor<4>, bits: u32, range: ActivationRange, device: &Device) {
        let values = to_vec(x);
        let every = values.len().div_ceil(FIT_VALUES);
        let values: Vec<f64> = values.into_iter().step_by(every).map(|value| f64::from(value.max(0.0))).collect();
        let step = least_squares(&values, bits, Origin::At(0.0)).alpha;
        let size = match range {
            ActivationRange::Step => step,
            ActivationRange::Clip => step * max_code(bits),
        };
        self.quantiser = Some(ActivationQuantiser { bits, range, size: Parameter::step(&[size], device) });
    }
}
