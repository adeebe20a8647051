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
