//! Bias columns that are converted one by one, as their cells differ from array to array, or conversions from read to read.
//!
//! Where each row block's sum of inputs counts by itself, its bias columns are read by themselves, with the patterns of
//! its word lines.

use rebias_kernels::{
    Cells, Grid, Job, Kernel, LANES, Lift, Lines, Output, Patterns, Position, Scratch, Slice, Source, Stack, Transfer,
};

use crate::EmulationError;
use crate::arrays::{ColumnBlock, LayerArrays};
use crate::tables::side_by_side;

/// Longest table of estimates over the current of a bias column.
const MAX_ESTIMATES: i64 = 1 << 25;
/// Multiples of it are far from each other in all bits.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The bias columns of a layer's arrays.
#[derive(Clone, Debug)]
pub(crate) struct BiasColumns {
    /// The word lines that an estimate is of: those of all row blocks, or of each.
    lines: Vec<Lines>,
    /// The cells of all column blocks on the word lines of each estimate.
    stacks: Vec<Stack>,
    /// Columns of each column block that has some.
    widths: Vec<usize>,
    /// The stream of their noise.
    stream: u64,
    /// From the current of a bias column to the estimated sum of inputs.
    transfer: Transfer,
}

/// What drives word lines at some positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs<'a> {
    pub(crate) slices: &'a [Slice],
    pub(crate) positions: &'a [Position],
    /// Of all word lines.
    pub(crate) patterns: &'a Patterns,
    /// Of those of each estimate, if there are several.
    pub(crate) apart: &'a [Patterns],
}

impl LayerArrays {
    /// Whether the bias columns of a column block are converted one by one.
    pub(crate) fn reads_bias_columns(&self, block: &ColumnBlock) -> bool {
        block.n_bias_columns > 0 && (block.written.is_some() || self.bias.noise_variance() > 0.0)
    }

    /// Tabulates bias columns, where they are converted one by one.
    pub(crate) fn tabulate_bias(&self, kernel: Kernel) -> Result<Option<BiasColumns>, EmulationError> {
        let blocks: Vec<_> = self.column_blocks.iter().filter(|block| self.reads_bias_columns(block)).collect();
        let Some(first) = blocks.first() else { return Ok(None) };
        let lines = self.lines_of_estimates(kernel);
        let stacks = self.bias_stacks(kernel, &blocks, &lines)?;
        let max_sum = stacks.iter().map(Stack::max_sum).max().unwrap_or(0);
        let transfer = self.estimates_of_currents(max_sum * self.max_input())?;
        let widths = blocks.iter().map(|block| block.n_bias_columns as usize).collect();
        // Any other stream than that of the columns of weights.
        Ok(Some(BiasColumns { lines, stacks, widths, stream: !first.stream, transfer }))
    }

    /// Sums of inputs that are estimated apart: of all row blocks together, or of each where it counts by itself.
    pub(crate) fn n_estimates(&self) -> usize {
        if self.has_sums_of_blocks() { self.n_row_blocks() } else { 1 }
    }

    fn lines_of_estimates(&self, kernel: Kernel) -> Vec<Lines> {
        let n_estimates = self.n_estimates();
        let of_estimate = |estimate| {
            let reads = self.lines.reads().iter().zip(&self.row_block_of);
            let reads = reads.filter(move |(_, row_block)| **row_block % n_estimates == estimate);
            Lines::new(kernel, reads.map(|(read, _)| read.word_lines()))
        };
        (0..n_estimates).map(of_estimate).collect()
    }

    fn bias_stacks(
        &self,
        kernel: Kernel,
        blocks: &[&ColumnBlock],
        lines: &[Lines],
    ) -> Result<Vec<Stack>, EmulationError> {
        let widths: Vec<_> = blocks.iter().map(|block| block.n_bias_columns as usize).collect();
        let n_columns = widths.iter().sum();
        let values = blocks.iter().map(|block| match &block.written {
            Some(written) => block.bias_columns(&written.values),
            None => vec![self.bias.conductance() as u32; self.lines.n_lines() * block.n_bias_columns as usize],
        });
        let values = side_by_side(&values.collect::<Vec<_>>(), &widths);
        let variances = blocks.iter().map(|block| {
            let variances = block.written.as_ref()?.variances.as_ref()?;
            Some(block.bias_columns(variances))
        });
        let variances = variances.collect::<Option<Vec<_>>>().map(|variances| side_by_side(&variances, &widths));
        let mut first = 0;
        let of_lines = |lines: &Lines| {
            let cells = first..first + lines.n_lines() * n_columns;
            first = cells.end;
            let cells = Cells {
                values: &values[cells.clone()],
                n_columns,
                shift: 0,
                variances: variances.as_ref().map(|variances| &variances[cells]),
                conversion_variance: self.bias.noise_variance(),
                negated: None,
                max_input: self.max_input() as u32,
            };
            Stack::new(kernel, lines, &cells).map_err(|source| self.refused(source))
        };
        lines.iter().map(of_lines).collect()
    }

    /// What becomes of currents up to a greatest one, and of noise beyond it.
    fn estimates_of_currents(&self, max_current: u64) -> Result<Transfer, EmulationError> {
        let noise = (5.0 * self.bias.noise_variance().sqrt()).ceil() as i64;
        let noisiest = (max_current as i64).saturating_mul(2).saturating_add(noise);
        // From the converter's last code on estimates are alike.
        let longest = noisiest.min(self.bias.max_current());
        let codes = match longest <= MAX_ESTIMATES {
            true => (0..=longest).map(|current| u16::try_from(self.bias.estimate_from(current)).ok()).collect(),
            false => None,
        };
        codes.map(|codes| Transfer::Table { first: 0, codes }).ok_or_else(|| EmulationError::TooLarge {
            layer: self.name.clone(),
            what: "the current of a bias column that is converted by itself",
            bound: longest as u128,
            limit: MAX_ESTIMATES as u128,
        })
    }
}

impl BiasColumns {
    /// Has the word lines driven of each estimate, if there are several: as `source` drives those of all.
    pub(crate) fn drive(&self, patterns: &mut Vec<Patterns>, (kernel, n_planes): (Kernel, usize), source: &Source<'_>) {
        let apart = if self.lines.len() > 1 { &self.lines[..] } else { &[] };
        patterns.resize_with(apart.len(), || Patterns::new(kernel));
        let mut first = 0;
        for (lines, patterns) in apart.iter().zip(patterns) {
            let end = first + lines.n_lines();
            patterns.fill(lines, n_planes, &Source { lines: &source.lines[first..end], ..*source });
            first = end;
        }
    }

    /// Ŝ, `[column block][estimate][position]`, as the arrays of each column block that has bias columns see it.
    pub(crate) fn estimates(&self, kernel: Kernel, inputs: &Inputs<'_>, scratch: &mut Scratch) -> Vec<Vec<Lift>> {
        let n_positions = inputs.positions.len();
        let mut of_blocks = vec![Vec::new(); self.widths.len()];
        for (estimate, stack) in (0u64..).zip(&self.stacks) {
            let mut totals = vec![[0; LANES]; stack.n_columns() * n_positions];
            let job = Job {
                stack,
                columns: (0, stack.n_columns()),
                slices: inputs.slices,
                patterns: inputs.apart.get(estimate as usize).unwrap_or(inputs.patterns),
                positions: inputs.positions,
                transfer: &self.transfer,
                lifts: None,
                drops: None,
                stream: self.stream ^ estimate.wrapping_mul(ODD),
            };
            kernel.run(&job, Output { totals: &mut totals, tally: None }, scratch);
            let mut columns = by_column(totals, stack.grid(stack.n_columns(), n_positions));
            for (estimates, width) in of_blocks.iter_mut().zip(&self.widths) {
                let others = columns.split_off(width * n_positions);
                estimates.extend(mean_of_columns(std::mem::replace(&mut columns, others), n_positions));
            }
        }
        of_blocks
    }
}

/// Totals in the order of columns, and of positions in them.
fn by_column(totals: Vec<Lift>, grid: Grid) -> Vec<Lift> {
    let places = (0..totals.len()).map(|at| grid.at(at / grid.n_positions(), at % grid.n_positions()));
    places.map(|place| totals[place]).collect()
}

/// The mean of redundant columns' estimates, rounded to the nearest whole number, ties down.
///
/// # Shapes
///
/// `[column][estimate]` with `n` estimates.
fn mean_of_columns(mut estimates: Vec<Lift>, n: usize) -> Vec<Lift> {
    let n_columns = (estimates.len() / n) as i32;
    if n_columns > 1 {
        let (means, others) = estimates.split_at_mut(n);
        for other in others.chunks_exact(n) {
            for (mean, other) in means.iter_mut().zip(other) {
                mean.iter_mut().zip(other).for_each(|(mean, other)| *mean += other);
            }
        }
        for sum in means.as_flattened_mut() {
            *sum = (2 * *sum + n_columns - 1).div_euclid(2 * n_columns);
        }
        estimates.truncate(n);
    }
    estimates
}
