//! Sums as the registers leave them, and what becomes of them in lanes.

use std::arch::x86_64::*;

use super::inputs::{GROUPS, load};
use super::multiplier::Sums;
use crate::avx512::{load_totals, store_totals};
use crate::products::ROWS;
use crate::random::Key;
use crate::{LANES, SliceSign, Total};

/// Sums of 16 columns: of their cells, of their high bytes, of their variances.
pub(super) const SETS: usize = 3;
/// The last of them.
pub(super) const VARIANCES: usize = SETS - 1;

/// Columns that are converted at a time.
pub(super) const EIGHTH: usize = ROWS / PARTS;
/// Parts of 16 columns.
pub(super) const PARTS: usize = 8;

/// Some of 16 columns of a stack, and their sums.
#[derive(Clone, Copy)]
pub(super) struct Part<'s> {
    /// Those of all 16.
    pub(super) sets: &'s [Sums; SETS],
    /// Which part.
    pub(super) part: usize,
    /// The first column.
    pub(super) first: usize,
    /// Whether converted sums count negatively; `None` if none do.
    pub(super) negated: Option<&'s [bool; EIGHTH]>,
    /// Of their noise, if there is any.
    pub(super) keys: &'s [Key; EIGHTH],
    /// Which of them are used: the first one, and the one behind the last.
    pub(super) used: (usize, usize),
}

impl<'s> Part<'s> {
    /// The sums of a set for all images in order, as words without sign; greater ones are cut.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn words(self, set: usize) -> [[__m512i; 2]; EIGHTH] {
        // Loops, as closures would not be compiled into this.
        let mut words = [[_mm512_setzero_si512(); 2]; EIGHTH];
        for (half, groups) in self.sets[set].as_chunks::<2>().0.iter().enumerate() {
            let [first, second] = groups;
            let first = &first.as_chunks::<EIGHTH>().0[self.part];
            let second = &second.as_chunks::<EIGHTH>().0[self.part];
            for (words, (first, second)) in words.iter_mut().zip(first.iter().zip(second)) {
                words[half] = _mm512_packus_epi32(load(&first.0), load(&second.0));
            }
        }
        words
    }

    /// One of the columns.
    #[inline(always)]
    pub(super) fn column(self, offset: usize) -> Column<'s> {
        Column { sets: self.sets, index: self.first + offset }
    }

    /// Whether what becomes of one of the columns is used.
    #[inline(always)]
    pub(super) fn is_used(self, offset: usize) -> bool {
        (self.used.0..self.used.1).contains(&offset)
    }

    /// All columns.
    #[inline(always)]
    pub(super) fn columns(self) -> [Column<'s>; EIGHTH] {
        std::array::from_fn(|offset| self.column(offset))
    }

    /// Whether one of the columns counts negatively.
    #[inline(always)]
    pub(super) fn is_negated(self, offset: usize) -> bool {
        self.negated.is_some_and(|negated| negated[offset])
    }
}

/// A column of a stack, and its sums.
#[derive(Clone, Copy)]
pub(super) struct Column<'s> {
    /// Those of the 16 columns that it is one of.
    pub(super) sets: &'s [Sums; SETS],
    pub(super) index: usize,
}

impl Column<'_> {
    /// The sums of all images.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn wides(self, set: usize) -> Wides {
        wides(&self.sets[set], self.index % ROWS)
    }
}

/// Numbers of 32 bits for all images, in the order of groups: packed into words, two groups are 32 images in order.
#[derive(Clone, Copy)]
pub(super) struct Wides(pub(super) [__m512i; GROUPS]);

impl Wides {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn zero() -> Self {
        Self([_mm512_setzero_si512(); GROUPS])
    }

    /// From numbers for all images in order.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn of(lanes: &[i32; LANES]) -> Self {
        let mut wides = Self::zero();
        for (wides, lanes) in wides.0.as_chunks_mut::<2>().0.iter_mut().zip(lanes.as_chunks::<{ LANES / 2 }>().0) {
            let [first, others] = lanes.as_chunks().0 else { continue };
            let (first, others) = (load_wides(first), load_wides(others));
            // Every other four images, and those between.
            *wides = [
                _mm512_shuffle_i32x4::<0b10_00_10_00>(first, others),
                _mm512_shuffle_i32x4::<0b11_01_11_01>(first, others),
            ];
        }
        wides
    }

    /// From words with a sign for all images in order.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn of_words(words: [__m512i; 2]) -> Self {
        let mut wides = Self::zero();
        for (wides, words) in wides.0.as_chunks_mut::<2>().0.iter_mut().zip(words) {
            // Each word is the high half, and its sign moves in from the left.
            let zero = _mm512_setzero_si512();
            *wides = [
                _mm512_srai_epi32::<16>(_mm512_unpacklo_epi16(zero, words)),
                _mm512_srai_epi32::<16>(_mm512_unpackhi_epi16(zero, words)),
            ];
        }
        wides
    }

    /// For all images in order.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn in_order(self) -> [i32; LANES] {
        let mut lanes = [0; LANES];
        for (lanes, groups) in lanes.as_chunks_mut::<{ LANES / 2 }>().0.iter_mut().zip(self.0.as_chunks::<2>().0) {
            let [first, others] = lanes.as_chunks_mut().0 else { continue };
            let [even, odd] = *groups;
            // Four images of each group take turns.
            let (low, high) =
                (_mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15));
            store_wides(first, _mm512_permutex2var_epi64(even, low, odd));
            store_wides(others, _mm512_permutex2var_epi64(even, high, odd));
        }
        lanes
    }

    /// As words without sign for all images in order; greater ones are cut.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn words(self) -> [__m512i; 2] {
        let [a, b, c, d] = self.0;
        [_mm512_packus_epi32(a, b), _mm512_packus_epi32(c, d)]
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn plus(mut self, others: Self) -> Self {
        for (wide, other) in self.0.iter_mut().zip(others.0) {
            *wide = _mm512_add_epi32(*wide, other);
        }
        self
    }

    /// With high bytes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn plus_high(mut self, highs: Self) -> Self {
        for (wide, high) in self.0.iter_mut().zip(highs.0) {
            *wide = _mm512_add_epi32(*wide, _mm512_slli_epi32::<8>(high));
        }
        self
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_wides(wides: &[i32; LANES / GROUPS]) -> __m512i {
    // SAFETY: the array is 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(wides.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_wides(wides: &mut [i32; LANES / GROUPS], register: __m512i) {
    // SAFETY: the array is 64 bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(wides.as_mut_ptr().cast(), register) }
}

/// The sums in a row.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn wides([a, b, c, d]: &Sums, row: usize) -> Wides {
    Wides([load(&a[row].0), load(&b[row].0), load(&c[row].0), load(&d[row].0)])
}

/// Whether totals are there already, to which something is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Totals {
    /// They begin with what is added.
    Absent,
    Present,
}

impl Totals {
    /// Totals to which something is added.
    #[inline(always)]
    pub(super) fn begin<T: Total>(self, totals: &mut [T; LANES]) {
        match self {
            Self::Absent => totals.fill(T::ZERO),
            Self::Present => {}
        }
    }

    /// Adds words with a sign, shifted left.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn add_shifted<T: Total>(self, totals: &mut [T; LANES], words: [__m512i; 2], shift: u32) {
        match T::words(totals) {
            Some(totals) if shift == 0 => self.add(totals, words),
            Some(totals) => {
                let left = _mm_cvtsi32_si128(shift as i32);
                self.add(totals, [_mm512_sll_epi16(words[0], left), _mm512_sll_epi16(words[1], left)]);
            }
            None => {
                let words = [signed(words[0]), signed(words[1])];
                self.each(totals, words, |total, word| total.plus(word.shifted(shift)));
            }
        }
    }

    /// Adds codes in words of a slice, or subtracts them; `factor` is what they are worth in totals of as many bits.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn add_codes<T: Total>(
        self,
        totals: &mut [T; LANES],
        [low, high]: [__m512i; 2],
        (factor, shift, sign): (__m512i, u32, SliceSign),
    ) {
        if let Some(totals) = T::words(totals) {
            return self.add(totals, [_mm512_mullo_epi16(low, factor), _mm512_mullo_epi16(high, factor)]);
        }
        let codes = [unsigned(low), unsigned(high)];
        match sign {
            SliceSign::Plus => self.each(totals, codes, |total, code| total.plus(code.shifted(shift))),
            SliceSign::Minus => self.each(totals, codes, |total, code| total.minus(code.shifted(shift))),
        }
    }

    /// Adds numbers of 32 bits for all images in order, shifted left, or subtracts them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn add_values<T: Total>(
        self,
        totals: &mut [T; LANES],
        [a, b, c, d]: [__m512i; 4],
        (shift, sign): (u32, SliceSign),
    ) {
        if let Some(totals) = T::words(totals) {
            let factor = 1i16.unbounded_shl(shift);
            let factor = _mm512_set1_epi16(if sign == SliceSign::Plus { factor } else { factor.wrapping_neg() });
            let (low, high) = (cut([a, b]), cut([c, d]));
            return self.add(totals, [_mm512_mullo_epi16(low, factor), _mm512_mullo_epi16(high, factor)]);
        }
        self.begin(totals);
        // SAFETY: both are 256 bytes, and all bits are numbers.
        let values = unsafe { std::mem::transmute::<[__m512i; 4], [i32; LANES]>([a, b, c, d]) };
        for (total, value) in totals.iter_mut().zip(values) {
            let placed = T::wrapped(value.into()).shifted(shift);
            *total = if sign == SliceSign::Plus { total.plus(placed) } else { total.minus(placed) };
        }
    }

    /// Adds words to totals of as many bits.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add(self, totals: &mut [i16], words: [__m512i; 2]) {
        let present = match self {
            Self::Absent => 0,
            Self::Present => __mmask32::MAX,
        };
        for (totals, words) in totals.as_chunks_mut().0.iter_mut().zip(words) {
            store_totals(totals, _mm512_mask_add_epi16(words, present, words, load_totals(totals)));
        }
    }

    #[inline(always)]
    fn each<T: Total, E: Copy + Into<i64>>(
        self,
        totals: &mut [T; LANES],
        words: [[E; LANES / 2]; 2],
        sum: impl Fn(T, T) -> T,
    ) {
        self.begin(totals);
        for (totals, words) in totals.as_chunks_mut::<{ LANES / 2 }>().0.iter_mut().zip(words) {
            for (total, word) in totals.iter_mut().zip(words) {
                *total = sum(*total, T::wrapped(word.into()));
            }
        }
    }
}

/// The low words of numbers, in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn cut([first, others]: [__m512i; 2]) -> __m512i {
    let (first, others) = (_mm512_cvtepi32_epi16(first), _mm512_cvtepi32_epi16(others));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), others)
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

/// Words without sign, each shifted right. The compiler would care for shifts beyond words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn shifted_right(words: __m512i, shifts: __m512i) -> __m512i {
    let shifted;
    // SAFETY: the instruction does nothing but compute, and the function requires it.
    unsafe {
        std::arch::asm!(
            "vpsrlvw {}, {}, {}",
            lateout(zmm_reg) shifted,
            in(zmm_reg) words,
            in(zmm_reg) shifts,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    shifted
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
