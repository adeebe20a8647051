//! How many events a second one core handles of a mesh of 168 tiles under uniform traffic, the event queue included.
//!
//! ```text
//! cargo bench -p rebias-tile
//! ```

use divan::Bencher;
use divan::counter::ItemsCount;
use rebias_engine::{EventQueue, Tick};
use rebias_tile::{MeshEvent, MeshUnit, Message, NocSpec, Notice};
use rebias_units::Cycles;

const N_TILES: u32 = 168;
const FLITS: u32 = 32;
const SPEC: NocSpec =
    NocSpec { tiles_per_router: 4, flit_bits: 32, queue_flits: 64, router_ticks: Cycles(3), link_ticks: Cycles(1) };

fn main() {
    divan::main();
}

#[derive(Clone, Copy)]
enum Event {
    Mesh(MeshEvent),
    Send { from: u32, left: u32 },
}

/// Each tile sends `messages` messages to all others in turn, one every `gap` ticks or as soon as its port is free;
/// returns the number of events.
fn run(messages: u32, gap: u64) -> u64 {
    let mut mesh = MeshUnit::<u32>::new(N_TILES, SPEC);
    let mut queue = EventQueue::new();
    for from in 0..N_TILES {
        queue.push(Tick(u64::from(from)), Event::Send { from, left: messages });
    }
    while let Some(event) = queue.pop() {
        let now = queue.now();
        match event {
            Event::Mesh(event) => {
                mesh.step(now, event, &mut |at, notice| follow(&mut queue, at, notice));
            }
            Event::Send { from, left } => {
                let to = (from + 1 + (left * 61) % (N_TILES - 1)) % N_TILES;
                let message = Message { payload: left, from, to, flits: FLITS };
                let sent = mesh.inject(now, message, &mut |at, notice| follow(&mut queue, at, notice));
                let left = if sent.is_ok() { left - 1 } else { left };
                if left > 0 {
                    queue.push(Tick(now.0 + gap), Event::Send { from, left });
                }
            }
        }
    }
    queue.n_pushed()
}

fn follow(queue: &mut EventQueue<Event>, at: Tick, notice: Notice<u32, MeshEvent>) {
    match notice {
        Notice::Event(event) => queue.push(at, Event::Mesh(event)),
        Notice::Left(_) => {}
        Notice::Delivered(payload) => {
            divan::black_box(payload);
        }
    }
}

/// A quarter of what the mesh can carry, about.
#[divan::bench]
fn light_load(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(run(200, 800))).bench(|| run(200, 800));
}

/// All that it can carry.
#[divan::bench]
fn saturated(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(run(200, 100))).bench(|| run(200, 100));
}
