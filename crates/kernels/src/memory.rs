//! Look-up tables in memory, columns in the lanes of vectors that the compiler makes.
//!
//! Half a group's bits pick a line of its table, and adding the line adds three or four word lines to all columns of a
//! panel. Of half a group a table is an eighth of a whole group's, and those of a read stay in the cache nearest to the
//! core; that outweighs the second look-up.

use std::ops::{Add, AddAssign, Range, Shl};

use crate::segments::Segments;
use crate::stack::Shape;

/// Tables of panels of `N` columns.
#[derive(Clone, Debug)]
pub(crate) struct Memory<E, const N: usize> {
    /// Word lines of half a group.
    half: usize,
    n_groups: usize,
    n_reads: usize,
    /// `[panel][group][half][pattern]`.
    tables: Vec<Line<E, N>>,
    /// `[panel][read]`: its groups cut so that no column's cells add up to more than an entry holds within a segment.
    segments: Vec<Vec<Range<usize>>>,
}

/// What half a pattern adds to each column; one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Line<E, const N: usize>(pub(crate) [E; N]);

/// A number in a table.
pub(crate) trait Entry: Copy + Add<Output = Self> + AddAssign {
    /// Wide enough for the sum of a whole read.
    type Sum: Copy + AddAssign + From<Self> + Into<u32> + Shl<u32, Output = Self::Sum>;
    const ZERO: Self;
    const MAX: u64;
    const ZERO_SUM: Self::Sum;
    fn from_cell(cell: u32) -> Self;
}

macro_rules! entry {
    ($entry:ty, $sum:ty) => {
        impl Entry for $entry {
            type Sum = $sum;
            const ZERO: Self = 0;
            const MAX: u64 = <$entry>::MAX as u64;
            const ZERO_SUM: $sum = 0;
            fn from_cell(cell: u32) -> Self {
                cell as Self
            }
        }
    };
}

entry!(u8, u16);
entry!(u16, u32);
entry!(u32, u32);

impl<E: Entry, const N: usize> Memory<E, N> {
    pub(crate) fn new(Shape { lines, n_columns }: Shape<'_>, cells: &[u32]) -> Self {
        let half = lines.group_lines() / 2;
        let (n_groups, n_reads) = (lines.n_groups(), lines.reads().len());
        let n_panels = n_columns.div_ceil(N);
        let mut tables = Vec::with_capacity(n_panels * n_groups * (2 << half));
        let mut segments = Vec::with_capacity(n_panels * n_reads);
        let groups: Vec<_> = lines.groups().collect();
        for first in (0..n_columns).step_by(N) {
            let columns = first..n_columns.min(first + N);
            for read in lines.reads() {
                let mut cuts = Segments::<N>::new(E::MAX, read.groups.start);
                for group in &groups[read.groups.clone()] {
                    let row = |line: usize| &cells[line * n_columns..][columns.clone()];
                    for start in [group.start, group.end.min(group.start + half)] {
                        push_table(&mut tables, (start..group.end.min(start + half)).map(row), half);
                    }
                    let mut sums = [0; N];
                    for row in group.clone().map(row) {
                        sums.iter_mut().zip(row).for_each(|(sum, &cell)| *sum += u64::from(cell));
                    }
                    cuts.add(sums);
                }
                segments.push(cuts.finish());
            }
        }
        Self { half, n_groups, n_reads, tables, segments }
    }

    /// The segments of a read for a panel's columns.
    #[inline]
    pub(crate) fn segments(&self, panel: usize, read: usize) -> &[Range<usize>] {
        &self.segments[panel * self.n_reads + read]
    }

    /// The tables of a panel, `[group][half][pattern]`.
    #[inline(always)]
    fn panel(&self, panel: usize) -> &[Line<E, N>] {
        let length = self.n_groups * (2 << self.half);
        &self.tables[panel * length..][..length]
    }

    /// The sums of a panel's columns over some groups, in which no column's cells add up to more than an entry holds.
    #[inline(always)]
    pub(crate) fn sums(&self, panel: usize, groups: Range<usize>, index: impl Fn(usize) -> u8) -> [E; N] {
        let panel = self.panel(panel);
        let size = 1 << self.half;
        let mut sums = [E::ZERO; N];
        for (tables, group) in panel[groups.start * 2 * size..].chunks_exact(2 * size).zip(groups) {
            let pattern = usize::from(index(group));
            let low = &tables[pattern % size].0;
            let high = &tables[size + pattern / size].0;
            for lane in 0..N {
                sums[lane] += low[lane] + high[lane];
            }
        }
        sums
    }
}

fn push_table<'c, E: Entry, const N: usize>(
    tables: &mut Vec<Line<E, N>>,
    rows: impl Iterator<Item = &'c [u32]>,
    half: usize,
) {
    let first = tables.len();
    tables.resize(first + (1 << half), Line([E::ZERO; N]));
    for (line, row) in rows.enumerate() {
        // Patterns with this word line are those of the word lines before it, and its cells.
        let (known, new) = tables[first..].split_at_mut(1 << line);
        for (new, known) in new.iter_mut().zip(known) {
            *new = *known;
            for (entry, &cell) in new.0.iter_mut().zip(row) {
                *entry += E::from_cell(cell);
            }
        }
    }
}
