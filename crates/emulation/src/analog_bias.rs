//! References, pairs and calibrated bias in `f64`.

use rebias_arch::BiasCalibrationSpec;
use rebias_converter::{AdcErrors, AnalogAdc};
use rebias_mapper::{LayerPlacement, Reference};

use crate::EmulationError;
use crate::analog::{AnalogArray, AnalogLayer};
use crate::analog_currents::ColumnCurrents;

/// What is subtracted from an array's columns before conversion.
#[derive(Clone, Debug)]
pub(crate) struct AnalogSubtraction {
    subtrahend: Subtrahend,
    /// What sums are multiples of, in levels, at most 1.
    pub(crate) grain: f64,
}

#[derive(Clone, Debug)]
enum Subtrahend {
    /// The reference of each slice.
    References(Vec<Reference>),
    /// Of each output's columns the second half, w⁻.
    Minus { n_slices: usize },
}

impl AnalogSubtraction {
    /// `None` if nothing is subtracted.
    pub(crate) fn new(placed: &LayerPlacement) -> Option<Self> {
        if placed.slicing.subtracts_currents() {
            let n_slices = placed.slicing.n_weight_slices() as usize;
            return Some(Self { subtrahend: Subtrahend::Minus { n_slices }, grain: 1.0 });
        }
        let slices = placed.bias.references.clone();
        // As the integer arithmetic has it, which knows levels to 1/128.
        let units = slices.iter().map(|slice| crate::reference::units(slice.level));
        let bits = units.map(|units| units.trailing_zeros().min(crate::FRACTION_BITS)).min()?;
        let grain = f64::from(1u32 << bits) / crate::LEVEL as f64;
        Some(Self { subtrahend: Subtrahend::References(slices), grain })
    }

    /// Whether columns beside those of weights are references.
    pub(crate) fn has_references(&self) -> bool {
        matches!(self.subtrahend, Subtrahend::References(_))
    }

    /// What is given back digitally of a converted column, r_j in levels.
    pub(crate) fn reference(&self, column: usize) -> f64 {
        match &self.subtrahend {
            Subtrahend::References(slices) => slices[column % slices.len()].level,
            Subtrahend::Minus { .. } => 0.0,
        }
    }

    /// What converters see of the currents of bit lines, those of reference columns apart.
    pub(crate) fn differences(&self, columns: &[f64], references: &[f64]) -> Vec<f64> {
        match &self.subtrahend {
            Subtrahend::References(slices) => {
                let mean = |slice: &Reference| {
                    slice.columns.iter().map(|&(index, _)| references[index]).sum::<f64>() / slice.columns.len() as f64
                };
                let means: Vec<_> = slices.iter().map(mean).collect();
                columns.iter().zip(means.iter().cycle()).map(|(current, mean)| current - mean).collect()
            }
            Subtrahend::Minus { n_slices } => {
                let difference = |output: &[f64]| {
                    let (plus, minus) = output.split_at(*n_slices);
                    plus.iter().zip(minus).map(|(plus, minus)| plus - minus).collect::<Vec<_>>()
                };
                columns.chunks_exact(2 * n_slices).flat_map(difference).collect()
            }
        }
    }

    /// What a converted column should give of nominal sums of levels over so many word lines.
    fn nominal(&self, level_sums: &[f64], n_lines: usize) -> Vec<f64> {
        match &self.subtrahend {
            Subtrahend::References(_) => {
                let columns = level_sums.iter().enumerate();
                columns.map(|(column, sum)| sum - self.reference(column) * n_lines as f64).collect()
            }
            Subtrahend::Minus { .. } => self.differences(level_sums, &[]),
        }
    }
}

impl AnalogLayer {
    /// δ of each output of a programmed array in levels, from reads with all inputs at code 1; see the integer networks'
    /// `correction`.
    pub(crate) fn corrections(
        &self,
        array: &AnalogArray,
        (spec, rows_per_read): (&BiasCalibrationSpec, usize),
    ) -> Result<Vec<f64>, EmulationError> {
        let n_lines = array.levels.cells.len() / array.levels.n_columns;
        let mut errors = vec![0.0; array.worth.len()];
        for (group, first) in (0u32..).zip((0..n_lines).step_by(rows_per_read)) {
            let lines = first..n_lines.min(first + rows_per_read);
            let adc = self.calibration_adc(spec, lines.len());
            for repeat in 0..spec.repeats {
                let sums = self.calibration_sums(array, lines.clone(), group * spec.repeats + repeat)?;
                for (column, (error, sum)) in (0u32..).zip(errors.iter_mut().zip(sums)) {
                    let draw = array.draws.calibrating_conversion_noise(group * spec.repeats + repeat, column);
                    *error += adc.decoded(adc.code(sum, draw)) / f64::from(spec.repeats);
                }
            }
        }
        for (error, nominal) in errors.iter_mut().zip(self.nominal_sums(array, n_lines)) {
            *error -= nominal;
        }
        // Columns that are stored complemented count negatively.
        let weighted: Vec<_> = errors.iter().zip(&array.worth).map(|(error, worth)| error * worth).collect();
        let scale = f64::from(1u32 << spec.fraction_bits);
        let rounded = |delta: f64| (delta / n_lines as f64 * scale + 0.5).floor() / scale;
        let n_slices = array.worth.len() / array.n_outputs();
        Ok(weighted.chunks_exact(n_slices).map(|slices| rounded(slices.iter().sum())).collect())
    }

    /// What converted columns should give with all word lines at code 1, in levels.
    fn nominal_sums(&self, array: &AnalogArray, n_lines: usize) -> Vec<f64> {
        let mut sums = vec![0.0; array.levels.n_columns];
        for row in array.levels.cells.chunks_exact(array.levels.n_columns) {
            sums.iter_mut().zip(row).for_each(|(sum, &level)| *sum += f64::from(level));
        }
        match &self.subtraction {
            Some(subtraction) => subtraction.nominal(&sums, n_lines),
            None => sums.into_iter().map(|sum| sum + self.crossbar.cell().offset() * n_lines as f64).collect(),
        }
    }

    /// What converts a calibration read of `n_lines` word lines.
    fn calibration_adc(&self, spec: &BiasCalibrationSpec, n_lines: usize) -> AnalogAdc {
        let full_scale = spec.full_scale.unwrap_or(self.greatest_of_line * n_lines as f64);
        let errors = AdcErrors { noise: spec.adc_noise, ..AdcErrors::NONE };
        if self.subtraction.is_some() {
            let above_zero = f64::from(((1u32 << (spec.adc_bits - 1)) - 1).max(1));
            return AnalogAdc::signed(spec.adc_bits, full_scale / above_zero, &errors);
        }
        let codes = f64::from((1u32 << spec.adc_bits) - 1);
        AnalogAdc::new(spec.adc_bits, (0.0, full_scale / codes), &errors)
    }

    /// The currents of an array's bit lines in a calibration read, less what is subtracted, in levels.
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
        Ok(match &self.subtraction {
            Some(subtraction) => subtraction.differences(&sums, &beside),
            None => sums,
        })
    }
}
