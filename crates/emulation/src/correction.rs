//! Calibrated bias: the mean error of each column's cells, found by reading the programmed arrays.
//!
//! The error of a column, Σ e·x, is for the most part its mean error δ times the sum of inputs S, as inputs are not
//! negative. So arrays are read once with all inputs at code 1; what a column then gives beyond Σ q is δ·rows.

use rebias_arch::BiasCalibrationSpec;
use rebias_converter::{AdcErrors, AdcModel};
use rebias_crossbar::ArrayDraws;
use rebias_mapper::LayerPlacement;

use crate::arrays::{ColumnBlock, LayerArrays, Programmer};
use crate::{FRACTION_BITS, LEVEL};

impl Programmer<'_> {
    /// Reads each array: what is to be taken off its outputs for each input, of each column block.
    pub(crate) fn corrections(
        &self,
        arrays: &LayerArrays,
        (placed, calibration): (&LayerPlacement, &BiasCalibrationSpec),
    ) -> Vec<Vec<i64>> {
        let most = self.arch.ima().crossbar.active_word_lines;
        let of_line = arrays.full_scale / u64::from(most * self.arch.ima().dac.max_code());
        let n_row_blocks = arrays.n_row_blocks();
        let n_column_blocks = arrays.column_blocks.len();
        let mut found = Vec::with_capacity(n_column_blocks);
        for (index, block) in arrays.column_blocks.iter().enumerate() {
            let cells = MeasuredCells::new(arrays, block);
            let mut corrections = Vec::with_capacity(n_row_blocks * block.outputs.len());
            for row_block in 0..n_row_blocks {
                let draws = self.writer.draws(arrays.layer.0, row_block * n_column_blocks + index);
                let n_lines = arrays.lines_of(row_block).len();
                let rows_per_read = placed.rows_of_calibration(self.arch, calibration, n_lines);
                let read = CalibrationRead { calibration, rows_per_read, of_line, draws };
                corrections.extend(cells.corrections(row_block, &read));
            }
            found.push(corrections);
        }
        found
    }
}

/// How an array is read.
struct CalibrationRead<'a> {
    calibration: &'a BiasCalibrationSpec,
    rows_per_read: usize,
    /// The most that a word line nominally adds to a column's sum for code 1, in units.
    of_line: u64,
    draws: ArrayDraws,
}

impl CalibrationRead<'_> {
    /// What converts the sums of `n_lines` word lines.
    fn adc(&self, arrays: &LayerArrays, n_lines: usize) -> AdcModel {
        let full_scale = match self.calibration.full_scale {
            Some(levels) => (levels * LEVEL as f64).ceil() as u64,
            None => self.of_line * n_lines as u64,
        };
        let adc = match arrays.is_signed() {
            true => AdcModel::symmetric(self.calibration.adc_bits, full_scale, 1),
            false => AdcModel::fine(self.calibration.adc_bits, full_scale),
        };
        adc.with_errors(&AdcErrors { noise: self.calibration.adc_noise, ..AdcErrors::NONE })
    }

    /// What noise of cells and of the converter adds to a column's sum, with their variances, in units.
    fn noise(&self, (of_cells, of_conversion): (f64, f64), (read, column): (u32, u32)) -> i64 {
        let mut noise = 0.0;
        if of_cells > 0.0 {
            noise += of_cells.sqrt() * self.draws.calibration_noise(read, column);
        }
        if of_conversion > 0.0 {
            noise += of_conversion.sqrt() * self.draws.calibrating_conversion_noise(read, column);
        }
        (noise + 0.5).floor() as i64
    }
}

/// The cells of arrays that stand one under another, in units.
struct MeasuredCells<'a> {
    arrays: &'a LayerArrays,
    block: &'a ColumnBlock,
    /// `[word line][column]`, lifted.
    values: Vec<u32>,
    variances: Option<Vec<f64>>,
}

impl<'a> MeasuredCells<'a> {
    fn new(arrays: &'a LayerArrays, block: &'a ColumnBlock) -> Self {
        Self { arrays, block, values: arrays.conductances(block), variances: block.variances() }
    }

    /// δ of each output of a row block, in units, rounded to the fraction bits that are kept.
    fn corrections(&self, row_block: usize, read: &CalibrationRead<'_>) -> Vec<i64> {
        let (arrays, n_columns) = (self.arrays, self.block.n_columns);
        let lines = arrays.lines_of(row_block);
        let flips = self.block.flips_of(row_block);
        let of_output = arrays.worth.len();
        let unit = f64::from(arrays.beta_fraction_bits).exp2();
        let dropped_bits = FRACTION_BITS - read.calibration.fraction_bits;
        let delta = |output: usize| {
            let error = |(index, gain): (usize, i64)| {
                let column = output * of_output + index;
                let nominal: i64 = lines.clone().map(|line| self.nominal(line * n_columns + column, index)).sum();
                let sign = if flips.get(column) == Some(&true) { -1.0 } else { 1.0 };
                sign * gain as f64 / unit * (self.measured(lines.clone(), column, read) - nominal as f64)
            };
            let gains = arrays.gains(self.block.outputs.start + output).enumerate();
            let delta = gains.map(error).sum::<f64>() / lines.len() as f64;
            let steps = (delta / f64::from(1u32 << dropped_bits) + 0.5).floor();
            (steps as i64) << dropped_bits
        };
        (0..self.block.outputs.len()).map(delta).collect()
    }

    /// What a cell should add to its bit line for code 1, which is one of its output's.
    fn nominal(&self, cell: usize, column: usize) -> i64 {
        i64::from(self.block.levels[cell]) * LEVEL + self.arrays.floor - self.arrays.zero(column)
    }

    /// What reads give for a column, all of its word lines at code 1.
    fn measured(&self, lines: std::ops::Range<usize>, column: usize, read: &CalibrationRead<'_>) -> f64 {
        let n_columns = self.block.n_columns;
        let repeats = read.calibration.repeats;
        let mut total = 0.0;
        let groups = lines.clone().step_by(read.rows_per_read);
        for (group, first) in (0u32..).zip(groups) {
            let group_lines = first..lines.end.min(first + read.rows_per_read);
            let adc = read.adc(self.arrays, group_lines.len());
            let cells = || group_lines.clone().map(|line| line * n_columns + column);
            let current: i64 = cells().map(|cell| i64::from(self.values[cell]) - self.arrays.lift).sum();
            let variance = self.variances.as_ref().map_or(0.0, |all| cells().map(|cell| all[cell]).sum::<f64>());
            let conversion = |repeat: u32| {
                let noise = read.noise((variance, adc.noise_variance()), (group * repeats + repeat, column as u32));
                adc.decoded(adc.code(current + noise))
            };
            total += (0..repeats).map(conversion).sum::<i64>() as f64 / f64::from(repeats);
        }
        total
    }
}
