//! Packets on small meshes.

mod charts;
mod laws;
mod load;
mod way;

use std::collections::{BTreeMap, VecDeque};

use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

use super::{LinkUse, Mesh, MeshEvent, MeshNotice, MeshUnit, Message, NocSpec};

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
        let Self { mesh, events, n_events, .. } = self;
        let mut schedule = schedule(events, n_events);
        if let Err(Busy(refused)) = mesh.inject(now, message, &mut schedule) {
            self.waiting[refused.from as usize].push_front(refused);
        }
    }

    fn run_before(&mut self, tick: u64) {
        while let Some(next) = self.events.first_entry().filter(|next| next.key().0 < Tick(tick)) {
            let ((now, _), event) = next.remove_entry();
            let Self { mesh, events, n_events, .. } = self;
            let notice = mesh.step(now, event, &mut schedule(events, n_events));
            match notice {
                Some(MeshNotice::Left(message)) => {
                    self.left.push((now, message));
                    let from = self.sent[message].from as usize;
                    if let Some(next) = self.waiting[from].pop_front() {
                        self.inject(now, next);
                    }
                }
                Some(MeshNotice::Delivered(message)) => self.delivered.push((now, message)),
                None => {}
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

/// Keeps events in order of time, those of one tick in order of their calls.
fn schedule<'a>(
    events: &'a mut BTreeMap<(Tick, u64), MeshEvent>,
    n_events: &'a mut u64,
) -> impl FnMut(Tick, MeshEvent) + 'a {
    |at, event| {
        events.insert((at, *n_events), event);
        *n_events += 1;
    }
}
