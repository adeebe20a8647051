//! References and calibrated bias in `f64`.

use rebias_arch::{Arch, BiasCalibrationSpec};
use rebias_converter::{AdcErrors, AnalogAdc};
use rebias_mapper::{LayerPlacement, Reference};

use crate::EmulationError;
use crate::analog::{AnalogArray, AnalogLayer};
use crate::analog_currents::ColumnCurrents;

/// What is subtracted from an array's columns.
#[derive(Clone, Debug)]
pub(crate) struct AnalogReference {
    slices: Vec<Reference>,
    /// The greatest magnitude that a cell nominally adds to a column's sum, in levels.
    pub(crate) greatest: f64,
    /// What sums are multiples of, in levels, at most 1.
    pub(crate) grain: f64,
}

impl AnalogReference {
    /// `None` without a reference.
    pub(crate) fn new(arch: &Arch, placed: &LayerPlacement) -> Option<Self> {
        let slices = placed.bias.references.clone();
        let max_level = f64::from(arch.ima().crossbar.cell.max_level());
        let greatest = slices.iter().map(|slice| slice.level.max(max_level - slice.level)).reduce(f64::max)?;
        // As the integer arithmetic has it, which knows levels to 1/128.
        let units = slices.iter().map(|slice| crate::reference::units(slice.level));
        let bits = units.map(|units| units.trailing_zeros().min(crate::FRACTION_BITS)).min()?;
        let grain = f64::from(1u32 << bits) / crate::LEVEL as f64;
        Some(Self { slices, greatest, grain })
    }

    /// r_j of a column, in levels.
    pub(crate) fn level(&self, column: usize) -> f64 {
        self.slices[column % self.slices.len()].level
    }

    /// Takes the reference columns' currents off those of weights.
    pub(crate) fn subtract(&self, columns: &mut [f64], references: &[f64]) {
        let mean = |slice: &Reference| {
            slice.columns.iter().map(|&(index, _)| references[index]).sum::<f64>() / slice.columns.len() as f64
        };
        let means: Vec<_> = self.slices.iter().map(mean).collect();
        for (column, current) in columns.iter_mut().enumerate() {
            *current -= means[column % means.len()];
        }
    }
}

impl AnalogLayer {
    /// δ of each output of a programmed array in levels, from reads with all inputs at code 1; see the integer networks'
    /// `correction`.
    pub(crate) fn corrections(
        &self,
        array: &AnalogArray,
        spec: &BiasCalibrationSpec,
    ) -> Result<Vec<f64>, EmulationError> {
        let n_lines = array.levels.cells.len() / array.levels.n_columns;
        let rows_per_read = (spec.rows_per_read.unwrap_or(u32::MAX) as usize).min(self.rows_per_read);
        let offset = self.crossbar.cell().offset();
        let mut errors = vec![0.0; array.levels.n_columns];
        for (group, first) in (0u32..).zip((0..n_lines).step_by(rows_per_read)) {
            let lines = first..n_lines.min(first + rows_per_read);
            let adc = self.calibration_adc(spec, lines.len());
            for repeat in 0..spec.repeats {
                let sums = self.calibration_sums(array, lines.clone(), group * spec.repeats + repeat)?;
                for (error, sum) in errors.iter_mut().zip(sums) {
                    *error += adc.decoded(adc.code(sum, 0.0)) / f64::from(spec.repeats);
                }
            }
        }
        for row in array.levels.cells.chunks_exact(array.levels.n_columns) {
            for (column, (error, &level)) in errors.iter_mut().zip(row).enumerate() {
                *error -=
                    f64::from(level) + self.reference.as_ref().map_or(offset, |reference| -reference.level(column));
            }
        }
        // Columns that are stored complemented count negatively.
        let weighted: Vec<_> = errors.iter().zip(&array.worth).map(|(error, worth)| error * worth).collect();
        let scale = f64::from(1u32 << spec.fraction_bits);
        let rounded = |delta: f64| (delta / n_lines as f64 * scale + 0.5).floor() / scale;
        let n_slices = array.levels.n_columns / array.n_outputs();
        Ok(weighted.chunks_exact(n_slices).map(|slices| rounded(slices.iter().sum())).collect())
    }

    /// What converts a calibration read of `n_lines` word lines.
    fn calibration_adc(&self, spec: &BiasCalibrationSpec, n_lines: usize) -> AnalogAdc {
        let full_scale = |of_line: f64| spec.full_scale.unwrap_or(of_line * n_lines as f64);
        match &self.reference {
            None => {
                let codes = f64::from((1u32 << spec.adc_bits) - 1);
                let step = full_scale(self.max_level + self.crossbar.cell().offset()) / codes;
                AnalogAdc::new(spec.adc_bits, (0.0, step), &AdcErrors::NONE)
            }
            Some(reference) => {
                let above_zero = f64::from(((1u32 << (spec.adc_bits - 1)) - 1).max(1));
                AnalogAdc::signed(spec.adc_bits, full_scale(reference.greatest) / above_zero, &AdcErrors::NONE)
            }
        }
    }

    /// The currents of an array's bit lines in a calibration read, less the reference, in levels.
    fn calibration_sums(
        &self,
        array: &AnalogArray,
        lines: std::ops::Range<usize>,
        read: u32,
    ) -> Result<Vec<f64>, EmulationError> {
        // Each line is driven with the level of code 1.
        let driven: Vec<_> = lines.map(|line| (line, 1.0)).collect();
        let ColumnCurrents { mut sums, variances, .. } = self.currents_of(array, &driven)?;
        for (column, (sum, variance)) in sums.iter_mut().zip(variances).enumerate() {
            if variance > 0.0 {
                *sum += variance.sqrt() * array.draws.calibration_noise(read, column as u32);
            }
        }
        let beside = sums.split_off(array.levels.n_columns);
        if let Some(reference) = &self.reference {
            reference.subtract(&mut sums, &beside);
        }
        Ok(sums)
    }
}
