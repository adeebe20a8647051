//! A level over time.

use crate::Tick;

/// A level that goes up and down: how high it is, was at most, and is in the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge {
    level: u64,
    peak: u64,
    since: Tick,
    area: u128,
}

impl Gauge {
    /// The level is another from a tick on, which is not before that of the last call.
    pub fn set(&mut self, now: Tick, level: u64) {
        self.area = self.area_before(now);
        self.since = now;
        self.level = level;
        self.peak = self.peak.max(level);
    }

    /// The present level.
    pub const fn level(&self) -> u64 {
        self.level
    }

    /// The highest level so far.
    pub const fn peak(&self) -> u64 {
        self.peak
    }

    /// Level × ticks before a tick, which is not before the last change: divided by the ticks, the mean.
    pub fn area_before(&self, tick: Tick) -> u128 {
        self.area + u128::from(self.level) * u128::from((tick - self.since).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_weighs_each_level_by_its_time() {
        let mut gauge = Gauge::default();
        gauge.set(Tick(10), 4);
        gauge.set(Tick(15), 1);
        assert_eq!((gauge.level(), gauge.peak()), (1, 4));
        assert_eq!(gauge.area_before(Tick(20)), 5 * 4 + 5);
    }

    #[test]
    fn a_level_of_no_time_counts_for_the_peak_only() {
        let mut gauge = Gauge::default();
        gauge.set(Tick(3), 9);
        gauge.set(Tick(3), 2);
        assert_eq!((gauge.peak(), gauge.area_before(Tick(4))), (9, 2));
    }
}
