//! The analog-to-digital converter of bit lines.

/// What an ADC is.
#[derive(Clone, Debug, PartialEq)]
pub struct AdcSpec {
    /// Resolution A in bits; 1 … 24.
    pub bits: u32,
    /// Conversions that one ADC makes in one chip cycle; at least 1.
    pub conversions_per_cycle: u32,
    /// Which interval of column sums the codes span.
    pub range: AdcRange,
    /// How its codes differ from an ideal converter's.
    pub errors: AdcErrors,
}

/// How an ADC's codes differ from an ideal one's; all in steps between codes (LSB).
///
/// A sum at z = (i − lo)/Δ steps above code 0 gets as code the number of transitions k = 1, 2, … with
/// (1 + gain)·z + offset + noise ≥ k − ½ + INL_k.
#[derive(Clone, Debug, PartialEq)]
pub struct AdcErrors {
    /// What is added before conversion.
    pub offset: f64,
    /// Relative error of the gain; above −1.
    pub gain: f64,
    /// Displacement of each transition, from code 0 to 1 upwards, 2^A − 1 of them; empty for none.
    pub inl: Vec<f64>,
    /// Deviation of Gaussian noise before conversion, independent for each; at least 0.
    pub noise: f64,
}

impl AdcErrors {
    /// An ideal converter.
    pub const NONE: Self = Self { offset: 0.0, gain: 0.0, inl: Vec::new(), noise: 0.0 };

    /// Whether codes are an ideal converter's but for noise.
    pub fn is_static_ideal(&self) -> bool {
        self.offset == 0.0 && self.gain == 0.0 && self.inl.is_empty()
    }

    /// Deviation of the noise as if it were added before the gain, in steps.
    pub fn input_noise(&self) -> f64 {
        self.noise / (1.0 + self.gain)
    }

    /// What stands at transition `k`, as the place where an ideal converter has it, in steps above code 0.
    pub fn transition(&self, k: u32) -> f64 {
        let inl = self.inl.get(k as usize - 1).copied().unwrap_or(0.0);
        (f64::from(k) - 0.5 + inl - self.offset) / (1.0 + self.gain)
    }
}

/// The noise that a converter of `bits` has beyond its quantisation, in steps, if a sine of full scale comes out with
/// this signal-to-noise-and-distortion ratio; `None` if quantisation alone is worse.
///
/// A full-scale sine has a power of 4^A/8 steps squared, quantisation an error of 1/12.
pub fn noise_of_sndr(bits: u32, decibels: f64) -> Option<f64> {
    let signal = libm::pow(4.0, bits.into()) / 8.0;
    let noise = signal / libm::pow(10.0, decibels / 10.0) - 1.0 / 12.0;
    (noise >= 0.0).then(|| noise.sqrt())
}

/// Which interval of column sums an ADC's codes span, in units of one cell level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AdcRange {
    /// From 0 to the nominal full scale; steps of at least one level.
    FullScale,
    /// From 0 in steps of exactly one level; clips above.
    LosslessStep,
    /// Per layer, from percentiles of the column sums on calibration inputs; steps of at least one level.
    Calibrated {
        /// Percentile at the lowest code; 0 … 100, below `high_percentile`.
        low_percentile: f64,
        /// Percentile at the highest code; 0 … 100.
        high_percentile: f64,
    },
    /// Per layer, so much of what the column sums on calibration inputs span as makes the mean squared error of conversion
    /// least; steps of at least one level.
    LeastError,
    /// Given by the designer.
    Fixed {
        /// Column sum of code 0, in levels.
        low: f64,
        /// Step between codes, in levels; above 0.
        step: f64,
    },
}

impl AdcRange {
    /// Whether it is found from what columns give for calibration inputs.
    pub fn needs_calibration(&self) -> bool {
        match self {
            Self::Calibrated { .. } | Self::LeastError => true,
            Self::FullScale | Self::LosslessStep | Self::Fixed { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_follows_from_a_stated_ratio() {
        // Kull 2013: 8 bits and 39.3 dB. 65536/8/8511.4 − 1/12 = 0.8792.
        let noise = noise_of_sndr(8, 39.3).expect("worse than quantisation");
        assert!((noise * noise - 0.8792).abs() < 1e-3, "{noise}");
        // 6.02·8 + 1.76 = 49.93 dB is quantisation alone.
        assert!(noise_of_sndr(8, 49.9).expect("a little noise") < 0.05);
        assert_eq!(noise_of_sndr(8, 50.0), None);
    }

    #[test]
    fn errors_displace_transitions() {
        let errors = AdcErrors { offset: 0.25, gain: 1.0, inl: vec![0.0, 0.5], noise: 0.0 };
        assert_eq!([1, 2].map(|k| errors.transition(k)), [0.125, 0.875]);
        assert_eq!([1, 2].map(|k| AdcErrors::NONE.transition(k)), [0.5, 1.5]);
    }
}
