//! What value an ADC gives.

/// Units of one cell level, in which sums are held.
pub const UNITS_PER_LEVEL: u32 = 128;

/// The transfer of an ADC, in units of 1/128 level: code = clip(⌊(2·(i − low) + step)/(2·step)⌋, 0, max_code), decoded
/// as low + step·code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdcModel {
    low: i64,
    step: u64,
    max_code: u32,
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

    /// From 0 in steps of one level.
    pub fn lossless_step(bits: u32) -> Self {
        Self { low: 0, step: UNITS_PER_LEVEL.into(), max_code: max_code(bits) }
    }

    /// From one sum to another (in units), in steps of at least one level, rounded up to a unit.
    pub fn calibrated(bits: u32, low: u64, high: u64) -> Self {
        Self::over(bits, low as i64, high.saturating_sub(low))
    }

    /// From `low` in steps of `step`, both in levels; `low` is rounded half up to a unit, `step` up.
    pub fn fixed(bits: u32, low: f64, step: f64) -> Self {
        let units = f64::from(UNITS_PER_LEVEL);
        Self {
            low: (low * units + 0.5).floor() as i64,
            step: ((step * units).ceil() as u64).max(1),
            max_code: max_code(bits),
        }
    }

    fn over(bits: u32, low: i64, span: u64) -> Self {
        let max_code = max_code(bits);
        let step = span.div_ceil(max_code.into()).max(UNITS_PER_LEVEL.into());
        Self { low, step, max_code }
    }

    /// The sum at code 0.
    pub fn low(self) -> i64 {
        self.low
    }

    /// From one code to the next.
    pub fn step(self) -> u64 {
        self.step
    }

    /// The last code.
    pub fn max_code(self) -> u32 {
        self.max_code
    }

    /// The code of a sum.
    pub fn code(self, sum: i64) -> u32 {
        self.unclipped_code(sum).clamp(0, self.max_code.into()) as u32
    }

    /// The sum that a code stands for.
    pub fn decoded(self, code: u32) -> i64 {
        self.low + (self.step * u64::from(code)) as i64
    }

    /// On which side a sum lies beyond the range, if it does.
    pub fn clipped(self, sum: i64) -> Option<Clipped> {
        match self.unclipped_code(sum) {
            code if code < 0 => Some(Clipped::Below),
            code if code > self.max_code.into() => Some(Clipped::Above),
            _ => None,
        }
    }

    /// Whether any two sums of 0 to `max_sum` that are whole multiples of `unit` apart get different codes, none clipped:
    /// then a decoded sum is off by less than half of `unit` above it, or by half below it.
    pub fn is_lossless(self, unit: u64, max_sum: u64) -> bool {
        self.step <= unit && self.clipped(0).is_none() && self.clipped(max_sum as i64).is_none()
    }

    fn unclipped_code(self, sum: i64) -> i64 {
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

    fn codes(model: AdcModel, sums: &[i64]) -> Vec<u32> {
        sums.iter().map(|&sum| model.code(sum)).collect()
    }

    #[test]
    fn a_one_level_step_rounds_half_up_and_clips_above() {
        let model = AdcModel::lossless_step(2);
        assert_eq!(codes(model, &[0, 63, 64, 128, 191, 192, 384, 447, 448, 9999]), [0, 0, 1, 1, 1, 2, 3, 3, 3, 3]);
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
        assert_eq!(codes(model, &[0, 832, 1166, 1167, 5000]), [0, 0, 0, 1, 3]);
        assert_eq!([832, 833].map(|sum| model.clipped(sum)), [Some(Clipped::Below), None]);
        assert_eq!(AdcModel::calibrated(4, 500, 500).step(), 128, "never below one level");
    }

    #[test]
    fn a_fixed_range_is_rounded_to_units() {
        let model = AdcModel::fixed(3, -0.51, 0.011);
        // −65.28 + ½ down to −65; 1.408 up to 2.
        assert_eq!((model.low(), model.step()), (-65, 2));
        assert_eq!(AdcModel::fixed(3, 0.0, 1e-9).step(), 1);
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
