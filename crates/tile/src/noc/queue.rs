//! A router's input: a finite queue, first in, first out.
//!
//! ```text
//!  link ─► │ packet │ packet │ first ─► router's pipeline ─► one of its output links
//!          └───── capacity ────────┘
//! ```

use rebias_engine::{Busy, Pool, PoolId, Tick};
use rebias_units::Cycles;

use super::Place;

/// A packet on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// The tick at which its head has passed the router's pipeline, and once it waits for a link, that at which it asked.
    pub(super) asks: Tick,
    /// The router of the terminal that it is for.
    pub(super) exit: Place,
    /// That terminal.
    pub(super) to: u32,
    pub(super) flits: u32,
    /// The message that has arrived with its tail.
    pub(super) ends: Option<PoolId>,
    /// The packet behind it in its queue.
    pub(super) next: Option<PoolId>,
}

/// Packets at an input of a router.
///
/// A packet takes its room when its head starts on the link before the queue, and gives it back when its tail has left
/// the queue. The queue is read one flit a tick, one packet after the other. Both are booked as soon as the start is
/// known, which may be ahead of time. Packets are named by their places among those on their way, where each leads to
/// the next: so they need not be moved from queue to queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputQueue {
    /// First tick at which the tail of the packet that is being read has left.
    leaving_until: Tick,
    /// Flits of that packet, until then.
    leaving: u32,
    /// Flits of room that are taken.
    held: u32,
    /// Flits that it holds at most.
    capacity: u32,
    first: Option<PoolId>,
    /// Of several packets the one that came last.
    last: Option<PoolId>,
}

impl InputQueue {
    pub(super) fn new(capacity: u32) -> Self {
        Self { leaving_until: Tick::ZERO, leaving: 0, held: 0, capacity, first: None, last: None }
    }

    /// The first packet, which asks for a link or waits for one.
    #[inline]
    pub(super) fn front(&self) -> Option<PoolId> {
        self.first
    }

    /// The first tick, not before `from`, at which there is room for some flits; `None` if that depends on when the first
    /// packet leaves.
    #[inline]
    pub(super) fn room_from(&self, from: Tick, flits: u32) -> Option<Tick> {
        if self.held + flits <= self.capacity {
            return Some(from);
        }
        (self.held - self.leaving + flits <= self.capacity).then(|| self.leaving_until.max(from))
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
        packet: PoolId,
        packets: &mut Pool<Packet>,
    ) -> Result<Option<Tick>, Busy<PoolId>> {
        let Packet { flits, asks, .. } = packets[packet];
        let left = if self.leaving_until <= start { self.leaving } else { 0 };
        if self.held - left + flits > self.capacity {
            return Err(Busy(packet));
        }
        self.held += flits;
        match (self.first, self.last.replace(packet)) {
            (Some(_), Some(before)) => {
                packets[before].next = Some(packet);
                Ok(None)
            }
            (None, _) | (_, None) => {
                self.first = Some(packet);
                Ok(Some(asks.max(self.leaving_until)))
            }
        }
    }

    /// Lets the first packet go from a tick on; with it comes when the next one asks for its link, if there is one.
    #[inline(always)]
    pub(super) fn pop(&mut self, start: Tick, packets: &mut Pool<Packet>) -> Option<(PoolId, Option<Tick>)> {
        debug_assert!(start >= self.leaving_until, "a queue is read one packet after the other");
        let first = self.first?;
        let packet = &mut packets[first];
        self.held -= self.leaving;
        self.leaving = packet.flits;
        self.leaving_until = start + Cycles(u64::from(packet.flits));
        self.first = packet.next.take();
        Some((first, self.first.map(|next| packets[next].asks.max(self.leaving_until))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_refused_until_the_one_before_has_left_and_then_accepted() {
        let mut queue = InputQueue::new(4);
        let exit = Place { row: 0, column: 0 };
        let mut packets = Pool::default();
        let packet = Packet { asks: Tick(3), exit, to: 0, flits: 3, ends: None, next: None };
        let (one, another) = (packets.insert(packet), packets.insert(packet));
        assert_eq!(queue.accept(Tick(0), one, &mut packets), Ok(Some(Tick(3))));
        let before = queue.clone();
        assert_eq!(queue.accept(Tick(1), another, &mut packets), Err(Busy(another)), "2 of 4 flits are missing");
        assert_eq!(queue, before);
        assert_eq!(queue.pop(Tick(3), &mut packets), Some((one, None)));
        assert_eq!(queue.accept(Tick(5), another, &mut packets), Err(Busy(another)), "its tail has left by tick 6");
        assert_eq!(queue.accept(Tick(6), another, &mut packets), Ok(Some(Tick(6))));
    }
}
