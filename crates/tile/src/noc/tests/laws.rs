//! What holds for all traffic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rebias_engine::Tick;
use rebias_units::Cycles;

use super::{NocSpec, SPEC, Traffic};
use crate::LinkName;

fn specs() -> impl Strategy<Value = NocSpec> {
    (1u32..4, 1u32..12, 1u64..4, 1u64..4).prop_map(|(tiles_per_router, queue_flits, router_ticks, link_ticks)| {
        NocSpec {
            tiles_per_router,
            queue_flits,
            router_ticks: Cycles(router_ticks),
            link_ticks: Cycles(link_ticks),
            ..SPEC
        }
    })
}

/// Messages as (gap after the one before, from, to, flits).
fn messages() -> impl Strategy<Value = Vec<(u64, u32, u32, u32)>> {
    prop::collection::vec((0u64..4, 0u32..1000, 0u32..1000, 1u32..20), 1..120)
}

fn run(n_tiles: u32, spec: NocSpec, messages: &[(u64, u32, u32, u32)]) -> Traffic {
    let mut traffic = Traffic::new(n_tiles, spec);
    let mut at = 0;
    for &(gap, from, to, flits) in messages {
        at += gap;
        traffic.send(at, from % n_tiles, to % n_tiles, flits);
    }
    traffic.drain();
    traffic
}

proptest! {
    #[test]
    fn prop_every_message_is_delivered_once_and_those_of_a_pair_in_order(
        n_tiles in 1u32..24, spec in specs(), messages in messages(),
    ) {
        let traffic = run(n_tiles, spec, &messages);
        let mut delivered: Vec<_> = traffic.delivered.iter().map(|&(_, message)| message).collect();
        let mut last_of_pair = BTreeMap::new();
        for &message in &delivered {
            let sent = traffic.sent[message];
            prop_assert!(last_of_pair.insert((sent.from, sent.to), message) < Some(message));
        }
        delivered.sort_unstable();
        prop_assert_eq!(delivered, (0..messages.len()).collect::<Vec<_>>());
        prop_assert_eq!(traffic.left.len(), messages.len());
    }

    #[test]
    fn prop_flits_that_enter_a_router_leave_it_and_every_message_passes_each_link_of_its_way_once(
        n_tiles in 1u32..24, spec in specs(), messages in messages(),
    ) {
        let traffic = run(n_tiles, spec, &messages);
        let mesh = *traffic.mesh.mesh();
        let mut balance = vec![0i64; mesh.n_routers() as usize];
        let (mut between, mut from, mut to) = (0, vec![0; n_tiles as usize], vec![0; n_tiles as usize]);
        for (link, done) in traffic.mesh.links_before(Tick(u64::from(u32::MAX))) {
            let flits = done.busy.0;
            match link {
                LinkName::Between { router, direction } => {
                    between += flits;
                    balance[router as usize] -= flits as i64;
                    balance[mesh.neighbour(router, direction).expect("it leads somewhere") as usize] += flits as i64;
                }
                LinkName::ToTile { router, tile } => {
                    to[tile as usize] += flits;
                    balance[router as usize] -= flits as i64;
                }
                LinkName::ToChipLink { .. } | LinkName::FromChipLink { .. } => unreachable!("there is one chip"),
                LinkName::FromTile { tile } => {
                    from[tile as usize] += flits;
                    balance[mesh.router_of(tile) as usize] += flits as i64;
                }
            }
        }
        prop_assert!(balance.iter().all(|&balance| balance == 0));
        for message in &traffic.sent {
            let flits = u64::from(message.flits);
            from[message.from as usize] -= flits;
            to[message.to as usize] -= flits;
            between -= flits * u64::from(mesh.route(message.from, message.to).links);
        }
        prop_assert_eq!((between, from, to), (0, vec![0; n_tiles as usize], vec![0; n_tiles as usize]));
    }

    #[test]
    fn prop_a_link_is_never_busy_and_stalled_for_longer_than_time_has_passed(
        n_tiles in 1u32..24, spec in specs(), messages in messages(), at in 0u64..400,
    ) {
        let mut traffic = Traffic::new(n_tiles, spec);
        for &(_, from, to, flits) in &messages {
            traffic.send(0, from % n_tiles, to % n_tiles, flits);
        }
        traffic.run_before(at);
        for (link, done) in traffic.mesh.links_before(Tick(at)) {
            prop_assert!(done.busy.0 + done.stalled_by_room.0 <= at, "{link} {done:?} at {at}");
        }
    }

    #[test]
    fn prop_nothing_arrives_earlier_than_it_would_alone(
        n_tiles in 1u32..24, spec in specs(), messages in messages(),
    ) {
        let traffic = run(n_tiles, spec, &messages);
        let mut at = 0;
        for (message, &(gap, ..)) in messages.iter().enumerate() {
            at += gap;
            let sent = traffic.sent[message];
            let alone = traffic.mesh.mesh().route(sent.from, sent.to).latency.0 + u64::from(sent.flits);
            prop_assert!(traffic.arrival(message) >= Some(at + alone));
        }
    }

    // Of messages that fit into a packet: others are cut elsewhere in deeper queues, and a remainder of one flit may then
    // come behind a full packet that it has to wait for.
    #[test]
    fn prop_a_flow_between_two_tiles_never_drains_later_with_deeper_queues_or_wider_links(
        n_tiles in 1u32..24,
        spec in specs(),
        ends in (0u32..1000, 0u32..1000),
        messages in prop::collection::vec((0u64..4, 0.0f64..1.0), 1..40),
        (deeper, wider) in (0u32..8, 0u32..40),
    ) {
        let most = spec.packet_flits() * spec.flit_bits;
        let bits: Vec<_> = messages.iter().map(|&(gap, share)| (gap, 1 + (f64::from(most - 1) * share) as u32)).collect();
        let drain = |spec: NocSpec| {
            let flow = bits.iter().map(|&(gap, bits)| (gap, ends.0, ends.1, bits.div_ceil(spec.flit_bits)));
            run(n_tiles, spec, &flow.collect::<Vec<_>>()).drain()
        };
        let base = drain(spec);
        let deep = drain(NocSpec { queue_flits: spec.queue_flits + deeper, ..spec });
        let wide = drain(NocSpec { flit_bits: spec.flit_bits + wider, ..spec });
        prop_assert!(deep <= base, "{deep} > {base}");
        prop_assert!(wide <= base, "{wide} > {base}");
    }
}
