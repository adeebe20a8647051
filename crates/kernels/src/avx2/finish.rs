//! From totals to codes without leaving registers.

use std::arch::x86_64::*;

use super::{load, load_half};
use crate::{Affine, LANES, Lift, OutputTotals};

/// Registers of 32 bits a lane.
const PARTS: usize = 8;

/// What [`Finish`](crate::Finish) does with totals in words where Y and all on the way to it are below 2³¹ and codes have two
/// bits: writes their planes.
#[target_feature(enable = "avx2")]
pub(crate) fn two_bits(
    affine: &Affine,
    (totals, inputs): (OutputTotals<'_, i16>, &[Lift]),
    thresholds: [i32; 3],
    [low, high]: [&mut [u64]; 2],
) {
    let n_positions = totals.grid.n_positions();
    for (position, (low, high)) in low[..n_positions].iter_mut().zip(&mut high[..n_positions]).enumerate() {
        let mut sums = [_mm256_set1_epi32(affine.offset as i32); PARTS];
        for (column, &weight) in affine.weights.iter().enumerate() {
            let weight = _mm256_set1_epi32(weight as i32);
            let words = totals.of(column, position).as_chunks::<{ LANES / PARTS }>().0;
            for (sum, words) in sums.iter_mut().zip(words) {
                let words = _mm256_cvtepi16_epi32(load_half(words));
                *sum = _mm256_add_epi32(*sum, _mm256_mullo_epi32(words, weight));
            }
        }
        for (block, &slope) in affine.slopes.iter().enumerate() {
            let slope = _mm256_set1_epi32(slope as i32);
            let numbers = inputs[block * n_positions + position].as_chunks::<{ LANES / PARTS }>().0;
            for (sum, numbers) in sums.iter_mut().zip(numbers) {
                *sum = _mm256_add_epi32(*sum, _mm256_mullo_epi32(load(numbers), slope));
            }
        }
        let [first, second, third] = thresholds;
        *high = reached(sums, second);
        *low = reached(sums, first) ^ *high ^ reached(sums, third);
    }
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn reached([a, b, c, d, e, f, g, h]: [__m256i; PARTS], threshold: i32) -> u64 {
    let threshold = _mm256_set1_epi32(threshold);
    let half = |a: __m256i, b: __m256i, c: __m256i, d: __m256i| {
        let low = _mm256_packs_epi32(_mm256_cmpgt_epi32(threshold, a), _mm256_cmpgt_epi32(threshold, b));
        let high = _mm256_packs_epi32(_mm256_cmpgt_epi32(threshold, c), _mm256_cmpgt_epi32(threshold, d));
        // Each half of the registers has been packed by itself.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
        u64::from(!_mm256_movemask_epi8(bytes) as u32)
    };
    half(a, b, c, d) | half(e, f, g, h) << (LANES / 2)
}
