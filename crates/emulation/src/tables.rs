//! The cells of a layer's arrays as kernels look them up.

use rebias_kernels::{Cells, Kernel, Stack, StackError, Transfer};

use crate::arrays::{CellState, CellUnit, ColumnBlock, LayerArrays};
use crate::bias::BiasModel;
use crate::{EmulationError, FRACTION_BITS};

/// Longest table of estimates over the current of a bias column.
const MAX_ESTIMATES: i64 = 1 << 24;

/// Bias columns that differ from array to array, as their cells do.
#[derive(Clone, Debug)]
pub(crate) struct BiasColumns {
    /// Of each column block: the bias columns of all row blocks, or of each row block by itself.
    pub(crate) stacks: Vec<Stack>,
    /// From the current of a bias column to the estimated sum of inputs.
    pub(crate) transfer: Transfer,
}

impl LayerArrays {
    /// Tabulates the cells of each column block.
    pub(crate) fn tabulate(&self, kernel: Kernel, unit: CellUnit) -> Result<Vec<Stack>, EmulationError> {
        let stack = |block: &ColumnBlock| {
            if unit == CellUnit::Code {
                return self.tabulate_codes(kernel, block);
            }
            let negated: Vec<_> = match block.flips.is_empty() {
                true => Vec::new(),
                false => self.row_block_of.iter().flat_map(|&row_block| block.flips_of(row_block)).copied().collect(),
            };
            let variances = block.variances();
            let cells = Cells {
                values: &self.values(block, unit),
                n_columns: block.n_columns,
                shift: unit.shift(),
                variances: variances.as_deref(),
                negated: (!negated.is_empty()).then_some(&negated),
                max_input: self.max_input() as u32,
            };
            Stack::new(kernel, &self.lines, &cells).map_err(|source| self.refused(source))
        };
        self.column_blocks.iter().map(stack).collect()
    }

    /// The cells' conductances in units; with a reference their differences from it, lifted.
    pub(crate) fn conductances(&self, block: &ColumnBlock) -> Vec<u32> {
        self.values(block, CellUnit::Conductance)
    }

    fn values(&self, block: &ColumnBlock, unit: CellUnit) -> Vec<u32> {
        match (&block.written, self.cells) {
            (Some(written), CellState::Drawn) => block.weight_columns(&written.values),
            (Some(_) | None, _) => {
                let cell = |&level: &u8| match unit {
                    CellUnit::Level | CellUnit::Code => level.into(),
                    CellUnit::Conductance => (u32::from(level) << FRACTION_BITS).saturating_add(self.floor as u32),
                };
                block.levels.iter().map(cell).collect()
            }
        }
    }

    fn tabulate_codes(&self, kernel: Kernel, block: &ColumnBlock) -> Result<Stack, EmulationError> {
        let code = |levels: &[u8]| -> u32 {
            levels.iter().zip(&self.worth).map(|(&level, &worth)| u32::from(level) * worth as u32).sum()
        };
        let cells = Cells {
            values: &block.levels.chunks_exact(self.worth.len()).map(code).collect::<Vec<_>>(),
            n_columns: block.outputs.len(),
            shift: FRACTION_BITS,
            variances: None,
            negated: None,
            max_input: self.max_input() as u32,
        };
        Stack::new(kernel, &self.lines, &cells).map_err(|source| self.refused(source))
    }

    /// Tabulates bias columns, where they differ from array to array.
    pub(crate) fn tabulate_bias(&self, kernel: Kernel) -> Result<Option<BiasColumns>, EmulationError> {
        let BiasModel::Column { .. } = self.bias else { return Ok(None) };
        let mut stacks = Vec::new();
        for block in self.column_blocks.iter().filter(|block| block.n_bias_columns > 0) {
            let Some(written) = &block.written else { return Ok(None) };
            // A word line has a cell in each of its row block's columns, and none in others'.
            let (n_estimates, n_bias) = (self.n_estimates(), block.n_bias_columns as usize);
            let n_columns = n_estimates * n_bias;
            let spread = |bias_cells: Vec<f64>| {
                let mut cells = vec![0.0; n_estimates * bias_cells.len()];
                for (read, row_block) in self.lines.reads().iter().zip(&self.row_block_of) {
                    for line in read.lines.clone() {
                        for bias in 0..n_bias {
                            let column = bias * n_estimates + row_block % n_estimates;
                            cells[line * n_columns + column] = bias_cells[line * n_bias + bias];
                        }
                    }
                }
                cells
            };
            let values = spread(block.bias_columns(&written.values).into_iter().map(f64::from).collect());
            let variances = written.variances.as_ref().map(|variances| spread(block.bias_columns(variances)));
            let cells = Cells {
                values: &values.into_iter().map(|value| value as u32).collect::<Vec<_>>(),
                n_columns,
                shift: 0,
                variances: variances.as_deref(),
                negated: None,
                max_input: self.max_input() as u32,
            };
            stacks.push(Stack::new(kernel, &self.lines, &cells).map_err(|source| self.refused(source))?);
        }
        let max_sum = stacks.iter().map(Stack::max_sum).max().unwrap_or(0) * self.max_input();
        Ok(Some(BiasColumns { stacks, transfer: self.estimates_of_currents(max_sum)? }))
    }

    /// Sums of inputs that are estimated apart: of all row blocks together, or of each where it counts by itself.
    pub(crate) fn n_estimates(&self) -> usize {
        if self.has_sums_of_blocks() { self.n_row_blocks() } else { 1 }
    }

    fn estimates_of_currents(&self, max_current: u64) -> Result<Transfer, EmulationError> {
        // Noise may go beyond the greatest current.
        let longest = (max_current as i64).saturating_mul(2).min(MAX_ESTIMATES);
        let estimate = |current: i64| u16::try_from(self.bias.estimate_from(current)).ok();
        let codes = (0..=longest).map(estimate).collect::<Option<Vec<_>>>();
        match codes {
            Some(codes) if (max_current as i64) <= MAX_ESTIMATES => Ok(Transfer::Table { first: 0, codes }),
            Some(_) | None => Err(EmulationError::TooLarge {
                layer: self.name.clone(),
                what: "the current of a bias column of drawn cells",
                bound: max_current.into(),
                limit: MAX_ESTIMATES as u128,
            }),
        }
    }

    fn refused(&self, source: StackError) -> EmulationError {
        EmulationError::Cells { layer: self.name.clone(), source }
    }
}

impl ColumnBlock {
    /// What is written of each cell, without the bias column.
    fn weight_columns<T: Copy>(&self, written: &[T]) -> Vec<T> {
        written.chunks_exact(self.written_columns(written)).flat_map(|row| &row[..self.n_columns]).copied().collect()
    }

    /// Variances of the cells of weights; `None` without noise.
    pub(crate) fn variances(&self) -> Option<Vec<f64>> {
        self.written.as_ref()?.variances.as_ref().map(|variances| self.weight_columns(variances))
    }

    /// What is written of the bias columns' cells.
    fn bias_columns<T: Copy>(&self, written: &[T]) -> Vec<T> {
        written.chunks_exact(self.written_columns(written)).flat_map(|row| &row[self.n_columns..]).copied().collect()
    }

    fn written_columns<T>(&self, written: &[T]) -> usize {
        written.len() * self.n_columns / self.levels.len()
    }
}
