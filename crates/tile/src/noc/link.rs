//! A link: flits one after the other.

use std::collections::VecDeque;

use rebias_engine::Tick;
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
    Queue(usize),
    /// To a terminal, which takes what arrives.
    Terminal(usize),
}

/// A link and the inputs whose first packets wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Where it leads; none for a router's output at the edge of the mesh.
    pub(super) end: Option<LinkEnd>,
    /// Queues in order of arrival, each with the tick at which it asked.
    pub(super) waiting: VecDeque<(usize, Tick)>,
    /// Whether it is going to be woken, at the first tick at which it may go on.
    pub(super) is_waking: bool,
    /// First tick at which the next packet may start.
    pub(super) free_at: Tick,
    done: LinkUse,
}

impl Link {
    pub(super) fn to(end: LinkEnd) -> Self {
        Self { end: Some(end), ..Self::default() }
    }

    /// Moves a packet that has asked for the link at a tick; returns the tick behind its tail.
    pub(super) fn carry(&mut self, now: Tick, flits: u32, asked: Tick) -> Tick {
        debug_assert!(now >= self.free_at, "a link moves one packet at a time");
        let its_turn = self.free_at.max(asked);
        self.done.waited_for_link += its_turn - asked;
        self.done.stalled_by_room += now - its_turn;
        self.done.busy += Cycles(u64::from(flits));
        self.free_at = now + Cycles(u64::from(flits));
        self.free_at
    }

    /// What it has done before a tick, with the packet that waits for its turn since `asked`, if any.
    pub(super) fn use_before(&self, tick: Tick, asked: Option<Tick>) -> LinkUse {
        let mut done = self.done;
        done.busy = done.busy - (self.free_at.max(tick) - tick);
        if let Some(asked) = asked {
            let its_turn = self.free_at.max(asked).min(tick);
            done.waited_for_link += its_turn - asked.min(its_turn);
            done.stalled_by_room += tick - its_turn;
        }
        done
    }
}
