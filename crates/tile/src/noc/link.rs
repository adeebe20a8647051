//! A link: flits one after the other.
//!
//! ```text
//!  router's outputs, tile's port ─► │ flit … │ ─► input of a router, or a tile
//! ```

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

/// A link, which serves packets in the order in which they ask for it.
// A line of a processor's cache, as every packet touches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// First tick at which the next packet may start: that behind the last one's tail.
    pub(super) free_at: Tick,
    /// What it does for all packets that have a start.
    done: LinkUse,
    /// The last of these, if there are any.
    last: Booking,
    earlier: Box<Earlier>,
}

/// The packets before the last one, with the ticks behind their tails: at least all whose tails have not left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Earlier(Vec<(Booking, Tick)>);

/// A packet's time on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Booking {
    asked: Tick,
    /// The first tick at which nothing but room was missing.
    its_turn: Tick,
    start: Tick,
}

impl Link {
    /// Moves a packet that has asked for the link, from a tick `start` on that is not before `now`; returns the tick
    /// behind its tail.
    ///
    /// # Errors
    /// [`Busy`] with the packet's flits if the link still moves another at `start`.
    #[inline(always)]
    pub(super) fn carry(&mut self, now: Tick, start: Tick, flits: u32, asked: Tick) -> Result<Tick, Busy<u32>> {
        if start < self.free_at {
            return Err(Busy(flits));
        }
        let its_turn = self.free_at.max(asked);
        let end = start + Cycles(u64::from(flits));
        if self.free_at > now {
            self.keep_last(now);
        }
        self.last = Booking { asked, its_turn, start };
        self.done +=
            LinkUse { busy: end - start, stalled_by_room: start - its_turn, waited_for_link: its_turn - asked };
        self.free_at = end;
        Ok(end)
    }

    /// Keeps the last booking beside those before, of which the link may forget what has ended.
    fn keep_last(&mut self, now: Tick) {
        let Earlier(bookings) = &mut *self.earlier;
        if bookings.len() == bookings.capacity() {
            bookings.retain(|&(_, end)| end > now);
        }
        bookings.push((self.last, self.free_at));
    }

    /// What it has done before a tick, with the packet that waits for its turn since `asked`, if any.
    pub(super) fn use_before(&self, tick: Tick, asked: Option<Tick>) -> LinkUse {
        let mut done = self.done;
        for &(booking, end) in self.earlier.0.iter().chain([&(self.last, self.free_at)]) {
            done -= booking.before(end, end);
            done += booking.before(end, tick);
        }
        if let Some(asked) = asked {
            let not_known = Tick(u64::MAX);
            let its_turn = self.free_at.max(asked);
            done += Booking { asked, its_turn, start: not_known }.before(not_known, tick);
        }
        done
    }
}

impl Booking {
    /// What the link does for it before a tick; its tail leaves before `end`.
    fn before(&self, end: Tick, tick: Tick) -> LinkUse {
        let span = |from: Tick, to: Tick| to.min(tick) - from.min(tick);
        LinkUse {
            busy: span(self.start, end),
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

const _: () = assert!(size_of::<Link>() == 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_one_tick_early_is_refused_and_on_time_accepted() {
        let mut link = Link::default();
        assert_eq!(link.carry(Tick(0), Tick(0), 3, Tick(0)), Ok(Tick(3)));
        let before = link.clone();
        assert_eq!(link.carry(Tick(2), Tick(2), 2, Tick(2)), Err(Busy(2)));
        assert_eq!(link, before);
        assert_eq!(link.carry(Tick(2), Tick(3), 2, Tick(2)), Ok(Tick(5)));
    }
}
