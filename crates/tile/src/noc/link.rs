//! A link: flits one after the other.
//!
//! ```text
//!  router's outputs, tile's port ─► │ flit … │ ─► input of a router, or a tile
//! ```

use std::collections::VecDeque;
use std::ops::{AddAssign, SubAssign};

use rebias_engine::{Busy, Tick};
use rebias_units::Cycles;

/// What a link has done, and what was in its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkUse {
    /// Ticks in which it moved something: on a mesh as many as flits.
    pub busy: Cycles,
    /// Ticks in which it was free and a packet waited, for room in the queue behind it.
    pub stalled_by_room: Cycles,
    /// Ticks that packets waited for it while it moved others, those of all packets together; at the link between chips,
    /// ticks that messages waited for it or for room.
    pub waited_for_link: Cycles,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkEnd {
    /// Into a router's input queue, which may be full.
    Queue(u32),
    /// To a terminal, which takes what arrives.
    Terminal,
}

/// A link and the inputs whose first packets wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it leads; none for a router's output at the edge of the mesh.
    pub(super) end: Option<LinkEnd>,
    /// Queues in order of arrival, each with the tick at which it asked.
    pub(super) waiting: VecDeque<(u32, Tick)>,
    /// First tick at which the next packet may start.
    pub(super) free_at: Tick,
    /// What it does for all packets that have a start.
    done: LinkUse,
    /// The last of these: at least those whose tails have not left.
    booked: Vec<Booking>,
}

/// A packet's time on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Booking {
    asked: Tick,
    /// The first tick at which nothing but room was missing.
    its_turn: Tick,
    start: Tick,
    end: Tick,
}

impl Link {
    pub(super) fn to(end: LinkEnd) -> Self {
        Self { end: Some(end), ..Self::default() }
    }

    /// Moves a packet that has asked for the link, from a tick `start` on that is not before `now`; returns the tick
    /// behind its tail.
    ///
    /// # Errors
    /// [`Busy`] with the packet's flits if the link still moves another at `start`.
    #[inline]
    pub(super) fn carry(&mut self, now: Tick, start: Tick, flits: u32, asked: Tick) -> Result<Tick, Busy<u32>> {
        if start < self.free_at {
            return Err(Busy(flits));
        }
        if self.free_at <= now {
            self.booked.clear();
        } else if self.booked.len() == self.booked.capacity() {
            self.booked.retain(|booking| booking.end > now);
        }
        let its_turn = self.free_at.max(asked);
        self.free_at = start + Cycles(u64::from(flits));
        let booking = Booking { asked, its_turn, start, end: self.free_at };
        self.done += booking.before(booking.end);
        self.booked.push(booking);
        Ok(self.free_at)
    }

    /// What it has done before a tick, with the packet that waits for its turn since `asked`, if any.
    pub(super) fn use_before(&self, tick: Tick, asked: Option<Tick>) -> LinkUse {
        let mut done = self.done;
        for booking in &self.booked {
            done -= booking.before(booking.end);
            done += booking.before(tick);
        }
        if let Some(asked) = asked {
            let not_known = Tick(u64::MAX);
            let its_turn = self.free_at.max(asked);
            done += Booking { asked, its_turn, start: not_known, end: not_known }.before(tick);
        }
        done
    }
}

impl Booking {
    /// What the link does for it before a tick.
    #[inline]
    fn before(&self, tick: Tick) -> LinkUse {
        let span = |from: Tick, to: Tick| to.min(tick) - from.min(tick);
        LinkUse {
            busy: span(self.start, self.end),
            stalled_by_room: span(self.its_turn, self.start),
            waited_for_link: span(self.asked, self.its_turn),
        }
    }
}

impl AddAssign for LinkUse {
    fn add_assign(&mut self, other: Self) {
        self.busy += other.busy;
        self.stalled_by_room += other.stalled_by_room;
        self.waited_for_link += other.waited_for_link;
    }
}

impl SubAssign for LinkUse {
    fn sub_assign(&mut self, other: Self) {
        self.busy = self.busy - other.busy;
        self.stalled_by_room = self.stalled_by_room - other.stalled_by_room;
        self.waited_for_link = self.waited_for_link - other.waited_for_link;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_one_tick_early_is_refused_and_on_time_accepted() {
        let mut link = Link::to(LinkEnd::Terminal);
        assert_eq!(link.carry(Tick(0), Tick(0), 3, Tick(0)), Ok(Tick(3)));
        let before = link.clone();
        assert_eq!(link.carry(Tick(2), Tick(2), 2, Tick(2)), Err(Busy(2)));
        assert_eq!(link, before);
        assert_eq!(link.carry(Tick(2), Tick(3), 2, Tick(2)), Ok(Tick(5)));
    }
}
