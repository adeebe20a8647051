//! Read noise: a Gaussian sample for each column sum, from counters.
//!
//! A sample is a whole number of units that follows from the stream, the column, the read, the slice, the position and
//! the image alone: it is the same for any number of threads, any batch of images and any instruction set.
//!
//! ```text
//! stream, column, read, slice, position ─► key ─► 48 words ─► 3 bytes a lane ─► 3 quantile tables ─► z·U
//! cells' variances ─► V = Σ v·x² ─► √V·512/U ────────────────────────────────────────────────────► × ─► ≫ ─► sample
//! ```
//!
//! The sum of three quantiles of 64 is within 7·10⁻⁴ of the normal distribution everywhere, and reaches to 4.3 σ.

use std::ops::Range;

use crate::memory::Memory;
use crate::stack::{Shape, StackError};
use crate::tiles::{TILE, Tiles, Width};
use crate::{LANES, Lines, Position, Read, Vector};

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

/// Smallest exponent: below it a sample is hardly ever another number than 0.
const MIN_EXPONENT: i32 = -6;

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

/// The variances of a stack's cells in steps of 4^exponent units².
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    exponent: i32,
    pub(crate) tables: SpreadTables,
}

/// Which tables: variances are looked up as the cells are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SpreadForm {
    Cells,
    Memory,
    Tiles,
}

#[derive(Clone, Debug)]
pub(crate) enum SpreadTables {
    /// `[word line][column]`.
    Cells(Vec<u32>),
    Memory(Memory<u8, 64>),
    Tiles(Tiles),
    /// Of one tile that stands for all: columns are alike.
    CommonTile(Tiles),
}

impl Spread {
    /// `None` if there is no noise to speak of.
    pub(crate) fn new(
        form: SpreadForm,
        lines: &Lines,
        (variances, n_columns): (&[f64], usize),
        max_input: u32,
    ) -> Result<Option<Self>, StackError> {
        assert_eq!(variances.len(), lines.n_lines() * n_columns, "variances are [word line][column]");
        let max_square = f64::from(max_input) * f64::from(max_input);
        let mut max_sum = 0.0f64;
        for read in lines.reads() {
            let mut sums = vec![0.0; n_columns];
            for row in variances[read.lines.start * n_columns..read.lines.end * n_columns].chunks_exact(n_columns) {
                sums.iter_mut().zip(row).for_each(|(sum, variance)| *sum += variance);
            }
            max_sum = sums.into_iter().fold(max_sum, f64::max);
        }
        let variance = max_sum * max_square;
        // Rounding may add one step.
        let fits = |exponent: &i32| max_square * (max_sum * step(*exponent).recip() + 1.0) <= f64::from(MAX_VARIANCE);
        let Some(exponent) = (MIN_EXPONENT..=PRODUCT_BITS).find(fits) else {
            let limit = f64::from(MAX_VARIANCE) * step(PRODUCT_BITS);
            return Err(StackError::Noise { variance, limit });
        };
        let cells = rounded(lines, (variances, n_columns), step(exponent));
        if cells.iter().all(|&cell| cell == 0) {
            return Ok(None);
        }
        let shape = Shape { lines, n_columns };
        let tables = match form {
            SpreadForm::Cells => SpreadTables::Cells(cells),
            SpreadForm::Memory => SpreadTables::Memory(Memory::new(shape, &cells)),
            SpreadForm::Tiles => match common_tile(&cells, n_columns) {
                Some(cells) => {
                    let shape = Shape { lines, n_columns: TILE };
                    SpreadTables::CommonTile(Tiles::new(Width::Bytes, shape, &cells))
                }
                None => SpreadTables::Tiles(Tiles::new(Width::Bytes, shape, &cells)),
            },
        };
        Ok(Some(Self { exponent, tables }))
    }

    /// Whether all columns have the same variances.
    pub(crate) fn is_common(&self) -> bool {
        matches!(self.tables, SpreadTables::CommonTile(_))
    }

    /// The tables of variances for a tile of columns and a read.
    pub(crate) fn tile(&self, (read_index, read): (usize, &Read), tile: usize) -> (&Tiles, &[Vector], &[Range<usize>]) {
        let (tiles, tile) = match &self.tables {
            SpreadTables::Tiles(tiles) => (tiles, tile),
            SpreadTables::CommonTile(tiles) => (tiles, 0),
            SpreadTables::Cells(_) | SpreadTables::Memory(_) => unreachable!("as the cells"),
        };
        let (tables, segments) = tiles.of((read_index, read), tile);
        (tiles, tables, segments)
    }

    /// The greatest magnitude of a sample.
    pub(crate) fn max_sample(&self) -> u32 {
        self.scaled(i16::MAX).unsigned_abs().into()
    }

    /// Bits by which products of [`SIGMAS`] and sums of [`QUANTILES`] are shifted right, rounded.
    #[inline(always)]
    pub(crate) fn shift(&self) -> u32 {
        (PRODUCT_BITS - self.exponent) as u32
    }

    /// The sample of a column sum with a variance.
    #[inline(always)]
    pub(crate) fn sample(&self, variance: u8, z: i8) -> i16 {
        self.scaled(i16::from(SIGMAS[usize::from(variance)]) * i16::from(z))
    }

    /// The sample for a product of [`SIGMAS`] and a sum of [`QUANTILES`].
    #[inline(always)]
    pub(crate) fn scaled(&self, product: i16) -> i16 {
        let shift = self.shift();
        // No product is as small as −2^15 or as large as 2^15 − 2^7: rounding doesn't overflow.
        if shift == 0 { product } else { ((product >> (shift - 1)) + 1) >> 1 }
    }
}

/// The cells of a tile, if all columns have the same.
fn common_tile(cells: &[u32], n_columns: usize) -> Option<Vec<u32>> {
    let rows = cells.chunks_exact(n_columns);
    rows.map(|row| row.iter().all(|cell| *cell == row[0]).then_some([row[0]; TILE]))
        .collect::<Option<Vec<_>>>()
        .map(|rows| rows.concat())
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

/// Which samples: a key for each column, read, slice and position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(u64);

impl Key {
    pub(crate) fn new(stream: u64, column: (usize, usize, usize), position: &Position) -> Self {
        Self::of(Self::of_column(stream, column), Self::of_position(position))
    }

    /// From what the column and what the position contribute.
    #[inline(always)]
    pub(crate) fn of(column: u64, position: u64) -> Self {
        Self(mixed(column.wrapping_add(position)))
    }

    /// What a column, read and slice contribute.
    #[inline(always)]
    pub(crate) fn of_column(stream: u64, (column, read, slice): (usize, usize, usize)) -> u64 {
        mixed(stream ^ ((column as u64) << 40 | (read as u64) << 8 | slice as u64))
    }

    /// What a position contributes.
    #[inline(always)]
    pub(crate) fn of_position(position: &Position) -> u64 {
        let image = position.image / LANES as u64;
        mixed(image << 32 | u64::from(position.pixel))
    }

    /// What counters, and what they become, are multiplied with.
    pub(crate) const FACTORS: [u32; 3] = [0x9e37_79b9, 0x21f0_aaad, 0x735a_2d97];

    /// The keys of the hash: of its counter, and between its multiplications.
    #[inline(always)]
    pub(crate) fn halves(self) -> (u32, u32) {
        (self.0 as u32, (self.0 >> 32) as u32)
    }

    /// Three bytes for each lane, at random.
    #[inline(always)]
    pub(crate) fn bytes(self) -> [[u8; LANES]; 3] {
        let (first, second) = self.halves();
        let mut bytes = [[0; LANES]; 3];
        for (table, bytes) in (0..).zip(&mut bytes) {
            for (word, bytes) in (0..).zip(bytes.as_chunks_mut::<4>().0) {
                // Wellons's "lowbias32" hash of a counter, keyed before and between its multiplications.
                let mut x = first.wrapping_add((16 * table + word as u32).wrapping_mul(Self::FACTORS[0]));
                x = (x ^ (x >> 16)).wrapping_mul(Self::FACTORS[1]);
                x = (x ^ (x >> 15) ^ second).wrapping_mul(Self::FACTORS[2]);
                *bytes = (x ^ (x >> 15)).to_le_bytes();
            }
        }
        bytes
    }

    /// z·U for each lane.
    #[inline(always)]
    pub(crate) fn normals(self) -> [i8; LANES] {
        let [a, b, c] = self.bytes();
        let quantile = |table: usize, byte: u8| QUANTILES[table][usize::from(byte % 64)] as i8;
        std::array::from_fn(|lane| quantile(0, a[lane]) + quantile(1, b[lane]) + quantile(2, c[lane]))
    }
}

/// A permutation of 64 bits that looks random: SplitMix64's (Steele, Lea & Flood, OOPSLA 2014).
#[inline(always)]
fn mixed(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
