//! Packets in each other's way, tick by tick: `#` the link moves a flit, `r` it is free and a packet waits for room
//! behind it.

use expect_test::{Expect, expect};
use rebias_units::Cycles;

use super::{NocSpec, SPEC, Traffic};

/// Runs tick by tick and draws what some links do.
fn chart(traffic: &mut Traffic, ticks: u64, links: &[&str]) -> String {
    let mut rows: Vec<_> = links.iter().map(|link| format!("{link:<18}")).collect();
    for tick in 0..ticks {
        let before: Vec<_> = links.iter().map(|link| traffic.link(link, tick)).collect();
        traffic.run_before(tick + 1);
        for ((row, link), before) in rows.iter_mut().zip(links).zip(before) {
            let after = traffic.link(link, tick + 1);
            row.push(if after.busy > before.busy {
                '#'
            } else if after.stalled_by_room > before.stalled_by_room {
                'r'
            } else {
                '.'
            });
        }
    }
    let arrivals: Vec<_> = traffic.delivered.iter().map(|(at, message)| format!("{message} at {}", at.0)).collect();
    format!("{}\narrive: {}\n", rows.join("\n"), arrivals.join(", "))
}

fn check(mut traffic: Traffic, ticks: u64, links: &[&str], shown: Expect) {
    shown.assert_eq(&chart(&mut traffic, ticks, links));
}

#[test]
fn two_packets_that_want_one_link_take_it_in_order_of_arrival() {
    // 0 1    Tiles 0 and 1 send to tile 3 over router 1's link to the south.
    // 2 3
    let mut traffic = Traffic::new(4, SPEC);
    traffic.send(0, 0, 3, 4);
    traffic.send(0, 1, 3, 4);
    check(
        traffic,
        24,
        &["Tile[0].Port", "Tile[1].Port", "Router[0].East", "Router[1].South", "Router[3].Tile[3]"],
        expect![[r#"
            Tile[0].Port      ####....................
            Tile[1].Port      ####....................
            Router[0].East    ..####..................
            Router[1].South   ..########..............
            Router[3].Tile[3] .....########...........
            arrive: 1 at 10, 0 at 14
        "#]],
    );
}

#[test]
fn a_queue_that_is_full_holds_up_the_link_before_it_and_the_port_before_that() {
    // 0 1 2    Tiles 0 and 1 send to tile 2, both over router 1's link to the east, in packets of 2 flits. The queue
    // 3 4 5    behind it holds two; the one that entered at tick t leaves it from t + 3 to t + 5.
    let mut traffic = Traffic::new(6, NocSpec { queue_flits: 4, ..SPEC });
    traffic.send(0, 1, 2, 8);
    traffic.send(0, 0, 2, 12);
    check(
        traffic,
        34,
        &["Tile[0].Port", "Tile[1].Port", "Router[0].East", "Router[1].East", "Router[2].Tile[2]"],
        expect![[r#"
            Tile[0].Port      ########rrr##rrr##................
            Tile[1].Port      ########..........................
            Router[0].East    ..####rrr##rrr##rrr####...........
            Router[1].East    ..####r####r####r####.####........
            Router[2].Tile[2] .....####.####.####.####.####.....
            arrive: 0 at 20, 1 at 30
        "#]],
    );
}

#[test]
fn packets_of_half_a_queue_stream_without_a_gap_if_a_hop_is_no_longer_than_they_are() {
    let mut traffic = Traffic::new(4, SPEC);
    traffic.send(0, 0, 1, 16);
    check(
        traffic,
        26,
        &["Tile[0].Port", "Router[0].East", "Router[1].Tile[1]"],
        expect![[r#"
        Tile[0].Port      ################..........
        Router[0].East    ..################........
        Router[1].Tile[1] .....################.....
        arrive: 0 at 22
    "#]],
    );
    let mut traffic = Traffic::new(4, NocSpec { router_ticks: Cycles(4), ..SPEC });
    traffic.send(0, 0, 1, 16);
    check(
        traffic,
        34,
        &["Tile[0].Port", "Router[0].East", "Router[1].Tile[1]"],
        expect![[r#"
            Tile[0].Port      ################..................
            Router[0].East    ....########r########.............
            Router[1].Tile[1] .........########.########........
            arrive: 0 at 27
        "#]],
    );
}
