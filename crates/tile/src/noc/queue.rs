//! A router's input queue: finite, first in, first out.

use std::collections::VecDeque;

use rebias_engine::Tick;
use rebias_units::Cycles;

use super::Place;

/// A packet in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet<W> {
    /// The router where it leaves the network.
    pub(super) to: Place,
    /// The port at which it does.
    pub(super) to_port: u32,
    pub(super) flits: u32,
    /// The tick at which its head has passed the router's pipeline.
    pub(super) ready: Tick,
    /// What the message carries, with its last packet.
    pub(super) payload: Option<W>,
}

/// Packets at an input of a router.
///
/// A packet takes its room when its head starts on the link before the queue, and gives it back when its tail has left
/// the queue. The queue is read one flit a tick, one packet after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputQueue<W> {
    /// The router.
    pub(super) place: Place,
    /// The first of the router's outputs.
    pub(super) outputs: usize,
    /// The link before the queue.
    pub(super) link: usize,
    packets: VecDeque<Packet<W>>,
    /// Flits of room that are taken.
    held: u32,
    /// Of these, flits of the packet that is being read, until its tail has left.
    leaving: u32,
    leaving_until: Tick,
}

impl<W: Copy> InputQueue<W> {
    pub(super) fn new(place: Place, outputs: usize, link: usize) -> Self {
        Self { place, outputs, link, packets: VecDeque::new(), held: 0, leaving: 0, leaving_until: Tick::ZERO }
    }

    /// The first packet, which asks for a link or waits for one.
    pub(super) fn front(&self) -> Option<&Packet<W>> {
        self.packets.front()
    }

    /// The first tick, not before now, at which there may be room for some flits of `capacity`; `None` if that
    /// depends on when the first packet leaves.
    pub(super) fn room_from(&self, now: Tick, flits: u32, capacity: u32) -> Option<Tick> {
        let is_left = self.leaving_until <= now;
        let held = if is_left { self.held - self.leaving } else { self.held };
        if held + flits <= capacity { Some(now) } else { (!is_left).then_some(self.leaving_until) }
    }

    /// Takes a packet in; returns when it asks for its link, if no other is before it.
    pub(super) fn push(&mut self, packet: Packet<W>) -> Option<Tick> {
        self.held += packet.flits;
        self.packets.push_back(packet);
        (self.packets.len() == 1).then(|| packet.ready.max(self.leaving_until))
    }

    /// Lets the first packet go; with it comes when the next one asks for its link, if there is one.
    pub(super) fn pop(&mut self, now: Tick) -> Option<(Packet<W>, Option<Tick>)> {
        debug_assert!(now >= self.leaving_until, "a queue is read one packet after the other");
        let packet = self.packets.pop_front()?;
        self.held -= self.leaving;
        self.leaving = packet.flits;
        self.leaving_until = now + Cycles(u64::from(packet.flits));
        Some((packet, self.packets.front().map(|next| next.ready.max(self.leaving_until))))
    }
}
