//! Writing a trace.

use std::borrow::Cow;

use ndarray::Array2;
use rebias_config::{Faults, Problem};
use safetensors::Dtype;
use safetensors::tensor::View;
use serde::Serialize;

use super::{
    CALIBRATION_FILE, FORMAT_VERSION, Named, Provenance, SAMPLES_FILE, SampleSet, TENSORS_FILE, TRACE_FILE, Trace,
    TraceFiles,
};
use crate::build::INPUT_NAME;
use crate::layer::{
    Densities, Direction, Layer, LayerInput, Op, OutputFormat, OutputTensors, Tensors, Weighted, Window,
};
use crate::{Network, Representation, Scales, Sign};

pub(super) fn files(trace: &Trace) -> Result<TraceFiles, Faults> {
    let images =
        |name: &str, set: &Option<SampleSet>| set.as_ref().map(|set| file(name, image_tensors(set))).transpose();
    let tensors = layer_tensors(&trace.network);
    Ok(TraceFiles {
        toml: toml(trace)?,
        tensors: if tensors.is_empty() { None } else { Some(file(TENSORS_FILE, tensors)?) },
        samples: images(SAMPLES_FILE, &trace.samples)?,
        calibration: images(CALIBRATION_FILE, &trace.calibration)?,
    })
}

/// `trace.toml`, keys in the order of writing.
#[derive(Serialize)]
struct ManifestOut<'t> {
    format_version: u32,
    name: &'t str,
    #[serde(skip_serializing_if = "is_default")]
    provenance: &'t Provenance,
    input: InputOut,
    layers: Vec<LayerOut<'t>>,
}

fn is_default(provenance: &&Provenance) -> bool {
    **provenance == Provenance::default()
}

#[derive(Serialize)]
struct InputOut {
    shape: [usize; 3],
    bits: u32,
    sign: &'static str,
}

#[derive(Serialize)]
struct LayerOut<'t> {
    name: &'t str,
    op: &'static str,
    input: &'t str,
    skip: Option<&'t str>,
    bits: Option<u32>,
    #[serde(flatten)]
    window: Option<WindowOut>,
    #[serde(flatten)]
    weights: Option<WeightsOut>,
}

#[derive(Serialize)]
struct WindowOut {
    kernel: KernelOut,
    stride: usize,
    padding: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum KernelOut {
    Square(usize),
    Oblong([usize; 2]),
}

#[derive(Serialize)]
struct WeightsOut {
    out_channels: usize,
    weight_bits: u32,
    representation: &'static str,
    beta_fraction_bits: Option<u32>,
    activation_bits: Option<u32>,
    input_density: Option<f64>,
    weight_density: Option<f64>,
}

fn toml(trace: &Trace) -> Result<Named<String>, Faults> {
    let network = &trace.network;
    let shape = network.input_shape();
    let manifest = ManifestOut {
        format_version: FORMAT_VERSION,
        name: network.name(),
        provenance: &trace.provenance,
        input: InputOut {
            shape: [shape.channels, shape.height, shape.width],
            bits: network.input_format().bits,
            sign: match network.input_format().sign {
                Sign::Unsigned => "unsigned",
                Sign::TwosComplement => "twos-complement",
            },
        },
        layers: network.layers().iter().map(|layer| layer_out(network, layer)).collect(),
    };
    let content = toml::to_string(&manifest).map_err(|error| refused(TRACE_FILE, &error))?;
    Ok(Named { name: TRACE_FILE.to_owned(), content })
}

fn refused(file: &str, error: &dyn std::fmt::Display) -> Faults {
    Faults::in_file(file, Problem::new(format!("cannot be written: {error}")))
}

fn layer_out<'t>(network: &'t Network, layer: &'t Layer) -> LayerOut<'t> {
    let name_of = |input| match input {
        LayerInput::Network => INPUT_NAME,
        LayerInput::Layer(earlier) => network.layer(earlier).name(),
    };
    let (mut skip, mut bits) = (None, None);
    let (op, window, weights) = match layer.op() {
        Op::MaxPool(window) => ("max-pool", Some(window_out(*window)), None),
        Op::SumPool(window) => ("sum-pool", Some(window_out(*window)), None),
        Op::Add(add) => {
            (skip, bits) = (Some(name_of(add.skip)), Some(add.bits));
            ("add", None, None)
        }
        Op::Weighted(weighted) if is_linear(layer, weighted) => ("linear", None, Some(weights_out(layer, weighted))),
        Op::Weighted(weighted) => ("conv", Some(window_out(weighted.window)), Some(weights_out(layer, weighted))),
    };
    LayerOut { name: layer.name(), op, input: name_of(layer.input()), skip, bits, window, weights }
}

/// A 1 × 1 convolution of a 1 × 1 map is a linear layer, whatever it was called.
fn is_linear(layer: &Layer, weighted: &Weighted) -> bool {
    weighted.window == Window::UNIT && layer.in_shape().positions() == 1
}

fn window_out(Window { height, width, stride, padding }: Window) -> WindowOut {
    let kernel = if height == width { KernelOut::Square(height) } else { KernelOut::Oblong([height, width]) };
    WindowOut { kernel, stride, padding }
}

fn weights_out(layer: &Layer, weighted: &Weighted) -> WeightsOut {
    let (assumed, usual) = (weighted.densities, Densities::default());
    let unusual = |density: f64, usual: f64| (density != usual).then_some(density);
    WeightsOut {
        out_channels: layer.out_shape().channels,
        weight_bits: weighted.weight_bits,
        representation: match weighted.representation {
            Representation::Biased => "biased",
            Representation::Pair(Scales::One) => "pair",
            Representation::Pair(Scales::Two) => "pair-two-scales",
        },
        beta_fraction_bits: weighted.tensors.as_ref().map(|tensors| tensors.beta_fraction_bits),
        activation_bits: match weighted.output {
            OutputFormat::Codes { bits } => Some(bits),
            OutputFormat::Logits => None,
        },
        input_density: unusual(assumed.inputs, usual.inputs),
        weight_density: unusual(assumed.weights, usual.weights),
    }
}

/// One tensor as bytes.
struct TensorOut {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for TensorOut {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn tensor<const N: usize>(
    dtype: Dtype,
    shape: impl Into<Vec<usize>>,
    bytes: impl Iterator<Item = [u8; N]>,
) -> TensorOut {
    TensorOut { dtype, shape: shape.into(), bytes: bytes.flatten().collect() }
}

fn file(name: &str, tensors: Vec<(String, TensorOut)>) -> Result<Named<Vec<u8>>, Faults> {
    let content = safetensors::serialize(tensors, None).map_err(|error| refused(name, &error))?;
    Ok(Named { name: name.to_owned(), content })
}

fn layer_tensors(network: &Network) -> Vec<(String, TensorOut)> {
    let weighted = network.weighted_layers();
    let with_tensors = weighted.filter_map(|(_, layer, weighted)| Some((layer, weighted, weighted.tensors.as_ref()?)));
    let tensors = with_tensors.flat_map(|(layer, weighted, tensors)| {
        let tensors = codes_and_scales(layer, weighted, tensors).into_iter().chain(output_tensors(tensors));
        tensors.map(|(tensor, out)| (format!("{}.{tensor}", layer.name()), out))
    });
    tensors.collect()
}

fn codes_and_scales(layer: &Layer, weighted: &Weighted, tensors: &Tensors) -> Vec<(&'static str, TensorOut)> {
    let (out_channels, rows) = tensors.codes.dim();
    let shape = if is_linear(layer, weighted) {
        vec![out_channels, rows]
    } else {
        vec![out_channels, layer.in_shape().channels, weighted.window.height, weighted.window.width]
    };
    let of_codes = |codes: &Array2<u16>| {
        if weighted.weight_bits <= 8 {
            tensor(Dtype::U8, shape.clone(), codes.iter().map(|&code| [code as u8]))
        } else {
            tensor(Dtype::U16, shape.clone(), codes.iter().map(|code| code.to_le_bytes()))
        }
    };
    let codes = of_codes(&tensors.codes);
    let Some(minus) = &tensors.minus else {
        let beta = tensor(Dtype::I32, [tensors.beta.len()], tensors.beta.iter().map(|beta| beta.to_le_bytes()));
        return vec![("codes", codes), ("alpha", floats(&tensors.alpha)), ("beta", beta)];
    };
    let mut written = vec![("codes_pos", codes), ("codes_neg", of_codes(&minus.codes))];
    match weighted.representation {
        Representation::Biased | Representation::Pair(Scales::One) => written.push(("alpha", floats(&tensors.alpha))),
        Representation::Pair(Scales::Two) => {
            let unit = f64::from(1u32 << tensors.beta_fraction_bits);
            let alpha = |channel: usize| tensors.alpha_of(channel);
            let n_scales = tensors.alpha.len().max(minus.ratio.len());
            let minus: Vec<_> =
                (0..n_scales).map(|channel| alpha(channel) * f64::from(minus.ratio_of(channel)) / unit).collect();
            written.extend([("alpha_pos", floats(&tensors.alpha)), ("alpha_neg", floats(&minus))]);
        }
    }
    written
}

fn output_tensors(tensors: &Tensors) -> [(&'static str, TensorOut); 2] {
    match &tensors.output {
        OutputTensors::Codes { thresholds, direction } => {
            let signs = direction.iter().map(|direction| match direction {
                Direction::Rising => 1i8.to_le_bytes(),
                Direction::Falling => (-1i8).to_le_bytes(),
            });
            let values = thresholds.iter().map(|theta| theta.to_le_bytes());
            [
                ("thresholds", tensor(Dtype::I64, thresholds.shape(), values)),
                ("direction", tensor(Dtype::I8, [direction.len()], signs)),
            ]
        }
        OutputTensors::Logits { scale, offset } => [("scale", floats(scale)), ("offset", floats(offset))],
    }
}

fn floats(values: &[f64]) -> TensorOut {
    tensor(Dtype::F64, [values.len()], values.iter().map(|value| value.to_le_bytes()))
}

fn image_tensors(set: &SampleSet) -> Vec<(String, TensorOut)> {
    let classes = |name: &str, classes: &Option<Vec<u16>>| {
        let classes = classes.as_ref()?;
        let bytes = classes.iter().map(|class| class.to_le_bytes());
        Some((name.to_owned(), tensor(Dtype::U16, [classes.len()], bytes)))
    };
    let inputs = tensor(Dtype::U8, set.inputs.shape(), set.inputs.iter().map(|&code| [code]));
    let mut tensors = vec![("inputs".to_owned(), inputs)];
    tensors.extend(classes("labels", &set.labels));
    tensors.extend(classes("expected", &set.expected));
    tensors
}
