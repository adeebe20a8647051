//! Division by numbers that are known long before.

/// A number to divide by, with its reciprocal: a division is a multiplication then, which takes a third of the time.
///
/// # Source
/// A. D. Robison, "N-bit unsigned division via N-bit multiply-add", ARITH 2005: with m = ⌊(2⁶⁴ − 1)/d⌋,
/// ⌊n/d⌋ = ⌊(n + 1)·m/2⁶⁴⌋ as long as (n + 1)·d ≤ 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    divisor: u32,
    reciprocal: u64,
}

impl Divisor {
    /// Prepares to divide by a number.
    ///
    /// # Panics
    /// If it is 0.
    pub const fn new(divisor: u32) -> Self {
        Self { divisor, reciprocal: u64::MAX / divisor as u64 }
    }

    /// The number itself.
    pub const fn get(self) -> u32 {
        self.divisor
    }

    /// Quotient and remainder.
    #[inline]
    pub const fn divide(self, dividend: u32) -> (u32, u32) {
        let quotient = (((dividend as u128 + 1) * self.reciprocal as u128) >> u64::BITS) as u32;
        (quotient, dividend - quotient * self.divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(dividend: u32, divisor: u32) {
        let expected = (dividend / divisor, dividend % divisor);
        assert_eq!(Divisor::new(divisor).divide(dividend), expected, "{dividend} / {divisor}");
    }

    #[test]
    fn the_ends_of_the_range_are_divided_exactly() {
        let ends = [0, 1, 2, 3, u32::MAX / 2, u32::MAX / 2 + 1, u32::MAX - 1, u32::MAX];
        for (dividend, divisor) in ends.iter().flat_map(|&dividend| ends.map(|divisor| (dividend, divisor.max(1)))) {
            check(dividend, divisor);
        }
    }

    proptest! {
        #[test]
        fn prop_quotients_and_remainders_are_exact(dividend: u32, divisor in 1u32.., times in 0u32..1000) {
            check(dividend, divisor);
            // Where a rounded reciprocal would err: beside the multiples.
            let multiple = divisor.wrapping_mul(times);
            check(multiple, divisor);
            check(multiple.wrapping_sub(1), divisor);
        }
    }
}
