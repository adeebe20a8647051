//! Traffic worked by hand; that a replay sends as much is tested with the replay.

use rebias_arch::testing::toy_with;
use rebias_network::{CodeFormat, LayerDef, LayerId, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window};

use super::*;
use crate::map;

/// A convolution of 64 channels to 16 on 2 × 2 positions, and a linear layer to 8 outputs.
fn small_net() -> Network {
    let weights = |out_channels, output| WeightsDef {
        out_channels,
        weight_bits: 4,
        representation: Representation::Biased,
        output,
        tensors: None,
    };
    let layers = [
        ("conv", OpDef::Conv { window: Window::UNIT, weights: weights(16, OutputFormat::Codes { bits: 4 }) }),
        ("linear", OpDef::Linear(weights(8, OutputFormat::Logits))),
    ];
    let layers = layers.into_iter().enumerate().map(|(index, (name, op))| LayerDef {
        name: name.to_owned(),
        input: index.checked_sub(1).map_or(LayerInput::Network, |before| LayerInput::Layer(LayerId(before))),
        op,
    });
    Network::new("small", Shape::new(64, 2, 2), CodeFormat::unsigned(4), layers.collect()).expect("a valid network")
}

#[test]
fn tiles_send_sums_to_the_one_that_finishes_and_codes_to_those_that_read() {
    // An array of 32 × 32 cells a tile: each layer takes two, one for each half of its rows.
    let arch = toy_with(|chip, _| {
        (chip.tile.n_imas, chip.tile.ima.n_crossbars) = (1, 1);
        chip.noc.tiles_per_router = 1;
    });
    let traffic = TrafficMatrix::new(&small_net(), &arch, &map(&small_net(), &arch).expect("it fits"));
    let flows: Vec<_> = traffic.flows().map(|(tiles, bytes)| (tiles, bytes.0)).collect();
    let expected = [
        ((0, 2), 4 * 4), // 8 channels of 4 bits from each of 4 positions
        ((0, 3), 4 * 4),
        ((1, 0), 4 * 34), // 16 sums of 16 bits and the sum of inputs
        ((3, 2), 18),     // 8 sums and the sum of inputs
    ];
    assert_eq!(flows, expected);
    // Tiles 0 and 3 are opposite corners of the mesh.
    assert_eq!(traffic.byte_hops(&arch), 16 + 2 * 16 + 136 + 18);
}
