//! Look-up tables in registers, images in the lanes.
//!
//! Columns come in tiles of four, and so do the vectors that look them up: sixteen sums stay in registers while a
//! read's groups go by, and each table and each vector is loaded once for four look-ups.

use std::ops::Range;

use crate::segments::Segments;
use crate::stack::Shape;
use crate::{LANES, Read, Vector};

/// Columns of a tile.
pub(crate) const TILE: usize = 4;

/// How wide the entries of a table are, and how many word lines index it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// Bytes, for a group of six: 64 entries.
    Bytes,
    /// Words of 16 bits, for a group of six: 64 entries.
    Words,
}

/// The tables of a stack's columns.
#[derive(Clone, Debug)]
pub(crate) struct Tiles {
    pub(crate) width: Width,
    n_columns: usize,
    /// `[read][tile][group][column]`; one or two vectors for each.
    tables: Vec<Vector>,
    /// For each read and tile, its groups cut so that no column's cells add up to more than an entry holds within a
    /// segment; counted from the read's first group.
    segments: Vec<Vec<Range<usize>>>,
}

impl Tiles {
    /// Cells of a group must add up to what an entry holds.
    pub(crate) fn new(width: Width, Shape { lines, n_columns }: Shape<'_>, cells: &[u32]) -> Self {
        let n_tiles = n_columns.div_ceil(TILE);
        let mut bytes = vec![Vector([0; LANES]); lines.n_groups() * n_tiles * width.vectors()];
        let mut segments = Vec::with_capacity(lines.reads().len() * n_tiles);
        let groups: Vec<_> = lines.groups().collect();
        let mut into = bytes.as_mut_slice();
        for read in lines.reads() {
            for tile in 0..n_tiles {
                let columns = tile * TILE..n_columns.min((tile + 1) * TILE);
                let mut cuts = Segments::new(width.max_entry(), 0);
                for group in &groups[read.groups.clone()] {
                    let (tables, rest) = into.split_at_mut(width.vectors());
                    into = rest;
                    let mut sums = [0; TILE];
                    for (at, column) in columns.clone().enumerate() {
                        let cells = group.clone().map(|line| cells[line * n_columns + column]);
                        width.write(tables, at, cells.clone());
                        sums[at] = cells.map(u64::from).sum();
                    }
                    cuts.add(sums);
                }
                segments.push(cuts.finish());
            }
        }
        Self { width, n_columns, tables: bytes, segments }
    }

    pub(crate) fn n_tiles(&self) -> usize {
        self.n_columns.div_ceil(TILE)
    }

    /// The tables of a tile in a read, and the segments of its groups.
    #[inline]
    pub(crate) fn of(&self, (read_index, read): (usize, &Read), tile: usize) -> (&[Vector], &[Range<usize>]) {
        let n_tiles = self.n_tiles();
        let per_group = self.width.vectors();
        let first = (read.groups.start * n_tiles + tile * read.groups.len()) * per_group;
        (&self.tables[first..][..read.groups.len() * per_group], &self.segments[read_index * n_tiles + tile])
    }
}

impl Width {
    /// Bytes of a column's table.
    const fn bytes(self) -> usize {
        match self {
            Self::Bytes => LANES,
            Self::Words => 2 * LANES,
        }
    }

    /// Vectors of a tile's tables of a group.
    pub(crate) const fn vectors(self) -> usize {
        TILE * self.bytes() / LANES
    }

    const fn max_entry(self) -> u64 {
        match self {
            Self::Bytes => u8::MAX as u64,
            Self::Words => u16::MAX as u64,
        }
    }

    /// Writes the table of a column; `tables` are those of a tile.
    fn write(self, tables: &mut [Vector], column: usize, cells: impl Iterator<Item = u32>) {
        let mut sums = [0u32; 64];
        match self {
            Self::Bytes => {
                sums_of_patterns(&mut sums, cells);
                tables[column].0 = sums.map(|sum| sum as u8);
            }
            Self::Words => {
                sums_of_patterns(&mut sums, cells);
                for (bytes, sums) in tables[2 * column..].iter_mut().zip(sums.as_chunks::<32>().0) {
                    for (bytes, &sum) in bytes.0.as_chunks_mut::<2>().0.iter_mut().zip(sums) {
                        *bytes = (sum as u16).to_le_bytes();
                    }
                }
            }
        }
    }
}

/// The sum of the cells that each pattern drives.
fn sums_of_patterns(sums: &mut [u32], cells: impl Iterator<Item = u32>) {
    for (line, cell) in cells.enumerate() {
        let (known, new) = sums.split_at_mut(1 << line);
        for (new, known) in new.iter_mut().zip(known) {
            *new = *known + cell;
        }
    }
}
