//! Which way, and how long alone.

use proptest::prelude::*;
use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

use super::{Mesh, Message, NocSpec, Notice, SPEC, Traffic, unit};
use crate::Direction;

/// The routers that a packet passes.
fn way(mesh: &Mesh, from: u32, to: u32) -> Vec<u32> {
    let mut way = vec![mesh.router_of(from)];
    while let Some(direction) = mesh.next_hop(mesh.place(way[way.len() - 1]), mesh.place(mesh.router_of(to))) {
        way.push(mesh.neighbour(way[way.len() - 1], direction).expect("a link leads to a router"));
    }
    way
}

#[test]
fn packets_go_along_the_row_first() {
    let mesh = Mesh::new(9, SPEC);
    assert_eq!(way(&mesh, 0, 8), [0, 1, 2, 5, 8]);
    assert_eq!(way(&mesh, 8, 0), [8, 7, 6, 3, 0]);
    assert_eq!(way(&mesh, 4, 4), [4]);
}

#[test]
fn packets_leave_a_short_last_row_to_the_north_where_it_has_no_corner() {
    // 0 1 2
    // 3 4 5
    // 6
    let mesh = Mesh::new(7, SPEC);
    assert_eq!(way(&mesh, 6, 2), [6, 3, 4, 5, 2]);
    assert_eq!(way(&mesh, 2, 6), [2, 1, 0, 3, 6]);
    assert_eq!(way(&mesh, 6, 0), [6, 3, 0]);
}

#[test]
fn tiles_share_routers() {
    let mesh = Mesh::new(13, NocSpec { tiles_per_router: 4, ..SPEC });
    assert_eq!(mesh.n_routers(), 4);
    assert_eq!(way(&mesh, 1, 3), [0]);
    assert_eq!(way(&mesh, 1, 12), [0, 1, 3]);
    let route = mesh.route(1, 12);
    assert_eq!((route.routers, route.links, route.latency), (3, 2, Cycles(9)));
}

#[test]
fn a_message_alone_takes_its_routers_links_and_flits() {
    let mut traffic = Traffic::new(9, SPEC);
    let message = traffic.send(100, 0, 8, 4);
    traffic.drain();
    // Five routers of 2 ticks, the links behind them of 1, 4 flits.
    assert_eq!(traffic.arrival(message), Some(100 + 5 * (2 + 1) + 4));
    assert_eq!(traffic.left, [(Tick(104), message)]);
    // One for each router.
    assert_eq!(traffic.n_events, 5);
}

#[test]
fn the_next_message_leaves_a_port_when_the_tail_of_the_one_before_has_left_and_not_a_tick_earlier() {
    let mut traffic = Traffic::new(4, SPEC);
    let first = traffic.send(0, 0, 3, 4);
    let next = traffic.send(3, 0, 3, 4);
    traffic.drain();
    assert_eq!(traffic.left, [(Tick(4), first), (Tick(8), next)]);
    assert_eq!(traffic.link("Tile[0].Port", 6).busy, Cycles(6));
}

#[test]
fn a_port_refuses_a_message_while_the_one_before_waits_for_room_and_keeps_that() {
    // Three packets of 4 flits: the queue has room for two of them.
    let mut mesh = unit(4, SPEC);
    let mut notices = Vec::new();
    let message = Message { payload: 'a', from: 0, to: 3, flits: 12 };
    assert_eq!(mesh.inject(Tick(0), message, &mut |at, notice| notices.push((at, notice))), Ok(()));
    let before = mesh.clone();
    let next = Message { payload: 'b', ..message };
    assert_eq!(mesh.inject(Tick(1), next, &mut |_, _| {}), Err(Busy(next)));
    assert_eq!(mesh, before);
    // The first packet leaves the queue from tick 2 to tick 6, so the third one's tail is in it at tick 12.
    let Some(&(at, Notice::Event(event))) = notices.first() else { panic!("a packet asks for its link: {notices:?}") };
    assert_eq!(at, Tick(2));
    notices.clear();
    mesh.step(at, event, &mut |at, notice| notices.push((at, notice)));
    assert!(notices.contains(&(Tick(12), Notice::Left('a'))), "{notices:?}");
    assert_eq!(mesh.inject(Tick(2), next, &mut |_, _| {}), Ok(()));
}

/// Whether a packet may go on south of a router and then along its row.
fn turns_from_south(mesh: &Mesh, routers: &[u32]) -> bool {
    let directions: Vec<_> = routers
        .windows(2)
        .filter_map(|pair| Direction::ALL.into_iter().find(|&way| mesh.neighbour(pair[0], way) == Some(pair[1])))
        .collect();
    directions.windows(2).any(|pair| pair[0] == Direction::South && pair[1] != Direction::South)
}

proptest! {
    #[test]
    fn prop_every_way_is_a_shortest_one_and_never_turns_from_south(
        n_tiles in 1u32..40,
        tiles_per_router in 1u32..5,
        ends in (0u32..1000, 0u32..1000),
    ) {
        let mesh = Mesh::new(n_tiles, NocSpec { tiles_per_router, ..SPEC });
        let (from, to) = (ends.0 % n_tiles, ends.1 % n_tiles);
        let routers = way(&mesh, from, to);
        prop_assert_eq!(routers.len(), mesh.route(from, to).routers as usize);
        prop_assert!(!turns_from_south(&mesh, &routers));
    }

    #[test]
    fn prop_a_message_alone_takes_exactly_its_route_and_its_flits(
        n_tiles in 1u32..40,
        tiles_per_router in 1u32..5,
        (router_ticks, link_ticks, flits) in (1u64..6, 1u64..6, 1u32..5),
        ends in (0u32..1000, 0u32..1000),
        at in 0u64..1000,
    ) {
        let spec = NocSpec {
            tiles_per_router, router_ticks: Cycles(router_ticks), link_ticks: Cycles(link_ticks), ..SPEC
        };
        let mut traffic = Traffic::new(n_tiles, spec);
        let message = traffic.send(at, ends.0 % n_tiles, ends.1 % n_tiles, flits);
        traffic.drain();
        let route = Mesh::new(n_tiles, spec).route(ends.0 % n_tiles, ends.1 % n_tiles);
        prop_assert_eq!(traffic.arrival(message), Some(at + route.latency.0 + u64::from(flits)));
    }
}
