//! Look-up tables in memory, columns in the lanes of vectors that the compiler makes.
//!
//! A group's bits pick a line of its table, and adding the line adds its word lines to all columns of a panel. Tables of
//! six word lines stay in the second cache of a core while a read's positions go by; groups of eight have a table for
//! each half.

use std::ops::{Add, AddAssign, Range, Shl};

use crate::segments::Segments;
use crate::stack::Shape;

/// Tables of panels of `N` columns.
#[derive(Clone, Debug)]
pub(crate) struct Memory<E, const N: usize> {
    cut: Cut,
    n_groups: usize,
    n_reads: usize,
    /// `[panel][group][part][pattern]`.
    tables: Vec<Line<E, N>>,
    /// `[panel][read]`: its groups cut so that no column's cells add up to more than an entry holds within a segment.
    segments: Vec<Vec<Range<usize>>>,
}

/// How a group is cut into tables.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// One table for six word lines.
    Whole,
    /// Two tables for four word lines each.
    Halves,
}

/// What a pattern adds to each column; one cache line.
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
    /// Its low 16 bits.
    fn word(self) -> u16;
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
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
            fn word(self) -> u16 {
                self as u16
            }
        }
    };
}

entry!(u8, u16);
entry!(u16, u32);
entry!(u32, u32);

impl<E: Entry, const N: usize> Memory<E, N> {
    pub(crate) fn new(Shape { lines, n_columns }: Shape<'_>, cells: &[u32]) -> Self {
        let cut = Cut::of(lines.group_lines());
        let (n_groups, n_reads) = (lines.n_groups(), lines.reads().len());
        let n_panels = n_columns.div_ceil(N);
        let mut tables = Vec::with_capacity(n_panels * n_groups * cut.patterns());
        let mut segments = Vec::with_capacity(n_panels * n_reads);
        let groups: Vec<_> = lines.groups().collect();
        for first in (0..n_columns).step_by(N) {
            let columns = first..n_columns.min(first + N);
            for read in lines.reads() {
                let mut cuts = Segments::<N>::new(E::MAX, read.groups.start);
                for group in &groups[read.groups.clone()] {
                    let row = |line: usize| &cells[line * n_columns..][columns.clone()];
                    for part in 0..cut.parts() {
                        let start = group.end.min(group.start + part * cut.lines());
                        let part = start..group.end.min(start + cut.lines());
                        push_table(&mut tables, part.map(row), cut.lines());
                    }
                    tables.push(Line([E::ZERO; N]));
                    let mut sums = [0; N];
                    for row in group.clone().map(row) {
                        sums.iter_mut().zip(row).for_each(|(sum, &cell)| *sum += u64::from(cell));
                    }
                    cuts.add(sums);
                }
                segments.push(cuts.finish());
            }
        }
        Self { cut, n_groups, n_reads, tables, segments }
    }

    /// The segments of a read for a panel's columns.
    #[inline]
    pub(crate) fn segments(&self, panel: usize, read: usize) -> &[Range<usize>] {
        &self.segments[panel * self.n_reads + read]
    }

    /// The sums of a panel's columns over some groups, in which no column's cells add up to more than an entry holds;
    /// `indices` are those of the groups.
    #[inline(always)]
    pub(crate) fn sums(&self, panel: usize, groups: &Range<usize>, indices: impl Iterator<Item = u8>) -> [E; N] {
        let first = panel * self.n_groups;
        let per_group = self.cut.patterns();
        let tables = &self.tables[(first + groups.start) * per_group..(first + groups.end) * per_group];
        let mut sums = [E::ZERO; N];
        match self.cut {
            Cut::Whole => {
                for (table, index) in tables.as_chunks::<{ Cut::Whole.patterns() }>().0.iter().zip(indices) {
                    let found = &table[usize::from(index) % (table.len() - 1)].0;
                    for (sum, found) in sums.iter_mut().zip(found) {
                        *sum += *found;
                    }
                }
            }
            Cut::Halves => {
                for (table, index) in tables.as_chunks::<{ Cut::Halves.patterns() }>().0.iter().zip(indices) {
                    let half = (table.len() - 1) / 2;
                    let low = &table[usize::from(index) % half].0;
                    let high = &table[half + usize::from(index) / half].0;
                    for (sum, (low, high)) in sums.iter_mut().zip(low.iter().zip(high)) {
                        *sum += *low + *high;
                    }
                }
            }
        }
        sums
    }
}

impl Cut {
    /// For groups of so many word lines.
    const fn of(group_lines: usize) -> Self {
        if group_lines <= Self::Whole.lines() { Self::Whole } else { Self::Halves }
    }

    /// Word lines of a table.
    const fn lines(self) -> usize {
        match self {
            Self::Whole => 6,
            Self::Halves => 4,
        }
    }

    /// Tables of a group.
    const fn parts(self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Halves => 2,
        }
    }

    /// Lines of a group's tables.
    const fn patterns(self) -> usize {
        (self.parts() << self.lines()) + 1
    }
}

fn push_table<'c, E: Entry, const N: usize>(
    tables: &mut Vec<Line<E, N>>,
    rows: impl Iterator<Item = &'c [u32]>,
    n_lines: usize,
) {
    let first = tables.len();
    tables.resize(first + (1 << n_lines), Line([E::ZERO; N]));
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
