//! Noise of sums: the variances of their cells are sums too, of cells that stand for variances.

use std::arch::x86_64::*;

use super::inputs::{Inputs, load};
use super::multiplier::{Multiplier, Start};
use super::sums::ColumnSums;
use super::{Drive, VARIANCES};
use crate::avx512::{Counters, counters, key_normals, normals};
use crate::noise::{Key, SIGMAS, Spread, SpreadTables};
use crate::products::Products;
use crate::{Job, LANES};

/// The noise of a job.
pub(super) struct Noise<'a> {
    spread: &'a Spread,
    variances: &'a Products,
    n_columns: usize,
    first_column: usize,
    n_slices: usize,
    /// What columns contribute to keys, `[read][slice][column]`.
    columns: Vec<u64>,
    /// What positions contribute.
    positions: Vec<u64>,
}

impl<'a> Noise<'a> {
    /// `None` without noise.
    pub(super) fn new(job: &Job<'a>) -> Option<Self> {
        let spread = job.stack.spread.as_ref()?;
        let (SpreadTables::Products(variances) | SpreadTables::CommonProducts(variances)) = &spread.tables else {
            unreachable!("as the cells")
        };
        let n_slices = job.slices.len();
        let key = |read, slice, column| Key::of_column(job.stream, (column, read, slice));
        let mut columns = Vec::new();
        for read in 0..job.stack.lines().reads().len() {
            for slice in 0..n_slices {
                columns.extend(job.columns().map(|column| key(read, slice, column)));
            }
        }
        let positions = job.positions.iter().map(Key::of_position).collect();
        let (first_column, n_columns) = (job.columns.0, job.columns().len());
        Some(Self { spread, variances, n_columns, first_column, n_slices, columns, positions })
    }

    /// Makes the sums of variances of 16 columns, where columns have their own.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn multiply(
        &self,
        (read, columns): (usize, usize),
        (multiplier, inputs): (&mut Multiplier, &Inputs),
        set: usize,
    ) {
        if !self.spread.is_common() {
            self.make((read, columns), (multiplier, inputs), set);
        }
    }

    /// The factors of normal numbers in words, if all columns have the same.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn common_sigmas(
        &self,
        read: usize,
        (multiplier, inputs): (&mut Multiplier, &Inputs),
        set: usize,
    ) -> Option<[__m512i; 2]> {
        self.spread.is_common().then(|| {
            self.make((read, 0), (multiplier, inputs), set);
            multiplier.finish();
            self.factors(ColumnSums { sets: std::slice::from_ref(&multiplier.sets()[set]), row: 0 }, 0)
        })
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn make(&self, (read, columns): (usize, usize), (multiplier, inputs): (&mut Multiplier, &Inputs), set: usize) {
        let cells = self.variances.of(read, columns);
        multiplier.multiply(cells, inputs, (set, Start::Zero), |_, _| {});
    }

    /// The samples of a column in words, if they are, for the first 32 images and the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn words(&self, drive: &Drive, (sums, column): (ColumnSums<'_>, usize), slice: usize) -> [__m512i; 2] {
        let sigmas = drive.sigmas.unwrap_or_else(|| self.factors(sums, VARIANCES));
        let normals = key_normals(self.key(drive, column, slice), &HALVES_APART);
        // In the high bytes of words.
        let zero = _mm512_setzero_si512();
        let mut normals = [_mm512_unpacklo_epi8(zero, normals), _mm512_unpackhi_epi8(zero, normals)];
        let excess = MAX_SHIFT - self.shifts().0;
        if excess > 0 {
            let excess = _mm_cvtsi32_si128(excess as i32);
            normals = [_mm512_sra_epi16(normals[0], excess), _mm512_sra_epi16(normals[1], excess)];
        }
        [_mm512_mulhrs_epi16(normals[0], sigmas[0]), _mm512_mulhrs_epi16(normals[1], sigmas[1])]
    }

    /// The samples of a column, for all images in order.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn samples(&self, drive: &Drive, (sums, column): (ColumnSums<'_>, usize), slice: usize) -> [i32; LANES] {
        if self.spread.is_narrow() {
            return self.narrow_samples(drive, (sums, column), slice).map(i32::from);
        }
        let normals = normals(&self.key(drive, column, slice).bytes());
        let variances = sums.lanes(VARIANCES);
        std::array::from_fn(|lane| self.spread.sample(variances[lane] as u32, normals[lane]))
    }

    /// Likewise, where samples are words.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn narrow_samples(&self, drive: &Drive, place: (ColumnSums<'_>, usize), slice: usize) -> [i16; LANES] {
        let samples = self.words(drive, place, slice);
        // SAFETY: both are 128 bytes, and all bits are numbers.
        unsafe { std::mem::transmute(samples) }
    }

    /// What normal numbers in words are multiplied with, of the variances of a set.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn factors(&self, sums: ColumnSums<'_>, set: usize) -> [__m512i; 2] {
        let [low, high] = sigmas(sums, (set, self.spread.of_conversion()));
        let left = _mm_cvtsi32_si128(self.shifts().1 as i32);
        [_mm512_sll_epi16(low, left), _mm512_sll_epi16(high, left)]
    }

    /// Bits by which normal numbers, and by which their factors are shifted left: with both, a product p of the two is
    /// rounded to the sample, as ((p·2^(15 − shift) ≫ 14) + 1) ≫ 1. Neither leaves 15 bits and a sign.
    #[inline(always)]
    fn shifts(&self) -> (u32, u32) {
        let both = 15 - self.spread.shift();
        let of_normals = both.min(MAX_SHIFT);
        (of_normals, both - of_normals)
    }

    fn key(&self, drive: &Drive, column: usize, slice: usize) -> Key {
        let of_column = (drive.read * self.n_slices + slice) * self.n_columns + column - self.first_column;
        Key::of(self.columns[of_column], self.positions[drive.position])
    }
}

/// Counters in an order in which the low halves of a register's four parts are the first 32 lanes.
const HALVES_APART: Counters = counters([0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15]);

/// Bits by which normal numbers are shifted left at most before they are multiplied.
const MAX_SHIFT: u32 = 8;

/// The entries of [`SIGMAS`] for the variances of a set, and of conversions, in words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn sigmas(sums: ColumnSums<'_>, (set, of_conversion): (usize, u32)) -> [__m512i; 2] {
    let [low, high] = sums.words(set);
    // The order is undone below.
    let of_cells = _mm512_packus_epi16(low, high);
    let variances = _mm512_add_epi8(of_cells, _mm512_set1_epi8(of_conversion as i8));
    let [a, b, c] = SIGMAS.as_chunks().0 else { unreachable!("three parts") };
    let below = _mm512_permutex2var_epi8(load(a), variances, load(b));
    let above = _mm512_permutexvar_epi8(variances, load(c));
    let sigmas = _mm512_mask_blend_epi8(_mm512_movepi8_mask(variances), below, above);
    let zero = _mm512_setzero_si512();
    [_mm512_unpacklo_epi8(sigmas, zero), _mm512_unpackhi_epi8(sigmas, zero)]
}
