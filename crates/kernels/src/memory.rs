//! Look-up tables in memory, columns in the lanes of vectors that the compiler makes.
//!
//! A group's bits pick a line of its table, and adding the line adds its word lines to all columns of a panel. Kept are
//! tables of four word lines, two for each group: they are small. Where many images are looked up, tables of eight are
//! made of them, which stay in the second cache of a core while a read's positions go by.

use std::ops::Range;

use crate::Read;
use crate::rows::Octet;
use crate::segments::Segments;
use crate::stack::Shape;

/// Word lines of a half.
const HALF: usize = 4;

/// From so many look-ups in each table on it pays to make tables of whole groups: each of their lines is written for one
/// look-up less of two.
pub(crate) const MANY_LOOK_UPS: usize = 1 << (2 * HALF);

/// Tables of panels of `N` columns.
#[derive(Clone, Debug)]
pub(crate) struct Memory<E, const N: usize> {
    n_groups: usize,
    n_reads: usize,
    /// `[panel][group]`.
    tables: Vec<Halves<E, N>>,
    /// `[panel][read]`: its groups cut so that no column's cells add up to more than an entry holds within a segment;
    /// counted from the read's first group.
    segments: Vec<Vec<Range<usize>>>,
}

/// What a pattern adds to each column, at the place that an entry has for it; one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Line<E, const N: usize>(pub(crate) [E; N]);

/// Tables of a group's first four word lines, and of the others.
pub(crate) type Halves<E, const N: usize> = [[Line<E, N>; 1 << HALF]; 2];

/// A table of a group.
pub(crate) type Whole<E, const N: usize> = [Line<E, N>; 1 << (2 * HALF)];

/// A number in a table.
pub(crate) trait Entry: Copy {
    const ZERO: Self;
    const MAX: u64;
    fn from_cell(cell: u32) -> Self;
    /// Its low 16 bits.
    fn word(self) -> u16;
    /// The sum of two that fits.
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// Where a line of `n` entries has a column.
    fn place(column: usize, n: usize) -> usize;
    /// Adds a line's entries times 2^`weight`, column by column, to sums that fit in words.
    fn add_words<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u16; N]);
    /// As [`add_words`](Self::add_words) in 32 bits.
    fn add_wide<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u32; N]);
}

impl Entry for u8 {
    const ZERO: Self = 0;
    const MAX: u64 = Self::MAX as u64;
    fn from_cell(cell: u32) -> Self {
        cell as Self
    }
    fn word(self) -> u16 {
        self.into()
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    /// Bytes of even places as words are the first half of all columns, those of odd places the second: neither needs
    /// to change lanes.
    #[inline(always)]
    fn place(column: usize, n: usize) -> usize {
        column % (n / 2) * 2 + column / (n / 2)
    }
    #[inline(always)]
    fn add_words<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u16; N]) {
        let words = words(line);
        sums.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(word << weight));
    }
    #[inline(always)]
    fn add_wide<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u32; N]) {
        let words = words(line);
        sums.iter_mut().zip(words).for_each(|(sum, word)| *sum += u32::from(word) << weight);
    }
}

macro_rules! entry {
    ($entry:ty) => {
        impl Entry for $entry {
            const ZERO: Self = 0;
            const MAX: u64 = <$entry>::MAX as u64;
            fn from_cell(cell: u32) -> Self {
                cell as Self
            }
            fn word(self) -> u16 {
                self as u16
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn place(column: usize, _: usize) -> usize {
                column
            }
            #[inline(always)]
            fn add_words<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u16; N]) {
                let added = line.0.iter().map(|&entry| (entry as u16) << weight);
                sums.iter_mut().zip(added).for_each(|(sum, added)| *sum = sum.wrapping_add(added));
            }
            #[inline(always)]
            #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
            fn add_wide<const N: usize>(line: &Line<Self, N>, weight: u32, sums: &mut [u32; N]) {
                sums.iter_mut().zip(line.0).for_each(|(sum, entry)| *sum += (entry as u32) << weight);
            }
        }
    };
}

entry!(u16);
entry!(u32);

/// Bytes as words, column by column.
#[inline(always)]
pub(crate) fn words<const N: usize>(line: &Line<u8, N>) -> [u16; N] {
    let mut words = [0; N];
    let (low, high) = words.split_at_mut(N / 2);
    for ((low, high), pair) in low.iter_mut().zip(high).zip(line.0.as_chunks::<2>().0) {
        let pair = u16::from_le_bytes(*pair);
        (*low, *high) = (pair & 0xff, pair >> 8);
    }
    words
}

impl<E: Entry, const N: usize> Line<E, N> {
    pub(crate) const ZERO: Self = Self([E::ZERO; N]);

    #[inline(always)]
    fn add(&mut self, other: &Self) {
        for at in 0..N {
            self.0[at] = self.0[at].plus(other.0[at]);
        }
    }
}

impl<E: Entry, const N: usize> Memory<E, N> {
    pub(crate) fn new(Shape { lines, n_columns }: Shape<'_>, cells: &[u32]) -> Self {
        let (n_groups, n_reads) = (lines.n_groups(), lines.reads().len());
        let n_panels = n_columns.div_ceil(N);
        let mut tables = vec![[[Line::ZERO; 1 << HALF]; 2]; n_panels * n_groups];
        let mut segments = Vec::with_capacity(n_panels * n_reads);
        let groups: Vec<_> = lines.groups().collect();
        let mut into = tables.iter_mut();
        for first in (0..n_columns).step_by(N) {
            let columns = first..n_columns.min(first + N);
            for read in lines.reads() {
                let mut cuts = Segments::<N>::new(E::MAX, 0);
                for (group, halves) in groups[read.groups.clone()].iter().zip(&mut into) {
                    let row = |line: usize| &cells[line * n_columns..][columns.clone()];
                    for (half, table) in halves.iter_mut().enumerate() {
                        let start = group.end.min(group.start + half * HALF);
                        tabulate(table, (start..group.end.min(start + HALF)).map(row));
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
        Self { n_groups, n_reads, tables, segments }
    }

    /// The segments of a read for a panel's columns.
    #[inline]
    pub(crate) fn segments(&self, panel: usize, read: usize) -> &[Range<usize>] {
        &self.segments[panel * self.n_reads + read]
    }

    /// The tables of a read's groups for a panel's columns.
    #[inline]
    pub(crate) fn halves(&self, panel: usize, read: &Read) -> &[Halves<E, N>] {
        &self.tables[panel * self.n_groups..][read.groups.clone()]
    }

    /// The same as tables of whole groups.
    #[inline(always)]
    pub(crate) fn unfold(&self, panel: usize, read: &Read, wholes: &mut Vec<Whole<E, N>>) {
        let halves = self.halves(panel, read);
        wholes.resize(halves.len(), [Line::ZERO; 1 << (2 * HALF)]);
        for (whole, [low, high]) in wholes.iter_mut().zip(halves) {
            for (lines, high) in whole.as_chunks_mut::<{ 1 << HALF }>().0.iter_mut().zip(high) {
                for (line, low) in lines.iter_mut().zip(low) {
                    let mut sum = *low;
                    sum.add(high);
                    *line = sum;
                }
            }
        }
    }
}

/// Whether lines are fetched before they are looked up.
pub(crate) trait Fetch {
    fn fetch<E, const N: usize>(line: &Line<E, N>);
}

/// Loads fetch them: each line takes few.
pub(crate) struct OnLoad;

/// While the plane before is looked up: of many loads from a line all would wait.
pub(crate) struct Before;

impl Fetch for OnLoad {
    #[inline(always)]
    fn fetch<E, const N: usize>(_: &Line<E, N>) {}
}

impl Fetch for Before {
    #[inline(always)]
    fn fetch<E, const N: usize>(line: &Line<E, N>) {
        #[cfg(target_arch = "x86_64")]
        crate::sse2::prefetch(line);
        let _ = line;
    }
}

/// The sums of a panel's columns over a read's groups, in which no column's cells add up to more than an entry holds.
/// `planes` begin with the plane that is looked up, of so many octets, and go on with those that are looked up next.
#[inline(always)]
pub(crate) fn sum<F: Fetch, E: Entry, const N: usize>(
    wholes: &[Whole<E, N>],
    (planes, octets): (&[Octet], usize),
) -> Line<E, N> {
    let mut sums = Line::ZERO;
    let (plane, next) = planes.split_at(octets);
    let (eights, rest) = wholes.as_chunks::<8>();
    for (at, (tables, octet)) in eights.iter().zip(plane).enumerate() {
        add_looked_up::<F, _, _, _>(tables, (octet, next.get(at).unwrap_or(octet)), &mut sums);
    }
    if let Some(octet) = plane.get(eights.len()) {
        // Half of the groups, and few word lines, are worth having without a loop.
        let (fours, rest) = rest.as_chunks::<4>();
        for (tables, indices) in fours.iter().zip(octet.as_chunks::<4>().0) {
            add_looked_up::<OnLoad, _, _, _>(tables, (indices, indices), &mut sums);
        }
        for (table, index) in rest.iter().zip(&octet[4 * fours.len()..]) {
            sums.add(&table[usize::from(*index)]);
        }
    }
    sums
}

#[inline(always)]
fn add_looked_up<F: Fetch, E: Entry, const N: usize, const GROUPS: usize>(
    tables: &[Whole<E, N>; GROUPS],
    (indices, next): (&[u8; GROUPS], &[u8; GROUPS]),
    sums: &mut Line<E, N>,
) {
    // One load for all of them.
    let together = |indices: &[u8; GROUPS]| {
        let mut word = [0; 8];
        word[..GROUPS].copy_from_slice(indices);
        u64::from_le_bytes(word)
    };
    let (indices, next) = (together(indices), together(next));
    for (at, table) in tables.iter().enumerate() {
        F::fetch(&table[(next >> (8 * at)) as usize & 255]);
        sums.add(&table[(indices >> (8 * at)) as usize & 255]);
    }
}

/// As [`sum`], over some of the groups.
#[inline(always)]
pub(crate) fn sum_some<E: Entry, const N: usize>(
    wholes: &[Whole<E, N>],
    plane: &[Octet],
    groups: &Range<usize>,
) -> Line<E, N> {
    let mut sums = Line::ZERO;
    for (table, index) in wholes[groups.clone()].iter().zip(&plane.as_flattened()[groups.clone()]) {
        sums.add(&table[usize::from(*index)]);
    }
    sums
}

/// As [`sum_some`] with tables of halves; `indices` are those of the groups.
#[inline(always)]
pub(crate) fn sum_halves<E: Entry, const N: usize>(
    halves: &[Halves<E, N>],
    indices: impl Iterator<Item = u8>,
) -> Line<E, N> {
    let mut sums = Line::ZERO;
    for ([low, high], index) in halves.iter().zip(indices) {
        sums.add(&low[usize::from(index) % low.len()]);
        sums.add(&high[usize::from(index) / low.len()]);
    }
    sums
}

/// Has a table hold the sum of the cells that each pattern drives.
fn tabulate<'c, E: Entry, const N: usize>(table: &mut [Line<E, N>], rows: impl Iterator<Item = &'c [u32]>) {
    for (line, row) in rows.enumerate() {
        // Patterns with this word line are those of the word lines before it, and its cells.
        let (known, new) = table.split_at_mut(1 << line);
        for (new, known) in new.iter_mut().zip(known) {
            *new = *known;
            for (column, &cell) in row.iter().enumerate() {
                let entry = &mut new.0[E::place(column, N)];
                *entry = entry.plus(E::from_cell(cell));
            }
        }
    }
}
