//! Networks on chip and systems of chips, right and wrong.

use expect_test::expect;
use rebias_units::{Bytes, Cycles, Time};

use super::faults::check_toy_over;
use super::toy_over;
use crate::testing::{isaac, toy};

const TWO_CHIPS: &str = "system.chips = 2
[chip_link]
links = 2
gigabytes_per_s = 0.5
latency_ns = 30
queue_bytes = 256
router = 1";

#[test]
fn isaacs_chips_are_linked_by_its_table() {
    let arch = isaac();
    assert_eq!((arch.system().n_chips, arch.n_tiles()), (1, 168));
    let link = arch.system().chip_link.expect("Table I has one");
    assert_eq!((link.n_links, link.byte_time), (4, Time::from_nanoseconds(1.0 / 6.4)));
    assert_eq!(arch.chip().noc.hop_ticks(), Cycles(4));
}

#[test]
fn a_design_is_one_chip_unless_it_says_otherwise() {
    assert_eq!((toy().system().n_chips, toy().system().chip_link), (1, None));
    let two = toy_over(TWO_CHIPS);
    assert_eq!((two.system().n_chips, two.n_tiles(), two.chip().n_tiles), (2, 8, 4));
    let link = two.system().chip_link.expect("it is stated");
    assert_eq!((link.n_links, link.capacity, link.router), (2, Bytes(256), 1));
    // A byte a nanosecond over both links, and a tick of 10 ns.
    let tick = two.chip().tick_time();
    assert_eq!((link.ticks_to_move(Bytes(10), tick), link.ticks_to_move(Bytes(11), tick)), (Cycles(1), Cycles(2)));
    assert_eq!(link.latency_ticks(tick), Cycles(3));
}

#[test]
fn several_chips_need_a_link() {
    check_toy_over(
        "system.chips = 2",
        expect![[r#"
        error: `chip_link`: missing key
        --> change.toml
         = legal: a table, which several chips need
         = hint: say what links a chip to the others, or leave `system.chips` at 1
    "#]],
    );
}

#[test]
fn a_chip_link_is_at_a_router_of_the_chip() {
    check_toy_over(
        &TWO_CHIPS.replace("router = 1", "router = 2"),
        expect![[r#"
        error: `chip_link.router = 2`: the chip has no router 2
         --> change.toml:7:10
          |
        7 | router = 2
          |          ^
          |
          = legal: 0..=1
          = hint: routers are `chip.tiles` / `noc.tiles_per_router`, rounded up
    "#]],
    );
}

#[test]
fn all_that_is_wrong_with_an_interconnect_is_told_at_once() {
    check_toy_over(
        "[noc]
queue_flits = 0
router_ticks = 0
link_ticks = 1000001
hop_ticks = 2
[system]
chips = 0
[chip_link]
links = 0
gigabytes_per_s = 0
latency_ns = -1
queue_bytes = 0",
        expect![[r#"
            error: `noc.queue_flits = 0`: out of range
             --> change.toml:2:15
              |
            2 | queue_flits = 0
              |               ^
              |
              = legal: 1..=65536

            error: `noc.router_ticks = 0`: out of range
             --> change.toml:3:16
              |
            3 | router_ticks = 0
              |                ^
              |
              = legal: 1..=1000000

            error: `noc.link_ticks = 1000001`: out of range
             --> change.toml:4:14
              |
            4 | link_ticks = 1000001
              |              ^^^^^^^
              |
              = legal: 1..=1000000

            error: `noc.hop_ticks = 2`: unknown key
             --> change.toml:5:1
              |
            5 | hop_ticks = 2
              | ^^^^^^^^^
              |
              = legal: `tiles_per_router`, `flit_bits`, `queue_flits`, `router_ticks`, `link_ticks`

            error: `system.chips = 0`: out of range
             --> change.toml:7:9
              |
            7 | chips = 0
              |         ^
              |
              = legal: 1..=1024

            error: `chip_link.router`: missing key
             --> change.toml:8:1
              |
            8 | [chip_link]
              | ^^^^^^^^^^^
              |
              = legal: 0..=65535

            error: `chip_link.links = 0`: out of range
             --> change.toml:9:9
              |
            9 | links = 0
              |         ^
              |
              = legal: 1..=1024

            error: `chip_link.gigabytes_per_s = 0`: out of range
              --> change.toml:10:19
               |
            10 | gigabytes_per_s = 0
               |                   ^
               |
               = legal: 0.000001 <= x <= 1000000

            error: `chip_link.latency_ns = -1`: out of range
              --> change.toml:11:14
               |
            11 | latency_ns = -1
               |              ^^
               |
               = legal: 0 <= x <= 1000000000

            error: `chip_link.queue_bytes = 0`: out of range
              --> change.toml:12:15
               |
            12 | queue_bytes = 0
               |               ^
               |
               = legal: 1..=1073741824

            10 faults
        "#]],
    );
}

#[test]
fn the_crossbars_of_all_chips_can_be_counted() {
    check_toy_over(
        &TWO_CHIPS.replace("system.chips = 2", "system.chips = 1024\nchip.tiles = 1024"),
        expect![[r#"
            error: `chip.tiles = 1024`: 1024 chips of 1024 tiles of 2 IMAs of 4 crossbars are too many crossbars
             --> change.toml:2:14
              |
            2 | chip.tiles = 1024
              |              ^^^^
              |
              = legal: at most 4194304 crossbars on all chips
        "#]],
    );
}
