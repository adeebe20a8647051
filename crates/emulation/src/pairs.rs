//! Pairs whose currents are subtracted before conversion.
//!
//! An output has J columns of w⁺ and J of w⁻ side by side. What converters see are J differences, so from here on a block
//! has those for columns, and what is written of its cells are differences of conductances, lifted above 0.

use crate::LEVEL;
use crate::arrays::{CellState, ColumnBlock, LayerArrays};
use crate::programming::WrittenCells;

impl LayerArrays {
    /// Takes w⁻ off w⁺ in each pair of cells.
    pub(crate) fn fold_pairs(&mut self, max_level: u8) {
        let n_slices = self.worth.len();
        self.lift = match self.cells {
            // As levels are.
            CellState::Exact => i64::from(max_level) * LEVEL,
            CellState::Drawn => {
                let lowest = self.column_blocks.iter().map(|block| block.lowest_difference(n_slices)).min();
                lowest.map_or(0, |lowest| (-lowest).max(0))
            }
        };
        let lift = self.lift;
        self.blocks_mut().iter_mut().for_each(|block| block.subtract_minus((n_slices, max_level), lift));
    }
}

impl ColumnBlock {
    /// The least difference of the conductances of a pair's cells.
    fn lowest_difference(&self, n_slices: usize) -> i64 {
        let Some(written) = &self.written else { return 0 };
        let rows = written.values.chunks_exact(self.row_width(written));
        let cells = rows.flat_map(|row| pairs(&row[..self.n_columns], n_slices));
        cells.map(|(plus, minus)| i64::from(plus) - i64::from(minus)).min().unwrap_or(0)
    }

    /// Stores one difference in place of two cells; columns of bias stay.
    fn subtract_minus(&mut self, (n_slices, max_level): (usize, u8), lift: i64) {
        let n_columns = self.n_columns;
        if let Some(mut written) = self.written.take() {
            let width = self.row_width(&written);
            let differences = |row: &[u32]| {
                let (cells, beside) = row.split_at(n_columns);
                let lifted = |(plus, minus)| (i64::from(plus) - i64::from(minus) + lift) as u32;
                pairs(cells, n_slices).map(lifted).chain(beside.iter().copied()).collect::<Vec<_>>()
            };
            written.values = written.values.chunks_exact(width).flat_map(differences).collect();
            // The noise of both is in the difference.
            let sums = |row: &[f64]| {
                let (cells, beside) = row.split_at(n_columns);
                pairs(cells, n_slices)
                    .map(|(plus, minus)| plus + minus)
                    .chain(beside.iter().copied())
                    .collect::<Vec<_>>()
            };
            written.variances =
                written.variances.map(|variances| variances.chunks_exact(width).flat_map(sums).collect());
            self.written = Some(written);
        }
        let level = |(plus, minus): (u8, u8)| max_level + plus - minus;
        self.levels = self.levels.chunks_exact(n_columns).flat_map(|row| pairs(row, n_slices).map(level)).collect();
        self.n_columns /= 2;
    }

    /// Cells of a word line, those of bias columns last.
    fn row_width(&self, written: &WrittenCells) -> usize {
        written.values.len() * self.n_columns / self.levels.len()
    }
}

/// The cells of w⁺ and w⁻ of each slice of each output on a word line.
fn pairs<T: Copy>(cells: &[T], n_slices: usize) -> impl Iterator<Item = (T, T)> + '_ {
    cells.chunks_exact(2 * n_slices).flat_map(move |output| {
        let (plus, minus) = output.split_at(n_slices);
        plus.iter().copied().zip(minus.iter().copied())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_slices_of_plus_before_those_of_minus() {
        let pairs: Vec<_> = pairs(&[1, 2, 3, 4, 5, 6, 7, 8], 2).collect();
        assert_eq!(pairs, [(1, 3), (2, 4), (5, 7), (6, 8)]);
    }

    #[test]
    fn differences_stand_where_two_cells_did_and_noise_adds_up() {
        let written = WrittenCells {
            // Two outputs of a slice each, and a bias column.
            values: vec![300, 128, 0, 384, 128],
            variances: Some(vec![4.0, 1.0, 0.0, 9.0, 1.0]),
            line_conductances: vec![940],
            residual: 0.0,
        };
        let mut block = ColumnBlock {
            outputs: 0..2,
            n_columns: 4,
            levels: vec![2, 1, 0, 3],
            flips: Vec::new(),
            n_bias_columns: 1,
            corrections: Vec::new(),
            written: Some(written),
            stream: 0,
        };
        assert_eq!(block.lowest_difference(1), -384);
        block.subtract_minus((1, 3), 384);
        assert_eq!((block.n_columns, block.levels), (2, vec![4, 0]));
        let written = block.written.expect("it was written");
        assert_eq!(written.values, [172 + 384, 0, 128]);
        assert_eq!(written.variances, Some(vec![5.0, 9.0, 1.0]));
    }
}
