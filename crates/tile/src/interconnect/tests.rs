//! Messages between chips.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::Notice;
use crate::{ChipLinkSpec, NocSpec};

/// Chips of four tiles at two routers, and ticks of a nanosecond. A flit of 4 bytes takes two ticks over the chip link,
/// and five until it is there.
fn chips(n_chips: u32, capacity: u64) -> Interconnect {
    let noc =
        NocSpec { tiles_per_router: 2, flit_bits: 32, queue_flits: 8, router_ticks: Cycles(2), link_ticks: Cycles(1) };
    let link = ChipLinkSpec {
        n_links: 2,
        byte_time: Time::from_nanoseconds(1.0),
        latency: Time::from_nanoseconds(5.0),
        capacity: Bytes(capacity),
        router: 1,
    };
    Interconnect {
        mesh: Mesh::new(4, noc),
        tiles_per_chip: 4,
        system: SystemSpec { n_chips, chip_link: Some(link) },
        tick: Time::from_nanoseconds(1.0),
    }
}

/// A tile by its number on all chips.
fn tile(number: u32) -> TileAddress {
    chips(1024, 0).address(number)
}

/// Messages told apart by their numbers, with the ticks at which they left and were delivered.
struct Traffic {
    unit: InterconnectUnit<usize>,
    events: BTreeMap<(Tick, u64), InterconnectEvent>,
    n_events: u64,
    waiting: BTreeMap<u32, VecDeque<Message<usize, TileAddress>>>,
    sent: Vec<Message<usize, TileAddress>>,
    left: Vec<(u64, usize)>,
    delivered: Vec<(u64, usize)>,
}

impl Traffic {
    fn new(topology: Interconnect) -> Self {
        Self {
            unit: InterconnectUnit::new(topology),
            events: BTreeMap::new(),
            n_events: 0,
            waiting: BTreeMap::new(),
            sent: Vec::new(),
            left: Vec::new(),
            delivered: Vec::new(),
        }
    }

    fn send(&mut self, at: u64, from: u32, to: u32, flits: u32) {
        self.run_before(at);
        let message = Message { payload: self.sent.len(), from: tile(from), to: tile(to), flits };
        self.sent.push(message);
        self.waiting.entry(from).or_default().push_back(message);
        self.inject(Tick(at), from);
    }

    fn inject(&mut self, now: Tick, from: u32) {
        let Some(message) = self.waiting.get_mut(&from).and_then(VecDeque::pop_front) else { return };
        let mut told = Vec::new();
        if let Err(Busy(refused)) = self.unit.inject(now, message, &mut |at, notice| told.push((at, notice))) {
            self.waiting.entry(from).or_default().push_front(refused);
        }
        self.follow(now, told);
    }

    fn run_before(&mut self, tick: u64) {
        while let Some(next) = self.events.first_entry().filter(|next| next.key().0 < Tick(tick)) {
            let ((now, _), event) = next.remove_entry();
            let mut told = Vec::new();
            self.unit.step(now, event, &mut |at, notice| told.push((at, notice)));
            self.follow(now, told);
        }
    }

    fn follow(&mut self, now: Tick, told: Vec<(Tick, Notice<usize, InterconnectEvent>)>) {
        for (at, notice) in told {
            match notice {
                Notice::Event(event) => {
                    self.n_events += 1;
                    self.events.insert((at, self.n_events), event);
                }
                Notice::Left(message) => {
                    self.left.push((at.0, message));
                    let TileAddress { chip, tile } = self.sent[message].from;
                    self.inject(now, 4 * u32::from(chip) + tile);
                }
                Notice::Delivered(message) => self.delivered.push((at.0, message)),
            }
        }
    }

    /// When a message's tail has left and when it has arrived.
    fn times(&mut self, message: usize) -> (Option<u64>, Option<u64>) {
        self.run_before(u64::MAX);
        let at = |told: &[(u64, usize)]| told.iter().find(|&&(_, of)| of == message).map(|&(at, _)| at);
        (at(&self.left), at(&self.delivered))
    }
}

#[test]
fn a_message_to_another_chip_takes_both_meshes_and_the_link_as_a_whole() {
    let topology = chips(2, 64);
    let mut traffic = Traffic::new(topology);
    traffic.send(0, 0, 5, 3);
    let route = topology.route(0, 5);
    assert_eq!((route.routers, route.links, route.chip_links, route.latency), (4, 2, 1, Cycles(2 * 6 + 5)));
    // Two routers and 3 flits; 12 bytes at 2 a tick; 5 ticks on their way; two routers and 3 flits.
    assert_eq!(traffic.times(0), (Some(3), Some((6 + 3) + 6 + 5 + (6 + 3))));
}

#[test]
fn a_message_waits_in_its_tile_until_the_link_has_room_for_it() {
    // Room for one of the two messages: tile 1's has it when tile 0's has entered the other mesh.
    let mut traffic = Traffic::new(chips(2, 15));
    traffic.send(0, 0, 4, 3);
    traffic.send(0, 1, 4, 1);
    let entered = (6 + 3) + 6 + 5 + 3;
    assert_eq!(traffic.times(1).0, Some(entered + 1));
    // A byte more, and it leaves at once.
    let mut traffic = Traffic::new(chips(2, 16));
    traffic.send(0, 0, 4, 3);
    traffic.send(0, 1, 4, 1);
    assert_eq!(traffic.times(1).0, Some(1));
}

#[test]
fn a_tile_whose_message_waits_for_the_link_refuses_others_and_keeps_its_own() {
    let mut unit = InterconnectUnit::new(chips(2, 4));
    let message = Message { payload: 'a', from: tile(0), to: tile(4), flits: 1 };
    assert_eq!(unit.inject(Tick(0), message, &mut |_, _| {}), Ok(()));
    let waits = Message { payload: 'b', from: tile(1), ..message };
    assert_eq!(unit.inject(Tick(0), waits, &mut |_, _| {}), Ok(()));
    let before = unit.clone();
    let local = Message { payload: 'c', from: tile(1), to: tile(2), flits: 1 };
    assert_eq!(unit.inject(Tick(0), local, &mut |_, _| {}), Err(Busy(local)));
    assert_eq!(unit, before);
}

#[test]
fn the_chip_link_tells_how_busy_it_was() {
    let mut traffic = Traffic::new(chips(2, 64));
    traffic.send(0, 0, 4, 3);
    traffic.run_before(u64::MAX);
    let used: Vec<_> = traffic
        .unit
        .links_before(Tick(1000))
        .filter(|(_, _, done)| done.busy > Cycles(0))
        .map(|(chip, part, done)| format!("Chip[{chip}].{part} {}", done.busy.0))
        .collect();
    let wanted = [
        "Chip[0].Router[0].East 3",
        "Chip[0].Router[1].ChipLink 3",
        "Chip[0].Tile[0].Port 3",
        "Chip[0].ChipLink 6",
        "Chip[1].Router[0].Tile[0] 3",
        "Chip[1].Router[1].West 3",
        "Chip[1].ChipLink.Port 3",
    ];
    assert_eq!(used, wanted);
}

/// Messages as (gap after the one before, from, to, flits).
fn messages() -> impl Strategy<Value = Vec<(u64, u32, u32, u32)>> {
    prop::collection::vec((0u64..4, 0u32..1000, 0u32..1000, 1u32..20), 1..120)
}

proptest! {
    #[test]
    fn prop_every_message_is_delivered_once_and_those_of_a_pair_in_order(
        n_chips in 1u32..5, capacity in 1u64..200, messages in messages(),
    ) {
        let mut traffic = Traffic::new(chips(n_chips, capacity));
        let mut at = 0;
        for &(gap, from, to, flits) in &messages {
            at += gap;
            traffic.send(at, from % (4 * n_chips), to % (4 * n_chips), flits);
        }
        traffic.run_before(u64::MAX);
        let mut last_of_pair = BTreeMap::new();
        let mut delivered = Vec::new();
        for &(_, message) in &traffic.delivered {
            let Message { from, to, .. } = traffic.sent[message];
            let pair = ((from.chip, from.tile), (to.chip, to.tile));
            prop_assert!(last_of_pair.insert(pair, message) < Some(message));
            delivered.push(message);
        }
        delivered.sort_unstable();
        prop_assert_eq!(delivered, (0..messages.len()).collect::<Vec<_>>());
    }

    #[test]
    fn prop_messages_within_a_chip_move_as_on_a_mesh_alone(messages in messages()) {
        let mut alone = Traffic::new(chips(1, 64));
        let mut among = Traffic::new(chips(3, 64));
        let mut at = 0;
        for &(gap, from, to, flits) in &messages {
            at += gap;
            alone.send(at, from % 4, to % 4, flits);
            among.send(at, 8 + from % 4, 8 + to % 4, flits);
        }
        alone.run_before(u64::MAX);
        among.run_before(u64::MAX);
        prop_assert_eq!((alone.left, alone.delivered), (among.left, among.delivered));
    }
}
