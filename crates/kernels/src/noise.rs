//! Noise of cells and of conversions: a Gaussian sample for each column sum, from counters.
//!
//! A sample is a whole number of units that follows from the stream, the column, the read, the slice, the position and
//! the image alone: it is the same for any number of threads, any batch of images and any instruction set.
//!
//! ```text
//! stream, column, read, slice, position ─► key ─► 3 bytes a lane ─► 3 quantile tables ─► z·U
//! cells' variances ─► V = v₀ + Σ v·x² ─► √V·512/U ───────────────────────────────────────────────► × ─► ≫ ─► sample
//! ```
//!
//! v₀ is what each conversion adds, whatever is driven. Word lines that are driven with one bit leave V in a byte; with
//! levels above 1 V has more bits, and is shifted until it is one, and the sample back.
//!
//! The sum of three quantiles of 64 is within 7·10⁻⁴ of the normal distribution everywhere, and reaches to 4.3 σ.

use std::ops::Range;

use crate::memory::Memory;
use crate::products::Products;
use crate::stack::{Shape, StackError};
use crate::tiles::{TILE, Tiles, Width};
use crate::{Lines, Read, Vector};

/// Positive quantiles of three normal distributions, whose sum has the variance U² = `TWICE_SQUARES`/64.
const HALVES: [[i8; 32]; 3] = [
    [
        0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 24, 26, 28, 30, 34, 38,
        50,
    ],
    [0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 7, 7, 8, 9, 9, 10, 11, 12, 13, 13, 14, 15, 16, 17, 19, 20, 22, 23, 26, 29, 37],
    [0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 11, 11, 12, 13, 14, 15, 16, 18, 20, 26],
];

/// The quantiles with either sign, as bytes in two's complement.
pub(crate) const QUANTILES: [[u8; 64]; 3] = quantiles();

/// Entry V is √V·512/U, rounded; V is at most [`MAX_VARIANCE`].
pub(crate) const SIGMAS: [u8; 192] = sigmas();

/// The greatest V whose entry fits in a byte.
const MAX_VARIANCE: u32 = 169;

/// Samples are products shifted right by so many bits less the exponent.
const PRODUCT_BITS: i32 = 9;

/// Smallest exponent of a read's variance: below it a sample is hardly ever another number than 0.
const MIN_EXPONENT: i32 = -6;

/// Greatest exponent of a read's variance: samples fit in 31 bits.
const MAX_EXPONENT: i32 = PRODUCT_BITS + 15;

/// A read's variance in steps is below this.
const MAX_STEPS: f64 = (1u32 << 31) as f64;

const fn quantiles() -> [[u8; 64]; 3] {
    let mut quantiles = [[0; 64]; 3];
    let mut table = 0;
    while table < 3 {
        let mut at = 0;
        while at < 32 {
            quantiles[table][at] = HALVES[table][at] as u8;
            quantiles[table][32 + at] = (-HALVES[table][at]) as u8;
            at += 1;
        }
        table += 1;
    }
    quantiles
}

/// Σ of the squares of all quantiles: 64·U².
const fn sum_of_squares() -> u64 {
    let mut sum = 0;
    let mut at = 0;
    while at < 32 {
        let mut table = 0;
        while table < 3 {
            sum += 2 * (HALVES[table][at] as u64) * (HALVES[table][at] as u64);
            table += 1;
        }
        at += 1;
    }
    sum
}

const fn sigmas() -> [u8; 192] {
    let mut sigmas = [0; 192];
    let mut variance = 0;
    let mut sigma = 0u64;
    while variance < 192 {
        // The greatest σ with σ − ½ ≤ √V·512/U, that is (2σ − 1)²·64·U² ≤ 4·64·512²·V.
        while sigma < 255 && (2 * sigma + 1) * (2 * sigma + 1) * sum_of_squares() <= 4 * 64 * 512 * 512 * variance {
            sigma += 1;
        }
        sigmas[variance as usize] = sigma as u8;
        variance += 1;
    }
    sigmas
}

/// The variances of a stack's column sums in steps of 4^exponent units².
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    exponent: i32,
    /// What each conversion adds.
    of_conversion: u32,
    /// Whether samples are words, and variances bytes whatever is driven.
    is_narrow: bool,
    pub(crate) tables: SpreadTables,
}

/// What makes column sums noisy; variances are in units².
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    /// Of each cell, `[word line][column]`; `None` for none.
    pub(crate) cells: Option<&'a [f64]>,
    /// Of each conversion.
    pub(crate) conversion: f64,
    pub(crate) n_columns: usize,
    /// The greatest level that a word line is driven with.
    pub(crate) max_input: u32,
}

/// Which tables: variances are looked up as the cells are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SpreadForm {
    Cells,
    Memory,
    Tiles,
    Products,
}

#[derive(Clone, Debug)]
pub(crate) enum SpreadTables {
    /// `[word line][column]`.
    Cells(Vec<u32>),
    Memory(Memory<u8, 64>),
    /// Of one column that stands for all, as they are alike: of each group what a pattern adds.
    Common(Vec<[u8; 256]>),
    Tiles(Tiles),
    /// Of one tile that stands for all: columns are alike.
    CommonTile(Tiles),
    Products(Products),
    /// Of one column that stands for all.
    CommonProducts(Products),
}

impl Spread {
    /// `None` if there is no noise to speak of.
    pub(crate) fn new(form: SpreadForm, lines: &Lines, sources: &Sources<'_>) -> Result<Option<Self>, StackError> {
        let n_columns = sources.n_columns;
        let none = vec![0.0; if sources.cells.is_none() { lines.n_lines() * n_columns } else { 0 }];
        let cells = sources.cells.unwrap_or(&none);
        assert_eq!(cells.len(), lines.n_lines() * n_columns, "variances are [word line][column]");
        let max_sum = max_sum(lines, (cells, n_columns));
        let (exponent, is_narrow) = scale(max_sum, sources)?;
        let of_conversion = steps(sources.conversion, exponent) as u32;
        let cells = rounded(lines, (cells, n_columns), step(exponent));
        if of_conversion == 0 && cells.iter().all(|&cell| cell == 0) {
            return Ok(None);
        }
        let shape = Shape { lines, n_columns };
        let tables = match form {
            SpreadForm::Cells => SpreadTables::Cells(cells),
            SpreadForm::Memory => match common(&cells, n_columns, 1) {
                Some(cells) => SpreadTables::Common(lines.groups().map(|lines| patterns(&cells[lines])).collect()),
                None => SpreadTables::Memory(Memory::new(shape, &cells)),
            },
            SpreadForm::Tiles => match common(&cells, n_columns, TILE) {
                Some(cells) => {
                    let shape = Shape { lines, n_columns: TILE };
                    SpreadTables::CommonTile(Tiles::new(Width::Bytes, shape, &cells))
                }
                None => SpreadTables::Tiles(Tiles::new(Width::Bytes, shape, &cells)),
            },
            // Wide samples are made of each column's own variances.
            SpreadForm::Products => match common(&cells, n_columns, 1).filter(|_| is_narrow) {
                Some(cells) => {
                    let shape = Shape { lines, n_columns: 1 };
                    SpreadTables::CommonProducts(Products::of_bytes(shape, &cells))
                }
                None => SpreadTables::Products(Products::of_bytes(shape, &cells)),
            },
        };
        Ok(Some(Self { exponent, of_conversion, is_narrow, tables }))
    }

    /// Whether all columns have the same variances.
    pub(crate) fn is_common(&self) -> bool {
        matches!(self.tables, SpreadTables::CommonTile(_) | SpreadTables::CommonProducts(_))
    }

    /// The tables of variances for a tile of columns and a read.
    pub(crate) fn tile(&self, (read_index, read): (usize, &Read), tile: usize) -> (&Tiles, &[Vector], &[Range<usize>]) {
        let (tiles, tile) = match &self.tables {
            SpreadTables::Tiles(tiles) => (tiles, tile),
            SpreadTables::CommonTile(tiles) => (tiles, 0),
            SpreadTables::Cells(_)
            | SpreadTables::Memory(_)
            | SpreadTables::Common(_)
            | SpreadTables::Products(_)
            | SpreadTables::CommonProducts(_) => unreachable!("as the cells"),
        };
        let (tables, segments) = tiles.of((read_index, read), tile);
        (tiles, tables, segments)
    }

    /// Whether samples are words, and variances bytes whatever is driven: what the fast ways take.
    pub(crate) fn is_narrow(&self) -> bool {
        self.is_narrow
    }

    /// The greatest magnitude of a sample.
    pub(crate) fn max_sample(&self) -> u32 {
        if self.is_narrow { self.scaled(i16::MAX).unsigned_abs().into() } else { i32::MAX as u32 }
    }

    /// What each conversion adds to a variance.
    #[inline(always)]
    pub(crate) fn of_conversion(&self) -> u32 {
        self.of_conversion
    }

    /// Bits by which products of [`SIGMAS`] and sums of [`QUANTILES`] are shifted right, rounded, if samples are words.
    #[inline(always)]
    pub(crate) fn shift(&self) -> u32 {
        (PRODUCT_BITS - self.exponent) as u32
    }

    /// The variances of reads from those of their cells, if both are bytes.
    #[inline(always)]
    pub(crate) fn add_conversion(&self, variances: &mut Vector) {
        variances.0.iter_mut().for_each(|variance| *variance += self.of_conversion as u8);
    }

    /// What normal numbers are multiplied with if cells have a variance, likewise.
    #[inline(always)]
    pub(crate) fn sigma(&self, of_cells: u8) -> u8 {
        SIGMAS[usize::from(self.of_conversion as u8 + of_cells)]
    }

    /// The sample of a column sum whose cells have a variance.
    #[inline(always)]
    pub(crate) fn sample(&self, of_cells: u32, z: i8) -> i32 {
        let variance = self.of_conversion + of_cells;
        // Shifted by two bits, a variance is in steps of the next exponent.
        let rounded = |excess: u32| (variance + (1 << (2 * excess) >> 1)) >> (2 * excess);
        let least = (u32::BITS - variance.leading_zeros()).saturating_sub(u8::BITS).div_ceil(2);
        let excess = if rounded(least) > MAX_VARIANCE { least + 1 } else { least };
        let product = i32::from(SIGMAS[rounded(excess) as usize]) * i32::from(z);
        match PRODUCT_BITS - self.exponent - excess as i32 {
            0 => product,
            bits if bits > 0 => ((product >> (bits - 1)) + 1) >> 1,
            bits => product << -bits,
        }
    }

    /// The sample for a product of [`SIGMAS`] and a sum of [`QUANTILES`], if samples are words.
    #[inline(always)]
    pub(crate) fn scaled(&self, product: i16) -> i16 {
        let shift = self.shift();
        // No product is as small as −2^15 or as large as 2^15 − 2^7: rounding doesn't overflow.
        if shift == 0 { product } else { ((product >> (shift - 1)) + 1) >> 1 }
    }
}

/// The sum of the cells that each pattern drives.
fn patterns(cells: &[u32]) -> [u8; 256] {
    let mut sums = [0; 256];
    for (line, cell) in cells.iter().enumerate() {
        let (known, new) = sums.split_at_mut(1 << line);
        new.iter_mut().zip(known).for_each(|(new, known)| *new = *known + *cell as u8);
    }
    sums
}

/// The cells of `n` columns, if all columns have the same.
fn common(cells: &[u32], n_columns: usize, n: usize) -> Option<Vec<u32>> {
    let rows = cells.chunks_exact(n_columns);
    let rows = rows.map(|row| row.iter().all(|cell| *cell == row[0]).then(|| vec![row[0]; n]));
    rows.collect::<Option<Vec<_>>>().map(|rows| rows.concat())
}

/// The greatest sum of a column's variances in a read.
fn max_sum(lines: &Lines, (variances, n_columns): (&[f64], usize)) -> f64 {
    let mut max_sum = 0.0f64;
    for read in lines.reads() {
        let mut sums = vec![0.0; n_columns];
        for row in variances[read.lines.start * n_columns..read.lines.end * n_columns].chunks_exact(n_columns) {
            sums.iter_mut().zip(row).for_each(|(sum, variance)| *sum += variance);
        }
        max_sum = sums.into_iter().fold(max_sum, f64::max);
    }
    max_sum
}

/// The smallest exponent with which a column's variances add up to a byte, and whether a read's variance is one too and
/// samples are words.
fn scale(max_sum: f64, sources: &Sources<'_>) -> Result<(i32, bool), StackError> {
    // Rounding may add one step.
    let of_cells = |exponent: i32| max_sum / step(exponent) + 1.0;
    let narrow = |exponent: &i32| of_cells(*exponent) + steps(sources.conversion, *exponent) <= MAX_VARIANCE.into();
    if let (1, Some(exponent)) = (sources.max_input, (MIN_EXPONENT..=PRODUCT_BITS).find(narrow)) {
        return Ok((exponent, true));
    }
    let max_square = f64::from(sources.max_input) * f64::from(sources.max_input);
    let of_read = |exponent: i32| max_square * of_cells(exponent) + steps(sources.conversion, exponent);
    let wide = |exponent: &i32| of_cells(*exponent) <= MAX_VARIANCE.into() && of_read(*exponent) < MAX_STEPS;
    // Levels above 1 are squared: what is below the smallest exponent in a cell may be above it in a read.
    let smallest = MIN_EXPONENT - max_square.log2().ceil() as i32 / 2;
    let (variance, limit) = (max_sum * max_square + sources.conversion, f64::from(MAX_VARIANCE) * step(MAX_EXPONENT));
    let exponent = (smallest..=MAX_EXPONENT).find(wide).filter(|_| variance <= limit);
    exponent.map(|exponent| (exponent, false)).ok_or(StackError::Noise { variance, limit })
}

/// A variance in steps, rounded.
fn steps(variance: f64, exponent: i32) -> f64 {
    (variance / step(exponent) + 0.5).floor()
}

/// Squared units of a step: 4^exponent.
fn step(exponent: i32) -> f64 {
    f64::from(exponent * 2).exp2()
}

/// Variances in steps. What rounding leaves is handed to the next word line, so that the sum over a read's word lines is
/// right to a step.
fn rounded(lines: &Lines, (variances, n_columns): (&[f64], usize), step: f64) -> Vec<u32> {
    let mut cells = Vec::with_capacity(variances.len());
    for read in lines.reads() {
        let mut exact = vec![0.0; n_columns];
        let mut taken = vec![0.0; n_columns];
        for row in variances[read.lines.start * n_columns..read.lines.end * n_columns].chunks_exact(n_columns) {
            for ((variance, exact), taken) in row.iter().zip(&mut exact).zip(&mut taken) {
                *exact += variance / step;
                let cell = ((*exact - *taken) + 0.5f64).floor();
                *taken += cell;
                cells.push(cell as u32);
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kernel;

    /// The mean square of all samples of a column sum whose word lines are all driven with the greatest level.
    fn mean_square((n_lines, of_cell): (usize, f64), conversion: f64, max_input: u32) -> f64 {
        let lines = Lines::new(Kernel::SCALAR, [n_lines]);
        let cells = vec![of_cell; n_lines];
        let sources = Sources { cells: Some(&cells), conversion, n_columns: 1, max_input };
        let spread = Spread::new(SpreadForm::Cells, &lines, &sources).expect("within limits").expect("noise");
        let SpreadTables::Cells(steps) = &spread.tables else { unreachable!("as asked for") };
        let of_cells = steps.iter().sum::<u32>() * max_input * max_input;
        let quantiles = QUANTILES.map(|table| table.map(|quantile| quantile as i8));
        let pairs = quantiles[0].iter().flat_map(|a| quantiles[1].map(|b| a + b));
        let normals: Vec<_> = pairs.flat_map(|sum| quantiles[2].map(|c| sum + c)).collect();
        normals.iter().map(|&z| f64::from(spread.sample(of_cells, z)).powi(2)).sum::<f64>() / normals.len() as f64
    }

    #[test]
    fn samples_have_the_variance_of_what_is_driven_and_of_the_conversion() {
        for max_input in [1, 3, 7, 255] {
            for (of_cell, conversion) in [(3.0, 0.0), (0.4, 50.0), (0.0, 1e4), (20.0, 3e7), (0.001, 5.0), (1e5, 1.0)] {
                let expected = 100.0 * of_cell * f64::from(max_input).powi(2) + conversion;
                let found = mean_square((100, of_cell), conversion, max_input);
                // Whole numbers add 1/12; the deviation is rounded to a part in 127.
                let bound = 0.02 * expected + 1.0 / 12.0;
                assert!((found - expected).abs() < bound, "{found} {expected}: {max_input} {of_cell} {conversion}");
            }
        }
    }

    #[test]
    fn noise_beyond_what_samples_hold_is_refused() {
        let lines = Lines::new(Kernel::SCALAR, [1]);
        let sources = Sources { cells: None, conversion: 1e17, n_columns: 1, max_input: 1 };
        let refused = Spread::new(SpreadForm::Cells, &lines, &sources);
        assert!(matches!(refused, Err(StackError::Noise { .. })));
    }
}
