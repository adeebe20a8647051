//! Two slices of one plane at a time, whose sums and codes are bytes.
//!
//! The second slice drives word lines with [`SECOND`] times what the first does, so that one product has the sums of both:
//! s + 254·t. As 254 is 256 − 2, adding twice t moves it to the high byte.

use std::arch::x86_64::*;

use super::inputs::{Driven, load};
use super::sums::{ColumnSums, add, high_products, signed};
use super::{Batch, Drive, Run};
use crate::tiled::Codes;
use crate::{Job, LANES, Slice, SliceSign, Tally, Total};

/// What a bit of the second slice is worth: as much as a byte leaves for it beside one of the first.
const SECOND: u8 = u8::MAX - 1;
/// The greatest sum that [`apart`] tells from others.
const MAX_SUM: u64 = 250;
/// Codes are multiplied with powers of two up to this one: factors are bytes with a sign.
const MAX_SHIFT: u32 = 6;

/// From sums to totals.
pub(super) struct Pairs {
    coder: Coder,
    /// One for each batch.
    pairs: Vec<Pair>,
}

/// What becomes of the codes of two slices.
struct Pair {
    /// What each is multiplied with.
    factors: [i8; 2],
    /// Bits by which the sum of both is shifted left.
    shift: u32,
}

/// From bytes to bytes.
#[derive(Clone, Copy)]
enum Coder {
    Same,
    /// The least of a byte and this one.
    Clip(__m512i),
    /// The entry at min(byte − first, last).
    Few {
        first: __m512i,
        last: __m512i,
        table: __m512i,
    },
    /// Likewise, of a table in two halves.
    Near {
        first: __m512i,
        last: __m512i,
        tables: [__m512i; 2],
    },
    /// The entry at a byte.
    Table([__m512i; 4]),
}

impl Pairs {
    /// `None` if some slices have several planes, something is added to sums, or sums or codes are too wide.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn new(job: &Job<'_>) -> Option<(Self, Vec<Batch>)> {
        let has_offsets = job.lifts.is_some() || job.stack.spread.is_some();
        let is_single = job.slices.iter().all(|slice| slice.planes.len() == 1);
        if has_offsets || !is_single || job.stack.max_sum() > MAX_SUM {
            return None;
        }
        let coder = Coder::new(&Codes::new(job)?);
        let (mut pairs, mut batches) = (Vec::new(), Vec::new());
        let mut rest = job.slices;
        while let [first, others @ ..] = rest {
            let next = others.first().filter(|next| first.shift.abs_diff(next.shift) <= MAX_SHIFT);
            let n_slices = 1 + next.iter().len();
            pairs.push(Pair::new(first, next));
            let driven = |(slice, worth): (&Slice, u8)| Driven { plane: slice.planes.start, worth };
            let driven = rest.iter().zip([1, SECOND]).take(n_slices).map(driven).collect();
            batches.push(Batch { slice: job.slices.len() - rest.len(), driven });
            rest = &rest[n_slices..];
        }
        Some((Self { coder, pairs }, batches))
    }

    /// Adds what becomes of the sums of some columns from `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) fn add<T: Total>(
        &self,
        place: (&Run<'_>, &Drive),
        sums: (ColumnSums<'_>, usize),
        totals: &mut [[T; LANES]],
    ) {
        match self.coder {
            Coder::Same => self.add_coded(place, sums, totals, |bytes| bytes),
            Coder::Clip(max) => self.add_coded(place, sums, totals, |bytes| _mm512_min_epu8(bytes, max)),
            Coder::Few { first, last, table } => self.add_coded(place, sums, totals, |bytes| {
                _mm512_permutexvar_epi8(_mm512_min_epu8(_mm512_subs_epu8(bytes, first), last), table)
            }),
            Coder::Near { first, last, tables: [low, high] } => self.add_coded(place, sums, totals, |bytes| {
                let index = _mm512_min_epu8(_mm512_subs_epu8(bytes, first), last);
                _mm512_permutex2var_epi8(low, index, high)
            }),
            Coder::Table([a, b, c, d]) => self.add_coded(place, sums, totals, |bytes| {
                // Each looks at the low seven bits.
                let low = _mm512_permutex2var_epi8(a, bytes, b);
                let high = _mm512_permutex2var_epi8(c, bytes, d);
                _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high)
            }),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn add_coded<T: Total>(
        &self,
        (run, drive): (&Run<'_>, &Drive),
        (sums, first): (ColumnSums<'_>, usize),
        totals: &mut [[T; LANES]],
        code: impl Fn(__m512i) -> __m512i,
    ) {
        let Pair { factors: [low, high], shift } = self.pairs[drive.batch];
        let factors = _mm512_set1_epi16(i16::from_le_bytes([low as u8, high as u8]));
        for (index, totals) in totals.iter_mut().enumerate() {
            let [low, high] = apart(sums.of(index).words(0));
            let joined = [_mm512_maddubs_epi16(code(low), factors), _mm512_maddubs_epi16(code(high), factors)];
            let sign = run.sign(drive.read, first + index);
            add::<T, i16>(totals, [signed(joined[0]), signed(joined[1])], (shift, sign));
        }
    }

    /// Records the sums of a column.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn record(&self, (run, drive): (&Run<'_>, &Drive), sums: ColumnSums<'_>, tally: &mut Tally) {
        let [low, high] = apart(sums.words(0));
        let n_lanes = run.job.positions[drive.position].n_lanes;
        let words = [signed(low), signed(high)];
        for word in words.as_flattened()[..n_lanes].iter() {
            let bytes = word.to_le_bytes();
            let of_slices = bytes[..run.batches[drive.batch].driven.len()].iter();
            tally.record(of_slices.map(|&sum| i64::from(sum) << run.job.stack.shift()));
        }
    }
}

/// Moves the sums of two slices to the low and high bytes of words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn apart(sums: [__m512i; 2]) -> [__m512i; 2] {
    let (bias, reciprocal) = (_mm512_set1_epi16(BIAS), _mm512_set1_epi16(RECIPROCAL));
    let of_word = |both: __m512i| {
        let second = high_products(_mm512_add_epi16(both, bias), reciprocal);
        _mm512_add_epi16(both, _mm512_add_epi16(second, second))
    };
    [of_word(sums[0]), of_word(sums[1])]
}

/// 2^16/254 = 258.02, and what makes up for the rest: ⌊(s + 254·t + 4)·258/2^16⌋ = t for s and t up to 250.
const RECIPROCAL: i16 = 258;
const BIAS: i16 = 4;

impl Pair {
    fn new(first: &Slice, second: Option<&Slice>) -> Self {
        let most = second.map_or(first.shift, |second| first.shift.max(second.shift));
        let shift = most.saturating_sub(MAX_SHIFT);
        let factor = |slice: &Slice| match slice.sign {
            SliceSign::Plus => 1i8 << (slice.shift - shift),
            SliceSign::Minus => -(1i8 << (slice.shift - shift)),
        };
        Self { factors: [factor(first), second.map_or(0, factor)], shift }
    }
}

impl Coder {
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn new(codes: &Codes) -> Self {
        let byte = |byte: u8| _mm512_set1_epi8(byte as i8);
        match codes {
            Codes::Same => Self::Same,
            Codes::Clip(max) => Self::Clip(byte(*max)),
            Codes::Near { first, codes } => {
                let [low, high] = codes.as_chunks().0 else { unreachable!("two halves") };
                let first = byte(*first);
                if high.iter().all(|code| *code == low[LANES - 1]) {
                    return Self::Few { first, last: byte(LANES as u8 - 1), table: load(low) };
                }
                Self::Near { first, last: byte(2 * LANES as u8 - 1), tables: [load(low), load(high)] }
            }
            Codes::Table(codes) => {
                let [a, b, c, d] = codes.as_chunks().0 else { unreachable!("four quarters") };
                Self::Table([load(a), load(b), load(c), load(d)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_two_slices_are_told_apart() {
        for second in 0..=MAX_SUM as u32 {
            for first in 0..=MAX_SUM as u32 {
                let both = first + u32::from(SECOND) * second;
                let found = ((both + BIAS as u32) * RECIPROCAL as u32) >> 16;
                assert_eq!((found, both + 2 * found), (second, first + 256 * second));
            }
        }
    }
}
