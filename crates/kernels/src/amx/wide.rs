//! Codes of sums beyond words, in 32 bits.

use std::arch::x86_64::*;

use super::codes::{Codes, max_offset};
use super::inputs::GROUPS;
use super::sums::{EIGHTH, Part, Wides};
use super::{Drive, Run};
use crate::products::Second;
use crate::words::max_input;
use crate::{Job, Uniform};

/// From sums in units, with all that is added to them, to codes.
pub(super) trait WideCode: Copy {
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn codes(self, units: __m512i) -> __m512i;
}

/// code = ⌊min(max(units − minus, 0), limit)·multiplier / 2^(32 + shift)⌋
#[derive(Clone, Copy)]
pub(super) struct WideSteps {
    minus: __m512i,
    limit: __m512i,
    multiplier: __m512i,
    shift: __m128i,
}

impl WideSteps {
    /// `None` where something is beyond 31 bits, or codes are beyond words.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'_>, uniform: &Uniform) -> Option<Self> {
        let step = u32::try_from(uniform.step()).ok().filter(|step| *step > 1)?;
        let max_code = u16::try_from(uniform.max_code()).ok()?;
        let limit = i32::try_from(u64::from(step) * u64::from(max_code)).ok()?;
        // ⌊(2·i + Δ)/(2·Δ)⌋ = ⌊(i + ⌊Δ/2⌋)/Δ⌋ for whole i.
        let minus = uniform.low().checked_sub((step / 2).into())?;
        let _: i32 = max_units(job)?.checked_add(minus.unsigned_abs())?.try_into().ok()?;
        // ⌊n·m / 2^k⌋ = ⌊n/Δ⌋ for all n up to the limit, if m·Δ exceeds 2^k by e with e·n < 2^k. As 2^(k − 32) < Δ, and
        // Δ is at most twice as much, m is a number of 32 bits.
        let shift = (step - 1).ilog2();
        let power = 1u64 << (32 + shift);
        let multiplier = power.div_ceil(step.into());
        let excess = u128::from(multiplier) * u128::from(step) - u128::from(power);
        (excess * (limit as u128) < power.into()).then_some(Self {
            minus: _mm512_set1_epi32(minus as i32),
            limit: _mm512_set1_epi32(limit),
            multiplier: _mm512_set1_epi32(multiplier as u32 as i32),
            shift: _mm_cvtsi32_si128(shift as i32),
        })
    }
}

impl WideCode for WideSteps {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn codes(self, units: __m512i) -> __m512i {
        let numerator = _mm512_max_epi32(_mm512_sub_epi32(units, self.minus), _mm512_setzero_si512());
        let numerator = _mm512_min_epi32(numerator, self.limit);
        // The high halves of products, of even and of odd lanes.
        let even = _mm512_srli_epi64::<32>(_mm512_mul_epu32(numerator, self.multiplier));
        let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(numerator), self.multiplier);
        _mm512_srl_epi32(_mm512_mask_blend_epi32(0xaaaa, even, odd), self.shift)
    }
}

/// Codes of units from a first one on.
#[derive(Clone, Copy)]
pub(super) struct Tabulated<'a> {
    first: __m512i,
    last: __m512i,
    codes: &'a [u16],
}

impl<'a> Tabulated<'a> {
    /// `None` where something is beyond 31 bits, or the table is shorter than what is fetched at a time.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'_>, (first, codes): (i64, &'a [u16])) -> Option<Self> {
        let last = i32::try_from(codes.len()).ok()? - 1;
        let _: i32 = max_units(job)?.checked_add(first.unsigned_abs())?.try_into().ok()?;
        (last >= 1).then_some(Self { first: _mm512_set1_epi32(first as i32), last: _mm512_set1_epi32(last), codes })
    }
}

impl WideCode for Tabulated<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn codes(self, units: __m512i) -> __m512i {
        let at = _mm512_max_epi32(_mm512_sub_epi32(units, self.first), _mm512_setzero_si512());
        let at = _mm512_min_epi32(at, self.last);
        // Two codes are fetched, of which the first one is meant, but the second one at the table's end.
        let is_last = _mm512_cmpeq_epi32_mask(at, self.last);
        let at = _mm512_mask_sub_epi32(at, is_last, at, _mm512_set1_epi32(1));
        // SAFETY: indices are within 0 and the last but one, so that both codes are within the table.
        let codes = unsafe { _mm512_i32gather_epi32::<2>(at, self.codes.as_ptr().cast()) };
        let codes = _mm512_mask_srli_epi32::<16>(codes, is_last, codes);
        _mm512_and_si512(codes, _mm512_set1_epi32(u16::MAX.into()))
    }
}

/// The greatest magnitude of a sum in units with what is added; `None` if it is beyond 64 bits.
fn max_units(job: &Job<'_>) -> Option<u64> {
    let max_sum = job.stack.max_sum().checked_mul(max_input(job))?;
    max_sum.checked_mul(1 << job.stack.shift())?.checked_add(max_offset(job).into())
}

/// In 32 bits, whatever is added to sums.
pub(super) struct Wide<'a, C> {
    run: &'a Run<'a>,
    coder: C,
    left: __m128i,
}

impl<'a, C: WideCode> Wide<'a, C> {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(run: &'a Run<'a>, coder: C) -> Self {
        Self { run, coder, left: _mm_cvtsi32_si128(run.job.stack.shift() as i32) }
    }
}

impl<C: WideCode> Codes for Wide<'_, C> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn codes<For>(&self, drive: &Drive, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        let run = self.run;
        let lifts = match run.job.lift(drive.read, drive.position, run.batches[drive.batch].slice) {
            Some(lift) => Wides::of(lift),
            None => Wides::zero(),
        };
        let mut codes = [[_mm512_setzero_si512(); 2]; EIGHTH];
        for (offset, codes) in codes.iter_mut().enumerate() {
            if !part.is_used(offset) {
                continue;
            }
            let column = part.column(offset);
            let mut sums = column.wides(0);
            if run.products.second() == Second::High {
                sums = sums.plus_high(column.wides(1));
            }
            let offsets = match &run.noise {
                Some(noise) => lifts.plus(noise.samples(drive, column)),
                None => lifts,
            };
            let mut wides = [_mm512_setzero_si512(); GROUPS];
            for (code, (sum, offset)) in wides.iter_mut().zip(sums.0.iter().zip(&offsets.0)) {
                let units = _mm512_add_epi32(_mm512_sll_epi32(*sum, self.left), *offset);
                // SAFETY: the caller says that this machine has the instructions.
                *code = unsafe { self.coder.codes(units) };
            }
            *codes = Wides(wides).words();
        }
        codes
    }
}
