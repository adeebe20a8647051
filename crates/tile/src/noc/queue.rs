//! A router's input queue: finite, first in, first out.

use std::collections::VecDeque;

use rebias_engine::Tick;
use rebias_units::Cycles;

use super::Place;

/// A packet in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// The tick at which its head has passed the router's pipeline.
    pub(super) ready: Tick,
    /// The terminal that it is for.
    pub(super) to: u32,
    pub(super) flits: u32,
    /// Its message's place among those on their way.
    pub(super) message: u32,
    /// Whether its tail is its message's.
    pub(super) is_last: bool,
}

/// Packets at an input of a router.
///
/// A packet takes its room when its head starts on the link before the queue, and gives it back when its tail has left
/// the queue. The queue is read one flit a tick, one packet after the other. Both are booked as soon as the start is
/// known, which may be ahead of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputQueue {
    /// The router.
    pub(super) place: Place,
    /// The first of the router's outputs.
    pub(super) outputs: usize,
    /// The link before the queue.
    pub(super) link: usize,
    packets: VecDeque<Packet>,
    /// Flits of room that are taken.
    held: u32,
    /// Of these, flits of the packet that is being read, until its tail has left.
    leaving: u32,
    leaving_until: Tick,
}

impl InputQueue {
    pub(super) fn new(place: Place, outputs: usize, link: usize) -> Self {
        Self { place, outputs, link, packets: VecDeque::new(), held: 0, leaving: 0, leaving_until: Tick::ZERO }
    }

    /// The first packet, which asks for a link or waits for one.
    #[inline]
    pub(super) fn front(&self) -> Option<&Packet> {
        self.packets.front()
    }

    /// The first tick, not before `now`, at which there is room for some flits of `capacity`; `None` if that depends on
    /// when the first packet leaves.
    #[inline]
    pub(super) fn room_from(&self, now: Tick, flits: u32, capacity: u32) -> Option<Tick> {
        if self.leaving_until > now && self.held + flits <= capacity {
            return Some(now);
        }
        (self.held - self.leaving + flits <= capacity).then(|| self.leaving_until.max(now))
    }

    /// Takes a packet in; returns when it asks for its link, if no other is before it.
    #[inline]
    pub(super) fn push(&mut self, packet: Packet) -> Option<Tick> {
        self.held += packet.flits;
        self.packets.push_back(packet);
        (self.packets.len() == 1).then(|| packet.ready.max(self.leaving_until))
    }

    /// Lets the first packet go from a tick on; with it comes when the next one asks for its link, if there is one.
    #[inline]
    pub(super) fn pop(&mut self, start: Tick) -> Option<(Packet, Option<Tick>)> {
        debug_assert!(start >= self.leaving_until, "a queue is read one packet after the other");
        let packet = self.packets.pop_front()?;
        self.held -= self.leaving;
        self.leaving = packet.flits;
        self.leaving_until = start + Cycles(u64::from(packet.flits));
        Some((packet, self.packets.front().map(|next| next.ready.max(self.leaving_until))))
    }
}
