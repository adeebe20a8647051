//! Coalesced thresholds against the formula they replace.

use ndarray::Array2;
use proptest::prelude::*;

use crate::coalesce::{BatchNorm, Channel, CoalesceError, Quantiser};
use crate::feature_map::max_pool;
use crate::*;

/// γ is of either sign and may be 0.
fn channels() -> impl Strategy<Value = Channel> {
    let gamma = prop_oneof![8 => -3.0..3.0, 1 => Just(0.0)];
    let batch_norm = (gamma, -2.0..2.0, -4.0..4.0, 0.01..9.0).prop_map(|(gamma, beta, mean, variance)| BatchNorm {
        gamma,
        beta,
        mean,
        variance,
        epsilon: 1e-5,
    });
    (0.001..0.2, 0.05..1.0, -1.0..1.0, batch_norm, 0..=8u32).prop_map(
        |(alpha, input_step, bias, batch_norm, beta_fraction_bits)| Channel {
            alpha,
            input_step,
            bias,
            batch_norm,
            beta_fraction_bits,
        },
    )
}

/// Batch norm, ReLU and quantiser one after the other; before the code is rounded and clipped.
fn direct(channel: &Channel, quantiser: Quantiser, sum: i64) -> f64 {
    let y = sum as f64 / f64::from(1 << channel.beta_fraction_bits);
    let BatchNorm { gamma, beta, mean, variance, epsilon } = channel.batch_norm;
    let convolution = channel.alpha * channel.input_step * y + channel.bias;
    let norm = gamma * (convolution - mean) / (variance + epsilon).sqrt() + beta;
    norm.max(0.0) / quantiser.step
}

/// Rows and columns of the maps of sums that are tried.
const SIDE: usize = 64;

/// A map of sums: some that follow each other, as at a threshold, and some far apart.
fn sums() -> impl Strategy<Value = Vec<i64>> {
    (-60_000..60_000i64, 1..40i64).prop_map(|(start, stride)| {
        let apart = |index: i64| (start + index * 104_729).rem_euclid(120_000) - 60_000;
        let n = (SIDE * SIDE) as i64;
        (0..n)
            .map(|index| if index % 3 == 0 { apart(index) } else { start + index * stride - n * stride / 2 })
            .collect()
    })
}

proptest! {
    // Each case has 4096 codes: four millions in all.
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn prop_thresholds_give_the_codes_of_the_formula(
        channel in channels(),
        step in 0.02..1.0,
        bits in 1..=8u32,
        sums in sums(),
    ) {
        let quantiser = Quantiser { step, bits };
        let (thresholds, direction) = channel.thresholds(quantiser).expect("finite");
        let thresholds = Array2::from_shape_vec((1, thresholds.len()), thresholds).expect("one channel");
        let codes = activate::codes(&thresholds, &[direction], &sums, (sums.len(), 0));
        let max_code = f64::from((1 << bits) - 1);
        let expected: Vec<_> = sums.iter().map(|&sum| direct(&channel, quantiser, sum)).collect();
        let quantised = |value: f64| (value + 0.5).floor().clamp(0.0, max_code);
        for (code, value) in codes.iter().zip(&expected) {
            // Where the formula itself rounds across a step it decides nothing.
            let is_tie = (value + 0.5 - (value + 0.5).round()).abs() < 1e-9;
            prop_assert!(is_tie || f64::from(*code) == quantised(*value), "{code} for {value}");
        }

        // Pooling codes is pooling what they were made of: the quantiser never falls.
        let window = Window { height: 2, width: 2, stride: 2, padding: 0 };
        let half = SIDE / 2;
        let map = FeatureMap::new(Shape::new(1, SIDE, SIDE), codes).expect("a code for each sum");
        let pooled = max_pool(&map, CodeFormat::unsigned(bits), window, Shape::new(1, half, half));
        for (position, code) in pooled.codes().iter().enumerate() {
            let corner = position / half * 2 * SIDE + position % half * 2;
            let value = [0, 1, SIDE, SIDE + 1].map(|offset| expected[corner + offset]).into_iter().fold(0.0, f64::max);
            let is_tie = (value + 0.5 - (value + 0.5).round()).abs() < 1e-9;
            prop_assert!(is_tie || f64::from(*code) == quantised(value));
        }
    }

    #[test]
    fn prop_logits_are_those_of_the_formula(channel in channels(), sum in -1_000_000..1_000_000i64) {
        let (scale, offset) = channel.logit().expect("finite");
        let y = sum as f64 / f64::from(1 << channel.beta_fraction_bits);
        let BatchNorm { gamma, beta, mean, variance, epsilon } = channel.batch_norm;
        let convolution = channel.alpha * channel.input_step * y + channel.bias;
        let expected = gamma * (convolution - mean) / (variance + epsilon).sqrt() + beta;
        prop_assert!((scale * sum as f64 + offset - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
    }
}

/// A channel whose s is `slope` and whose t is `intercept` for a quantiser of step 1.
fn line(slope: f64, intercept: f64) -> Channel {
    let batch_norm = BatchNorm { gamma: slope, beta: intercept, ..BatchNorm::IDENTITY };
    Channel { alpha: 1.0, input_step: 1.0, bias: 0.0, batch_norm, beta_fraction_bits: 1 }
}

const TWO_BITS: Quantiser = Quantiser { step: 1.0, bits: 2 };

#[test]
fn thresholds_by_hand() {
    // θ = (j − ½ − 0.1)/0.3 = 4/3, 14/3, 8; times 2: 2.67, 9.33, 16 and rounded up (16 less an ulp too).
    assert_eq!(line(0.3, 0.1).thresholds(TWO_BITS), Ok((vec![3, 10, 16], Direction::Rising)));
    // The same below 0, rounded down.
    assert_eq!(line(-0.3, 0.1).thresholds(TWO_BITS), Ok((vec![-3, -10, -16], Direction::Falling)));
}

#[test]
fn a_slope_of_zero_is_a_constant() {
    for (intercept, expected) in [(-5.0, 0), (0.49, 0), (0.5, 1), (2.0, 2), (77.0, 3)] {
        let (thresholds, direction) = line(0.0, intercept).thresholds(TWO_BITS).expect("finite");
        let thresholds = Array2::from_shape_vec((1, 3), thresholds).expect("three thresholds");
        let sums = [-(1 << 54), 0, 1 << 54];
        assert_eq!(activate::codes(&thresholds, &[direction], &sums, (3, 7)), [expected; 3]);
    }
}

#[test]
fn a_tiny_slope_has_thresholds_beyond_all_sums() {
    let (thresholds, direction) = line(-1e-300, 1.7).thresholds(TWO_BITS).expect("finite");
    assert_eq!((thresholds, direction), (vec![i64::MAX, i64::MAX, i64::MIN], Direction::Falling));
}

#[test]
fn values_that_are_not_finite_are_refused() {
    assert_eq!(line(f64::NAN, 0.0).thresholds(TWO_BITS), Err(CoalesceError::NotFinite));
    assert_eq!(line(1.0, f64::INFINITY).logit(), Err(CoalesceError::NotFinite));
    let mut collapsed = line(1.0, 0.0);
    collapsed.batch_norm.variance = 0.0;
    assert_eq!(collapsed.thresholds(TWO_BITS), Err(CoalesceError::NotFinite));
}
