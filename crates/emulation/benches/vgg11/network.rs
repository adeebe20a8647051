//! VGG networks with random weights.

use ndarray::{Array2, Array4, Axis, Slice};
use rebias_network::testing::SplitMix64;
use rebias_network::{
    CodeFormat, Direction, LayerDef, LayerId, LayerInput, Network, OpDef, OutputFormat, OutputTensors, Representation,
    SampleSet, Shape, Tensors, WeightsDef, Window,
};

/// Channels of the convolutions; 0 is a max-pool. 152.8 million multiply–accumulates for 32 × 32 inputs.
pub(crate) const VGG11: [usize; 13] = [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0];
/// Likewise; 398 million.
pub(crate) const VGG19: [usize; 21] =
    [64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512, 0];
const CLASSES: usize = 10;
const ACTIVATION_BITS: u32 = 2;
const BETA_FRACTION_BITS: u32 = 8;

/// A VGG network for 32 × 32 inputs of three colours.
pub(crate) fn vgg(channels: &[usize]) -> Network {
    let mut random = SplitMix64::new(1);
    let input = CodeFormat::unsigned(8);
    let (mut in_channels, mut format) = (3, input);
    let mut layers = Vec::new();
    for &out_channels in channels {
        let op = match out_channels {
            0 => OpDef::MaxPool(Window { height: 2, width: 2, stride: 2, padding: 0 }),
            _ => {
                let shape = [out_channels, in_channels * 9];
                let weight_bits = if layers.is_empty() { 8 } else { 2 };
                let output = OutputFormat::Codes { bits: ACTIVATION_BITS };
                let weights = weights(&mut random, shape, (weight_bits, format), output);
                (in_channels, format) = (out_channels, CodeFormat::unsigned(ACTIVATION_BITS));
                OpDef::Conv { window: Window { height: 3, width: 3, stride: 1, padding: 1 }, weights }
            }
        };
        push(&mut layers, op);
    }
    // The last pool leaves one pixel.
    let last = weights(&mut random, [CLASSES, in_channels], (8, format), OutputFormat::Logits);
    push(&mut layers, OpDef::Linear(last));
    Network::new("vgg", Shape::new(3, 32, 32), input, layers).expect("a valid network")
}

fn push(layers: &mut Vec<LayerDef>, op: OpDef) {
    let index = layers.len();
    let input = index.checked_sub(1).map_or(LayerInput::Network, |before| LayerInput::Layer(LayerId(before)));
    layers.push(LayerDef { name: format!("layer-{index}"), input, op });
}

/// Uniformly random codes around a symmetric β, and thresholds that make all activations about equally likely.
fn weights(
    random: &mut SplitMix64,
    [out_channels, rows]: [usize; 2],
    (weight_bits, input): (u32, CodeFormat),
    output: OutputFormat,
) -> WeightsDef {
    let max_code = (1i64 << weight_bits) - 1;
    let codes = Array2::from_shape_simple_fn((out_channels, rows), || random.integer(0..=max_code) as u16);
    let beta = -((max_code << BETA_FRACTION_BITS) / 2);
    let thresholds = Array2::from_shape_fn((out_channels, 3), |(channel, step)| {
        let weight = |&code: &u16| ((i64::from(code) << BETA_FRACTION_BITS) + beta) as f64;
        let max_input = f64::from(input.max_code());
        let row = codes.row(channel);
        let mean = row.iter().map(weight).sum::<f64>() * max_input / 2.0;
        let variance = row.iter().map(|code| weight(code).powi(2)).sum::<f64>() * max_input * (max_input + 2.0) / 12.0;
        (mean + variance.sqrt() * [-0.67, 0.0, 0.67][step]) as i64
    });
    let output_tensors = match output {
        OutputFormat::Codes { .. } => {
            OutputTensors::Codes { thresholds, direction: vec![Direction::Rising; out_channels] }
        }
        OutputFormat::Logits => {
            OutputTensors::Logits { scale: vec![1.0; out_channels], offset: vec![0.0; out_channels] }
        }
    };
    let tensors = Tensors {
        minus: None,
        codes,
        alpha: vec![1.0],
        beta: vec![beta as i32],
        beta_fraction_bits: BETA_FRACTION_BITS,
        output: output_tensors,
    };
    let representation = Representation::Biased;
    WeightsDef { out_channels, weight_bits, representation, output, tensors: Some(tensors) }
}

/// Random images, whose classes nobody needs to work out.
pub(crate) fn images(network: &Network, n_images: usize) -> SampleSet {
    let Shape { channels, height, width } = network.input_shape();
    let mut random = SplitMix64::new(2);
    let inputs = Array4::from_shape_simple_fn((n_images, channels, height, width), || random.integer(0..=255) as u8);
    SampleSet { inputs, labels: None, expected: Some(vec![0; n_images]) }
}

/// The first images of a set.
pub(crate) fn first(samples: &SampleSet, n_images: usize) -> SampleSet {
    let inputs = samples.inputs.slice_axis(Axis(0), Slice::from(..n_images)).to_owned();
    SampleSet { inputs, labels: None, expected: None }
}
