//! A router's input: a finite queue, first in, first out.
//!
//! ```text
//!  link ─► │ packet │ packet │ first ─► router's pipeline ─► one of its output links
//!          └───── capacity ────────┘
//! ```

use std::collections::VecDeque;

use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

use super::Place;

/// A packet in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// The tick at which its head has passed the router's pipeline.
    pub(super) ready: Tick,
    /// The router of the terminal that it is for, and its port to that.
    pub(super) exit: Place,
    pub(super) exit_port: u32,
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
    /// Flits that it holds.
    capacity: u32,
    /// Flits of room that are taken.
    held: u32,
    /// Of these, flits of the packet that is being read, until its tail has left.
    leaving: u32,
    leaving_until: Tick,
    /// Whether a packet waits for room here of which nobody knows when there will be some.
    pub(super) is_awaited: bool,
}

impl InputQueue {
    pub(super) fn new(place: Place, outputs: usize, link: usize, capacity: u32) -> Self {
        let packets = VecDeque::new();
        let (held, leaving, leaving_until) = (0, 0, Tick::ZERO);
        Self { place, outputs, link, packets, capacity, held, leaving, leaving_until, is_awaited: false }
    }

    /// The first packet, which asks for a link or waits for one.
    #[inline]
    pub(super) fn front(&self) -> Option<&Packet> {
        self.packets.front()
    }

    /// The first tick, not before `now`, at which there is room for some flits; `None` if that depends on when the first
    /// packet leaves.
    #[inline]
    pub(super) fn room_from(&self, now: Tick, flits: u32) -> Option<Tick> {
        if self.leaving_until > now && self.held + flits <= self.capacity {
            return Some(now);
        }
        (self.held - self.leaving + flits <= self.capacity).then(|| self.leaving_until.max(now))
    }

    /// Takes in a packet that starts on the link before the queue; returns when it asks for its own link, if no other is
    /// before it.
    ///
    /// # Errors
    /// [`Busy`] with the packet if there is no room for it by then.
    #[inline]
    pub(super) fn accept(&mut self, start: Tick, packet: Packet) -> Result<Option<Tick>, Busy<Packet>> {
        if self.room_from(start, packet.flits) != Some(start) {
            return Err(Busy(packet));
        }
        self.held += packet.flits;
        self.packets.push_back(packet);
        Ok((self.packets.len() == 1).then(|| packet.ready.max(self.leaving_until)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noc::{Mesh, NocSpec};
    use rebias_units::Cycles;

    #[test]
    fn a_packet_is_refused_until_the_one_before_has_left_and_then_accepted() {
        let (router_ticks, link_ticks) = (Cycles(2), Cycles(1));
        let spec = NocSpec { tiles_per_router: 1, flit_bits: 32, queue_flits: 4, router_ticks, link_ticks };
        let mut queue = InputQueue::new(Mesh::new(1, spec).place(0), 0, 0, spec.queue_flits);
        let exit = Place { row: 0, column: 0 };
        let packet = Packet { ready: Tick(3), exit, exit_port: 4, flits: 3, message: 0, is_last: true };
        assert_eq!(queue.accept(Tick(0), packet), Ok(Some(Tick(3))));
        let before = queue.clone();
        assert_eq!(queue.accept(Tick(1), packet), Err(Busy(packet)), "2 of 4 flits are missing");
        assert_eq!(queue, before);
        assert_eq!(queue.pop(Tick(3)), Some((packet, None)));
        assert_eq!(queue.accept(Tick(5), packet), Err(Busy(packet)), "its tail has left by tick 6");
        assert_eq!(queue.accept(Tick(6), packet), Ok(Some(Tick(6))));
    }
}
