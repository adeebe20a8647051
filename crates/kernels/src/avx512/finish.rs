//! From totals to codes without leaving registers.

use std::arch::x86_64::*;

use crate::{Affine, LANES, Lift, OutputTotals};

/// Registers of 32 bits a lane.
const PARTS: usize = 4;

/// What [`Finish`](crate::Finish) does with totals in words where Y and all on the way to it are below 2³¹ and codes have two
/// bits: writes their planes.
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn two_bits(
    affine: &Affine,
    (totals, inputs): (OutputTotals<'_, i16>, &[Lift]),
    thresholds: [i32; 3],
    [low, high]: [&mut [u64]; 2],
) {
    let n_positions = totals.grid.n_positions();
    for (position, (low, high)) in low[..n_positions].iter_mut().zip(&mut high[..n_positions]).enumerate() {
        let mut sums = [_mm512_set1_epi32(affine.offset as i32); PARTS];
        for (column, &weight) in affine.weights.iter().enumerate() {
            let weight = _mm512_set1_epi32(weight as i32);
            let lanes = totals.of(column, position);
            // Those of outputs to come stand behind, if not those of other positions.
            super::prefetch(std::ptr::from_ref(lanes).wrapping_add(2));
            let words = lanes.as_chunks::<{ LANES / PARTS }>().0;
            for (sum, words) in sums.iter_mut().zip(words) {
                // SAFETY: the array is 32 bytes; the load needs no alignment.
                let words = _mm512_cvtepi16_epi32(unsafe { _mm256_loadu_si256(words.as_ptr().cast()) });
                *sum = _mm512_add_epi32(*sum, _mm512_mullo_epi32(words, weight));
            }
        }
        for (block, &slope) in affine.slopes.iter().enumerate() {
            let slope = _mm512_set1_epi32(slope as i32);
            let numbers = inputs[block * n_positions + position].as_chunks::<{ LANES / PARTS }>().0;
            for (sum, numbers) in sums.iter_mut().zip(numbers) {
                // SAFETY: the array is 64 bytes; the load needs no alignment.
                let numbers = unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) };
                *sum = _mm512_add_epi32(*sum, _mm512_mullo_epi32(numbers, slope));
            }
        }
        let [first, second, third] = thresholds;
        *high = reached(sums, second);
        *low = reached(sums, first) ^ *high ^ reached(sums, third);
    }
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn reached([a, b, c, d]: [__m512i; PARTS], threshold: i32) -> u64 {
    let threshold = _mm512_set1_epi32(threshold);
    let low =
        _mm512_kunpackw(_mm512_cmpge_epi32_mask(b, threshold).into(), _mm512_cmpge_epi32_mask(a, threshold).into());
    let high =
        _mm512_kunpackw(_mm512_cmpge_epi32_mask(d, threshold).into(), _mm512_cmpge_epi32_mask(c, threshold).into());
    _mm512_kunpackd(high.into(), low.into())
}
