//! Sums as the registers leave them, and what becomes of them in lanes.

use std::arch::x86_64::*;

use super::inputs::load;
use super::multiplier::Sums;
use crate::{LANES, SliceSign, Total};

/// Images in a row that one group has.
const FOUR: usize = 4;

/// The sums of one column, and of those behind it.
#[derive(Clone, Copy)]
pub(super) struct ColumnSums<'s> {
    pub(super) sets: &'s [Sums],
    pub(super) row: usize,
}

impl ColumnSums<'_> {
    /// Those of another column.
    #[inline(always)]
    pub(super) fn of(self, column: usize) -> Self {
        Self { row: self.row + column, ..self }
    }

    /// Those of all images in order, as words without sign; greater ones are cut.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn words(self, set: usize) -> [__m512i; 2] {
        let [a, b, c, d] = &self.sets[set];
        let of = |tile: &crate::products::Tile| load(&tile[self.row].0);
        [_mm512_packus_epi32(of(a), of(b)), _mm512_packus_epi32(of(c), of(d))]
    }

    /// Those of all images in order.
    pub(super) fn lanes(self, set: usize) -> [i32; LANES] {
        let mut lanes = [0; LANES];
        for (at, lanes) in lanes.as_chunks_mut::<FOUR>().0.iter_mut().enumerate() {
            // Four columns of a group are four images in a row, and two groups take turns.
            let (group, column) = (at / 8 * 2 + at % 2, at % 8 / 2 * FOUR);
            let sums = self.sets[set][group][self.row].0.as_chunks().0;
            *lanes = std::array::from_fn(|image| i32::from_le_bytes(sums[column + image]));
        }
        lanes
    }
}

/// Adds what 64 sums became, shifted left.
#[inline(always)]
pub(super) fn add<T: Total, E: Copy + Into<i64>>(
    totals: &mut [T; LANES],
    words: [[E; LANES / 2]; 2],
    (shift, sign): (u32, SliceSign),
) {
    match (shift, sign) {
        // Most often it is this.
        (0, SliceSign::Plus) => each(totals, words, |total, word| total.plus(word)),
        (_, SliceSign::Plus) => each(totals, words, |total, word| total.plus(word.shifted(shift))),
        (_, SliceSign::Minus) => each(totals, words, |total, word| total.minus(word.shifted(shift))),
    }
}

#[inline(always)]
fn each<T: Total, E: Copy + Into<i64>>(totals: &mut [T; LANES], words: [[E; LANES / 2]; 2], sum: impl Fn(T, T) -> T) {
    for (totals, words) in totals.as_chunks_mut::<{ LANES / 2 }>().0.iter_mut().zip(words) {
        for (total, word) in totals.iter_mut().zip(words) {
            *total = sum(*total, T::wrapped(word.into()));
        }
    }
}

/// Words with a sign.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn signed(words: __m512i) -> [i16; LANES / 2] {
    // SAFETY: both are 64 bytes, and all bits are numbers.
    unsafe { std::mem::transmute(words) }
}

/// Words without a sign.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn unsigned(words: __m512i) -> [u16; LANES / 2] {
    // SAFETY: both are 64 bytes, and all bits are numbers.
    unsafe { std::mem::transmute(words) }
}

/// The high words of products of words without sign. An intrinsic would be taken apart where one factor is constant.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn high_products(left: __m512i, right: __m512i) -> __m512i {
    let product;
    // SAFETY: the instruction does nothing but compute, and the function requires it.
    unsafe {
        std::arch::asm!(
            "vpmulhuw {}, {}, {}",
            lateout(zmm_reg) product,
            in(zmm_reg) left,
            in(zmm_reg) right,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}
