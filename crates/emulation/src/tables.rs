//! The cells of a layer's arrays as kernels look them up.

use rebias_kernels::{Cells, Kernel, Stack, StackError};

use crate::arrays::{CellState, CellUnit, ColumnBlock, LayerArrays};
use crate::converters::Converters;
use crate::{EmulationError, FRACTION_BITS};

impl LayerArrays {
    /// Tabulates the cells of each column block for a layer's converters.
    pub(crate) fn tabulate(&self, kernel: Kernel, converters: &Converters) -> Result<Vec<Stack>, EmulationError> {
        let unit = converters.unit;
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
                conversion_variance: converters.noise_variance(),
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
            conversion_variance: 0.0,
            negated: None,
            max_input: self.max_input() as u32,
        };
        Stack::new(kernel, &self.lines, &cells).map_err(|source| self.refused(source))
    }

    pub(crate) fn refused(&self, source: StackError) -> EmulationError {
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
    pub(crate) fn bias_columns<T: Copy>(&self, written: &[T]) -> Vec<T> {
        written.chunks_exact(self.written_columns(written)).flat_map(|row| &row[self.n_columns..]).copied().collect()
    }

    fn written_columns<T>(&self, written: &[T]) -> usize {
        written.len() * self.n_columns / self.levels.len()
    }
}
