//! Two slices of one plane at a time, whose sums and codes are bytes.
//!
//! The second slice drives word lines with [`SECOND`] times what the first does, so that one product has the sums of both:
//! s + 254·t. As 254 is 256 − 2, adding twice t moves it to the high byte. Where a read's cells are there twice, the second
//! slice drives those times 16 with 16, and t is in the high byte anyway.

use std::arch::x86_64::*;

use super::inputs::{Driven, Slices, load};
use super::sums::{Column, EIGHTH, Part, high_products, signed};
use super::{Batch, Convert, Drive, Run};
use crate::products::{Products, Upper};
use crate::tiled::Codes;
use crate::{Job, LANES, Output, Slice, SliceSign, Tally, Total};

/// What a bit of the second slice is worth: as much as a byte leaves for it beside one of the first.
const SECOND: u8 = u8::MAX - 1;
/// The greatest sum that [`apart`] tells from others.
const MAX_SUM: u64 = 250;
/// Codes are multiplied with powers of two up to this one: factors are bytes with a sign.
const MAX_SHIFT: u32 = 6;
/// Codes up to this one may be bytes with a sign themselves, and factors without.
const MAX_SIGNED: u64 = i8::MAX as u64;

/// From sums to totals.
pub(super) struct Pairs {
    coder: Coder,
    /// One for each batch.
    pairs: Vec<Pair>,
    words: Words,
}

/// What becomes of the codes of two slices.
struct Pair {
    /// What they are multiplied with, of columns that are not and of those that are negated.
    factors: [__m512i; 2],
    /// Bits by which the sum of both is shifted left.
    shift: u32,
}

/// What sums of two slices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// One number. Codes are bytes with a sign, and factors without are all there is to totals.
    Joined,
    /// Likewise, but the two bytes of a word.
    Apart,
    /// Either. Factors have signs, and products may be shifted.
    Any,
}

/// From bytes to bytes.
#[derive(Clone, Copy)]
enum Coder {
    /// The least of a byte and this one.
    Clip(__m512i),
    /// The entry at min(byte − first, last).
    Few { first: __m512i, last: __m512i, table: __m512i },
    /// Likewise, of a table in two halves.
    Near { first: __m512i, last: __m512i, tables: [__m512i; 2] },
    /// The entry at a byte.
    Table([__m512i; 4]),
}

impl Pairs {
    /// `None` if some slices have several planes, something is added to sums, or sums or codes are too wide.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn new(products: &Products, job: &Job<'_>) -> Option<(Self, Vec<Batch>)> {
        let has_offsets = job.lifts.is_some() || job.stack.spread.is_some();
        let is_single = job.slices.iter().all(|slice| slice.planes.len() == 1);
        if has_offsets || !is_single || job.stack.max_sum() > MAX_SUM {
            return None;
        }
        let codes = Codes::new(job)?;
        let words = Words::of((products, job), &codes);
        let max_shift = if words == Words::Any { MAX_SHIFT } else { MAX_SHIFT + 1 };
        let (mut pairs, mut batches) = (Vec::new(), Vec::new());
        let mut rest = job.slices;
        while let [first, others @ ..] = rest {
            let next = others.first().filter(|next| first.shift.abs_diff(next.shift) <= MAX_SHIFT);
            pairs.push(Pair::new(first, next, max_shift));
            let driven = |slice: &Slice, worth| Driven { plane: slice.planes.start, worth };
            let driven = Slices { first: vec![driven(first, 1)], second: next.map(|next| driven(next, SECOND)) };
            batches.push(Batch { slice: job.slices.len() - rest.len(), driven });
            rest = &rest[1 + next.iter().len()..];
        }
        Some((Self { coder: Coder::new(&codes), pairs, words }, batches))
    }

    /// Factors of a batch.
    pub(super) fn factors(&self, batch: usize) -> [__m512i; 2] {
        self.pairs[batch].factors
    }

    /// Makes and converts all sums.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn run<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>) {
        match self.coder {
            Coder::Clip(max) => self.run_with(run, output, move |bytes| _mm512_min_epu8(bytes, max)),
            Coder::Few { first, last, table } => self.run_with(run, output, move |bytes| {
                _mm512_permutexvar_epi8(_mm512_min_epu8(_mm512_subs_epu8(bytes, first), last), table)
            }),
            Coder::Near { first, last, tables: [low, high] } => self.run_with(run, output, move |bytes| {
                let index = _mm512_min_epu8(_mm512_subs_epu8(bytes, first), last);
                _mm512_permutex2var_epi8(low, index, high)
            }),
            Coder::Table([a, b, c, d]) => self.run_with(run, output, move |bytes| {
                // Each looks at the low seven bits.
                let low = _mm512_permutex2var_epi8(a, bytes, b);
                let high = _mm512_permutex2var_epi8(c, bytes, d);
                _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high)
            }),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn run_with<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>, code: impl Fn(__m512i) -> __m512i) {
        match self.words {
            Words::Joined => run.run(output, &Plain { bytes: |sums| apart(sums), code }),
            Words::Apart => run.run(output, &Plain { bytes: |sums| sums, code }),
            Words::Any => run.run(output, &Any { pairs: &self.pairs, code }),
        }
    }

    /// Records the sums of a column.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn record(&self, (run, drive): (&Run<'_>, &Drive), column: Column<'_>, tally: &mut Tally) {
        let [low, high] = match drive.upper {
            Upper::Sixteenfold => column.wides(0).words(),
            Upper::Lines | Upper::Seconds => apart(column.wides(0).words()),
        };
        let n_lanes = run.job.positions[drive.position].n_lanes;
        let (words, left) = ([signed(low), signed(high)], run.job.stack.shift());
        let words = &words.as_flattened()[..n_lanes];
        let first = words.iter().map(|word| i64::from(*word as u8) << left);
        if run.batches[drive.batch].driven.second.is_some() {
            tally.record(first.chain(words.iter().map(|word| i64::from(*word as u16 >> 8) << left)));
        } else {
            tally.record(first);
        }
    }
}

impl Words {
    fn of((products, job): (&Products, &Job<'_>), codes: &Codes) -> Self {
        let is_plain = |slice: &Slice| slice.sign == SliceSign::Plus && slice.shift <= MAX_SHIFT + 1;
        if job.stack.has_negated() || codes.max_code(job) > MAX_SIGNED || !job.slices.iter().all(is_plain) {
            return Self::Any;
        }
        let n_reads = job.stack.lines().reads().len();
        match (0..n_reads).filter(|&read| products.upper(read) == Upper::Sixteenfold).count() {
            0 => Self::Joined,
            n_apart if n_apart == n_reads => Self::Apart,
            _ => Self::Any,
        }
    }
}

/// Ways from sums to bytes, and from bytes to codes. No branch keeps the core from looking ahead.
struct Plain<B, F> {
    bytes: B,
    code: F,
}

impl<T: Total, B, F> Convert<T> for Plain<B, F>
where
    B: Fn([__m512i; 2]) -> [__m512i; 2],
    F: Fn(__m512i) -> __m512i,
{
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(&self, drive: &Drive, part: Part<'_>, totals: &mut [[T; LANES]; EIGHTH]) {
        let [factors, _] = drive.factors;
        // A loop, as closures would not be compiled into this.
        for (words, totals) in part.words(0).iter().zip(totals) {
            let [first, others] = (self.bytes)(*words);
            let (first, others) = ((self.code)(first), (self.code)(others));
            let (first, others) = (_mm512_maddubs_epi16(factors, first), _mm512_maddubs_epi16(factors, others));
            drive.before.add_shifted(totals, [first, others], 0);
        }
    }
}

/// A way from bytes to bytes.
struct Any<'p, F> {
    pairs: &'p [Pair],
    code: F,
}

impl<T: Total, F: Fn(__m512i) -> __m512i> Convert<T> for Any<'_, F> {
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(&self, drive: &Drive, part: Part<'_>, totals: &mut [[T; LANES]; EIGHTH]) {
        let shift = self.pairs[drive.batch].shift;
        for (row, (words, totals)) in part.words(0).iter().zip(totals).enumerate() {
            let mut words = *words;
            if drive.upper != Upper::Sixteenfold {
                words = apart(words);
            }
            let factors = drive.factors[usize::from(part.is_negated(row))];
            let first = _mm512_maddubs_epi16((self.code)(words[0]), factors);
            let others = _mm512_maddubs_epi16((self.code)(words[1]), factors);
            drive.before.add_shifted(totals, [first, others], shift);
        }
    }
}

/// Moves the sums of two slices to the low and high bytes of words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn apart(sums: [__m512i; 2]) -> [__m512i; 2] {
    let (bias, reciprocal) = (_mm512_set1_epi16(BIAS), _mm512_set1_epi16(RECIPROCAL));
    let mut apart = sums;
    for both in &mut apart {
        let second = high_products(_mm512_add_epi16(*both, bias), reciprocal);
        *both = _mm512_add_epi16(*both, _mm512_add_epi16(second, second));
    }
    apart
}

/// 2^16/254 = 258.02, and what makes up for the rest: ⌊(s + 254·t + 4)·258/2^16⌋ = t for s and t up to 250.
const RECIPROCAL: i16 = 258;
const BIAS: i16 = 4;

impl Pair {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(first: &Slice, second: Option<&Slice>, max_shift: u32) -> Self {
        let most = second.map_or(first.shift, |second| first.shift.max(second.shift));
        let shift = most.saturating_sub(max_shift);
        let factor = |slice: &Slice, is_negated: bool| {
            let factor = 1u8 << (slice.shift - shift);
            if slice.signed(is_negated) == SliceSign::Plus { factor } else { factor.wrapping_neg() }
        };
        let both = |is_negated: bool| {
            let second = second.map_or(0, |second| factor(second, is_negated));
            _mm512_set1_epi16(i16::from_le_bytes([factor(first, is_negated), second]))
        };
        Self { factors: [both(false), both(true)], shift }
    }
}

impl Coder {
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn new(codes: &Codes) -> Self {
        let byte = |byte: u8| _mm512_set1_epi8(byte as i8);
        match codes {
            Codes::Same => Self::Clip(byte(u8::MAX)),
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
