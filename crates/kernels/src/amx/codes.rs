//! Codes of the sums of a slice.

use std::arch::x86_64::*;

use super::Drive;
use super::noise::Noise;
use super::sums::{QUARTER, Quarter, high_products};
use crate::Job;
use crate::noise::Spread;
use crate::products::Second;
use crate::words::Steps;

/// From sums to codes.
pub(super) trait Codes {
    /// The codes of a quarter of 16 columns, in words for all images in order; those of columns that are not used may be
    /// anything. `For` is what they are for: with a copy for each, the compiler makes it a part of the only function that
    /// calls it.
    ///
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn codes<For>(&self, drive: &Drive, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER];
}

/// Of nothing but sums in words.
pub(super) struct Direct<F> {
    pub(super) second: Second,
    pub(super) code: F,
}

impl<F: Fn([__m512i; 2]) -> [__m512i; 2]> Codes for Direct<F> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn codes<For>(&self, _: &Drive, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER] {
        let mut words = words(self.second, quarter);
        for words in &mut words {
            *words = (self.code)(*words);
        }
        words
    }
}

/// By steps.
pub(super) struct Stepped {
    pub(super) second: Second,
    pub(super) steps: StepCoder,
}

impl Codes for Stepped {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn codes<For>(&self, drive: &Drive, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER] {
        let (steps, [first, others]) = (self.steps, drive.offsets);
        let mut words = words(self.second, quarter);
        for words in &mut words {
            let [low, high] = steps.units(*words);
            *words = [steps.codes(_mm512_add_epi16(low, first)), steps.codes(_mm512_add_epi16(high, others))];
        }
        words
    }
}

/// The same with noise.
pub(super) struct Noisy<'n> {
    pub(super) second: Second,
    pub(super) steps: StepCoder,
    pub(super) noise: &'n Noise<'n>,
}

impl Codes for Noisy<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn codes<For>(&self, drive: &Drive, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER] {
        self.noisy_codes(drive, quarter)
    }
}

impl Noisy<'_> {
    /// A function of its own, whose registers hold constants of noise and nothing else.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    fn noisy_codes(&self, drive: &Drive, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER] {
        let (steps, [first, others]) = (self.steps, drive.offsets);
        let samples = self.noise.words(drive, quarter.columns());
        let mut words = words(self.second, quarter);
        for (words, samples) in words.iter_mut().zip(samples) {
            let [low, high] = steps.units(*words);
            let low = _mm512_add_epi16(_mm512_add_epi16(low, first), samples[0]);
            let high = _mm512_add_epi16(_mm512_add_epi16(high, others), samples[1]);
            *words = [steps.codes(low), steps.codes(high)];
        }
        words
    }
}

/// Sums in words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words(second: Second, quarter: Quarter<'_>) -> [[__m512i; 2]; QUARTER] {
    let mut words = quarter.words(0);
    if second == Second::High {
        // No sum of both is beyond a word, so neither is one of low bytes.
        for (words, highs) in words.as_flattened_mut().iter_mut().zip(quarter.words(1).as_flattened()) {
            *words = _mm512_add_epi16(*words, _mm512_slli_epi16::<8>(*highs));
        }
    }
    words
}

/// The greatest magnitude of what is added to sums.
pub(super) fn max_offset(job: &Job<'_>) -> u32 {
    let lifts = job.lifts.into_iter().flatten().flatten();
    let max_lift = lifts.map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
    max_lift.saturating_add(job.stack.spread.as_ref().map_or(0, Spread::max_sample))
}

/// See [`Steps`], of sums that are shifted left first; `plus` is among the offsets.
#[derive(Clone, Copy)]
pub(super) struct StepCoder {
    left: u32,
    plus: i16,
    minus: __m512i,
    limit: __m512i,
    multiplier: __m512i,
    shift: __m512i,
}

impl StepCoder {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'_>, steps: &Steps) -> Self {
        Self {
            left: job.stack.shift(),
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

    /// Sums of cells in units.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn units(&self, [low, high]: [__m512i; 2]) -> [__m512i; 2] {
        if self.left == 0 {
            return [low, high];
        }
        let left = _mm_cvtsi32_si128(self.left as i32);
        [_mm512_sll_epi16(low, left), _mm512_sll_epi16(high, left)]
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn codes(&self, sums: __m512i) -> __m512i {
        let numerator = _mm512_min_epu16(_mm512_subs_epu16(sums, self.minus), self.limit);
        _mm512_srlv_epi16(high_products(numerator, self.multiplier), self.shift)
    }
}
