//! Latency under load.

use std::fmt::Write;

use expect_test::expect;
use rebias_units::Cycles;

use super::{NocSpec, Traffic};

/// Numbers that look random: splitmix64 (G. Steele et al., OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Mean latency of messages between tiles drawn at random, from when they want to leave to their tails' arrival;
/// `per_million` of a million tiles send one in a tick.
fn mean_latency(n_tiles: u32, spec: NocSpec, flits: u32, per_million: u64) -> f64 {
    let (warm_up, ticks) = (2_000, 12_000);
    let mut random = Random(7);
    let mut traffic = Traffic::new(n_tiles, spec);
    let mut wanted = Vec::new();
    for tick in 0..ticks {
        for from in 0..n_tiles {
            if random.below(1_000_000) < per_million {
                let to = (u64::from(from) + 1 + random.below(u64::from(n_tiles) - 1)) % u64::from(n_tiles);
                traffic.send(tick, from, to as u32, flits);
                wanted.push(tick);
            }
        }
    }
    traffic.drain();
    let latencies: Vec<_> = traffic
        .delivered
        .iter()
        .filter(|&&(_, message)| wanted[message] >= warm_up)
        .map(|&(at, message)| at.0 - wanted[message])
        .collect();
    latencies.iter().sum::<u64>() as f64 / latencies.len() as f64
}

/// PUMA's 138 tiles, four at a router. The constants of its authors' simulator (A. Ankit et al., ASPLOS 2019) give the
/// second column for these loads in flits a cycle; what its packets and routers are is not published, and nothing here
/// is fitted to it. Read as messages of one flit these loads are far from what the mesh can carry; as messages of five
/// flits the knee is where theirs is.
#[test]
fn latency_rises_with_load_as_pumas_does() {
    let spec =
        NocSpec { tiles_per_router: 4, flit_bits: 32, queue_flits: 64, router_ticks: Cycles(3), link_ticks: Cycles(1) };
    let mut table = String::from("load    puma");
    for flits in [1, 5] {
        write!(table, " {flits:>5} flit").expect("a string grows");
    }
    for (per_million, puma) in [(1_000, 29), (5_000, 31), (10_000, 34), (20_000, 54), (25_000, 115)] {
        write!(table, "\n{:<6} {puma:5}", per_million as f64 / 1e6).expect("a string grows");
        for flits in [1, 5] {
            write!(table, " {:10.1}", mean_latency(138, spec, flits, per_million)).expect("a string grows");
        }
    }
    expect![[r#"
        load    puma     1 flit     5 flit
        0.001     29       20.7       24.8
        0.005     31       20.4       25.3
        0.01      34       20.4       26.7
        0.02      54       20.4       37.4
        0.025    115       20.5      547.7"#]]
    .assert_eq(&table);
    assert!(include_str!("../../../../../docs/interconnect.md").contains(&table), "the document shows this table");
}
