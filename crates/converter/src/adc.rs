//! The analog-to-digital converter of bit lines.

/// What an ADC is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdcSpec {
    /// Resolution A in bits; 1 … 24.
    pub bits: u32,
    /// Conversions that one ADC makes in one chip cycle; at least 1.
    pub conversions_per_cycle: u32,
    /// Which interval of column sums the codes span.
    pub range: AdcRange,
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
    /// Given by the designer.
    Fixed {
        /// Column sum of code 0, in levels.
        low: f64,
        /// Step between codes, in levels; above 0.
        step: f64,
    },
}
