//! The levels that an array's cells store.

use std::ops::Range;

use rebias_mapper::Slicing;
use rebias_network::Tensors;

/// What the cells of an array store.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    pub(crate) n_columns: usize,
    /// `[word line][column]`, slices of an output side by side.
    pub(crate) cells: Vec<u8>,
}

impl Levels {
    pub(crate) fn new(tensors: &Tensors, slicing: &Slicing, (rows, outputs): (Range<usize>, Range<usize>)) -> Self {
        let n_columns = outputs.len() * slicing.n_columns() as usize;
        let mut cells = Vec::with_capacity(rows.len() * n_columns);
        for row in rows {
            for output in outputs.clone() {
                let codes = |column| match &tensors.minus {
                    Some(minus) if slicing.is_minus(column) => minus.codes[[output, row]],
                    Some(_) | None => tensors.codes[[output, row]],
                };
                // A cell has at most 8 bits.
                let level = |column| slicing.weight_slice(codes(column), slicing.slice_of(column)) as u8;
                cells.extend((0..slicing.n_columns()).map(level));
            }
        }
        Self { n_columns, cells }
    }

    /// Complements the columns whose levels add up to more than half of what they could, and tells which.
    pub(crate) fn flip_heavy_columns(&mut self, max_level: u32) -> Vec<bool> {
        let mut sums = vec![0u64; self.n_columns];
        for row in self.cells.chunks_exact(self.n_columns) {
            for (sum, &level) in sums.iter_mut().zip(row) {
                *sum += u64::from(level);
            }
        }
        let full = (self.cells.len() / self.n_columns) as u64 * u64::from(max_level);
        let flips: Vec<_> = sums.iter().map(|sum| 2 * sum > full).collect();
        for row in self.cells.chunks_exact_mut(self.n_columns) {
            for (level, _) in row.iter_mut().zip(&flips).filter(|(_, is_flipped)| **is_flipped) {
                *level = max_level as u8 - *level;
            }
        }
        flips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_flipped_when_it_holds_more_than_half() {
        let mut levels = Levels { n_columns: 3, cells: vec![3, 3, 1, 1, 0, 1] };
        assert_eq!(levels.flip_heavy_columns(3), [true, false, false], "4 of 6, 3 of 6, 2 of 6");
        assert_eq!(levels.cells, [0, 3, 1, 2, 0, 1]);
    }
}
