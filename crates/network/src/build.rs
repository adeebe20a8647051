//! The checks that make layers a network.

use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;

use crate::layer::{Add, Densities, Layer, LayerId, LayerInput, Op, OutputFormat, Tensors, Weighted, Window};
use crate::network::{LayerDef, Network, OpDef, WeightsDef};
use crate::{CodeFormat, LayerFault, NetworkError, Shape, Sign, tensors};

/// Most values of a feature map, and of a weight matrix.
pub(crate) const MAX_VALUES: u64 = 1 << 31;
/// Greatest extent of a map, a window or a step.
pub(crate) const MAX_EXTENT: u64 = 1 << 24;
/// Most multiply–accumulates of an image.
const MAX_MACS: u64 = 1 << 53;
/// Most classes: their numbers have 16 bits.
const MAX_CLASSES: u64 = 1 << 16;
/// Greatest magnitude of a sum Y; leaves 2^8 to `i64`, in which emulated sums keep their fractions.
const MAX_SUM: u128 = 1 << 55;
/// What the network's input is called where layers are named.
pub(crate) const INPUT_NAME: &str = "input";
/// Legal widths of codes.
pub(crate) const LEGAL_BITS: RangeInclusive<u32> = 1..=16;

/// Tensors that wait for their layers.
pub(crate) type LooseTensors = BTreeMap<LayerId, Tensors>;

/// Layers without their tensors, which are handed back beside them.
pub(crate) fn layers(
    input_shape: Shape,
    input_format: CodeFormat,
    defs: Vec<LayerDef>,
) -> Result<(Vec<Layer>, LooseTensors), NetworkError> {
    if !is_legal_size(input_shape) {
        return Err(NetworkError::InputShape { shape: input_shape, limit: MAX_VALUES });
    }
    if !LEGAL_BITS.contains(&input_format.bits) {
        return Err(NetworkError::InputBits { bits: input_format.bits });
    }
    let mut builder = Builder { input: (input_shape, input_format), layers: Vec::new(), outputs: Vec::new(), macs: 0 };
    let mut loose = BTreeMap::new();
    check_names(&defs)?;
    check_order(&defs)?;
    for (index, def) in defs.into_iter().enumerate() {
        let name = def.name.clone();
        let tensors = builder.push(def).map_err(|fault| at(index, &name, fault))?;
        loose.extend(tensors.map(|tensors| (LayerId(index), tensors)));
    }
    Ok((builder.layers, loose))
}

/// The network with tensors for all of its weighted layers, or for none.
pub(crate) fn with_tensors(mut network: Network, mut loose: LooseTensors) -> Result<Network, NetworkError> {
    if loose.is_empty() {
        return Ok(network);
    }
    let last = network.layers.len() - 1;
    for (index, layer) in network.layers.iter_mut().enumerate() {
        let tensors = loose.remove(&LayerId(index));
        attach(layer, tensors, index == last).map_err(|fault| at(index, &layer.name, fault))?;
    }
    Ok(network)
}

/// Gives a layer its tensors.
pub(crate) fn attach(layer: &mut Layer, tensors: Option<Tensors>, is_last: bool) -> Result<(), LayerFault> {
    let (rows, out_channels) = (layer.rows(), layer.out_shape.channels);
    let Op::Weighted(weighted) = &mut layer.op else {
        return if is_last { Err(LayerFault::NoLogits) } else { Ok(()) };
    };
    if is_last && weighted.output != OutputFormat::Logits {
        return Err(LayerFault::NoLogits);
    }
    let tensors = tensors.ok_or(LayerFault::NoTensors)?;
    tensors::check(&tensors, weighted, [out_channels, rows])?;
    let greatest_bias = tensors.beta.iter().map(|beta| u64::from(beta.unsigned_abs())).max().unwrap_or(0);
    let ratios = tensors.minus.iter().flat_map(|minus| &minus.ratio);
    let greatest_minus = ratios.max().map_or(0, |ratio| u64::from(ratio.unsigned_abs()) << weighted.weight_bits);
    check_sums(rows, weighted, tensors.beta_fraction_bits, greatest_bias.max(greatest_minus))?;
    weighted.tensors = Some(tensors);
    Ok(())
}

fn at(index: usize, name: &str, fault: LayerFault) -> NetworkError {
    NetworkError::Layer { layer: LayerId(index), name: name.to_owned(), fault: Box::new(fault) }
}

fn check_names(defs: &[LayerDef]) -> Result<(), NetworkError> {
    let mut names = HashSet::new();
    for (index, LayerDef { name, .. }) in defs.iter().enumerate() {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(at(index, name, LayerFault::Name));
        }
        if name == INPUT_NAME || !names.insert(name) {
            return Err(at(index, name, LayerFault::NameTaken));
        }
    }
    Ok(())
}

/// Every input is earlier, and every output but the last is read.
fn check_order(defs: &[LayerDef]) -> Result<(), NetworkError> {
    let last = defs.len().checked_sub(1).ok_or(NetworkError::Empty)?;
    let mut is_read = vec![false; defs.len()];
    for (index, def) in defs.iter().enumerate() {
        let skip = match def.op {
            OpDef::Add(add) => Some(add.skip),
            OpDef::Conv { .. } | OpDef::Linear(_) | OpDef::MaxPool(_) | OpDef::SumPool(_) => None,
        };
        for (input, fault) in [(Some(def.input), LayerFault::InputNotEarlier), (skip, LayerFault::SkipNotEarlier)] {
            if let Some(LayerInput::Layer(LayerId(earlier))) = input {
                if earlier >= index {
                    return Err(at(index, &def.name, fault));
                }
                is_read[earlier] = true;
            }
        }
    }
    let unread = is_read[..last].iter().position(|is_read| !is_read);
    let logits = defs[..last].iter().position(|def| match &def.op {
        OpDef::Conv { weights, .. } | OpDef::Linear(weights) => weights.output == OutputFormat::Logits,
        OpDef::MaxPool(_) | OpDef::SumPool(_) | OpDef::Add(_) => false,
    });
    match (logits, unread) {
        (Some(index), _) => Err(at(index, &defs[index].name, LayerFault::LogitsNotLast)),
        (None, Some(index)) => Err(at(index, &defs[index].name, LayerFault::Unread)),
        (None, None) => Ok(()),
    }
}

struct Builder {
    input: (Shape, CodeFormat),
    layers: Vec<Layer>,
    /// Formats of the layers' output codes.
    outputs: Vec<Option<CodeFormat>>,
    macs: u64,
}

impl Builder {
    fn push(&mut self, def: LayerDef) -> Result<Option<Tensors>, LayerFault> {
        let (shape, format) = self.source(def.input)?;
        let (layer, output, tensors) = match def.op {
            OpDef::Conv { window, weights } => {
                check_window(window, shape)?;
                weighted(def.name, def.input, shape, (window, format, weights))?
            }
            OpDef::Linear(weights) => {
                weighted(def.name, def.input, shape.flattened(), (Window::UNIT, format, weights))?
            }
            OpDef::MaxPool(window) => (max_pool(def.name, def.input, shape, (window, format))?, Some(format), None),
            OpDef::SumPool(window) => sum_pool(def.name, def.input, shape, (window, format))?,
            OpDef::Add(add) => addition(def.name, def.input, (shape, format), (add, self.source(add.skip)?))?,
        };
        self.macs = self.macs.saturating_add(layer.macs());
        if self.macs > MAX_MACS {
            return Err(LayerFault::TooLarge { what: "multiply–accumulates of an image", limit: MAX_MACS });
        }
        self.layers.push(layer);
        self.outputs.push(output);
        Ok(tensors)
    }
}

impl Builder {
    /// Shape and format of what comes from there.
    fn source(&self, input: LayerInput) -> Result<(Shape, CodeFormat), LayerFault> {
        match input {
            LayerInput::Network => Ok(self.input),
            LayerInput::Layer(LayerId(earlier)) => {
                Ok((self.layers[earlier].out_shape, self.outputs[earlier].ok_or(LayerFault::LogitsNotLast)?))
            }
        }
    }
}

type Built = (Layer, Option<CodeFormat>, Option<Tensors>);

fn weighted(
    name: String,
    input: LayerInput,
    in_shape: Shape,
    (window, format, def): (Window, CodeFormat, WeightsDef),
) -> Result<Built, LayerFault> {
    check_bits("weight_bits", def.weight_bits)?;
    if let OutputFormat::Codes { bits } = def.output {
        check_bits("activation_bits", bits)?;
    }
    check_range("out_channels", def.out_channels, 1..=MAX_EXTENT)?;
    let out_shape = out_shape(window, in_shape, def.out_channels)?;
    if def.output == OutputFormat::Logits {
        check_range("out_channels", def.out_channels, 1..=MAX_CLASSES)?;
        if out_shape.positions() != 1 {
            return Err(LayerFault::LogitsMap { shape: out_shape });
        }
    }
    let weighted = Weighted {
        window,
        input: format,
        weight_bits: def.weight_bits,
        representation: def.representation,
        output: def.output,
        tensors: None,
        densities: Densities::default(),
    };
    let matrix = [window.height, window.width, in_shape.channels, def.out_channels];
    if product(&matrix).is_none_or(|weights| weights > MAX_VALUES) {
        return Err(LayerFault::TooLarge { what: "weights", limit: MAX_VALUES });
    }
    let layer = Layer { name, input, in_shape, out_shape, op: Op::Weighted(weighted) };
    if let Some(weighted) = layer.weighted() {
        check_sums(layer.rows(), weighted, 0, 0)?;
    }
    Ok((layer, def.output.codes(), def.tensors))
}

fn max_pool(
    name: String,
    input: LayerInput,
    in_shape: Shape,
    (window, format): (Window, CodeFormat),
) -> Result<Layer, LayerFault> {
    check_window(window, in_shape)?;
    // Every window then has a value of the map.
    check_range("padding", window.padding, 0..=(window.height.min(window.width) - 1) as u64)?;
    if format.sign == Sign::TwosComplement && window.padding > 0 {
        return Err(LayerFault::PaddedSignedPool);
    }
    let out_shape = out_shape(window, in_shape, in_shape.channels)?;
    Ok(Layer { name, input, in_shape, out_shape, op: Op::MaxPool(window) })
}

fn sum_pool(
    name: String,
    input: LayerInput,
    in_shape: Shape,
    (window, format): (Window, CodeFormat),
) -> Result<Built, LayerFault> {
    check_window(window, in_shape)?;
    if format.sign == Sign::TwosComplement {
        return Err(LayerFault::SignedSum);
    }
    let output = sum_format(format, window);
    if !LEGAL_BITS.contains(&output.bits) {
        return Err(LayerFault::WideSums { bits: output.bits });
    }
    let out_shape = out_shape(window, in_shape, in_shape.channels)?;
    Ok((Layer { name, input, in_shape, out_shape, op: Op::SumPool(window) }, Some(output), None))
}

/// As many bits as the greatest sum of a window has.
pub(crate) fn sum_format(input: CodeFormat, window: Window) -> CodeFormat {
    let greatest = u128::from(input.max_code()) * window.height as u128 * window.width as u128;
    CodeFormat::unsigned(u128::BITS - greatest.leading_zeros())
}

fn addition(
    name: String,
    input: LayerInput,
    (in_shape, format): (Shape, CodeFormat),
    (add, (skip_shape, skip_format)): (Add, (Shape, CodeFormat)),
) -> Result<Built, LayerFault> {
    check_bits("bits", add.bits)?;
    if [format, skip_format].iter().any(|operand| operand.sign == Sign::TwosComplement) {
        return Err(LayerFault::SignedSum);
    }
    if in_shape != skip_shape {
        return Err(LayerFault::UnequalOperands { input: in_shape, skip: skip_shape });
    }
    let layer = Layer { name, input, in_shape, out_shape: in_shape, op: Op::Add(add) };
    Ok((layer, Some(CodeFormat::unsigned(add.bits)), None))
}

fn check_window(window: Window, input: Shape) -> Result<(), LayerFault> {
    check_range("kernel", window.height, 1..=MAX_EXTENT)?;
    check_range("kernel", window.width, 1..=MAX_EXTENT)?;
    check_range("stride", window.stride, 1..=MAX_EXTENT)?;
    check_range("padding", window.padding, 0..=MAX_EXTENT)?;
    if window.height > input.height + 2 * window.padding || window.width > input.width + 2 * window.padding {
        return Err(LayerFault::WindowTooLarge { window, input });
    }
    Ok(())
}

/// Shape of the output; the window fits on the padded input.
fn out_shape(window: Window, input: Shape, channels: usize) -> Result<Shape, LayerFault> {
    let steps = |extent: usize, window_extent: usize| (extent + 2 * window.padding - window_extent) / window.stride + 1;
    let shape = Shape::new(channels, steps(input.height, window.height), steps(input.width, window.width));
    if is_legal_size(shape) {
        Ok(shape)
    } else {
        Err(LayerFault::TooLarge { what: "values of a feature map", limit: MAX_VALUES })
    }
}

/// |Y| ≤ K·max|x|·(2^(k+F) + |n|); of a pair, r·2^k in place of |n|.
fn check_sums(rows: usize, weighted: &Weighted, fraction_bits: u32, greatest_bias: u64) -> Result<(), LayerFault> {
    let inputs = (rows as u128) << weighted.input.bits;
    let bound = inputs * ((1u128 << (weighted.weight_bits + fraction_bits)) + u128::from(greatest_bias));
    if bound > MAX_SUM { Err(LayerFault::SumsTooLarge { bound }) } else { Ok(()) }
}

fn check_bits(field: &'static str, bits: u32) -> Result<(), LayerFault> {
    check_range(field, bits as usize, u64::from(*LEGAL_BITS.start())..=u64::from(*LEGAL_BITS.end()))
}

fn check_range(field: &'static str, value: usize, legal: RangeInclusive<u64>) -> Result<(), LayerFault> {
    let value = value as u64;
    if legal.contains(&value) {
        return Ok(());
    }
    Err(LayerFault::OutOfRange { field, value, low: *legal.start(), high: *legal.end() })
}

fn is_legal_size(shape: Shape) -> bool {
    let values = product(&[shape.channels, shape.height, shape.width]);
    values.is_some_and(|values| (1..=MAX_VALUES).contains(&values))
}

fn product(factors: &[usize]) -> Option<u64> {
    factors.iter().try_fold(1u64, |product, &factor| product.checked_mul(factor as u64))
}
