//! Networks of shapes.

use rebias_network::LayerId;
use rebias_network::{
    Add, CodeFormat, LayerDef, LayerInput, Network, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window,
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

/// Two convolutions whose sum with what the first reads goes through a third: `input → a → b → c`, and `b` is added to
/// `a`; a sum pool ends it.
pub(super) fn residual(input: Shape, bits: u32, channels: usize) -> Network {
    let layer = |name: &str, input, op| LayerDef { name: name.to_owned(), input, op };
    let of = |index| LayerInput::Layer(LayerId(index));
    let layers = vec![
        layer("a", LayerInput::Network, conv(channels, 2, bits, 3)),
        layer("b", of(0), conv(channels, 2, bits, 3)),
        layer("c", of(1), conv(channels, 2, bits, 3)),
        layer("sum", of(2), OpDef::Add(Add { skip: of(0), bits })),
        layer("mean", of(3), OpDef::SumPool(Window { height: 2, width: 2, stride: 2, padding: 0 })),
        layer("last", of(4), linear(5, 2)),
    ];
    Network::new("residual", input, CodeFormat::unsigned(bits), layers).expect("a valid network")
}
