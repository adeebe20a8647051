//! The cells of an array as look-up tables.

use std::ops::{Add, AddAssign, Range, Shl};

/// Word lines whose bits form one pattern.
pub const GROUP: usize = 8;
/// Word lines that index one table. Of half a group a table is an eighth of a whole group's, and those of an array stay
/// in the cache nearest to the core; that outweighs the second look-up.
const HALF: usize = GROUP / 2;
/// What the two halves of a group add.
pub(crate) type Table<E, const N: usize> = [[Line<E, N>; 1 << HALF]; 2];
/// Bytes of a line: what one pattern adds to the columns of a panel.
const LINE_BYTES: usize = 64;

/// The cells of an array.
///
/// Word lines are cut into reads, each read into groups of [`GROUP`] word lines, and columns into panels. For each half
/// group and panel a table holds, for each pattern of its input bits, what they add to the panel's columns.
#[derive(Clone, Debug)]
pub struct Array {
    n_columns: usize,
    n_groups: usize,
    reads: Vec<Read>,
    pub(crate) panels: Panels,
}

/// The word lines that are driven at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// How many they are.
    pub word_lines: usize,
    /// The greatest sum of a column's cells among them.
    pub max_sum: u32,
    /// Their groups.
    pub groups: Range<usize>,
    /// The groups cut so that no column's cells sum to more than an entry holds within a segment.
    pub(crate) segments: Vec<Range<usize>>,
}

/// Tables whose entries are as narrow as the cells allow.
#[derive(Clone, Debug)]
pub(crate) enum Panels {
    Narrow(Vec<Panel<u8, LINE_BYTES>>),
    Wide(Vec<Panel<u16, { LINE_BYTES / 2 }>>),
    Widest(Vec<Panel<u32, { LINE_BYTES / 4 }>>),
}

/// Tables of up to `N` columns, one for each group.
#[derive(Clone, Debug)]
pub(crate) struct Panel<E, const N: usize> {
    pub(crate) tables: Vec<Table<E, N>>,
}

/// What half a pattern adds to each column; one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Line<E, const N: usize>(pub(crate) [E; N]);

/// A number in a table.
pub(crate) trait Entry: Copy + Add<Output = Self> + AddAssign + Into<u32> {
    /// Wide enough for the sum of a whole read.
    type Sum: Copy + AddAssign + From<Self> + Into<u32> + Ord + Shl<u32, Output = Self::Sum>;
    const ZERO: Self;
    const ZERO_SUM: Self::Sum;
    /// The caller has proven that it fits.
    fn from_cell(cell: u32) -> Self;
    /// The sum, or the greatest that there is.
    fn saturated(sum: u32) -> Self::Sum;
}

impl Entry for u8 {
    type Sum = u16;
    const ZERO: Self = 0;
    const ZERO_SUM: u16 = 0;
    fn from_cell(cell: u32) -> Self {
        cell as u8
    }
    fn saturated(sum: u32) -> u16 {
        sum.min(u16::MAX.into()) as u16
    }
}

impl Entry for u16 {
    type Sum = u32;
    const ZERO: Self = 0;
    const ZERO_SUM: u32 = 0;
    fn from_cell(cell: u32) -> Self {
        cell as u16
    }
    fn saturated(sum: u32) -> u32 {
        sum
    }
}

impl Entry for u32 {
    type Sum = u32;
    const ZERO: Self = 0;
    const ZERO_SUM: u32 = 0;
    fn from_cell(cell: u32) -> Self {
        cell
    }
    fn saturated(sum: u32) -> u32 {
        sum
    }
}

/// What a cell of an array may be: a level, or a conductance in any unit.
pub trait Cell: Copy + Into<u32> {}

impl<C: Copy + Into<u32>> Cell for C {}

impl Array {
    /// Builds the tables of an array that is read `word_lines_per_read` word lines at a time.
    ///
    /// `max_input` is the greatest level that a word line is driven with: it bounds the sums.
    ///
    /// # Shapes
    ///
    /// `cells`: `[word line][column]`.
    ///
    /// # Panics
    ///
    /// If `cells` is not a number of rows of `n_columns`, if a read has no word lines, or if a read's sum could exceed
    /// `u32`.
    pub fn new<C: Cell>(cells: &[C], n_columns: usize, word_lines_per_read: usize, max_input: u32) -> Self {
        assert!(n_columns > 0 && cells.len().is_multiple_of(n_columns), "cells come in rows of columns");
        assert!(word_lines_per_read > 0, "a read drives word lines");
        let groups = groups_of(cells, n_columns, word_lines_per_read);
        let max_group = groups.iter().flat_map(|group| column_sums(group, n_columns)).max().unwrap_or(0);
        let max_sum = cells
            .chunks(word_lines_per_read * n_columns)
            .flat_map(|cells| column_sums(cells, n_columns))
            .max()
            .unwrap_or(0);
        let max_driven = u64::from(max_sum) * u64::from(max_input);
        assert!(max_driven <= u32::MAX.into(), "a read's sums fit in 32 bits");
        let is_narrow = max_group <= u8::MAX.into() && max_driven <= u16::MAX.into();
        let (panels, max_entry) = if is_narrow {
            (Panels::Narrow(panels(&groups, n_columns)), u32::from(u8::MAX))
        } else if max_group <= u16::MAX.into() {
            (Panels::Wide(panels(&groups, n_columns)), u32::from(u16::MAX))
        } else {
            (Panels::Widest(panels(&groups, n_columns)), u32::MAX)
        };
        let reads = reads_of(cells, n_columns, (word_lines_per_read, max_entry));
        Self { n_columns, n_groups: groups.len(), reads, panels }
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Number of groups, and so of pattern bytes of a plane.
    pub fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Columns of the totals: those of the array and some that fill the last panel.
    pub fn padded_columns(&self) -> usize {
        match &self.panels {
            Panels::Narrow(panels) => panels.len() * LINE_BYTES,
            Panels::Wide(panels) => panels.len() * LINE_BYTES / 2,
            Panels::Widest(panels) => panels.len() * LINE_BYTES / 4,
        }
    }

    /// The reads, in the order of their word lines.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// The greatest sum of a column's cells in one read.
    pub fn max_sum(&self) -> u32 {
        self.reads.iter().map(|read| read.max_sum).max().unwrap_or(0)
    }

    /// The cell of a column at a word line of a group.
    pub(crate) fn cell(&self, group: usize, line: usize, column: usize) -> u32 {
        match &self.panels {
            Panels::Narrow(panels) => entry(panels, (group, line), column),
            Panels::Wide(panels) => entry(panels, (group, line), column),
            Panels::Widest(panels) => entry(panels, (group, line), column),
        }
    }
}

fn entry<E: Entry, const N: usize>(panels: &[Panel<E, N>], (group, line): (usize, usize), column: usize) -> u32 {
    panels[column / N].tables[group][line / HALF][1 << (line % HALF)].0[column % N].into()
}

/// The cells group by group: a group never reaches beyond its read.
fn groups_of<C>(cells: &[C], n_columns: usize, word_lines_per_read: usize) -> Vec<&[C]> {
    cells.chunks(word_lines_per_read * n_columns).flat_map(|read| read.chunks(GROUP * n_columns)).collect()
}

fn column_sums<C: Cell>(cells: &[C], n_columns: usize) -> Vec<u32> {
    let mut sums = vec![0; n_columns];
    for row in cells.chunks_exact(n_columns) {
        for (sum, &cell) in sums.iter_mut().zip(row) {
            *sum += cell.into();
        }
    }
    sums
}

fn reads_of<C: Cell>(cells: &[C], n_columns: usize, (word_lines_per_read, max_entry): (usize, u32)) -> Vec<Read> {
    let mut first_group = 0;
    let read = |cells: &[C]| {
        let mut segments = Vec::new();
        let mut start = first_group;
        let mut sums = vec![0; n_columns];
        let mut group = first_group;
        for cells in cells.chunks(GROUP * n_columns) {
            let added = column_sums(cells, n_columns);
            if sums.iter().zip(&added).any(|(sum, added)| sum + added > max_entry) {
                segments.push(start..group);
                start = group;
                sums.fill(0);
            }
            for (sum, added) in sums.iter_mut().zip(added) {
                *sum += added;
            }
            group += 1;
        }
        segments.push(start..group);
        let groups = first_group..group;
        first_group = group;
        let max_sum = column_sums(cells, n_columns).into_iter().max().unwrap_or(0);
        Read { word_lines: cells.len() / n_columns, max_sum, groups, segments }
    };
    cells.chunks(word_lines_per_read * n_columns).map(read).collect()
}

fn panels<C: Cell, E: Entry, const N: usize>(groups: &[&[C]], n_columns: usize) -> Vec<Panel<E, N>> {
    let panel = |first: usize| {
        let columns = first..n_columns.min(first + N);
        Panel { tables: groups.iter().map(|cells| table(cells, n_columns, columns.clone())).collect() }
    };
    (0..n_columns).step_by(N).map(panel).collect()
}

fn table<C: Cell, E: Entry, const N: usize>(cells: &[C], n_columns: usize, columns: Range<usize>) -> Table<E, N> {
    let mut table = [[Line([E::ZERO; N]); 1 << HALF]; 2];
    for (lines, cells) in table.iter_mut().zip(cells.chunks(HALF * n_columns)) {
        for (line, row) in cells.chunks_exact(n_columns).enumerate() {
            // Patterns with this word line are those of the word lines before it, and its cells.
            let (known, new) = lines.split_at_mut(1 << line);
            for (new, known) in new.iter_mut().zip(known) {
                *new = *known;
                for (entry, &cell) in new.0.iter_mut().zip(&row[columns.clone()]) {
                    *entry += E::from_cell(cell.into());
                }
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_the_sum_of_the_cells_that_a_pattern_drives() {
        let cells = [1u8, 10, 2, 20, 4, 40];
        let array = Array::new(&cells, 2, 3, 1);
        let Panels::Narrow(panels) = &array.panels else { unreachable!("small cells") };
        assert_eq!(panels[0].tables[0][0][0b101].0[..3], [5, 50, 0]);
        assert_eq!(array.cell(0, 1, 1), 20);
    }

    #[test]
    fn groups_do_not_straddle_reads() {
        let cells = [1u8; 23];
        let array = Array::new(&cells, 1, 10, 1);
        let groups: Vec<_> = array.reads().iter().map(|read| (read.word_lines, read.groups.clone())).collect();
        assert_eq!(groups, [(10, 0..2), (10, 2..4), (3, 4..5)]);
        assert_eq!(array.n_groups(), 5);
    }

    #[test]
    fn segments_end_before_an_entry_overflows() {
        // 8 cells of 31 are 248: one group a segment.
        let array = Array::new(&[31u8; 24], 1, 24, 1);
        assert_eq!(array.reads()[0].segments, [0..1, 1..2, 2..3]);
        assert_eq!(array.max_sum(), 24 * 31);
        assert!(matches!(array.panels, Panels::Narrow(_)));
    }

    #[test]
    fn entries_widen_at_the_proven_bound_and_not_before() {
        let is_narrow =
            |cell: u8, max_input| matches!(Array::new(&[cell; 8], 1, 8, max_input).panels, Panels::Narrow(_));
        assert!(is_narrow(31, 1), "8 · 31 = 248");
        assert!(!is_narrow(32, 1), "8 · 32 = 256");
        assert!(is_narrow(31, 255), "248 · 255 = 63240");
        assert!(!is_narrow(31, 265), "248 · 265 = 65720");
        let is_wide = |cell: u32| matches!(Array::new(&[cell; 8], 1, 8, 1).panels, Panels::Wide(_));
        assert!(is_wide(8191), "8 · 8191 = 65528");
        assert!(!is_wide(8192), "8 · 8192 = 65536");
    }
}
