//! Copies worked by hand, and against all others that could be afforded.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn demands(of: &[(u64, u64)]) -> Vec<Demand> {
    of.iter()
        .map(|&(n_positions, arrays_per_copy)| Demand { n_positions, reads_per_position: 1, arrays_per_copy })
        .collect()
}

#[test]
fn an_earlier_layer_has_as_many_copies_as_positions_for_one_of_the_next() {
    assert_eq!(balanced(&demands(&[(784, 1), (196, 1), (49, 1), (49, 1)])), [16, 4, 1, 1]);
}

#[test]
fn copies_are_rounded_up_and_end_at_the_positions() {
    assert_eq!(balanced(&demands(&[(25, 1), (9, 1), (4, 1)])), [9, 3, 1]);
    assert_eq!(balanced(&demands(&[(25, 1), (9, 1), (1, 1)])), [25, 9, 1]);
    assert_eq!(balanced(&demands(&[(1, 1), (9, 1), (1, 1)])), [1, 9, 1]);
}

#[test]
fn copies_fill_the_chip_and_no_more() {
    let demands = demands(&[(784, 1), (196, 2), (49, 4)]);
    // 16 + 4·2 + 1·4 arrays, one for each IMA.
    let of = |imas| copies(Replication::Balanced, &demands, Supply { crossbars_per_ima: 1, imas });
    assert_eq!(of(28), [16, 4, 1]);
    assert_eq!(of(27), [15, 4, 1]);
    assert_eq!(of(21), [11, 3, 1]);
    assert_eq!(of(7), [1, 1, 1]);
}

#[test]
fn layers_do_not_share_an_ima() {
    let demands = demands(&[(1, 1), (1, 5)]);
    let fits = |imas| Supply { crossbars_per_ima: 4, imas }.fits(&demands, &[1, 1]);
    assert!(fits(3));
    assert!(!fits(2));
}

const AMPLE: Supply = Supply { crossbars_per_ima: 1, imas: 1 << 20 };

fn to_spend(crossbars: u64, demands: &[Demand], supply: Supply) -> Vec<u64> {
    copies(Replication::Target { crossbars }, demands, supply)
}

#[test]
fn arrays_go_to_the_layer_with_the_most_reads_of_a_copy() {
    let demands = demands(&[(100, 1), (60, 2), (1, 4)]);
    assert_eq!(to_spend(7, &demands, AMPLE), [1, 1, 1]);
    assert_eq!(to_spend(8, &demands, AMPLE), [2, 1, 1], "100 reads become 50");
    assert_eq!(to_spend(10, &demands, AMPLE), [2, 2, 1], "60 become 30");
    assert_eq!(to_spend(11, &demands, AMPLE), [3, 2, 1], "50 become 34");
    // 34, 30, 1: the next copy for conv1 gives 25.
    assert_eq!(to_spend(12, &demands, AMPLE), [4, 2, 1]);
}

#[test]
fn what_the_busiest_layer_cannot_use_goes_to_the_next() {
    let demands = demands(&[(4, 100), (3, 1)]);
    assert_eq!(to_spend(150, &demands, AMPLE), [1, 3]);
    assert_eq!(to_spend(1_000_000, &demands, AMPLE), [4, 3], "no more copies than positions");
}

#[test]
fn the_chip_bounds_what_is_spent() {
    let demands = demands(&[(16, 1), (16, 1)]);
    assert_eq!(to_spend(100, &demands, Supply { crossbars_per_ima: 2, imas: 3 }), [4, 2]);
}

/// The least possible reads of the busiest layer's copies, by trying all copies.
fn least_bottleneck(demands: &[Demand], affordable: &dyn Fn(&[u64]) -> bool) -> u64 {
    let mut tried: Vec<Vec<u64>> = vec![Vec::new()];
    for demand in demands {
        let with = |copies: &Vec<u64>, n| copies.iter().copied().chain([n]).collect::<Vec<_>>();
        tried = tried.iter().flat_map(|copies| (1..=demand.n_positions).map(move |n| with(copies, n))).collect();
    }
    tried.iter().filter(|copies| affordable(copies)).map(|copies| bottleneck(demands, copies)).min().unwrap_or(0)
}

fn bottleneck(demands: &[Demand], copies: &[u64]) -> u64 {
    let reads = |(demand, &copies): (&Demand, &u64)| demand.reads_per_position * demand.n_positions.div_ceil(copies);
    demands.iter().zip(copies).map(reads).max().unwrap_or(0)
}

fn any_demand() -> impl Strategy<Value = Demand> {
    (1..=12u64, 1..=4u64, 1..=6u64).prop_map(|(n_positions, reads_per_position, arrays_per_copy)| Demand {
        n_positions,
        reads_per_position,
        arrays_per_copy,
    })
}

proptest! {
    #[test]
    fn prop_no_spending_gives_a_smaller_bottleneck(
        demands in vec(any_demand(), 1..=3),
        extra in 0..=60u64,
        crossbars_per_ima in 1..=4u32,
        spare_imas in 0..=30u64,
    ) {
        let one_each = vec![1; demands.len()];
        let target = crossbars(&demands, &one_each) + extra;
        let mut supply = Supply { crossbars_per_ima, imas: 0 };
        supply.imas = supply.needed(&demands, &one_each) + spare_imas;
        let found = to_spend(target, &demands, supply);
        let affordable = |copies: &[u64]| crossbars(&demands, copies) <= target && supply.fits(&demands, copies);
        prop_assert!(affordable(&found));
        prop_assert!(demands.iter().zip(&found).all(|(demand, &copies)| copies <= demand.n_positions));
        prop_assert_eq!(bottleneck(&demands, &found), least_bottleneck(&demands, &affordable));
    }

    #[test]
    fn prop_a_larger_chip_never_has_a_larger_bottleneck(
        demands in vec(any_demand(), 1..=6),
        extra in 0..=200u64,
        crossbars_per_ima in 1..=8u32,
        spare_imas in 0..=60u64,
    ) {
        let one_each = vec![1; demands.len()];
        let target = crossbars(&demands, &one_each) + extra;
        let supply = Supply { crossbars_per_ima, imas: 0 };
        let imas = supply.needed(&demands, &one_each) + spare_imas;
        let found = |imas| bottleneck(&demands, &to_spend(target, &demands, Supply { imas, ..supply }));
        prop_assert!(found(imas + 1) <= found(imas));
    }
}
