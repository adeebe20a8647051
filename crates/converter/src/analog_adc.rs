//! What value an ADC gives, without rounding its range to units.

use crate::{AdcErrors, AdcSpec};

/// The transfer of an ADC in `f64`, sums in cell levels: the reference for [`AdcModel`](crate::AdcModel).
#[derive(Clone, Debug, PartialEq)]
pub struct AnalogAdc {
    low: f64,
    step: f64,
    max_code: u32,
    offset: f64,
    gain: f64,
    noise: f64,
    /// Transitions in steps above code 0, ascending; empty where they are halfway between codes.
    transitions: Vec<f64>,
}

impl AnalogAdc {
    /// A converter of `bits` from `low` in steps of `step`.
    pub fn new(bits: u32, (low, step): (f64, f64), errors: &AdcErrors) -> Self {
        let mut transitions: Vec<_> =
            errors.inl.iter().zip(1u32..).map(|(inl, code)| f64::from(code) - 0.5 + inl).collect();
        transitions.sort_unstable_by(f64::total_cmp);
        let max_code = (1 << bits) - 1;
        Self { low, step, max_code, offset: errors.offset, gain: errors.gain, noise: errors.noise, transitions }
    }

    /// From 0 to a full scale, in steps of at least one level.
    pub fn full_scale(bits: u32, full_scale: f64, errors: &AdcErrors) -> Self {
        let max_code = f64::from((1u32 << bits) - 1);
        Self::new(bits, (0.0, (full_scale / max_code).max(1.0)), errors)
    }

    /// An array's converter, with its nominal full scale; `None` if its range is found by calibration.
    pub fn of(spec: &AdcSpec, full_scale: f64) -> Option<Self> {
        match spec.range {
            crate::AdcRange::FullScale => Some(Self::full_scale(spec.bits, full_scale, &spec.errors)),
            crate::AdcRange::LosslessStep => Some(Self::new(spec.bits, (0.0, 1.0), &spec.errors)),
            crate::AdcRange::Fixed { low, step } => Some(Self::new(spec.bits, (low, step), &spec.errors)),
            crate::AdcRange::Calibrated { .. } | crate::AdcRange::LeastError => None,
        }
    }

    /// A signed converter of at least 2 bits in steps of `step`: code 0 stands for −2^(A−1) steps.
    pub fn signed(bits: u32, step: f64, errors: &AdcErrors) -> Self {
        Self::new(bits, (-step * f64::from(1u32 << (bits - 1)), step), errors)
    }

    /// A signed converter with its nominal full scale on either side of 0, for sums that are multiples of `grain`; `None`
    /// if its range is found by calibration.
    pub fn signed_of(spec: &AdcSpec, full_scale: f64, grain: f64) -> Option<Self> {
        let above_zero = f64::from(((1u32 << (spec.bits - 1)) - 1).max(1));
        let step = match spec.range {
            crate::AdcRange::FullScale => (full_scale / above_zero).max(grain),
            crate::AdcRange::LosslessStep => grain,
            crate::AdcRange::Fixed { step, .. } => step,
            crate::AdcRange::Calibrated { .. } | crate::AdcRange::LeastError => return None,
        };
        Some(Self::signed(spec.bits, step, &spec.errors))
    }

    /// The code of a sum, with a standard normal draw for the converter's noise.
    pub fn code(&self, sum: f64, draw: f64) -> u32 {
        let steps = (1.0 + self.gain) * (sum - self.low) / self.step + self.offset + self.noise * draw;
        if self.transitions.is_empty() {
            (steps + 0.5).floor().clamp(0.0, self.max_code.into()) as u32
        } else {
            self.transitions.partition_point(|&transition| transition <= steps) as u32
        }
    }

    /// Whether the code of a sum depends on the draw.
    pub fn is_noisy(&self) -> bool {
        self.noise > 0.0
    }

    /// The sum that a code stands for.
    pub fn decoded(&self, code: u32) -> f64 {
        self.low + self.step * f64::from(code)
    }

    /// Whether any two whole levels of 0 to `max_sum` get different codes, none clipped.
    pub fn is_lossless(&self, max_sum: f64) -> bool {
        let is_ideal = self.offset == 0.0 && self.gain == 0.0 && !self.is_noisy() && self.transitions.is_empty();
        let code = |sum: f64| ((sum - self.low) / self.step + 0.5).floor();
        is_ideal && self.step <= 1.0 && code(0.0) >= 0.0 && code(max_sum) <= self.max_code.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{AdcModel, AdcRange};

    #[test]
    fn noise_moves_a_sum_by_steps() {
        let errors = AdcErrors { noise: 0.5, ..AdcErrors::NONE };
        let adc = AnalogAdc::new(4, (0.0, 2.0), &errors);
        // 6 levels are 3 steps; 0.4 deviations of half a step are not enough for the next code, 1.2 are.
        assert_eq!([0.0, 0.4, 1.2, -1.2].map(|draw| adc.code(6.0, draw)), [3, 3, 4, 2]);
        assert_eq!(adc.decoded(3), 6.0);
    }

    #[test]
    fn a_signed_converter_is_the_integer_ones_reference() {
        let adc = AnalogAdc::signed(4, 1.5, &AdcErrors::NONE);
        let integer = crate::AdcModel::signed_fixed(4, 1.5);
        for sum in -3000..3000 {
            assert_eq!(adc.code(f64::from(sum) / 128.0, 0.0), integer.code(sum.into()), "{sum}");
        }
    }

    proptest! {
        #[test]
        fn prop_sums_in_units_get_the_same_codes_as_from_the_integer_model(
            sum in -5_000i64..60_000,
            low in -10i32..10,
            step in 1u32..1000,
            inl in prop_oneof![Just(vec![]), prop::collection::vec(-8i32..8, 31)],
            offset in -8i32..8,
        ) {
            // Numbers that are whole units: 1/128 level, and steps of 16 parts.
            let errors = AdcErrors {
                offset: f64::from(offset) / 8.0,
                gain: 0.0,
                inl: inl.iter().map(|&part| f64::from(part) / 8.0).collect(),
                noise: 0.0,
            };
            let (low, step) = (f64::from(low), f64::from(step) / 8.0);
            let spec = AdcSpec {
                bits: 5,
                conversions_per_cycle: 1,
                range: AdcRange::Fixed { low, step },
                errors: errors.clone(),
            };
            let analog = AnalogAdc::of(&spec, 0.0).expect("a fixed range");
            let integer = AdcModel::fixed(5, low, step).with_errors(&errors);
            prop_assert_eq!(analog.code(sum as f64 / 128.0, 0.0), integer.code(sum));
        }
    }
}
