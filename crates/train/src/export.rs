//! From the trained network to the trace: integer form, its evaluation, and the files.

use ndarray::Array4;
use rayon::prelude::*;
use rebias_network::coalesce::{BatchNorm, Channel, Quantiser};
use rebias_network::{
    Accuracies, CodeFormat, Direction, ExactMvm, LayerDef, LayerId, LayerInput, Minus, Network, OpDef, OutputFormat,
    OutputTensors, Provenance, Representation, SampleSet, Scales, Shape, Tensors, Trace, WeightsDef, Window, classify,
    forward,
};

use crate::TrainError;
use crate::codes::{Codes, Sides};
use crate::data::ImageSet;
use crate::formula::Levels;
use crate::reference::{self, PIXEL_ONE};
use crate::trained::{Norm, Trained, TrainedStage, TrainedWeights};

/// Test images that go with a trace, at most.
const SAMPLES: usize = 2000;
/// Training images that go with a trace, at most.
const CALIBRATION_IMAGES: usize = 200;

const CONV: Window = Window { height: 3, width: 3, stride: 1, padding: 1 };
const POOL: Window = Window { height: 2, width: 2, stride: 2, padding: 0 };

/// The integer network, and what it and the network that it came from make of the test images.
pub(crate) struct Evaluated {
    network: Network,
    integer_classes: Vec<u16>,
    images: usize,
    pub(crate) integer_accuracy: f64,
    pub(crate) fake_quantised_accuracy: f64,
    /// Test images to which both give the same class.
    pub(crate) agreeing: usize,
}

impl Evaluated {
    /// Brings `trained` into integer form and runs both on `test`.
    pub(crate) fn new(name: &str, trained: &Trained, fraction_bits: u32, test: &ImageSet) -> Result<Self, TrainError> {
        let network = integer_network(name, trained, fraction_bits)?;
        let integer_classes = classes(&network, test)?;
        let fake_quantised_classes = reference::classes(trained, test);
        let pairs = integer_classes.iter().zip(&fake_quantised_classes);
        Ok(Self {
            integer_accuracy: reference::accuracy(&integer_classes, test),
            fake_quantised_accuracy: reference::accuracy(&fake_quantised_classes, test),
            agreeing: pairs.filter(|(integer, fake_quantised)| integer == fake_quantised).count(),
            images: test.len(),
            network,
            integer_classes,
        })
    }

    /// The trace: the network, the first test images with the classes that it finds, and training images.
    pub(crate) fn into_trace(
        self,
        provenance: Provenance,
        test: &ImageSet,
        (training, trained_on): (&ImageSet, &[usize]),
    ) -> Trace {
        let tested: Vec<usize> = (0..test.len().min(SAMPLES)).collect();
        let expected = tested.iter().map(|&index| self.integer_classes[index]).collect();
        let calibrated_on = &trained_on[..trained_on.len().min(CALIBRATION_IMAGES)];
        Trace {
            network: self.network,
            provenance,
            samples: Some(SampleSet { expected: Some(expected), ..sample_set(test, &tested) }),
            calibration: Some(sample_set(training, calibrated_on)),
        }
    }

    /// The accuracies as a trace states them.
    pub(crate) fn accuracies(&self, float: f64) -> Accuracies {
        Accuracies {
            images: self.images as u64,
            float: Some(float),
            fake_quantised: Some(self.fake_quantised_accuracy),
            integer: Some(self.integer_accuracy),
        }
    }
}

fn sample_set(set: &ImageSet, indices: &[usize]) -> SampleSet {
    let [channels, height, width] = set.shape;
    let inputs = Array4::from_shape_fn((indices.len(), channels, height, width), |(sample, channel, row, column)| {
        set.image(indices[sample])[(channel * height + row) * width + column]
    });
    let labels = indices.iter().map(|&index| set.labels[index].into()).collect();
    SampleSet { inputs, labels: Some(labels), expected: None }
}

/// The classes that the integer network finds.
fn classes(network: &Network, set: &ImageSet) -> Result<Vec<u16>, TrainError> {
    let mvm = ExactMvm::new(network)?;
    let class = |mvm: &mut ExactMvm<'_>, index| {
        let image: Vec<u16> = set.image(index).iter().map(|&code| code.into()).collect();
        Ok(classify(&forward(network, &image, mvm)?))
    };
    (0..set.len()).into_par_iter().map_init(|| mvm.clone(), class).collect()
}

/// The integer form: batch norm, ReLU and quantiser of each layer become thresholds on its sums, and pools take codes.
fn integer_network(name: &str, trained: &Trained, fraction_bits: u32) -> Result<Network, TrainError> {
    let mut builder = Builder { fraction_bits, layers: Vec::new(), pools: 0, input_step: 1.0 / PIXEL_ONE };
    for (index, stage) in trained.stages.iter().enumerate() {
        match stage {
            TrainedStage::Conv { weights, norm } => {
                builder.conv(weights, norm, output_levels(&trained.stages[index..]))?
            }
            TrainedStage::Pool => builder.pool(),
            // Has gone into the layer before it.
            TrainedStage::Activation(_) => {}
            TrainedStage::Linear { weights, bias } => builder.linear(weights, bias)?,
        }
    }
    let [channels, height, width] = trained.shape;
    Ok(Network::new(name, Shape::new(channels, height, width), CodeFormat::unsigned(8), builder.layers)?)
}

/// The levels of the first activation in `stages`.
fn output_levels(stages: &[TrainedStage]) -> Levels {
    let levels = stages.iter().find_map(|stage| match stage {
        TrainedStage::Activation(levels) => *levels,
        TrainedStage::Conv { .. } | TrainedStage::Pool | TrainedStage::Linear { .. } => None,
    });
    levels.expect("a quantiser behind each convolution of a quantised network")
}

struct Builder {
    fraction_bits: u32,
    layers: Vec<LayerDef>,
    pools: usize,
    /// What an input code of 1 stands for in the next layer with weights.
    input_step: f64,
}

impl Builder {
    fn push(&mut self, name: String, op: OpDef) {
        let input = match self.layers.len() {
            0 => LayerInput::Network,
            n_layers => LayerInput::Layer(LayerId(n_layers - 1)),
        };
        self.layers.push(LayerDef { name, input, op });
    }

    fn pool(&mut self) {
        self.pools += 1;
        self.push(format!("pool{}", self.pools), OpDef::MaxPool(POOL));
    }

    fn conv(&mut self, weights: &TrainedWeights, norm: &Norm, output: Levels) -> Result<(), TrainError> {
        let quantiser = Quantiser { step: output.alpha, bits: output.bits };
        let (mut thresholds, mut direction) = (Vec::new(), Vec::<Direction>::new());
        for channel in 0..weights.latent.nrows() {
            let batch_norm = BatchNorm {
                gamma: norm.gamma[channel],
                beta: norm.beta[channel],
                mean: norm.mean[channel],
                variance: norm.variance[channel],
                epsilon: norm.epsilon,
            };
            let (of_channel, side) = self
                .channel(weights, channel, 0.0, batch_norm)
                .thresholds(quantiser)
                .map_err(|source| TrainError::Coalesce { layer: weights.name.clone(), channel, source })?;
            thresholds.push(of_channel);
            direction.push(side);
        }
        let n_thresholds = (1usize << output.bits) - 1;
        let thresholds = ndarray::Array2::from_shape_fn((thresholds.len(), n_thresholds), |(channel, threshold)| {
            thresholds[channel][threshold]
        });
        let output_format = OutputFormat::Codes { bits: output.bits };
        let weights_def = self.weights_def(weights, output_format, OutputTensors::Codes { thresholds, direction });
        self.push(weights.name.clone(), OpDef::Conv { window: CONV, weights: weights_def });
        self.input_step = output.alpha;
        Ok(())
    }

    fn linear(&mut self, weights: &TrainedWeights, bias: &[f64]) -> Result<(), TrainError> {
        let (mut scale, mut offset) = (Vec::new(), Vec::new());
        for (channel, &bias) in bias.iter().enumerate() {
            let (channel_scale, channel_offset) = self
                .channel(weights, channel, bias, BatchNorm::IDENTITY)
                .logit()
                .map_err(|source| TrainError::Coalesce { layer: weights.name.clone(), channel, source })?;
            scale.push(channel_scale);
            offset.push(channel_offset);
        }
        let weights_def = self.weights_def(weights, OutputFormat::Logits, OutputTensors::Logits { scale, offset });
        self.push(weights.name.clone(), OpDef::Linear(weights_def));
        Ok(())
    }

    fn channel(&self, weights: &TrainedWeights, channel: usize, bias: f64, batch_norm: BatchNorm) -> Channel {
        Channel {
            alpha: quantised(weights).alpha_of(channel),
            input_step: self.input_step,
            bias,
            batch_norm,
            beta_fraction_bits: self.fraction_bits,
        }
    }

    fn weights_def(&self, weights: &TrainedWeights, output: OutputFormat, tensors: OutputTensors) -> WeightsDef {
        let codes = quantised(weights);
        // Training ends with the stored values, so that nothing is rounded here.
        let stored = |value: f64| (value * f64::from(self.fraction_bits).exp2()).round() as i32;
        let (representation, minus, beta) = match &codes.sides {
            Sides::Biased(beta) => (Representation::Biased, None, beta.iter().copied().map(stored).collect()),
            Sides::Pair { minus, ratio } => {
                let scales = if *ratio == 1.0 { Scales::One } else { Scales::Two };
                let minus = Minus { codes: minus.clone(), ratio: vec![stored(*ratio)] };
                (Representation::Pair(scales), Some(minus), vec![0])
            }
        };
        WeightsDef {
            out_channels: weights.latent.nrows(),
            weight_bits: codes.bits,
            representation,
            output,
            tensors: Some(Tensors {
                minus,
                codes: codes.plus.clone(),
                alpha: codes.alpha.clone(),
                beta,
                beta_fraction_bits: self.fraction_bits,
                output: tensors,
            }),
        }
    }
}

fn quantised(weights: &TrainedWeights) -> &Codes {
    weights.codes.as_ref().expect("codes for all weights of a quantised network")
}
