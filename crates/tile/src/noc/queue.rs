//! A router's input: a finite queue, first in, first out.
//!
//! ```text
//!  link ─► │ packet │ packet │ first ─► router's pipeline ─► one of its output links
//!          └───── capacity ────────┘
//! ```

use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

use super::Place;
use super::in_flight::InFlight;

/// A packet on its way.
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
    /// The packet behind it in its queue; the last one's means nothing.
    pub(super) next: u32,
}

/// Packets at an input of a router.
///
/// A packet takes its room when its head starts on the link before the queue, and gives it back when its tail has left
/// the queue. The queue is read one flit a tick, one packet after the other. Both are booked as soon as the start is
/// known, which may be ahead of time. Packets are named by their places among those on their way, where each leads to
/// the next: so they need not be moved from queue to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputQueue {
    /// The router.
    pub(super) place: Place,
    /// The first of the router's outputs.
    pub(super) outputs: u32,
    /// The link before the queue.
    pub(super) link: u32,
    /// How many packets there are; the first and the last of them, if there are any.
    n_packets: u32,
    first: u32,
    last: u32,
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
    pub(super) fn new(place: Place, outputs: u32, link: u32, capacity: u32) -> Self {
        Self {
            place,
            outputs,
            link,
            n_packets: 0,
            first: 0,
            last: 0,
            capacity,
            held: 0,
            leaving: 0,
            leaving_until: Tick::ZERO,
            is_awaited: false,
        }
    }

    /// The first packet, which asks for a link or waits for one.
    #[inline]
    pub(super) fn front(&self) -> Option<u32> {
        (self.n_packets > 0).then_some(self.first)
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
    #[inline(always)]
    pub(super) fn accept(
        &mut self,
        start: Tick,
        packet: u32,
        packets: &mut InFlight<Packet>,
    ) -> Result<Option<Tick>, Busy<u32>> {
        let Packet { flits, ready, .. } = packets[packet];
        if self.room_from(start, flits) != Some(start) {
            return Err(Busy(packet));
        }
        self.held += flits;
        self.n_packets += 1;
        let before = std::mem::replace(&mut self.last, packet);
        if self.n_packets > 1 {
            packets[before].next = packet;
            return Ok(None);
        }
        self.first = packet;
        Ok(Some(ready.max(self.leaving_until)))
    }

    /// Lets the first packet go from a tick on; with it comes when the next one asks for its link, if there is one.
    #[inline(always)]
    pub(super) fn pop(&mut self, start: Tick, packets: &InFlight<Packet>) -> Option<(u32, Option<Tick>)> {
        debug_assert!(start >= self.leaving_until, "a queue is read one packet after the other");
        let first = self.front()?;
        let Packet { flits, next, .. } = packets[first];
        self.held -= self.leaving;
        self.leaving = flits;
        self.leaving_until = start + Cycles(u64::from(flits));
        self.first = next;
        self.n_packets -= 1;
        Some((first, self.front().map(|next| packets[next].ready.max(self.leaving_until))))
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
        let mut packets = InFlight::default();
        let packet = Packet { ready: Tick(3), exit, exit_port: 4, flits: 3, message: 0, is_last: true, next: 0 };
        let (one, another) = (packets.insert(packet), packets.insert(packet));
        assert_eq!(queue.accept(Tick(0), one, &mut packets), Ok(Some(Tick(3))));
        let before = queue.clone();
        assert_eq!(queue.accept(Tick(1), another, &mut packets), Err(Busy(another)), "2 of 4 flits are missing");
        assert_eq!(queue, before);
        assert_eq!(queue.pop(Tick(3), &packets), Some((one, None)));
        assert_eq!(queue.accept(Tick(5), another, &mut packets), Err(Busy(another)), "its tail has left by tick 6");
        assert_eq!(queue.accept(Tick(6), another, &mut packets), Ok(Some(Tick(6))));
    }
}
