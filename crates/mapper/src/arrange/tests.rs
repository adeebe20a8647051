//! Rearranged tiles against tiles in order.

use std::collections::BTreeSet;

use expect_test::expect;
use proptest::prelude::*;
use rebias_arch::testing::{isaac, isaac_with, on_chips, toy_with};
use rebias_arch::{Arch, Replication, TilePlacement};
use rebias_network::testing::{RandomNetwork, random_network};
use rebias_network::{Named, Network, Trace, TraceFiles};
use rebias_tile::{Interconnect, SystemSpec};

use super::{Site, serpentine};
use crate::{TrafficMatrix, map};

/// A chip of many small tiles, so that layers span several.
fn small_tiles(n_tiles: u32, replication: Replication, placement: TilePlacement) -> Arch {
    toy_with(|chip, mapping| {
        (chip.n_tiles, chip.noc.tiles_per_router) = (n_tiles, 1);
        (chip.tile.n_imas, chip.tile.ima.n_crossbars) = (1, 2);
        (mapping.replication, mapping.placement) = (replication, placement);
    })
}

#[test]
fn a_site_is_as_far_from_another_as_the_interconnect_says() {
    let two_chips = |arch: Arch| {
        let chip_link = isaac().system().chip_link;
        on_chips(arch, SystemSpec { n_chips: 2, chip_link })
    };
    let mut far_link = two_chips(small_tiles(7, Replication::None, TilePlacement::InOrder));
    let mut system = *far_link.system();
    system.chip_link = system.chip_link.map(|link| rebias_tile::ChipLinkSpec { router: 5, ..link });
    far_link = on_chips(far_link, system);
    for arch in [isaac(), two_chips(isaac()), far_link] {
        let interconnect = Interconnect::new(arch.chip(), arch.system());
        for from in 0..arch.n_tiles() {
            for to in 0..arch.n_tiles() {
                let route = interconnect.route(from, to);
                let hops = Site::new(&arch, from).hops(&Site::new(&arch, to));
                assert_eq!(hops, route.links + route.chip_links, "{from} to {to}");
            }
        }
    }
}

#[test]
fn the_serpentine_turns_at_the_end_of_a_row() {
    let arch =
        |tiles_per_router| toy_with(|chip, _| (chip.n_tiles, chip.noc.tiles_per_router) = (16, tiles_per_router));
    assert_eq!(serpentine(&arch(1), 10), [0, 1, 2, 3, 7, 6, 5, 4, 8, 9]);
    assert_eq!(serpentine(&arch(4), 16), [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11]);
}

#[test]
fn a_small_network_on_a_huge_chip_is_placed() {
    // Its routers squared are more than any machine holds.
    let arch = small_tiles(1 << 20, Replication::None, TilePlacement::ByTraffic);
    let network = random_network(1, &RandomNetwork { n_convs: 2..=2, ..RandomNetwork::default() });
    let in_order = small_tiles(1 << 20, Replication::None, TilePlacement::InOrder);
    let n_tiles = |arch| map(&network, arch).expect("it fits").n_tiles();
    assert_eq!(n_tiles(&arch), n_tiles(&in_order));
}

/// A shape-only trace that is shipped.
fn shipped(toml: &str) -> Network {
    let toml = Named { name: "trace.toml".to_owned(), content: toml.to_owned() };
    let files = TraceFiles { toml, tensors: None, samples: None, calibration: None };
    Trace::parse(&files).expect("a shipped trace is valid").network
}

#[test]
fn bytes_of_vgg_11_cross_fewer_links() {
    let network = shipped(include_str!("../../../../traces/shapes/vgg11-32/trace.toml"));
    let byte_hops = |placement| {
        let arch = isaac_with(|_, mapping| mapping.placement = placement);
        TrafficMatrix::new(&network, &arch, &map(&network, &arch).expect("it fits")).byte_hops(&arch)
    };
    expect!["1643258 in order, 1195349 by traffic"].assert_eq(&format!(
        "{} in order, {} by traffic",
        byte_hops(TilePlacement::InOrder),
        byte_hops(TilePlacement::ByTraffic)
    ));
}

proptest! {
    #[test]
    fn prop_rearranged_tiles_are_never_worse_and_are_as_many(
        seed: u64,
        n_tiles in 40..=400u32,
        replication in prop::sample::select(vec![Replication::None, Replication::Balanced]),
    ) {
        let network = random_network(seed, &RandomNetwork::default());
        let arch = |placement| small_tiles(n_tiles, replication, placement);
        let placed = |placement| map(&network, &arch(placement));
        let (Ok(in_order), Ok(by_traffic)) = (placed(TilePlacement::InOrder), placed(TilePlacement::ByTraffic)) else {
            return Ok(());
        };
        let arch = arch(TilePlacement::InOrder);
        let byte_hops = |placement| TrafficMatrix::new(&network, &arch, placement).byte_hops(&arch);
        prop_assert!(byte_hops(&by_traffic) <= byte_hops(&in_order));
        let arrays = by_traffic.layers().iter().flat_map(|layer| &layer.replicas).flat_map(|replica| &replica.arrays);
        let tiles: BTreeSet<_> = arrays.map(|array| array.ima.tile.0).collect();
        prop_assert_eq!(tiles.len() as u32, in_order.n_tiles());
        let routers = |tiles: &BTreeSet<u32>| tiles.iter().map(|tile| tile / arch.chip().noc.tiles_per_router).collect::<BTreeSet<_>>().len() as u32;
        prop_assert_eq!(routers(&tiles), in_order.n_tiles());
    }
}
