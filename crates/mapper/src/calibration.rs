//! How arrays are read for a calibrated bias.

use rebias_arch::{Arch, BiasCalibrationSpec};
use rebias_crossbar::CellModel;

use crate::LayerPlacement;

impl LayerPlacement {
    /// The greatest magnitude that a cell, less what is subtracted from it, nominally adds to a converted sum for code 1,
    /// in levels.
    pub fn greatest_of_line(&self, arch: &Arch) -> f64 {
        let cell = &arch.ima().crossbar.cell;
        let max_level = f64::from(cell.max_level());
        if self.slicing.subtracts_currents() {
            return max_level;
        }
        let references = self.bias.references.iter().map(|slice| slice.level.max(max_level - slice.level));
        references.reduce(f64::max).unwrap_or(max_level + CellModel::new(cell).offset())
    }

    /// Word lines that each of the reads drives that calibrate an array of `rows`.
    ///
    /// As `spec` says, or as many as leave the mean error of a column's cells as precise as it is kept: rounding in steps Δ
    /// of n word lines each errs by Δ·√(rows/(12·n)) in their sum, and δ's by rows·2^−F/√12. With more word lines than an
    /// array has at a time there are as many.
    pub fn rows_of_calibration(&self, arch: &Arch, spec: &BiasCalibrationSpec, rows: usize) -> usize {
        let most = rows.min(arch.ima().crossbar.active_word_lines as usize).max(1);
        let fitting = match (spec.rows_per_read, spec.full_scale) {
            (Some(rows_per_read), _) => rows_per_read as usize,
            // Steps are the same however many word lines there are.
            (None, Some(_)) => most,
            (None, None) => {
                let is_signed = self.slicing.subtracts_currents() || !self.bias.references.is_empty();
                let bits = spec.adc_bits - u32::from(is_signed);
                let codes = f64::from(((1u64 << bits) - 1).max(1) as u32);
                let kept = f64::from(1u32 << spec.fraction_bits);
                (rows as f64 * (codes / (kept * self.greatest_of_line(arch))).powi(2)).floor() as usize
            }
        };
        fitting.clamp(1, most)
    }
}

#[cfg(test)]
mod tests {
    use rebias_arch::testing::toy_with;
    use rebias_arch::{BiasColumnPlace, BiasSource, ReferenceLevel, ReferenceSpec, Remainder};
    use rebias_network::testing::{RandomNetwork, random_network};

    use super::*;
    use crate::map;

    const SPEC: BiasCalibrationSpec = BiasCalibrationSpec {
        adc_bits: 8,
        adc_noise: 0.0,
        full_scale: None,
        repeats: 1,
        rows_per_read: None,
        fraction_bits: 7,
        interval: None,
    };

    /// Of an array of 32 rows of 2-bit cells.
    fn rows(source: BiasSource, spec: BiasCalibrationSpec) -> usize {
        let arch = toy_with(|chip, mapping| {
            chip.n_tiles = 1000;
            mapping.bias = source;
        });
        let network = random_network(1, &RandomNetwork::default());
        map(&network, &arch).expect("fits").layers()[0].rows_of_calibration(&arch, &spec, 32)
    }

    #[test]
    fn reads_are_as_fine_as_what_is_kept_of_them() {
        let counted = |spec| rows(BiasSource::DigitalCount, spec);
        // 255 codes over 3 levels a line: 32·(255/(128·3))² = 14.1.
        assert_eq!(counted(SPEC), 14);
        assert_eq!(counted(BiasCalibrationSpec { fraction_bits: 6, ..SPEC }), 32, "no more than there are");
        assert_eq!(counted(BiasCalibrationSpec { adc_bits: 4, ..SPEC }), 1);
        assert_eq!(counted(BiasCalibrationSpec { rows_per_read: Some(20), ..SPEC }), 20);
        assert_eq!(counted(BiasCalibrationSpec { rows_per_read: Some(99), ..SPEC }), 32);
        assert_eq!(counted(BiasCalibrationSpec { full_scale: Some(10.0), ..SPEC }), 32);
    }

    #[test]
    fn a_reference_leaves_half_of_the_levels_on_either_side() {
        let source = BiasSource::Reference(ReferenceSpec {
            level: ReferenceLevel::All(1.5),
            remainder: Remainder::Digital,
            place: BiasColumnPlace::Extra,
            device_step: 1.0,
        });
        // 127 codes over 1.5 levels: 32·(127/(128·1.5))² = 14.0007.
        assert_eq!(rows(source, SPEC), 14);
    }
}
