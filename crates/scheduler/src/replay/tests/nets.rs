//! Networks of shapes.

use rebias_network::LayerId;
use rebias_network::{
    CodeFormat, LayerDef, LayerInput, Network, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window,
};

/// Weights without values.
fn weights(out_channels: usize, weight_bits: u32, output: OutputFormat) -> WeightsDef {
    WeightsDef { out_channels, weight_bits, representation: Representation::Biased, output, tensors: None }
}

pub(super) fn conv(out_channels: usize, weight_bits: u32, output_bits: u32, size: usize) -> OpDef {
    let window = Window { height: size, width: size, stride: 1, padding: size / 2 };
    OpDef::Conv { window, weights: weights(out_channels, weight_bits, OutputFormat::Codes { bits: output_bits }) }
}

pub(super) fn linear(outputs: usize, weight_bits: u32) -> OpDef {
    OpDef::Linear(weights(outputs, weight_bits, OutputFormat::Logits))
}

pub(super) fn pool(size: usize) -> OpDef {
    OpDef::MaxPool(Window { height: size, width: size, stride: size, padding: 0 })
}

/// Layers one behind the other; unsigned inputs of some bits.
pub(super) fn chain(input: Shape, bits: u32, ops: Vec<OpDef>) -> Network {
    let layers = ops.into_iter().enumerate().map(|(index, op)| LayerDef {
        name: format!("layer{index}"),
        input: index.checked_sub(1).map_or(LayerInput::Network, |before| LayerInput::Layer(LayerId(before))),
        op,
    });
    Network::new("test", input, CodeFormat::unsigned(bits), layers.collect()).expect("a valid network")
}
