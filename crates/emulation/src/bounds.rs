//! How large the sums of a layer's arrays can become.

use std::ops::Range;

use rebias_kernels::Read;

use crate::FRACTION_BITS;
use crate::arrays::{CellState, ColumnBlock, LayerArrays};

impl LayerArrays {
    /// The greatest sum of codes that a read can give.
    pub(crate) fn max_code_sum(&self) -> u64 {
        // No greater than if each slice had the greatest sum of levels.
        self.max_level_sum() * self.worth.iter().sum::<i64>() as u64
    }

    /// What is subtracted from the sums of columns at most, in units.
    pub(crate) fn max_lift(&self) -> u64 {
        self.lift as u64 * self.max_input_sum()
    }

    /// The greatest estimate of a read's sum of inputs.
    pub(crate) fn max_estimate(&self) -> i64 {
        let max_sum = self.max_input_sum() as i64;
        match self.column_blocks.iter().any(|block| self.reads_bias_columns(block)) {
            true => self.bias.max_estimate(max_sum),
            false => self.estimate(max_sum),
        }
    }

    /// The greatest level that a word line is driven with.
    pub(crate) fn max_input(&self) -> u64 {
        self.slices.iter().map(|slice| (1 << slice.planes.len()) - 1).max().unwrap_or(0)
    }

    /// The greatest sum of a read's inputs.
    pub(crate) fn max_input_sum(&self) -> u64 {
        self.lines.reads().iter().map(|read| read.word_lines() as u64).max().unwrap_or(0) * self.max_input()
    }

    /// The greatest sum of levels that a column of these arrays can give.
    pub(crate) fn max_level_sum(&self) -> u64 {
        self.max_sums.iter().max().copied().unwrap_or(0) * self.max_input()
    }

    /// The greatest sum of conductances that a column of these arrays can give, in units.
    pub(crate) fn max_column_sum(&self) -> u64 {
        let reads = self.lines.reads().iter().zip(&self.max_sums);
        if self.cells == CellState::Drawn {
            return reads.map(|(_, max)| *max).max().unwrap_or(0).saturating_mul(self.max_input());
        }
        let sum = |(read, max): (&Read, &u64)| (max << FRACTION_BITS) + self.floor as u64 * read.word_lines() as u64;
        reads.map(sum).max().unwrap_or(0) * self.max_input()
    }

    /// Σ 2^shift over the slices of all reads: what totals can be at most, if converted sums are 1.
    pub(crate) fn max_weight(&self) -> u128 {
        self.slices.iter().map(|slice| 1u128 << slice.shift).sum::<u128>() * self.lines.reads().len() as u128
    }

    /// How far noise may take a column's sum, in units: five deviations of the noisiest, with a conversion's variance.
    pub(crate) fn max_noise(&self, of_conversion: f64) -> u64 {
        let of_block = |block: &ColumnBlock| {
            let Some(variances) = block.written.as_ref().and_then(|written| written.variances.as_ref()) else {
                return 0.0;
            };
            let n_columns = variances.len() * block.n_columns / block.levels.len();
            let most = variances.chunks_exact(n_columns).map(|row| row.iter().copied().fold(0.0, f64::max));
            most.sum::<f64>()
        };
        let variance = self.column_blocks.iter().map(of_block).fold(0.0, f64::max);
        (5.0 * (variance * (self.max_input() as f64).powi(2) + of_conversion).sqrt()).ceil() as u64
    }

    /// The greatest sum of a column's cells among some word lines: of levels, or of conductances if they are drawn.
    pub(crate) fn max_sum(&self, lines: Range<usize>) -> u64 {
        let of_block = |block: &ColumnBlock| {
            if let (Some(written), CellState::Drawn) = (&block.written, self.cells) {
                let n_columns = written.values.len() * block.n_columns / block.levels.len();
                let rows = &written.values[lines.start * n_columns..lines.end * n_columns];
                return column_sums(rows, n_columns)[..block.n_columns].iter().copied().max().unwrap_or(0);
            }
            let mut sums = vec![0u64; block.n_columns];
            let rows = &block.levels[lines.start * block.n_columns..lines.end * block.n_columns];
            for row in rows.chunks_exact(block.n_columns) {
                sums.iter_mut().zip(row).for_each(|(sum, &level)| *sum += u64::from(level));
            }
            sums.into_iter().max().unwrap_or(0)
        };
        self.column_blocks.iter().map(of_block).max().unwrap_or(0)
    }
}

fn column_sums(cells: &[u32], n_columns: usize) -> Vec<u64> {
    let mut sums = vec![0; n_columns];
    for row in cells.chunks_exact(n_columns) {
        sums.iter_mut().zip(row).for_each(|(sum, &cell)| *sum += u64::from(cell));
    }
    sums
}
