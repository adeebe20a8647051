//! Placements of small networks, worked by hand, and laws that hold for all.

use std::collections::BTreeSet;
use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use rebias_arch::testing::{on_chips, toy_with};
use rebias_arch::{
    Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, MappingSpec, Replication, TilePlacement,
};
use rebias_network::testing::{RandomNetwork, random_network};
use rebias_network::{
    CodeFormat, LayerDef, LayerId, LayerInput, Network, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window,
};
use rebias_tile::{BiasConverter, ChipLinkSpec, SystemSpec};
use rebias_units::{Bytes, Time};

use super::map;
use crate::{CellAddress, LayerPlacement, MapError, WeightSlice};

fn bias_column(place: BiasColumnPlace) -> BiasSource {
    BiasSource::Columns(BiasColumnsSpec {
        sharing: BiasSharing::Array,
        n: 1,
        level: 1,
        place,
        converter: BiasConverter::Own,
        adc_bits: 8,
    })
}

fn weights(out_channels: usize, output: OutputFormat) -> WeightsDef {
    WeightsDef { out_channels, weight_bits: 4, representation: Representation::Biased, output, tensors: None }
}

/// A convolution on 12 × 12, a pooling layer, a convolution on 5 × 5, and a linear layer.
fn small_net() -> Network {
    let conv = |out_channels| OpDef::Conv {
        window: Window { height: 3, width: 3, stride: 1, padding: 0 },
        weights: weights(out_channels, OutputFormat::Codes { bits: 4 }),
    };
    let pool = OpDef::MaxPool(Window { height: 2, width: 2, stride: 2, padding: 0 });
    let ops = [
        ("conv1", conv(8)),
        ("pool", pool),
        ("conv2", conv(32)),
        ("linear", OpDef::Linear(weights(10, OutputFormat::Logits))),
    ];
    let layers = ops.into_iter().enumerate().map(|(index, (name, op))| LayerDef {
        name: name.to_owned(),
        input: index.checked_sub(1).map_or(LayerInput::Network, |earlier| LayerInput::Layer(LayerId(earlier))),
        op,
    });
    Network::new("small", Shape::new(1, 12, 12), CodeFormat::unsigned(4), layers.collect()).expect("a legal network")
}

fn check(network: &Network, arch: &Arch, shown: Expect) {
    let placement = map(network, arch).expect("it fits");
    let mut text = String::new();
    for layer in placement.layers() {
        let arrays: Vec<_> = layer.replicas.iter().flat_map(|replica| &replica.arrays).collect();
        let path = |index: usize| {
            let array = arrays[index];
            format!("Tile[{}].Ima[{}].Crossbar[{}]", array.ima.tile.0, array.ima.ima, array.crossbar)
        };
        writeln!(
            text,
            "{}: {} × ({} × {}) {} … {}, {:.4} used",
            network.layer(layer.layer).name(),
            layer.replicas.len(),
            layer.row_blocks.len(),
            layer.column_blocks.len(),
            path(0),
            path(arrays.len() - 1),
            layer.utilisation(arch),
        )
        .expect("a string takes all");
    }
    writeln!(
        text,
        "{} arrays, {} IMAs, {} tiles, {:.4} used",
        placement.n_crossbars(),
        placement.n_imas(),
        placement.n_tiles(),
        placement.utilisation(arch)
    )
    .expect("a string takes all");
    shown.assert_eq(&text);
}

#[test]
fn layers_begin_new_imas_but_share_tiles() {
    // conv2 has 72 rows × 32 outputs × 2 slices: 3 × 2 arrays; linear 288 rows × 10 × 2: 9 × 1.
    let arch = toy_with(|_, _| {});
    check(
        &small_net(),
        &arch,
        expect![[r#"
            conv1: 1 × (1 × 1) Tile[0].Ima[0].Crossbar[0] … Tile[0].Ima[0].Crossbar[0], 0.1406 used
            conv2: 1 × (3 × 2) Tile[0].Ima[1].Crossbar[0] … Tile[1].Ima[0].Crossbar[1], 0.7500 used
            linear: 1 × (9 × 1) Tile[1].Ima[1].Crossbar[0] … Tile[2].Ima[1].Crossbar[0], 0.6250 used
            16 arrays, 6 IMAs, 3 tiles, 0.6416 used
        "#]],
    );
}

#[test]
fn an_inside_bias_column_costs_an_output_and_an_extra_one_does_not() {
    let arch = |place| toy_with(|_, mapping| mapping.bias = bias_column(place));
    check(
        &small_net(),
        &arch(BiasColumnPlace::Extra),
        expect![[r#"
            conv1: 1 × (1 × 1) Tile[0].Ima[0].Crossbar[0] … Tile[0].Ima[0].Crossbar[0], 0.1449 used
            conv2: 1 × (3 × 2) Tile[0].Ima[1].Crossbar[0] … Tile[1].Ima[0].Crossbar[1], 0.7500 used
            linear: 1 × (9 × 1) Tile[1].Ima[1].Crossbar[0] … Tile[2].Ima[1].Crossbar[0], 0.6364 used
            16 arrays, 6 IMAs, 3 tiles, 0.6483 used
        "#]],
    );
    check(
        &small_net(),
        &arch(BiasColumnPlace::Inside),
        expect![[r#"
            conv1: 1 × (1 × 1) Tile[0].Ima[0].Crossbar[0] … Tile[0].Ima[0].Crossbar[0], 0.1494 used
            conv2: 1 × (3 × 3) Tile[0].Ima[1].Crossbar[0] … Tile[1].Ima[1].Crossbar[0], 0.5234 used
            linear: 1 × (9 × 1) Tile[2].Ima[0].Crossbar[0] … Tile[3].Ima[0].Crossbar[0], 0.6562 used
            19 arrays, 7 IMAs, 4 tiles, 0.5667 used
        "#]],
    );
}

#[test]
fn balanced_copies_fill_the_imas_one_after_the_other() {
    let arch = toy_with(|chip, mapping| {
        chip.n_tiles = 20;
        mapping.replication = Replication::Balanced;
    });
    check(
        &small_net(),
        &arch,
        expect![[r#"
            conv1: 92 × (1 × 1) Tile[0].Ima[0].Crossbar[0] … Tile[11].Ima[0].Crossbar[3], 0.1406 used
            conv2: 9 × (3 × 2) Tile[11].Ima[1].Crossbar[0] … Tile[18].Ima[0].Crossbar[1], 0.7500 used
            linear: 1 × (9 × 1) Tile[18].Ima[1].Crossbar[0] … Tile[19].Ima[1].Crossbar[0], 0.6250 used
            155 arrays, 40 IMAs, 20 tiles, 0.3810 used
        "#]],
    );
}

#[test]
fn a_network_that_does_not_fit_says_how_many_tiles_it_needs() {
    let arch = |n_tiles| {
        toy_with(|chip, mapping| {
            chip.n_tiles = n_tiles;
            mapping.replication = Replication::Balanced;
        })
    };
    let error = map(&small_net(), &arch(2)).expect_err("it needs three");
    assert_eq!(error, MapError::TooFewTiles { network: "small".to_owned(), needed: 3, available: 2 });
    expect![[r#"
        network `small` needs 3 tiles for one copy of each layer, and there are 2
        hint: raise `chip.tiles`, `system.chips`, `tile.imas` or `ima.crossbars`, or store more bits in a cell"#]]
    .assert_eq(&error.to_string());
    assert!(map(&small_net(), &arch(3)).is_ok());
}

/// Rows, positions, arrays and used cells of one convolution on the toy's 32 × 32 arrays of 2-bit cells, counted weight
/// by weight and position by position.
fn counted(input: Shape, window: Window, out_channels: usize) -> (usize, usize, usize, usize) {
    let places = |size: usize, extent: usize| {
        let last_start = |start: &usize| start + extent <= size + 2 * window.padding;
        (0..).step_by(window.stride).take_while(last_start).count()
    };
    let positions = places(input.height, window.height) * places(input.width, window.width);
    let (mut rows, mut arrays, mut cells) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for channel in 0..input.channels {
        for (line, column) in (0..window.height).flat_map(|line| (0..window.width).map(move |column| (line, column))) {
            rows.insert((channel, line, column));
            let row = (channel * window.height + line) * window.width + column;
            for bit_line in 0..2 * out_channels {
                arrays.insert((row / 32, bit_line / 32));
                cells.insert((row, bit_line));
            }
        }
    }
    (rows.len(), positions, arrays.len(), cells.len())
}

#[test]
fn odd_shapes_are_counted_exactly() {
    let window = |size, stride, padding| Window { height: size, width: size, stride, padding };
    let cases = [
        (Shape::new(3, 32, 32), window(7, 2, 3), 20),
        (Shape::new(8, 9, 9), window(3, 2, 1), 16),
        (Shape::new(33, 5, 7), window(1, 1, 0), 17),
        (Shape::new(32, 4, 4), window(1, 2, 0), 16),
        (Shape::new(1, 11, 6), Window { height: 5, width: 2, stride: 3, padding: 1 }, 1),
        (Shape::new(3, 23, 23), window(11, 4, 2), 31),
    ];
    let arch = toy_with(|chip, _| chip.n_tiles = 1000);
    for (input, window, out_channels) in cases {
        let op = OpDef::Conv { window, weights: weights(out_channels, OutputFormat::Codes { bits: 4 }) };
        let layers = vec![LayerDef { name: "conv".to_owned(), input: LayerInput::Network, op }];
        let network = Network::new("odd", input, CodeFormat::unsigned(4), layers).expect("a legal network");
        let placement = map(&network, &arch).expect("it fits");
        let placed = &placement.layers()[0];
        let (rows, positions, arrays, cells) = counted(input, window, out_channels);
        let layer = network.layer(placed.layer);
        assert_eq!((layer.rows(), placed.n_positions), (rows, positions), "{window:?}");
        assert_eq!((placed.n_crossbars() as usize, placed.used_cells() as usize), (arrays, cells), "{window:?}");
        assert_eq!(placed.utilisation(&arch), cells as f64 / (arrays * 32 * 32) as f64, "{window:?}");
    }
}

#[test]
fn a_network_may_stand_on_several_chips() {
    let chip_link = ChipLinkSpec {
        n_links: 1,
        byte_time: Time::from_nanoseconds(1.0),
        latency: Time::from_nanoseconds(1.0),
        capacity: Bytes(1024),
        router: 0,
    };
    let chips = |n_chips| {
        let arch = toy_with(|chip, _| chip.n_tiles = 2);
        on_chips(arch, SystemSpec { n_chips, chip_link: Some(chip_link) })
    };
    assert!(matches!(map(&small_net(), &chips(1)), Err(MapError::TooFewTiles { needed: 3, available: 2, .. })));
    let placement = map(&small_net(), &chips(2)).expect("two chips have four tiles");
    assert_eq!(placement.n_tiles(), 3);
}

#[test]
fn a_target_too_small_for_one_copy_each_is_refused() {
    let arch = |crossbars| toy_with(|_, mapping| mapping.replication = Replication::Target { crossbars });
    let error = map(&small_net(), &arch(15)).expect_err("it needs sixteen");
    expect![[r#"
        network `small` needs 16 crossbars for one copy of each layer, and 15 are to be spent
        hint: raise `mapping.target_crossbars`, or set `mapping.replication` to another rule"#]]
    .assert_eq(&error.to_string());
    assert_eq!(map(&small_net(), &arch(16)).expect("one copy each").n_crossbars(), 16);
}

#[test]
fn a_target_is_spent_on_the_layers_with_most_reads() {
    let arch = toy_with(|chip, mapping| {
        chip.n_tiles = 20;
        mapping.replication = Replication::Target { crossbars: 24 };
    });
    check(
        &small_net(),
        &arch,
        expect![[r#"
            conv1: 9 × (1 × 1) Tile[0].Ima[0].Crossbar[0] … Tile[1].Ima[0].Crossbar[0], 0.1406 used
            conv2: 1 × (3 × 2) Tile[1].Ima[1].Crossbar[0] … Tile[2].Ima[0].Crossbar[1], 0.7500 used
            linear: 1 × (9 × 1) Tile[2].Ima[1].Crossbar[0] … Tile[3].Ima[1].Crossbar[0], 0.6250 used
            24 arrays, 8 IMAs, 4 tiles, 0.4746 used
        "#]],
    );
}

#[test]
fn a_weight_wider_than_an_array_is_refused() {
    let arch = |bit_lines| {
        toy_with(|chip, mapping| {
            chip.tile.ima.crossbar.bit_lines = bit_lines;
            mapping.bias = bias_column(BiasColumnPlace::Inside);
        })
    };
    let error = map(&small_net(), &arch(2)).expect_err("one bit line is the bias column's");
    assert_eq!(error, MapError::ArrayTooNarrow { layer: "conv1".to_owned(), slices: 2, bit_lines: 1 });
    expect![[r#"
        a weight of layer `conv1` takes 2 bit lines, and an array has 1 for weights
        hint: raise `crossbar.bit_lines` or `cell.bits`"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn a_network_without_weights_is_refused() {
    let pool = LayerDef {
        name: "pool".to_owned(),
        input: LayerInput::Network,
        op: OpDef::MaxPool(Window { height: 2, width: 2, stride: 2, padding: 0 }),
    };
    let network = Network::new("pools", Shape::new(1, 4, 4), CodeFormat::unsigned(4), vec![pool]);
    let network = network.expect("a legal network");
    assert!(matches!(map(&network, &toy_with(|_, _| {})), Err(MapError::NoWeights { .. })));
}

/// All cells of all arrays of one copy.
fn cells(layer: &LayerPlacement, arch: &Arch) -> impl Iterator<Item = CellAddress> {
    let crossbar = &arch.ima().crossbar;
    let (n_row_blocks, n_column_blocks) = (layer.row_blocks.len(), layer.column_blocks.len());
    (0..n_row_blocks).flat_map(move |row_block| {
        (0..n_column_blocks).flat_map(move |column_block| {
            (0..crossbar.word_lines).flat_map(move |word_line| {
                (0..crossbar.bit_lines).map(move |bit_line| CellAddress {
                    row_block,
                    column_block,
                    word_line,
                    bit_line,
                })
            })
        })
    })
}

fn any_arch() -> impl Strategy<Value = Arch> {
    let bias = prop_oneof![
        Just(BiasSource::DigitalCount),
        Just(bias_column(BiasColumnPlace::Extra)),
        Just(bias_column(BiasColumnPlace::Inside)),
    ];
    let replication = prop_oneof![
        Just(Replication::None),
        Just(Replication::Balanced),
        (100..=2000u64).prop_map(|crossbars| Replication::Target { crossbars }),
    ];
    let placement = prop_oneof![Just(TilePlacement::InOrder), Just(TilePlacement::ByTraffic)];
    (1..=40u32, 9..=40u32, 1..=8u32, 20..=200u32, bias, (replication, placement)).prop_map(
        |(word_lines, bit_lines, cell_bits, n_tiles, bias, (replication, placement))| {
            toy_with(|chip, mapping| {
                chip.n_tiles = n_tiles;
                chip.tile.ima.crossbar.word_lines = word_lines;
                chip.tile.ima.crossbar.bit_lines = bit_lines;
                chip.tile.ima.crossbar.cell.bits = cell_bits;
                mapping.bias = bias;
                (mapping.replication, mapping.placement) = (replication, placement);
            })
        },
    )
}

proptest! {
    #[test]
    fn prop_every_weight_slice_stands_in_one_cell_and_is_found_there(seed: u64, arch in any_arch()) {
        let network = random_network(seed, &RandomNetwork::default());
        let Ok(placement) = map(&network, &arch) else { return Ok(()) };
        for placed in placement.layers() {
            let layer = network.layer(placed.layer);
            let mut held = BTreeSet::new();
            for cell in cells(placed, &arch) {
                if let Some(weight) = placed.weight_at(cell) {
                    prop_assert_eq!(placed.cell_of(weight), Some(cell));
                    prop_assert!(held.insert(weight), "{:?} stands in two cells", weight);
                }
            }
            let slices = placed.slicing.n_weight_slices();
            prop_assert_eq!(held.len(), layer.rows() * layer.out_shape().channels * slices as usize);
            let biases = placed.bias.n_bias_columns as usize * layer.rows() * placed.column_blocks.len();
            prop_assert_eq!(placed.used_cells() as usize, (held.len() + biases) * placed.replicas.len());
            let beyond = WeightSlice { row: layer.rows(), output: 0, slice: 0 };
            prop_assert_eq!(placed.cell_of(beyond), None);
            prop_assert_eq!(placed.cell_of(WeightSlice { row: 0, output: 0, slice: slices }), None);
        }
        prop_assert!(placement.utilisation(&arch) <= 1.0);
    }

    #[test]
    fn prop_no_array_is_given_twice_and_no_ima_to_two_layers(seed: u64, arch in any_arch()) {
        let network = random_network(seed, &RandomNetwork::default());
        let Ok(placement) = map(&network, &arch) else { return Ok(()) };
        let (mut arrays, mut imas) = (BTreeSet::new(), BTreeSet::new());
        for placed in placement.layers() {
            let of_layer = placed.replicas.iter().flat_map(|replica| &replica.arrays);
            let mut imas_of_layer = BTreeSet::new();
            for array in of_layer {
                prop_assert!(array.ima.tile.0 < arch.chip().n_tiles);
                prop_assert!(array.ima.ima < arch.tile().n_imas);
                prop_assert!(array.crossbar < arch.ima().n_crossbars);
                prop_assert!(arrays.insert((array.ima, array.crossbar)));
                imas_of_layer.insert(array.ima);
            }
            for ima in &imas_of_layer {
                prop_assert!(imas.insert(*ima));
            }
            for replica in &placed.replicas {
                for (place, array) in replica.arrays.iter().enumerate() {
                    prop_assert_eq!(place, array.row_block * placed.column_blocks.len() + array.column_block);
                }
            }
        }
        prop_assert_eq!(placement.n_crossbars() as usize, arrays.len());
        prop_assert_eq!(placement.n_imas() as usize, imas.len());
        let tiles: BTreeSet<_> = imas.iter().map(|ima| ima.tile).collect();
        prop_assert_eq!(placement.n_tiles() as usize, tiles.len());
    }

    // A target is spent otherwise: what a larger chip lets the busiest layer have, another may lack.
    #[test]
    fn prop_layers_scaled_alike_never_have_fewer_copies_on_a_larger_chip(
        seed: u64,
        arch in any_arch(),
        replication in prop::sample::select(vec![Replication::None, Replication::Balanced]),
    ) {
        let arch = toy_with(|chip, mapping| {
            (*chip, *mapping) = (arch.chip().clone(), MappingSpec { replication, ..*arch.mapping() });
        });
        let network = random_network(seed, &RandomNetwork::default());
        let Ok(small) = map(&network, &arch) else { return Ok(()) };
        let mut larger = arch.chip().clone();
        larger.n_tiles += 1;
        let larger = toy_with(|chip, mapping| (*chip, *mapping) = (larger, *arch.mapping()));
        let large = map(&network, &larger).expect("what fits a chip fits a larger one");
        for (small, large) in small.layers().iter().zip(large.layers()) {
            prop_assert!(small.replicas.len() <= large.replicas.len());
        }
    }
}
