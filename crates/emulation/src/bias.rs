//! Where the sum of an array's inputs comes from.

use rebias_arch::Arch;
use rebias_converter::{AdcErrors, AdcModel};
use rebias_crossbar::CellModel;
use rebias_tile::BiasConverter;

/// What value a bias source gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BiasModel {
    /// The sum itself.
    DigitalCount,
    /// What a bias column and its converter make of it.
    Column {
        /// Nominal conductance of its cells in units.
        conductance: u64,
        /// Its own range.
        adc: AdcModel,
        /// What converts it.
        converter: BiasConverter,
    },
}

impl BiasModel {
    pub(crate) fn new(arch: &Arch) -> Self {
        let crossbar = &arch.ima().crossbar;
        let Some(columns) = arch.mapping().bias.columns() else { return Self::DigitalCount };
        let conductance = u64::from(CellModel::new(&crossbar.cell).units(columns.level));
        let max_inputs = u64::from(crossbar.active_word_lines) * u64::from(arch.ima().dac.max_code());
        let errors = AdcErrors { noise: columns.adc_noise, ..AdcErrors::NONE };
        let adc = AdcModel::full_scale(columns.adc_bits, max_inputs * conductance).with_errors(&errors);
        Self::Column { conductance, adc, converter: columns.converter }
    }

    /// The estimate of a read's sum of inputs, with the nominal conductance in every cell.
    pub(crate) fn estimate(&self, sum: i64) -> i64 {
        match self {
            Self::DigitalCount => sum,
            Self::Column { conductance, .. } => self.estimate_from(sum * *conductance as i64),
        }
    }

    /// The estimate of a read's sum of inputs from the current of a bias column, in units.
    pub(crate) fn estimate_from(&self, current: i64) -> i64 {
        match self {
            Self::DigitalCount => current,
            Self::Column { conductance, adc, .. } => {
                let conductance = *conductance as i64;
                let decoded = adc.decoded(adc.code(current));
                // Nearest whole number of inputs, ties down.
                (2 * decoded + conductance - 1).div_euclid(2 * conductance)
            }
        }
    }

    /// Whether estimates are the sums, for all sums up to `max_sum`.
    pub(crate) fn is_exact(&self, max_sum: u64) -> bool {
        match self {
            Self::DigitalCount => true,
            Self::Column { conductance, adc, .. } => adc.is_lossless(*conductance, max_sum * conductance),
        }
    }

    /// Variance of what the converter's noise adds to each current, in squared units.
    pub(crate) fn noise_variance(&self) -> f64 {
        match self {
            Self::DigitalCount => 0.0,
            Self::Column { adc, .. } => adc.noise_variance(),
        }
    }

    /// The least current with the greatest estimate, in units.
    pub(crate) fn max_current(&self) -> i64 {
        match self {
            Self::DigitalCount => 0,
            Self::Column { adc, .. } => adc.decoded(adc.max_code()),
        }
    }

    /// Nominal conductance of a bias column's cell in units; 0 without one.
    pub(crate) fn conductance(&self) -> u64 {
        match self {
            Self::DigitalCount => 0,
            Self::Column { conductance, .. } => *conductance,
        }
    }

    /// The greatest estimate of a sum of up to `max_sum`, whatever the cells of the bias column conduct.
    pub(crate) fn max_estimate(&self, max_sum: i64) -> i64 {
        match self {
            Self::DigitalCount => max_sum,
            Self::Column { .. } => self.estimate_from(self.max_current()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(conductance: u64, bits: u32, max_sum: u64) -> BiasModel {
        let adc = AdcModel::full_scale(bits, max_sum * conductance);
        BiasModel::Column { conductance, adc, converter: BiasConverter::Own }
    }

    #[test]
    fn a_column_with_enough_bits_counts_exactly() {
        // g₀ = 20 units; 128 inputs.
        for (conductance, bits) in [(128, 8), (384, 8), (148, 8), (404, 8)] {
            let bias = column(conductance, bits, 128);
            assert!(bias.is_exact(128), "{conductance}");
            assert!((0..=128).all(|sum| bias.estimate(sum) == sum), "{conductance}");
        }
    }

    #[test]
    fn a_column_with_too_few_bits_is_off() {
        // 128 levels over 15 codes: steps of 1093 units.
        let bias = column(128, 4, 128);
        assert!(!bias.is_exact(128));
        // 4·128 = 512 is nearest to code 0; 5·128 = 640 to 1093 units, 8.54 inputs.
        assert_eq!([0, 4, 5, 128].map(|sum| bias.estimate(sum)), [0, 0, 9, 128]);
    }

    #[test]
    fn ties_of_the_estimate_go_down() {
        // Steps of 3 units are 1.5 inputs of 2.
        let adc = AdcModel::fixed(4, 0.0, 3.0 / 128.0);
        let bias = BiasModel::Column { conductance: 2, adc, converter: BiasConverter::Shared };
        assert_eq!(bias.estimate(1), 1, "2 units are decoded as 3, and 1.5 inputs taken as 1");
    }
}
