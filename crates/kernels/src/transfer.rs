//! What converters do to the sum of a column.

/// From the analog sum of a column in one read to a number.
///
/// Analog sums are in *units*; the unit of a stack's cells is 2^shift of them ([`Cells::shift`](crate::Cells)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// The sum itself, in units of the cells: nothing is lost. For sums of cells alone.
    Exact,
    /// The sum itself up to `max`, in units of the cells: a converter whose step is one of them, from 0. For sums of
    /// cells alone.
    Clip {
        /// The greatest sum that it tells from greater ones.
        max: u32,
    },
    /// The code of a uniform converter.
    Uniform(Uniform),
    /// The code of any converter, tabulated over analog sums in units from `first`; sums beyond the table have the code
    /// at its nearer end.
    Table {
        /// The analog sum of the first entry.
        first: i64,
        /// Codes; at least one.
        codes: Vec<u16>,
    },
    /// What a uniform converter decodes, less a drop, rounded to the nearest multiple of 2^`bits` units, ties down; in
    /// such multiples.
    Rounded {
        /// The converter.
        uniform: Uniform,
        /// Bits that are rounded away; at least 1.
        bits: u32,
    },
}

/// A uniform converter in integer arithmetic: code = clip(⌊(2·(i − low) + step)/(2·step)⌋, 0, max_code).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uniform {
    low: i64,
    step: u64,
    max_code: u32,
    reciprocal: u64,
    reciprocal_shift: u32,
}

/// Numerators have fewer bits.
const NUMERATOR_BITS: u32 = 62;

impl Uniform {
    /// A converter whose code 0 stands for `low`, and each further one for `step` more.
    ///
    /// # Panics
    ///
    /// If `step` is 0 or above 2^56.
    pub fn new(low: i64, step: u64, max_code: u32) -> Self {
        assert!((1..=1 << 56).contains(&step), "a step above 0");
        // ⌊n·m / 2^(N + l)⌋ = ⌊n/D⌋ for all n < 2^N, with l = ⌈log₂ D⌉ and m = ⌊2^(N + l)/D⌋ + 1, as
        // 2^(N + l) < m·D ≤ 2^(N + l) + 2^l (Granlund & Montgomery, "Division by invariant integers using
        // multiplication", PLDI 1994, theorem 4.2). m < 2^63 + 1 because D > 2^(l − 1).
        let divisor = 2 * u128::from(step);
        let bits = u128::BITS - (divisor - 1).leading_zeros();
        let reciprocal_shift = NUMERATOR_BITS + bits;
        let reciprocal = ((1 << reciprocal_shift) / divisor + 1) as u64;
        Self { low, step, max_code, reciprocal, reciprocal_shift }
    }

    /// What code 0 stands for.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// From one code to the next.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The greatest code.
    pub fn max_code(&self) -> u32 {
        self.max_code
    }

    /// The code of an analog sum.
    #[inline]
    pub fn code(&self, analog: i64) -> u32 {
        let numerator = (2 * (analog - self.low) + self.step as i64).max(0) as u64;
        debug_assert!(numerator < 1 << NUMERATOR_BITS, "sums are far below the bound of the reciprocal");
        let quotient = ((u128::from(numerator) * u128::from(self.reciprocal)) >> self.reciprocal_shift) as u64;
        quotient.min(self.max_code.into()) as u32
    }

    /// What a code stands for.
    #[inline]
    pub fn decoded(&self, code: u32) -> i64 {
        self.low + (self.step * u64::from(code)) as i64
    }
}

impl Transfer {
    /// The number that becomes of an analog sum, for cells in units of 2^`shift`.
    #[inline]
    pub fn value(&self, analog: i64, shift: u32, drop: i64) -> i64 {
        match self {
            Self::Exact => analog >> shift,
            Self::Clip { max } => (analog >> shift).min((*max).into()),
            Self::Uniform(uniform) => uniform.code(analog).into(),
            Self::Table { first, codes } => {
                let at = (analog - first).clamp(0, codes.len() as i64 - 1);
                codes[at as usize].into()
            }
            Self::Rounded { uniform, bits } => {
                let decoded = uniform.decoded(uniform.code(analog)) - drop;
                let half_less_one = (1 << (bits - 1)) - 1;
                (decoded + half_less_one) >> bits
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_step_halfway_and_stop_at_the_ends() {
        // Steps of 3 from 4: thresholds at 4 + 1.5 and 4 + 4.5.
        let uniform = Uniform::new(4, 3, 2);
        let decoded = [0, 4, 5, 6, 8, 9, 10, 200].map(|sum| uniform.decoded(uniform.code(sum)));
        assert_eq!(decoded, [4, 4, 4, 7, 7, 10, 10, 10]);
    }

    #[test]
    fn rounding_breaks_ties_downwards() {
        let rounded = Transfer::Rounded { uniform: Uniform::new(0, 1, 1000), bits: 2 };
        let found = [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].map(|lift| rounded.value(100 + lift, 0, 100));
        assert_eq!(found, [-1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn tables_end_with_their_last_codes() {
        let table = Transfer::Table { first: -2, codes: vec![7, 8, 9] };
        assert_eq!([-9, -2, -1, 0, 1, 99].map(|analog| table.value(analog, 0, 0)), [7, 7, 8, 9, 9, 9]);
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
            let uniform = Uniform::new(low, step, u32::MAX);
            let expected = (2 * i128::from(analog - low) + i128::from(step)).max(0) / (2 * i128::from(step));
            prop_assert_eq!(i128::from(uniform.code(analog)), expected.min(u32::MAX.into()));
        }
    }
}
