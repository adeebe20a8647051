//! What holds for any small network on any small chip.

use proptest::prelude::*;
use rebias_arch::testing::toy_with;
use rebias_arch::{Arch, Replication, TilePlacement};
use rebias_network::{Network, Shape};
use rebias_tile::ChipSpec;
use rebias_units::{Action, Bytes};

use super::nets::{chain, conv, linear, pool};
use super::{ReplayError, replayed};
use crate::replay::ReplayResult;

/// A layer's channels, window size and input bits, and whether a pool follows.
type Conv = (usize, usize, u32, bool);

prop_compose! {
    fn conv_shape()(channels in 1usize..40, half in 0usize..2, bits in 1u32..5, pooled in prop::bool::ANY) -> Conv {
        (channels, 2 * half + 1, bits, pooled)
    }
}

fn network(size: usize, convs: &[Conv]) -> Network {
    let mut ops = Vec::new();
    for &(channels, window, bits, pooled) in convs {
        ops.push(conv(channels, 2, bits, window));
        if pooled {
            ops.push(pool(2));
        }
    }
    ops.push(linear(5, 2));
    chain(Shape::new(3, 4 * size, 4 * size), 4, ops)
}

/// A convolution of three channels.
fn one_layer(size: usize, (channels, window, bits, _): Conv) -> Network {
    chain(Shape::new(3, 4 * size, 4 * size), 4, vec![conv(channels, 2, bits, window)])
}

/// A chip that has room for a few tens of arrays, with some things scarce.
fn chip(change: impl FnOnce(&mut ChipSpec)) -> Arch {
    toy_with(|chip, _| {
        chip.n_tiles = 64;
        change(chip);
    })
}

fn run(network: &Network, arch: &Arch) -> ReplayResult {
    replayed(network, arch).expect("small windows fit")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_small_networks_finish_or_say_what_is_too_small(
        convs in prop::collection::vec(conv_shape(), 1..3),
        size in 1usize..3,
        edram in 60u64..2000,
        input_register in 16u64..200,
        output_register in 1u64..100,
        wires in 1u32..64,
        imas in 1u32..4,
        replication in prop::sample::select(vec![Replication::None, Replication::Balanced]),
    ) {
        let network = network(size, &convs);
        let arch = toy_with(|chip, mapping| {
            mapping.replication = replication;
            chip.n_tiles = 64;
            chip.tile.n_imas = imas;
            chip.tile.edram.capacity = Bytes(edram);
            chip.tile.bus.wires = wires;
            chip.tile.output_register.capacity = Bytes(output_register);
            chip.tile.ima.input_register.capacity = Bytes(input_register);
            chip.tile.ima.output_register.capacity = Bytes(output_register);
        });
        match replayed(&network, &arch) {
            Ok(result) => {
                let conversions = run(&network, &chip(|_| ())).counts()[Action::AdcConversion];
                prop_assert_eq!(result.counts()[Action::AdcConversion], conversions);
                prop_assert!(result.critical.busy <= 1.0 + 1e-9, "{:?}", result.critical);
            }
            Err(ReplayError::BufferTooSmall { needed, .. }) => prop_assert!(needed > Bytes(edram)),
            Err(ReplayError::InputRegisterTooSmall { needed, .. }) => prop_assert!(needed > Bytes(input_register)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn prop_a_replay_sends_what_the_mapper_foresees(
        convs in prop::collection::vec(conv_shape(), 1..3),
        size in 1usize..3,
        placement in prop::sample::select(vec![TilePlacement::InOrder, TilePlacement::ByTraffic]),
        replication in prop::sample::select(vec![Replication::None, Replication::Balanced]),
    ) {
        let network = network(size, &convs);
        let arch = toy_with(|chip, mapping| {
            (mapping.placement, mapping.replication) = (placement, replication);
            (chip.n_tiles, chip.noc.tiles_per_router) = (200, 1);
            (chip.tile.n_imas, chip.tile.ima.n_crossbars) = (1, 2);
        });
        let placed = rebias_mapper::map(&network, &arch).expect("it fits");
        let foreseen = rebias_mapper::TrafficMatrix::new(&network, &arch, &placed).byte_hops(&arch);
        prop_assert_eq!(run(&network, &arch).counts()[Action::LinkByte], foreseen);
    }

    // Where several layers share a tile's parts, a little more of one can let a request in before another and cost a
    // cycle elsewhere; what holds strictly holds for one layer.

    #[test]
    fn prop_twice_the_adcs_are_never_slower(shape in conv_shape(), size in 1usize..3, adcs in 1u32..4) {
        let network = one_layer(size, shape);
        let of = |n_adcs| run(&network, &chip(|chip| chip.tile.ima.n_adcs = n_adcs));
        let (fewer, more) = (of(adcs), of(2 * adcs));
        prop_assert!(more.first_latency <= fewer.first_latency && more.interval <= fewer.interval);
    }

    #[test]
    fn prop_a_wider_bus_is_never_slower(shape in conv_shape(), size in 1usize..3, wires in 1u32..64) {
        let network = one_layer(size, shape);
        let of = |wires| run(&network, &chip(|chip| chip.tile.bus.wires = wires));
        let (narrow, wide) = (of(wires), of(4 * wires));
        prop_assert!(wide.first_latency <= narrow.first_latency && wide.interval <= narrow.interval);
    }

    #[test]
    fn prop_a_bigger_buffer_is_never_slower(shape in conv_shape(), size in 1usize..3, more in 0u64..400) {
        let network = one_layer(size, shape);
        let of = |bytes| run(&network, &chip(|chip| chip.tile.edram.capacity = Bytes(bytes)));
        let (small, big) = (of(120), of(120 + more));
        prop_assert!(big.first_latency <= small.first_latency && big.interval <= small.interval);
    }
}
