//! Points in simulated time.

use std::ops::{Add, Sub};

use rebias_units::Cycles;

/// A point in simulated time: ticks of the digital clock since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The start.
    pub const ZERO: Self = Self(0);

    /// The first boundary of a slower clock, of `period` ticks, that is not before this tick.
    pub const fn next_boundary(self, period: Cycles) -> Self {
        Self(self.0.next_multiple_of(period.0))
    }
}

impl Add<Cycles> for Tick {
    type Output = Self;
    fn add(self, span: Cycles) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub for Tick {
    type Output = Cycles;
    fn sub(self, earlier: Self) -> Cycles {
        Cycles(self.0 - earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_its_own_next_boundary() {
        let period = Cycles(120);
        assert_eq!(Tick(120).next_boundary(period), Tick(120));
        assert_eq!(Tick(121).next_boundary(period), Tick(240));
    }
}
