//! The cells of a layer's arrays as kernels look them up.

use rebias_kernels::{Cells, Kernel, Stack, StackError};

use crate::arrays::{CellState, CellUnit, ColumnBlock, LayerArrays};
use crate::converters::Converters;
use crate::{EmulationError, FRACTION_BITS};

impl LayerArrays {
    /// Tabulates the cells of all column blocks side by side, for a layer's converters.
    pub(crate) fn tabulate(&self, kernel: Kernel, converters: &Converters) -> Result<Stack, EmulationError> {
        let unit = converters.unit;
        let n_columns = |block: &ColumnBlock| match unit {
            CellUnit::Code => block.outputs.len(),
            CellUnit::Level | CellUnit::Conductance => block.n_columns,
        };
        let widths: Vec<_> = self.column_blocks.iter().map(n_columns).collect();
        let values: Vec<_> = self.column_blocks.iter().map(|block| self.values(block, unit)).collect();
        let variances: Option<Vec<_>> = self.column_blocks.iter().map(ColumnBlock::variances).collect();
        let variances = variances.filter(|_| unit != CellUnit::Code).map(|variances| side_by_side(&variances, &widths));
        let negated = (unit != CellUnit::Code && self.has_flips()).then(|| {
            let flips: Vec<_> = self.column_blocks.iter().map(|block| self.flips_of_reads(block)).collect();
            side_by_side(&flips, &widths)
        });
        let cells = Cells {
            values: &side_by_side(&values, &widths),
            n_columns: widths.iter().sum(),
            shift: unit.shift(),
            variances: variances.as_deref(),
            conversion_variance: converters.noise_variance(),
            negated: negated.as_deref(),
            max_input: self.max_input() as u32,
        };
        Stack::new(kernel, &self.lines, &cells).map_err(|source| self.refused(source))
    }

    /// Whether columns are stored complemented, `[read][column]`.
    fn flips_of_reads(&self, block: &ColumnBlock) -> Vec<bool> {
        if block.flips.is_empty() {
            return vec![false; self.row_block_of.len() * block.n_columns];
        }
        self.row_block_of.iter().flat_map(|&row_block| block.flips_of(row_block)).copied().collect()
    }

    /// The cells' conductances in units; with a reference their differences from it, lifted.
    pub(crate) fn conductances(&self, block: &ColumnBlock) -> Vec<u32> {
        self.values(block, CellUnit::Conductance)
    }

    fn values(&self, block: &ColumnBlock, unit: CellUnit) -> Vec<u32> {
        let levels = &block.levels;
        match (&block.written, self.cells, unit) {
            (_, _, CellUnit::Code) => levels.chunks_exact(self.worth.len()).map(|levels| self.code(levels)).collect(),
            (Some(written), CellState::Drawn, _) => block.weight_columns(&written.values),
            (_, _, CellUnit::Level) => levels.iter().map(|&level| level.into()).collect(),
            (_, _, CellUnit::Conductance) => {
                let cell = |&level: &u8| (u32::from(level) << FRACTION_BITS).saturating_add(self.floor as u32);
                levels.iter().map(cell).collect()
            }
        }
    }

    /// What the levels of an output's slices are worth together.
    fn code(&self, levels: &[u8]) -> u32 {
        levels.iter().zip(&self.worth).map(|(&level, &worth)| u32::from(level) * worth as u32).sum()
    }

    pub(crate) fn refused(&self, source: StackError) -> EmulationError {
        EmulationError::Cells { layer: self.name.clone(), source }
    }
}

/// Tables of so many columns each, row by row side by side.
pub(crate) fn side_by_side<T: Copy>(tables: &[Vec<T>], widths: &[usize]) -> Vec<T> {
    if let [table] = tables {
        return table.clone();
    }
    let mut rows: Vec<_> = tables.iter().zip(widths).map(|(table, &width)| table.chunks_exact(width)).collect();
    let mut joined = Vec::with_capacity(tables.iter().map(Vec::len).sum());
    while let Some(row) = rows.iter_mut().map(Iterator::next).collect::<Option<Vec<_>>>().filter(|row| !row.is_empty())
    {
        row.into_iter().for_each(|row| joined.extend_from_slice(row));
    }
    joined
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
