//! What converters do to a column's sum.

/// From the sum of a column's cells in one read to the converted sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Nothing is lost.
    Exact,
    /// A converter whose step is one unit of the sums, from 0.
    Clip {
        /// The greatest sum that it tells from greater ones.
        max: u32,
    },
    /// Any converter, tabulated over the sums, less drop; where lifts are 0, so that the sum alone decides.
    Lut(Vec<i32>),
    /// Any converter, any floor.
    Division(Division),
}

impl Transfer {
    /// The converted sum: in the sum's unit for [`Exact`](Self::Exact) and [`Clip`](Self::Clip), else in the
    /// converter's.
    ///
    /// # Panics
    ///
    /// If a table doesn't reach to `sum`.
    pub fn value(&self, sum: u32, lift: i64, drop: i64) -> i64 {
        match self {
            Self::Exact => sum.into(),
            Self::Clip { max } => sum.min(*max).into(),
            Self::Lut(values) => i64::from(values[sum as usize]) - drop,
            Self::Division(division) => division.value(sum, lift, drop),
        }
    }
}

/// A uniform converter in integer arithmetic: code = clip(⌊(2·(i − low) + step)/(2·step)⌋, 0, max_code) with
/// i = sum·2^shift + lift, decoded as low + step·code, less drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    shift: u32,
    low: i64,
    step: u64,
    max_code: u32,
    rounding: Rounding,
    reciprocal: u64,
    reciprocal_shift: u32,
}

/// What happens to a converted sum after its drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Nothing.
    Keep,
    /// It is rounded to the nearest multiple of 2^shift, ties down.
    ToNearest,
}

/// Numerators have fewer bits.
const NUMERATOR_BITS: u32 = 62;

impl Division {
    /// A converter with `shift` fraction bits below the unit of the sums.
    ///
    /// # Panics
    ///
    /// If `step` is 0 or above 2^56, or `shift` is above 31.
    pub fn new(shift: u32, low: i64, step: u64, (max_code, rounding): (u32, Rounding)) -> Self {
        assert!((1..=1 << 56).contains(&step) && shift < 32, "a step above 0, and few fraction bits");
        // ⌊n·m / 2^(N + l)⌋ = ⌊n/D⌋ for all n < 2^N, with l = ⌈log₂ D⌉ and m = ⌊2^(N + l)/D⌋ + 1, as
        // 2^(N + l) < m·D ≤ 2^(N + l) + 2^l (Granlund & Montgomery, "Division by invariant integers using
        // multiplication", PLDI 1994, theorem 4.2). m < 2^63 + 1 because D > 2^(l − 1).
        let divisor = 2 * u128::from(step);
        let bits = u128::BITS - (divisor - 1).leading_zeros();
        let reciprocal_shift = NUMERATOR_BITS + bits;
        let reciprocal = ((1 << reciprocal_shift) / divisor + 1) as u64;
        Self { shift, low, step, max_code, rounding, reciprocal, reciprocal_shift }
    }

    /// The converted sum.
    #[inline]
    pub fn value(&self, sum: u32, lift: i64, drop: i64) -> i64 {
        let analog = (i64::from(sum) << self.shift) + lift;
        let decoded = self.low + (self.step * u64::from(self.code(analog))) as i64 - drop;
        match self.rounding {
            Rounding::Keep => decoded,
            Rounding::ToNearest => {
                let half_less_one = ((1 << self.shift) - 1) / 2;
                ((decoded + half_less_one) >> self.shift) << self.shift
            }
        }
    }

    /// The code of an analog sum.
    #[inline]
    fn code(&self, analog: i64) -> u32 {
        let numerator = (2 * (analog - self.low) + self.step as i64).max(0) as u64;
        debug_assert!(numerator < 1 << NUMERATOR_BITS, "sums are far below the bound of the reciprocal");
        let quotient = ((u128::from(numerator) * u128::from(self.reciprocal)) >> self.reciprocal_shift) as u64;
        quotient.min(self.max_code.into()) as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_step_halfway_and_stop_at_the_ends() {
        // Steps of 3 units of 1/2 from 4: thresholds at 4 + 1.5, 4 + 4.5, …
        let division = Division::new(1, 4, 3, (2, Rounding::Keep));
        let decoded = [0, 2, 3, 4, 5, 6, 100].map(|sum| division.value(sum, 0, 0));
        assert_eq!(decoded, [4, 4, 7, 7, 10, 10, 10]);
        assert_eq!(division.value(2, 1, 1), 4 - 1, "5 is below the threshold");
        assert_eq!(division.value(2, 2, 1), 7 - 1, "6 is above");
    }

    #[test]
    fn rounding_breaks_ties_downwards() {
        let division = Division::new(2, 0, 1, (1000, Rounding::ToNearest));
        let rounded = [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].map(|lift| division.value(0, 100 + lift, 100));
        assert_eq!(rounded, [-4, -4, -4, 0, 0, 0, 0, 4, 4, 4, 4, 8]);
    }

    proptest! {
        #[test]
        fn prop_the_reciprocal_divides_exactly(
            step in prop_oneof![1u64..=5, 1u64..=1 << 56],
            quotient in 0u64..1 << 24,
            offset in -2i64..=2,
            low in -(1i64 << 38)..1 << 38,
        ) {
            // Around a step from one code to the next, where a division would go wrong first.
            let analog = low + (step as i64).saturating_mul(quotient as i64).min(1 << 59) + offset - (step / 2) as i64;
            let division = Division::new(7, low, step, (u32::MAX, Rounding::Keep));
            let expected = (2 * i128::from(analog - low) + i128::from(step)).max(0) / (2 * i128::from(step));
            prop_assert_eq!(i128::from(division.code(analog)), expected.min(u32::MAX.into()));
        }
    }
}
