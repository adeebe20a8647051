//! Codes of the sums of a slice.

use std::arch::x86_64::*;

use super::Drive;
use super::noise::Noise;
use super::sums::{EIGHTH, Part, high_products, shifted_right};
use crate::Job;
use crate::noise::Spread;
use crate::products::Second;
use crate::words::Steps;

/// From sums to codes.
pub(super) trait Codes {
    /// The codes of some columns, in words for all images in order; those of columns that are not used may be anything.
    /// `For` is what they are for: with a copy for each, the compiler makes it a part of the only function that calls it.
    ///
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn codes<For>(&self, drive: &Drive, part: Part<'_>) -> [[__m512i; 2]; EIGHTH];
}

/// What sums there are.
pub(super) trait Units {
    /// Those of cells in units, in words.
    ///
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn units(&self, part: Part<'_>) -> [[__m512i; 2]; EIGHTH];
}

/// Sums are in units, and all are in one set.
pub(super) struct Plain;

impl Units for Plain {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn units(&self, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        part.words(0)
    }
}

/// Sums are shifted left, after those of high bytes are added.
#[derive(Clone, Copy)]
pub(super) struct Shifted {
    pub(super) second: Second,
    pub(super) left: u32,
}

impl Units for Shifted {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn units(&self, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        let mut words = part.words(0);
        if self.second == Second::High {
            // No sum of both is beyond a word, so neither is one of low bytes.
            for (words, highs) in words.as_flattened_mut().iter_mut().zip(part.words(1).as_flattened()) {
                *words = _mm512_add_epi16(*words, _mm512_slli_epi16::<8>(*highs));
            }
        }
        let left = _mm_cvtsi32_si128(self.left as i32);
        for words in words.as_flattened_mut() {
            *words = _mm512_sll_epi16(*words, left);
        }
        words
    }
}

/// Of nothing but sums.
pub(super) struct Direct<F> {
    pub(super) units: Shifted,
    pub(super) code: F,
}

impl<F: Fn([__m512i; 2]) -> [__m512i; 2]> Codes for Direct<F> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn codes<For>(&self, _: &Drive, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        // SAFETY: the caller says that this machine has the instructions.
        let mut words = unsafe { self.units.units(part) };
        for words in &mut words {
            *words = (self.code)(*words);
        }
        words
    }
}

/// By steps.
pub(super) struct Stepped<U> {
    pub(super) units: U,
    pub(super) steps: StepCoder,
}

impl<U: Units> Codes for Stepped<U> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn codes<For>(&self, drive: &Drive, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        let (steps, [first, others]) = (self.steps, drive.offsets);
        // SAFETY: the caller says that this machine has the instructions.
        let mut words = unsafe { self.units.units(part) };
        for words in &mut words {
            let [low, high] = *words;
            *words = [steps.codes(_mm512_add_epi16(low, first)), steps.codes(_mm512_add_epi16(high, others))];
        }
        words
    }
}

/// The same with noise.
pub(super) struct Noisy<'n, U> {
    pub(super) units: U,
    pub(super) steps: StepCoder,
    pub(super) noise: &'n Noise<'n>,
}

impl<U: Units> Codes for Noisy<'_, U> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn codes<For>(&self, drive: &Drive, part: Part<'_>) -> [[__m512i; 2]; EIGHTH] {
        let (steps, [first, others]) = (self.steps, drive.offsets);
        let samples = self.noise.words(drive, part.columns(), part.keys);
        // SAFETY: the caller says that this machine has the instructions.
        let mut words = unsafe { self.units.units(part) };
        for (words, samples) in words.iter_mut().zip(&samples) {
            let low = _mm512_add_epi16(_mm512_add_epi16(words[0], first), samples[0]);
            let high = _mm512_add_epi16(_mm512_add_epi16(words[1], others), samples[1]);
            *words = [steps.codes(low), steps.codes(high)];
        }
        words
    }
}

/// The greatest magnitude of what is added to sums.
pub(super) fn max_offset(job: &Job<'_>) -> u32 {
    let lifts = job.lifts.into_iter().flatten().flatten();
    let max_lift = lifts.map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
    max_lift.saturating_add(job.stack.spread.as_ref().map_or(0, Spread::max_sample))
}

/// See [`Steps`]; `plus` is among the offsets.
#[derive(Clone, Copy)]
pub(super) struct StepCoder {
    plus: i16,
    minus: __m512i,
    limit: __m512i,
    multiplier: __m512i,
    shift: __m512i,
}

impl StepCoder {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(steps: &Steps) -> Self {
        Self {
            plus: steps.plus as i16,
            minus: _mm512_set1_epi16(steps.minus as i16),
            limit: _mm512_set1_epi16(steps.limit as i16),
            multiplier: _mm512_set1_epi16(steps.multiplier as i16),
            shift: _mm512_set1_epi16(steps.multiplier_shift as i16),
        }
    }

    /// What is added to sums first.
    pub(super) fn plus(&self) -> i16 {
        self.plus
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn codes(&self, sums: __m512i) -> __m512i {
        let numerator = _mm512_min_epu16(_mm512_subs_epu16(sums, self.minus), self.limit);
        shifted_right(high_products(numerator, self.multiplier), self.shift)
    }
}
