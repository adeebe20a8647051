//! From sums to codes and logits.

use ndarray::Array2;

use crate::layer::Direction;

/// Codes from sums `[out_channel][position]` in units of 2^−`fraction_bits`: the number of thresholds that each passes.
pub(crate) fn codes(
    thresholds: &Array2<i64>,
    direction: &[Direction],
    sums: &[i64],
    (positions, fraction_bits): (usize, u32),
) -> Vec<u16> {
    let mut codes = Vec::with_capacity(sums.len());
    for ((sums, thresholds), direction) in sums.chunks_exact(positions).zip(thresholds.outer_iter()).zip(direction) {
        let thresholds: Vec<_> = thresholds.iter().map(|&threshold| scaled(threshold, fraction_bits)).collect();
        match direction {
            Direction::Rising => codes.extend(sums.iter().map(|&sum| count(&thresholds, |theta| sum >= theta))),
            Direction::Falling => codes.extend(sums.iter().map(|&sum| count(&thresholds, |theta| sum <= theta))),
        }
    }
    codes
}

/// logit = scale·Y + offset, rounded twice, for one sum of each class.
pub fn logits(scale: &[f64], offset: &[f64], sums: &[i64], fraction_bits: u32) -> Vec<f64> {
    // A power of two, so that multiplying by it is exact.
    let unit = 1.0 / (1u64 << fraction_bits) as f64;
    let logit = |((&scale, &offset), &sum): ((&f64, &f64), &i64)| {
        let product = scale * (sum as f64 * unit);
        product + offset
    };
    scale.iter().zip(offset).zip(sums).map(logit).collect()
}

/// Up to so many thresholds it is faster to look at all of them.
const FEW: usize = 3;

/// How many thresholds are passed; those that are stand in front.
fn count(thresholds: &[i64], passed: impl Fn(i64) -> bool) -> u16 {
    if thresholds.len() <= FEW {
        thresholds.iter().map(|&theta| u16::from(passed(theta))).sum()
    } else {
        thresholds.partition_point(|&theta| passed(theta)) as u16
    }
}

/// Θ·2^fraction_bits. What would leave `i64` becomes infinite, which no sum can tell from it.
fn scaled(threshold: i64, fraction_bits: u32) -> i64 {
    threshold.saturating_mul(1 << fraction_bits)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_sum_passes_a_threshold_that_it_equals_in_both_directions() {
        let thresholds = array![[-2, 0, 5], [5, 0, -2]];
        let sums = [-3, -2, 0, 4, 5, -3, -2, 0, 4, 5];
        let found = codes(&thresholds, &[Direction::Rising, Direction::Falling], &sums, (5, 0));
        assert_eq!(found, [0, 1, 2, 2, 3, 3, 3, 2, 1, 1]);
    }

    #[test]
    fn fractions_of_a_sum_are_compared() {
        let thresholds = array![[1], [1]];
        let sums = [127, 128, 129, 127, 128, 129];
        let found = codes(&thresholds, &[Direction::Rising, Direction::Falling], &sums, (3, 7));
        assert_eq!(found, [0, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn infinite_thresholds_stay_infinite() {
        let infinite = array![[i64::MIN, i64::MIN, i64::MAX], [i64::MAX, i64::MIN, i64::MIN]];
        for fraction_bits in [0, 7] {
            let sums = [-(1 << 62), 1 << 62, -(1 << 62), 1 << 62];
            let found = codes(&infinite, &[Direction::Rising, Direction::Falling], &sums, (2, fraction_bits));
            assert_eq!(found, [2, 2, 1, 1]);
        }
    }

    #[test]
    fn many_thresholds_are_counted_like_few() {
        let few: Vec<i64> = vec![-1, 3, 3];
        let many: Vec<i64> = (0..255).map(|step| step * 3 - 300).collect();
        for sum in -310..480 {
            for thresholds in [&few, &many] {
                let expected = thresholds.iter().filter(|&&theta| sum >= theta).count();
                assert_eq!(usize::from(count(thresholds, |theta| sum >= theta)), expected);
            }
        }
    }

    #[test]
    fn logits_are_rounded_twice() {
        let (scale, offset) = (1.0 + f64::EPSILON, -1.0);
        // One rounding would give 2ε + ε².
        let sums = [(1i64 << 52) + 1];
        let product = scale * sums[0] as f64;
        assert_eq!(logits(&[scale], &[offset], &sums, 0), [product + offset]);
        assert_eq!(logits(&[0.5, 2.0], &[1.0, 0.25], &[384, -64], 7), [2.5, -0.75]);
    }
}
