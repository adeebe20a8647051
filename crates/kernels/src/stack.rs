//! The cells of arrays, tabulated as a kernel wants them.

use crate::kernel::Way;
use crate::memory::Memory;
use crate::noise::{Sources, Spread, SpreadForm};
use crate::products::{MAX_SQUARED, Products, ROWS, Second};
use crate::tiles::{Tiles, Width};
use crate::{Grid, Kernel, Lines};

/// Arrays that stand one under another: each column of theirs adds up to one number.
///
/// Cells are whole numbers of a unit of 2^`shift` fractions: with `shift` 7 levels of ideal cells, with `shift` 0
/// conductances of real ones in 1/128 of a level.
#[derive(Clone, Debug)]
pub struct Stack {
    lines: Lines,
    n_columns: usize,
    shift: u32,
    /// For each read, the greatest sum of a column's cells.
    max_sums: Vec<u64>,
    /// Whether columns' converted sums count negatively, `[read][tile of 16 columns]`; empty if none do.
    negated: Vec<[bool; ROWS]>,
    pub(crate) tables: Tables,
    pub(crate) spread: Option<Spread>,
}

/// What a stack is made of.
#[derive(Clone, Copy, Debug)]
pub struct Cells<'a> {
    /// `[word line][column]`.
    pub values: &'a [u32],
    /// Number of columns.
    pub n_columns: usize,
    /// Fraction bits below the unit of `values`.
    pub shift: u32,
    /// Variance of each cell's read noise in squared units of 2^−`shift` of the values' unit, `[word line][column]`;
    /// `None` for cells without noise.
    pub variances: Option<&'a [f64]>,
    /// Variance that each conversion adds to a column's sum, likewise; 0 for converters without noise.
    pub conversion_variance: f64,
    /// Whether a column's converted sums count negatively, `[read][column]`; `None` if none does. Columns whose cells are
    /// stored complemented do.
    pub negated: Option<&'a [bool]>,
    /// The greatest level that a word line is driven with.
    pub max_input: u32,
}

/// Why cells can't be tabulated.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The cells of one column and read add up to too much.
    #[error("a column's sum may reach {sum}, beyond {limit}")]
    Sum {
        /// The greatest sum.
        sum: u64,
        /// How large it may be.
        limit: u64,
    },
    /// The noise of a column is beyond what its samples can hold.
    #[error("the noise of a column has a variance of {variance:e} units², beyond {limit:e}")]
    Noise {
        /// The greatest variance of a read.
        variance: f64,
        /// How large it may be.
        limit: f64,
    },
}

/// Cells as kernels look them up.
#[derive(Clone, Debug)]
pub(crate) enum Tables {
    /// `[word line][column]`.
    Cells(Vec<u32>),
    Memory8(Memory<u8, 64>),
    Memory16(Memory<u16, 32>),
    Memory32(Memory<u32, 16>),
    /// In registers.
    Tiles(Tiles),
    /// None: cells as they are multiplied.
    Products(Products),
}

impl Stack {
    /// Tabulates cells for a kernel; `lines` must be cut for the same.
    ///
    /// # Errors
    ///
    /// Sums beyond 31 bits, and noise beyond what its samples hold.
    ///
    /// # Panics
    ///
    /// If there is not one cell, and where there is noise one variance, for each word line and column.
    pub fn new(kernel: Kernel, lines: &Lines, cells: &Cells<'_>) -> Result<Self, StackError> {
        let Cells { values, n_columns, shift, variances, conversion_variance, negated, max_input } = *cells;
        assert_eq!(lines.group_lines(), kernel.group_lines(), "word lines are cut for the kernel");
        assert_eq!(values.len(), lines.n_lines() * n_columns, "cells are [word line][column]");
        assert!(negated.is_none_or(|negated| negated.len() == lines.reads().len() * n_columns), "[read][column]");
        let max_sums: Vec<u64> = lines
            .reads()
            .iter()
            .map(|read| column_sums(&values[read.lines.start * n_columns..read.lines.end * n_columns], n_columns))
            .map(|sums| sums.into_iter().max().unwrap_or(0))
            .collect();
        let max_sum = max_sums.iter().max().copied().unwrap_or(0).saturating_mul(max_input.into());
        let limit = (1 << 31) - 1;
        if max_sum > limit {
            return Err(StackError::Sum { sum: max_sum, limit });
        }
        let max_group = lines
            .groups()
            .flat_map(|lines| column_sums(&values[lines.start * n_columns..lines.end * n_columns], n_columns))
            .max()
            .unwrap_or(0);
        let shape = Shape { lines, n_columns };
        let has_noise = variances.is_some() || conversion_variance > 0.0;
        let is_narrow = max_group <= u8::MAX.into();
        let (tables, form) = match (kernel.way(), Second::of(values)) {
            (Way::Scalar, _) => (Tables::Cells(values.to_vec()), SpreadForm::Cells),
            (Way::Avx512, _) if is_narrow && !has_noise => {
                (Tables::Tiles(Tiles::new(Width::Bytes, shape, values)), SpreadForm::Tiles)
            }
            (Way::Avx512, _) if max_sum <= u16::MAX.into() => {
                (Tables::Tiles(Tiles::new(Width::Words, shape, values)), SpreadForm::Tiles)
            }
            (Way::Amx, Some(second)) if !has_noise || max_input <= MAX_SQUARED => {
                (Tables::Products(Products::new(second, shape, values)), SpreadForm::Products)
            }
            (Way::Portable | Way::Avx2 | Way::Avx512 | Way::Amx, _) => {
                let tables = if is_narrow && max_sum <= u16::MAX.into() {
                    Tables::Memory8(Memory::new(shape, values))
                } else if max_group <= u16::MAX.into() {
                    Tables::Memory16(Memory::new(shape, values))
                } else {
                    Tables::Memory32(Memory::new(shape, values))
                };
                (tables, SpreadForm::Memory)
            }
        };
        let sources = Sources { cells: variances, conversion: conversion_variance, n_columns, max_input };
        let spread = if has_noise { Spread::new(form, lines, &sources)? } else { None };
        let negated = negated.map_or_else(Vec::new, |negated| tiled(negated, n_columns));
        Ok(Self { lines: lines.clone(), n_columns, shift, max_sums, negated, tables, spread })
    }

    /// How its word lines are cut.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Fraction bits below the unit of the cells.
    pub fn shift(&self) -> u32 {
        self.shift
    }

    /// Whether a column's converted sums count negatively in a read.
    #[inline]
    pub(crate) fn is_negated(&self, read: usize, column: usize) -> bool {
        self.negated_tile(read, column / ROWS).is_some_and(|negated| negated[column % ROWS])
    }

    /// Whether the converted sums of 16 columns count negatively in a read; `None` if no column's do in any.
    #[inline(always)]
    pub(crate) fn negated_tile(&self, read: usize, tile: usize) -> Option<&[bool; ROWS]> {
        self.negated.get(read * self.n_columns.div_ceil(ROWS) + tile)
    }

    /// Whether some column's converted sums count negatively.
    pub(crate) fn has_negated(&self) -> bool {
        !self.negated.is_empty()
    }

    /// Where the totals of so many columns and positions stand.
    pub fn grid(&self, n_columns: usize, n_positions: usize) -> Grid {
        match self.tables {
            Tables::Products(_) => Grid { of_column: 1, of_position: n_columns, n_positions },
            Tables::Cells(_) | Tables::Memory8(_) | Tables::Memory16(_) | Tables::Memory32(_) | Tables::Tiles(_) => {
                Grid { of_column: n_positions, of_position: 1, n_positions }
            }
        }
    }

    /// For each read, the greatest sum of a column's cells, in their unit.
    pub fn max_sums(&self) -> &[u64] {
        &self.max_sums
    }

    /// The greatest of them.
    pub fn max_sum(&self) -> u64 {
        self.max_sums.iter().max().copied().unwrap_or(0)
    }
}

/// By 16 columns, `[read][tile of columns]`; those behind the last count as others do.
fn tiled(negated: &[bool], n_columns: usize) -> Vec<[bool; ROWS]> {
    let tile = |columns: &[bool]| std::array::from_fn(|row| columns.get(row).copied().unwrap_or(false));
    negated.chunks_exact(n_columns).flat_map(|columns| columns.chunks(ROWS).map(tile)).collect()
}

/// What tables need to know of cells.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) lines: &'a Lines,
    pub(crate) n_columns: usize,
}

pub(crate) fn column_sums(cells: &[u32], n_columns: usize) -> Vec<u64> {
    let mut sums = vec![0; n_columns];
    for row in cells.chunks_exact(n_columns) {
        for (sum, &cell) in sums.iter_mut().zip(row) {
            *sum += u64::from(cell);
        }
    }
    sums
}
