//! What value an ADC gives.

use crate::AdcErrors;

/// Units of one cell level, in which sums are held.
pub const UNITS_PER_LEVEL: u32 = 128;

/// The transfer of an ADC, in units of 1/128 level: code = clip(⌊(2·(i − low) + step)/(2·step)⌋, 0, max_code) unless its
/// transitions are displaced, decoded as low + step·code.
///
/// Noise is known to it and left to who converts: it is a sample for each conversion, added to the sum.
#[derive(Clone, Debug, PartialEq)]
pub struct AdcModel {
    low: i64,
    step: u64,
    max_code: u32,
    transitions: Transitions,
    noise_variance: f64,
}

/// Where codes begin.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Transitions {
    /// Halfway between what codes stand for.
    Ideal,
    /// The least sums of codes 1, 2, …, ascending.
    Displaced(Vec<i64>),
}

/// On which side of an ADC's range a sum lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clipped {
    /// Its code would be below 0.
    Below,
    /// Its code would be above the last.
    Above,
}

impl AdcModel {
    /// From 0 to the full scale (in units), in steps of at least one level, rounded up to a unit.
    pub fn full_scale(bits: u32, full_scale: u64) -> Self {
        Self::over(bits, 0, full_scale)
    }

    /// From 0 to the full scale (in units), rounded up to a unit a step.
    pub fn fine(bits: u32, full_scale: u64) -> Self {
        let max_code = max_code(bits);
        Self::uniform(0, full_scale.div_ceil(max_code.into()).max(1), max_code)
    }

    /// From 0 in steps of one level.
    pub fn lossless_step(bits: u32) -> Self {
        Self::uniform(0, UNITS_PER_LEVEL.into(), max_code(bits))
    }

    /// From one sum to another (in units), in steps of at least one level, rounded up to a unit.
    pub fn calibrated(bits: u32, low: i64, high: i64) -> Self {
        Self::over(bits, low, high.saturating_sub(low).max(0) as u64)
    }

    /// Signed codes −2^(A−1) … 2^(A−1) − 1 of a step (in units): clip(⌊i/Δ + ½⌋).
    ///
    /// Codes count from the least, so that `decoded` is Δ·(code − 2^(A−1)).
    pub fn signed(bits: u32, step: u64) -> Self {
        let below_zero = 1i64 << (bits - 1);
        Self::uniform(below_zero.saturating_mul(step as i64).saturating_neg(), step, max_code(bits))
    }

    /// Signed codes whose greatest stands for a sum of this magnitude (in units), in steps of at least `grain`, rounded up
    /// to a unit.
    pub fn symmetric(bits: u32, magnitude: u64, grain: u64) -> Self {
        let greatest = (max_code(bits) / 2).max(1);
        Self::signed(bits, magnitude.div_ceil(greatest.into()).max(grain))
    }

    /// From `low` in steps of `step`, both in levels; `low` is rounded half up to a unit, `step` up.
    pub fn fixed(bits: u32, low: f64, step: f64) -> Self {
        let units = f64::from(UNITS_PER_LEVEL);
        let (low, step) = ((low * units + 0.5).floor() as i64, ((step * units).ceil() as u64).max(1));
        Self::uniform(low, step, max_code(bits))
    }

    /// Signed codes of a step in levels, rounded up to a unit.
    pub fn signed_fixed(bits: u32, step: f64) -> Self {
        Self::signed(bits, ((step * f64::from(UNITS_PER_LEVEL)).ceil() as u64).max(1))
    }

    /// The same range with the noise and the transitions of a converter with errors.
    ///
    /// A converter whose transitions are not in order counts those that a sum has passed, as a flash converter does.
    pub fn with_errors(self, errors: &AdcErrors) -> Self {
        let noise_variance = (errors.input_noise() * self.step as f64).powi(2);
        if errors.is_static_ideal() {
            return Self { noise_variance, ..self };
        }
        let sum = |k| self.low.saturating_add((errors.transition(k) * self.step as f64).ceil() as i64);
        let mut transitions: Vec<_> = (1..=self.max_code).map(sum).collect();
        transitions.sort_unstable();
        Self { transitions: Transitions::Displaced(transitions), noise_variance, ..self }
    }

    fn uniform(low: i64, step: u64, max_code: u32) -> Self {
        Self { low, step, max_code, transitions: Transitions::Ideal, noise_variance: 0.0 }
    }

    fn over(bits: u32, low: i64, span: u64) -> Self {
        let max_code = max_code(bits);
        let step = span.div_ceil(max_code.into()).max(UNITS_PER_LEVEL.into());
        Self::uniform(low, step, max_code)
    }

    /// The sum at code 0.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// From one code to the next.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The last code.
    pub fn max_code(&self) -> u32 {
        self.max_code
    }

    /// The code of a sum.
    pub fn code(&self, sum: i64) -> u32 {
        match &self.transitions {
            Transitions::Ideal => self.unclipped_code(sum).clamp(0, self.max_code.into()) as u32,
            Transitions::Displaced(transitions) => transitions.partition_point(|&transition| transition <= sum) as u32,
        }
    }

    /// The least sums of codes 1, 2, …, if they are not halfway between what codes stand for.
    pub fn transitions(&self) -> Option<&[i64]> {
        match &self.transitions {
            Transitions::Ideal => None,
            Transitions::Displaced(transitions) => Some(transitions),
        }
    }

    /// Variance of what noise adds to each sum before conversion, in squared units.
    pub fn noise_variance(&self) -> f64 {
        self.noise_variance
    }

    /// Whether the code of a sum is always the one that an ideal converter of the same range gives.
    pub fn is_ideal(&self) -> bool {
        self.transitions == Transitions::Ideal && self.noise_variance == 0.0
    }

    /// The sum that a code stands for.
    pub fn decoded(&self, code: u32) -> i64 {
        self.low + (self.step * u64::from(code)) as i64
    }

    /// On which side a sum lies beyond the nominal range, if it does.
    pub fn clipped(&self, sum: i64) -> Option<Clipped> {
        match self.unclipped_code(sum) {
            code if code < 0 => Some(Clipped::Below),
            code if code > self.max_code.into() => Some(Clipped::Above),
            _ => None,
        }
    }

    /// Whether any two sums of 0 to `max_sum` that are whole multiples of `unit` apart get different codes, none clipped:
    /// then a decoded sum is off by less than half of `unit` above it, or by half below it.
    pub fn is_lossless(&self, unit: u64, max_sum: u64) -> bool {
        self.is_lossless_between(unit, (0, max_sum as i64))
    }

    /// As [`is_lossless`](Self::is_lossless), from one sum to another.
    pub fn is_lossless_between(&self, unit: u64, (least, greatest): (i64, i64)) -> bool {
        self.is_ideal() && self.step <= unit && self.clipped(least).is_none() && self.clipped(greatest).is_none()
    }

    fn unclipped_code(&self, sum: i64) -> i64 {
        let step = self.step as i64;
        (2 * (sum - self.low) + step).div_euclid(2 * step)
    }
}

fn max_code(bits: u32) -> u32 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(model: &AdcModel, sums: &[i64]) -> Vec<u32> {
        sums.iter().map(|&sum| model.code(sum)).collect()
    }

    #[test]
    fn a_one_level_step_rounds_half_up_and_clips_above() {
        let model = AdcModel::lossless_step(2);
        assert_eq!(codes(&model, &[0, 63, 64, 128, 191, 192, 384, 447, 448, 9999]), [0, 0, 1, 1, 1, 2, 3, 3, 3, 3]);
        assert_eq!(model.decoded(3), 384);
        assert_eq!(model.clipped(447), None);
        assert_eq!(model.clipped(448), Some(Clipped::Above));
    }

    #[test]
    fn the_full_scale_is_the_last_code_and_the_step_is_rounded_up() {
        // 128 rows of level 3: 384 levels over 255 codes are 192.75 units each.
        let model = AdcModel::full_scale(8, 384 * 128);
        assert_eq!((model.low(), model.step(), model.max_code()), (0, 193, 255));
        assert_eq!(model.code(384 * 128), 255);
        // With more codes than levels a step is one level.
        assert_eq!(AdcModel::full_scale(9, 384 * 128).step(), 128);
    }

    #[test]
    fn a_calibrated_range_starts_at_its_low_percentile() {
        let model = AdcModel::calibrated(2, 1000, 2000);
        assert_eq!((model.low(), model.step()), (1000, 334));
        // The first threshold is 1000 + 334/2.
        assert_eq!(codes(&model, &[0, 832, 1166, 1167, 5000]), [0, 0, 0, 1, 3]);
        assert_eq!([832, 833].map(|sum| model.clipped(sum)), [Some(Clipped::Below), None]);
        assert_eq!(AdcModel::calibrated(4, 500, 500).step(), 128, "never below one level");
    }

    #[test]
    fn signed_codes_are_symmetric_but_for_the_least() {
        // 3 bits: codes −4 … 3 of 10 units each.
        let model = AdcModel::signed(3, 10);
        let decoded = [-999, -45, -36, -5, -6, 4, 5, 34, 999].map(|sum| model.decoded(model.code(sum)));
        assert_eq!(decoded, [-40, -40, -40, 0, -10, 0, 10, 30, 30]);
        let symmetric = AdcModel::symmetric(4, 1000, 64);
        assert_eq!((symmetric.step(), symmetric.low()), (143, -8 * 143), "1000 over 7 codes");
        assert_eq!(AdcModel::symmetric(4, 100, 64).step(), 64);
        assert_eq!(AdcModel::symmetric(1, 100, 64).step(), 100);
    }

    #[test]
    fn a_fixed_range_is_rounded_to_units() {
        let model = AdcModel::fixed(3, -0.51, 0.011);
        // −65.28 + ½ down to −65; 1.408 up to 2.
        assert_eq!((model.low(), model.step()), (-65, 2));
        assert_eq!(AdcModel::fixed(3, 0.0, 1e-9).step(), 1);
    }

    #[test]
    fn a_signed_converter_steps_halfway_on_both_sides_of_zero() {
        // Three bits: −4 … 3.
        let model = AdcModel::signed(3, 128);
        let signed: Vec<_> =
            [-9999, -512, -65, -64, 0, 63, 64, 384, 9999].map(|sum| model.decoded(model.code(sum))).into();
        assert_eq!(signed, [-512, -512, -128, 0, 0, 0, 128, 384, 384]);
        assert_eq!([-577, -576].map(|sum| model.clipped(sum)), [Some(Clipped::Below), None]);
        assert!(model.is_lossless_between(128, (-512, 384)));
        assert!(!model.is_lossless_between(128, (-512, 512)));
        // 100 levels on either side over 7 codes.
        assert_eq!(AdcModel::symmetric(4, 12_800, 128).step(), 1829);
        assert_eq!(AdcModel::signed_fixed(4, 1.5).low(), -8 * 192);
    }

    #[test]
    fn displaced_transitions_are_counted() {
        let errors = |offset, gain, inl| AdcErrors { offset, gain, inl, noise: 0.0 };
        let model = || AdcModel::lossless_step(2);
        let sums = [63, 64, 95, 96, 191, 192, 319, 320];
        assert_eq!(codes(&model().with_errors(&AdcErrors::NONE), &sums), codes(&model(), &sums));
        // A quarter of a step: transitions at 96, 224 and 352 units.
        let late = model().with_errors(&errors(-0.25, 0.0, vec![]));
        assert_eq!(codes(&late, &[95, 96, 223, 224, 351, 352]), [0, 1, 1, 2, 2, 3]);
        assert!(!late.is_lossless(128, 0));
        // Twice the gain: at 32, 96 and 160 units.
        let steep = model().with_errors(&errors(0.0, 1.0, vec![]));
        assert_eq!(codes(&steep, &[31, 32, 95, 96, 159, 160]), [0, 1, 1, 2, 2, 3]);
        // The second transition, displaced to 64 + 128 − 192 = 0, comes before the first.
        let folded = model().with_errors(&errors(0.0, 0.0, vec![0.0, -1.5, 0.0]));
        assert_eq!(codes(&folded, &[-1, 0, 63, 64, 319, 320]), [0, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn noise_is_at_the_input_and_makes_a_converter_lossy() {
        let errors = AdcErrors { noise: 0.5, ..AdcErrors::NONE };
        let model = AdcModel::lossless_step(4).with_errors(&errors);
        assert_eq!(model.noise_variance(), 64.0 * 64.0, "half a level of 128 units");
        assert!(!model.is_lossless(128, 128) && AdcModel::lossless_step(4).is_lossless(128, 128));
        // What is added behind twice the gain is half as much before it.
        let steep = AdcModel::lossless_step(4).with_errors(&AdcErrors { gain: 1.0, ..errors });
        assert_eq!(steep.noise_variance(), 32.0 * 32.0);
    }

    #[test]
    fn lossless_ends_where_the_last_code_does() {
        let model = AdcModel::lossless_step(3);
        assert!(model.is_lossless(128, 7 * 128 + 63));
        assert!(!model.is_lossless(128, 7 * 128 + 64));
        assert!(!model.is_lossless(127, 0), "a step beyond the unit");
        assert!(!AdcModel::fixed(8, 0.6, 1.0).is_lossless(128, 128), "0 is below the range");
    }

    #[test]
    fn a_lossless_model_gives_each_level_back() {
        for (low, step) in [(0.0, 1.0), (0.5, 1.0), (-3.25, 0.75), (0.1, 0.33)] {
            let model = AdcModel::fixed(8, low, step);
            let max_level = (0..200).take_while(|level| model.is_lossless(128, level * 128)).count() as i64;
            for level in 0..max_level {
                // Nearest level, ties down.
                let decoded = model.decoded(model.code(level * 128));
                assert_eq!((decoded + 63).div_euclid(128), level, "{low} {step}");
            }
            assert!(max_level > 60);
        }
    }
}
