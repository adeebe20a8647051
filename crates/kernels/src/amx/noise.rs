//! Noise of sums: the variances of their cells are sums too, of cells that stand for variances.

use std::arch::x86_64::*;

use super::inputs::{Inputs, load};
use super::multiplier::{Multiplier, Start, Sums};
use super::sums::{Column, Wides, wides};
use super::{Drive, VARIANCES};
use crate::avx512::{block_normals, normals};
use crate::noise::{SIGMAS, Spread, SpreadTables};
use crate::products::{Products, ROWS};
use crate::random::Key;
use crate::{Job, LANES};

/// The noise of a job.
pub(super) struct Noise<'a> {
    spread: &'a Spread,
    variances: &'a Products,
    /// Rows of the tiles that hold columns of the job, and the first.
    n_rows: usize,
    first_row: usize,
    n_slices: usize,
    /// What columns contribute to keys, `[read][slice][row]`.
    columns: Vec<u64>,
    /// What positions contribute.
    positions: Vec<u64>,
}

impl<'a> Noise<'a> {
    /// `None` without noise.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn new(job: &Job<'a>) -> Option<Self> {
        let spread = job.stack.spread.as_ref()?;
        let (SpreadTables::Products(variances) | SpreadTables::CommonProducts(variances)) = &spread.tables else {
            unreachable!("as the cells")
        };
        let n_slices = job.slices.len();
        let rows = job.columns.0 / ROWS * ROWS..job.columns.1.next_multiple_of(ROWS);
        // Loops, as closures would not be compiled into this.
        let mut columns = vec![0; job.stack.lines().reads().len() * n_slices * rows.len()];
        for (at, keys) in columns.chunks_exact_mut(rows.len()).enumerate() {
            let (read, slice) = (at / n_slices, at % n_slices);
            for (key, row) in keys.iter_mut().zip(rows.clone()) {
                *key = Key::of_column(job.stream, (row, read, slice));
            }
        }
        let positions = job.positions.iter().map(Key::of_position).collect();
        Some(Self { spread, variances, n_rows: rows.len(), first_row: rows.start, n_slices, columns, positions })
    }

    /// Makes the sums of variances of 16 columns, where columns have their own.
    #[inline(always)]
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

    /// Makes the sums of variances that all columns have, if they are the same.
    #[inline(always)]
    pub(super) fn multiply_common(&self, read: usize, from: (&mut Multiplier, &Inputs), set: usize) {
        if self.spread.is_common() {
            self.make((read, 0), from, set);
        }
    }

    /// What normal numbers are multiplied with, of the sums of variances that all columns have, if they are the same.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn common_sigmas(&self, variances: &Sums) -> Option<[__m512i; 2]> {
        if !self.spread.is_common() {
            return None;
        }
        Some(sigmas(wides(variances, 0).words(), self.spread.of_conversion()))
    }

    #[inline(always)]
    fn make(&self, (read, columns): (usize, usize), (multiplier, inputs): (&mut Multiplier, &Inputs), set: usize) {
        let cells = self.variances.of(read, columns);
        multiplier.multiply(cells, inputs.tiles(), (set, Start::Zero));
    }

    /// Keys of 16 columns from one on.
    #[inline(always)]
    pub(super) fn keys(&self, drive: &Drive, first: usize) -> [Key; ROWS] {
        let mut keys = [Key::default(); ROWS];
        let position = self.positions[drive.position];
        for (key, &column) in keys.iter_mut().zip(&self.columns[drive.noise + first - self.first_row..]) {
            *key = Key::of(column, position);
        }
        keys
    }

    /// The samples of some columns in words, if they are, for the first 32 images and the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn words<const N: usize>(
        &self,
        drive: &Drive,
        columns: [Column<'_>; N],
        keys: &[Key; N],
    ) -> [[__m512i; 2]; N] {
        let mut samples = [[_mm512_setzero_si512(); 2]; N];
        match drive.sigmas.get() {
            Some(sigmas) => samples.fill(sigmas),
            None => {
                for (sigmas, column) in samples.iter_mut().zip(&columns) {
                    *sigmas = self::sigmas(column.wides(VARIANCES).words(), self.spread.of_conversion());
                }
            }
        }
        // Sums of the products of two bytes, one of which is none.
        for (samples, normals) in samples.iter_mut().zip(&block_normals(*keys)) {
            *samples = [_mm512_maddubs_epi16(samples[0], *normals), _mm512_maddubs_epi16(samples[1], *normals)];
        }
        let shift = self.spread.shift();
        if shift > 0 {
            // ((p·2^(15 − shift) ≫ 14) + 1) ≫ 1 of products p.
            let rounding = _mm512_set1_epi16(1 << (15 - shift));
            for samples in samples.as_flattened_mut() {
                *samples = _mm512_mulhrs_epi16(*samples, rounding);
            }
        }
        samples
    }

    /// The samples of a column.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn samples(&self, drive: &Drive, column: Column<'_>) -> Wides {
        let contributed = self.columns[drive.noise + column.index - self.first_row];
        let key = Key::of(contributed, self.positions[drive.position]);
        if self.spread.is_narrow() {
            let [words] = self.words(drive, [column], &[key]);
            return Wides::of_words(words);
        }
        let normals = normals(key);
        let variances = column.wides(VARIANCES).in_order();
        let mut samples = [0; LANES];
        for (sample, (variance, normal)) in samples.iter_mut().zip(variances.into_iter().zip(normals)) {
            *sample = self.spread.sample(variance as u32, normal);
        }
        Wides::of(&samples)
    }

    /// Where the keys of columns begin for a read and slice.
    pub(super) fn begin(&self, read: usize, slice: usize) -> usize {
        (read * self.n_slices + slice) * self.n_rows
    }
}

/// The entries of [`SIGMAS`] for the variances of cells in words, and that of conversions: in the low bytes of words for
/// the first 32 images, in the high ones for the others.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn sigmas([low, high]: [__m512i; 2], of_conversion: u32) -> [__m512i; 2] {
    // Each part of the registers is packed, and unpacked below, by itself.
    let of_cells = _mm512_packus_epi16(low, high);
    let variances = _mm512_add_epi8(of_cells, _mm512_set1_epi8(of_conversion as i8));
    let [a, b, c] = SIGMAS.as_chunks().0 else { unreachable!("three parts") };
    let below = _mm512_permutex2var_epi8(load(a), variances, load(b));
    let above = _mm512_permutexvar_epi8(variances, load(c));
    let sigmas = _mm512_mask_blend_epi8(_mm512_movepi8_mask(variances), below, above);
    let zero = _mm512_setzero_si512();
    [_mm512_unpacklo_epi8(sigmas, zero), _mm512_unpackhi_epi8(zero, sigmas)]
}
