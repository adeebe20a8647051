//! Layers without weights: additions and sum pools.

use proptest::prelude::*;
use rebias_arch::testing::{toy, toy_with};
use rebias_arch::{Replication, TilePlacement};
use rebias_network::Shape;
use rebias_network::testing::{RandomNetwork, random_network};
use rebias_units::{Action, Bytes};

use super::nets::residual;
use super::replayed;
use crate::replay::plan::Plan;
use crate::replay::{ReplayError, Schedule};

#[test]
fn sums_are_counted_where_they_are_made() {
    // Maps of 4 × 4 pixels of 8 channels, 4 bits each.
    let result = replayed(&residual(Shape::new(3, 4, 4), 4, 8), &toy()).expect("it runs");
    let (sum, mean) = (&result.layers[3], &result.layers[4]);
    assert_eq!(sum.counts[Action::TileShiftAdd], 16 * 8, "two operands are one addition");
    assert_eq!(sum.counts[Action::EdramRead], 16 * (4 + 4));
    assert_eq!(sum.counts[Action::BusTransfer], 16 * (4 + 4));
    assert_eq!(sum.counts[Action::TileOutputRegisterWrite], 16 * 4);
    assert_eq!(sum.counts[Action::Activation], 0);
    assert_eq!(mean.counts[Action::TileShiftAdd], 4 * 3 * 8, "four codes are three additions");
    assert_eq!(mean.counts[Action::EdramRead], 4 * 4 * 4);
    // Sums of four codes of 4 bits have 6.
    assert_eq!(mean.counts[Action::TileOutputRegisterWrite], 4 * 6);
    for layer in &result.layers {
        assert_eq!(layer.sent, layer.received);
    }
    // The first layer's codes go to the second and to the addition.
    assert_eq!(result.layers[0].sent, Bytes(16 * (4 + 4)));
}

#[test]
fn a_skip_operand_has_room_for_what_comes_before_its_partner() {
    let network = residual(Shape::new(3, 4, 4), 4, 8);
    let placement = rebias_mapper::map(&network, &toy()).expect("it fits");
    let plan = Plan::new(&network, &toy(), &placement, Schedule::InterLayer);
    let skip = plan.buffers.iter().find(|buffer| buffer.operand == 1).expect("there is an addition");
    assert_eq!(skip.slot, Bytes(4));
    // Through two 3 × 3 windows pixel (0, 0) of the main path needs pixels up to (2, 2) of the first map: eleven, which
    // may all be there before it. Pixel (1, 1) needs all sixteen, and is the sixth.
    assert_eq!(skip.reserved, Bytes(11 * 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_residual_networks_finish_or_say_what_is_too_small(
        seed in 0u64..10_000, edram in 60u64..3000, imas in 1u32..4, output_register in 1u64..100, wires in 1u32..64,
    ) {
        let recipe = RandomNetwork { n_residuals: 1..=3, ..RandomNetwork::default() };
        let network = random_network(seed, &recipe);
        let arch = |edram| toy_with(|chip, _| {
            chip.n_tiles = 256;
            chip.tile.n_imas = imas;
            chip.tile.edram.capacity = Bytes(edram);
            chip.tile.bus.wires = wires;
            chip.tile.output_register.capacity = Bytes(output_register);
        });
        let ample = replayed(&network, &arch(1 << 20)).expect("nothing is too small");
        for layer in &ample.layers {
            prop_assert_eq!(layer.sent, layer.received);
        }
        match replayed(&network, &arch(edram)) {
            Ok(result) => {
                for (tight, ample) in result.layers.iter().zip(&ample.layers) {
                    prop_assert_eq!(tight.counts, ample.counts);
                }
            }
            Err(ReplayError::BufferTooSmall { needed, .. }) => prop_assert!(needed > Bytes(edram)),
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}

#[test]
fn residual_networks_send_what_the_mapper_foresees() {
    for placement in [TilePlacement::InOrder, TilePlacement::ByTraffic] {
        for channels in [8, 24, 40] {
            let network = residual(Shape::new(3, 4, 4), 4, channels);
            let arch = toy_with(|chip, mapping| {
                (mapping.placement, mapping.replication) = (placement, Replication::Balanced);
                (chip.n_tiles, chip.noc.tiles_per_router) = (200, 1);
                (chip.tile.n_imas, chip.tile.ima.n_crossbars) = (1, 2);
            });
            let placed = rebias_mapper::map(&network, &arch).expect("it fits");
            let foreseen = rebias_mapper::TrafficMatrix::new(&network, &arch, &placed).byte_hops(&arch);
            let sent = replayed(&network, &arch).expect("it runs").counts()[Action::LinkByte];
            assert_eq!(sent, foreseen, "{channels} channels, {placement:?}");
        }
    }
}
