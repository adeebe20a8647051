//! Packets on small meshes.

mod charts;
mod laws;
mod load;
mod way;

use std::collections::{BTreeMap, VecDeque};

use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

use super::{LinkUse, Mesh, MeshEvent, MeshUnit, Message, NocSpec, Notice};

/// One tile at each router, and packets of up to 4 flits.
const SPEC: NocSpec =
    NocSpec { tiles_per_router: 1, flit_bits: 32, queue_flits: 8, router_ticks: Cycles(2), link_ticks: Cycles(1) };

fn unit<W: Copy>(n_tiles: u32, spec: NocSpec) -> MeshUnit<W> {
    MeshUnit::new(n_tiles, spec)
}

/// Messages told apart by their numbers, and what has become of them.
struct Traffic {
    mesh: MeshUnit<usize>,
    events: BTreeMap<(Tick, u64), MeshEvent>,
    n_events: u64,
    /// Messages that wait for their tile's port.
    waiting: Vec<VecDeque<Message<usize>>>,
    sent: Vec<Message<usize>>,
    left: Vec<(Tick, usize)>,
    delivered: Vec<(Tick, usize)>,
}

impl Traffic {
    fn new(n_tiles: u32, spec: NocSpec) -> Self {
        Self {
            mesh: unit(n_tiles, spec),
            events: BTreeMap::new(),
            n_events: 0,
            waiting: vec![VecDeque::new(); n_tiles as usize],
            sent: Vec::new(),
            left: Vec::new(),
            delivered: Vec::new(),
        }
    }

    /// Does everything before a tick, then lets a tile send a message.
    fn send(&mut self, at: u64, from: u32, to: u32, flits: u32) -> usize {
        self.run_before(at);
        let payload = self.sent.len();
        let message = Message { payload, from, to, flits };
        self.sent.push(message);
        if self.waiting[from as usize].is_empty() {
            self.inject(Tick(at), message);
        } else {
            self.waiting[from as usize].push_back(message);
        }
        payload
    }

    fn inject(&mut self, now: Tick, message: Message<usize>) {
        let mut notices = Vec::new();
        if let Err(Busy(refused)) = self.mesh.inject(now, message, &mut |at, notice| notices.push((at, notice))) {
            self.waiting[refused.from as usize].push_front(refused);
        }
        self.follow(now, notices);
    }

    fn run_before(&mut self, tick: u64) {
        while let Some(next) = self.events.first_entry().filter(|next| next.key().0 < Tick(tick)) {
            let ((now, _), event) = next.remove_entry();
            let mut notices = Vec::new();
            self.mesh.step(now, event, &mut |at, notice| notices.push((at, notice)));
            self.follow(now, notices);
        }
    }

    /// Keeps events in order of time, those of one tick in order of their calls.
    fn follow(&mut self, now: Tick, notices: Vec<(Tick, Notice<usize, MeshEvent>)>) {
        for (at, notice) in notices {
            match notice {
                Notice::Event(event) => {
                    self.events.insert((at, self.n_events), event);
                    self.n_events += 1;
                }
                Notice::Left(message) => {
                    self.left.push((at, message));
                    if let Some(next) = self.waiting[self.sent[message].from as usize].pop_front() {
                        self.inject(now, next);
                    }
                }
                Notice::Delivered(message) => self.delivered.push((at, message)),
            }
        }
    }

    fn drain(&mut self) -> u64 {
        self.run_before(u64::MAX);
        self.delivered.iter().map(|&(at, _)| at.0).max().unwrap_or(0)
    }

    /// When a message's tail has arrived.
    fn arrival(&self, message: usize) -> Option<u64> {
        self.delivered.iter().find(|&&(_, delivered)| delivered == message).map(|&(at, _)| at.0)
    }

    fn link(&self, name: &str, tick: u64) -> LinkUse {
        let links: Vec<_> = self.mesh.links_before(Tick(tick)).map(|(link, done)| (link.to_string(), done)).collect();
        links.into_iter().find(|(link, _)| link == name).expect("a link of this mesh").1
    }
}
