//! The chip's cycle, beside the ticks of the event queue.

use rebias_engine::Tick;
use rebias_units::Cycles;

/// The chip cycle of the present tick; kept, as nearly every event asks for it.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// Ticks of a cycle.
    period: u64,
    cycle: u64,
    /// First tick of the present cycle, and of the next.
    start: u64,
    next: u64,
}

impl Clock {
    /// At the start of the first cycle.
    pub(super) fn new(period: Cycles) -> Self {
        Self { period: period.0, cycle: 0, start: 0, next: period.0 }
    }

    /// It is another tick, not before the present cycle.
    #[inline]
    pub(super) fn advance(&mut self, now: Tick) {
        if now.0 >= self.next {
            self.cycle = now.0 / self.period;
            self.start = self.cycle * self.period;
            self.next = self.start + self.period;
        }
    }

    /// The present cycle.
    #[inline]
    pub(super) fn cycle(&self) -> u64 {
        self.cycle
    }

    /// The first boundary of cycles that is not before a tick of the present cycle or a later one.
    #[inline]
    pub(super) fn boundary_from(&self, tick: Tick) -> Tick {
        if tick.0 > self.next {
            tick.next_boundary(Cycles(self.period))
        } else if tick.0 > self.start {
            Tick(self.next)
        } else {
            Tick(self.start)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_those_of_the_period() {
        let mut clock = Clock::new(Cycles(120));
        for now in [0, 1, 119, 120, 350, 361] {
            clock.advance(Tick(now));
            assert_eq!(clock.cycle(), now / 120);
            for tick in [now, now + 1, now + 119, now + 120, now + 121, now + 500] {
                assert_eq!(clock.boundary_from(Tick(tick)), Tick(tick).next_boundary(Cycles(120)), "{now} {tick}");
            }
        }
    }
}
