//! Legal ranges of numbers.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// The legal range of a number. Infinite numbers and NaN are never legal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    low: Bound<f64>,
    high: Bound<f64>,
}

impl Interval {
    /// Any finite number.
    pub const fn any() -> Interval {
        Interval { low: Bound::Unbounded, high: Bound::Unbounded }
    }

    /// 0 < x
    pub const fn positive() -> Interval {
        Interval::more_than(0.0)
    }

    /// 0 <= x
    pub const fn non_negative() -> Interval {
        Interval::at_least(0.0)
    }

    /// low < x
    pub const fn more_than(low: f64) -> Interval {
        Interval { low: Bound::Excluded(low), high: Bound::Unbounded }
    }

    /// low <= x
    pub const fn at_least(low: f64) -> Interval {
        Interval { low: Bound::Included(low), high: Bound::Unbounded }
    }

    /// low <= x <= high
    pub const fn closed(low: f64, high: f64) -> Interval {
        Interval { low: Bound::Included(low), high: Bound::Included(high) }
    }

    /// low < x < high
    pub const fn open(low: f64, high: f64) -> Interval {
        Interval { low: Bound::Excluded(low), high: Bound::Excluded(high) }
    }

    /// low < x <= high
    pub const fn open_closed(low: f64, high: f64) -> Interval {
        Interval { low: Bound::Excluded(low), high: Bound::Included(high) }
    }

    /// low <= x < high
    pub const fn closed_open(low: f64, high: f64) -> Interval {
        Interval { low: Bound::Included(low), high: Bound::Excluded(high) }
    }

    /// Whether `x` is finite and within the bounds.
    pub fn contains(&self, x: f64) -> bool {
        x.is_finite() && RangeBounds::contains(self, &x)
    }
}

impl RangeBounds<f64> for Interval {
    fn start_bound(&self) -> Bound<&f64> {
        self.low.as_ref()
    }

    fn end_bound(&self) -> Bound<&f64> {
        self.high.as_ref()
    }
}

impl fmt::Display for Interval {
    /// Such as `0 < x <= 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Interval::any() {
            return f.write_str("any finite number");
        }
        match self.low {
            Bound::Included(low) => write!(f, "{low} <= ")?,
            Bound::Excluded(low) => write!(f, "{low} < ")?,
            Bound::Unbounded => {}
        }
        f.write_str("x")?;
        match self.high {
            Bound::Included(high) => write!(f, " <= {high}"),
            Bound::Excluded(high) => write!(f, " < {high}"),
            Bound::Unbounded => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_in_or_out_as_shown() {
        for (interval, shown, inside, outside) in [
            (Interval::any(), "any finite number", -1e300, f64::NAN),
            (Interval::positive(), "0 < x", f64::MIN_POSITIVE, 0.0),
            (Interval::non_negative(), "0 <= x", 0.0, -f64::MIN_POSITIVE),
            (Interval::more_than(1.5), "1.5 < x", 1.6, 1.5),
            (Interval::at_least(1.5), "1.5 <= x", 1.5, f64::INFINITY),
            (Interval::closed(0.0, 1.0), "0 <= x <= 1", 1.0, 1.1),
            (Interval::open(0.0, 1.0), "0 < x < 1", 0.5, 1.0),
            (Interval::open_closed(0.0, 1.0), "0 < x <= 1", 1.0, 0.0),
            (Interval::closed_open(0.0, 1.0), "0 <= x < 1", 0.0, 1.0),
        ] {
            assert_eq!(interval.to_string(), shown);
            assert!(interval.contains(inside), "{inside} in {shown}");
            assert!(!interval.contains(outside), "{outside} in {shown}");
        }
    }
}
