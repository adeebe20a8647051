//! A slice at a time: its sums in words, or lane by lane.

use std::arch::x86_64::*;

use super::inputs::Driven;
use super::sums::{ColumnSums, add, high_products, signed, unsigned};
use super::{Batch, Drive, Run};
use crate::noise::Spread;
use crate::products::Second;
use crate::words::{Converter, Steps};
use crate::{Job, LANES, Slice, Total};

/// From sums to totals.
#[expect(clippy::large_enum_variant, reason = "a job has one, and looks at it for all of its sums")]
pub(super) enum Slices<'a> {
    /// In words.
    Words(Coder),
    /// In words, lane by lane where that is quicker.
    Converted(Converter<'a>),
    /// In wide arithmetic.
    Lanes,
}

/// From words to words.
#[derive(Clone, Copy)]
pub(super) enum Coder {
    Same,
    /// The least of a word and this one.
    Clip(__m512i),
    Steps(StepCoder),
}

/// See [`Steps`], of sums that are shifted left first; `plus` is among the offsets.
#[derive(Clone, Copy)]
pub(super) struct StepCoder {
    left: u32,
    plus: i16,
    minus: __m512i,
    limit: __m512i,
    multiplier: __m512i,
    shift: __m128i,
}

/// A batch for each slice.
pub(super) fn batches(job: &Job<'_>) -> Vec<Batch> {
    let driven = |(weight, plane): (u32, usize)| Driven { plane, worth: 1 << weight };
    let batch = |(index, slice): (usize, &Slice)| Batch {
        slice: index,
        driven: (0..).zip(slice.planes.clone()).map(driven).collect(),
    };
    job.slices.iter().enumerate().map(batch).collect()
}

/// The analog sums of a column in units, for all images in order.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
pub(super) fn analogs((run, drive): (&Run<'_>, &Drive), (sums, column): (ColumnSums<'_>, usize)) -> [i64; LANES] {
    let job = run.job;
    let slice = run.batches[drive.batch].slice;
    let mut analogs = sums.lanes(0).map(i64::from);
    if run.products.second() == Second::High {
        analogs.iter_mut().zip(sums.lanes(1)).for_each(|(analog, high)| *analog += i64::from(high) << 8);
    }
    analogs.iter_mut().for_each(|analog| *analog <<= job.stack.shift());
    if let Some(lift) = job.lift(drive.read, drive.position, slice) {
        analogs.iter_mut().zip(lift).for_each(|(analog, lift)| *analog += i64::from(*lift));
    }
    if let Some(noise) = &run.noise {
        let samples = noise.samples(drive, (sums, column), slice);
        analogs.iter_mut().zip(samples).for_each(|(analog, sample)| *analog += i64::from(sample));
    }
    analogs
}

impl<'a> Slices<'a> {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'a>) -> Self {
        let Some(converter) = Converter::of(job) else { return Self::Lanes };
        Coder::new(job, &converter).map_or(Self::Converted(converter), Self::Words)
    }

    /// What is added to the sums of a slice in words, but for noise.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn offsets(&self, job: &Job<'_>, (read, position, slice): (usize, usize, usize)) -> [__m512i; 2] {
        let plus = match self {
            Self::Words(Coder::Steps(steps)) => steps.plus,
            Self::Words(_) | Self::Converted(_) | Self::Lanes => 0,
        };
        let mut offsets = [plus; LANES];
        if let Some(lift) = job.lift(read, position, slice) {
            offsets.iter_mut().zip(lift).for_each(|(offset, lift)| *offset = offset.wrapping_add(*lift as i16));
        }
        // SAFETY: both are 128 bytes, and all bits are numbers.
        unsafe { std::mem::transmute(offsets) }
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
        match self {
            Self::Words(Coder::Same) => add_coded(place, sums, totals, |words| words),
            Self::Words(Coder::Clip(max)) => {
                add_coded(place, sums, totals, |words| {
                    [_mm512_min_epu16(words[0], *max), _mm512_min_epu16(words[1], *max)]
                });
            }
            Self::Words(Coder::Steps(steps)) => add_steps(steps, place, sums, totals),
            Self::Converted(converter) => add_converted(converter, place, sums, totals),
            Self::Lanes => add_lanes(place, sums, totals),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn add_steps<T: Total>(
    steps: &StepCoder,
    (run, drive): (&Run<'_>, &Drive),
    (sums, first): (ColumnSums<'_>, usize),
    totals: &mut [[T; LANES]],
) {
    let slice = run.batches[drive.batch].slice;
    let offsets = drive.offsets;
    match &run.noise {
        None => add_coded((run, drive), (sums, first), totals, |words| {
            let [low, high] = steps.units(words);
            [steps.codes(_mm512_add_epi16(low, offsets[0])), steps.codes(_mm512_add_epi16(high, offsets[1]))]
        }),
        Some(noise) => {
            for (index, totals) in totals.iter_mut().enumerate() {
                let (sums, column) = (sums.of(index), first + index);
                let samples = noise.words(drive, (sums, column), slice);
                add_coded((run, drive), (sums, column), std::slice::from_mut(totals), |words| {
                    let [low, high] = steps.units(words);
                    let low = _mm512_add_epi16(_mm512_add_epi16(low, offsets[0]), samples[0]);
                    let high = _mm512_add_epi16(_mm512_add_epi16(high, offsets[1]), samples[1]);
                    [steps.codes(low), steps.codes(high)]
                });
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn add_coded<T: Total>(
    (run, drive): (&Run<'_>, &Drive),
    (sums, first): (ColumnSums<'_>, usize),
    totals: &mut [[T; LANES]],
    codes: impl Fn([__m512i; 2]) -> [__m512i; 2],
) {
    let slice = &run.job.slices[run.batches[drive.batch].slice];
    for (index, totals) in totals.iter_mut().enumerate() {
        let [low, high] = codes(words(run.products.second(), sums.of(index)));
        let sign = slice.sign.times(run.job.stack.is_negated(drive.read, first + index));
        add::<T, u16>(totals, [unsigned(low), unsigned(high)], (slice.shift, sign));
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn add_converted<T: Total>(
    converter: &Converter<'_>,
    (run, drive): (&Run<'_>, &Drive),
    (sums, first): (ColumnSums<'_>, usize),
    totals: &mut [[T; LANES]],
) {
    let slice = run.batches[drive.batch].slice;
    for (index, totals) in totals.iter_mut().enumerate() {
        let (sums, column) = (sums.of(index), first + index);
        let mut offsets = drive.offsets.map(|words| signed(words));
        if let Some(noise) = &run.noise {
            let samples = noise.narrow_samples(drive, (sums, column), slice);
            // Both together are no more than a word holds, else there would be no such converter.
            offsets.as_flattened_mut().iter_mut().zip(samples).for_each(|(offset, sample)| *offset += sample);
        }
        let mut words = words(run.products.second(), sums).map(|words| unsigned(words));
        for (words, offsets) in words.iter_mut().zip(&offsets) {
            converter.convert_offset(words, offsets);
        }
        let Slice { shift, ref sign, .. } = run.job.slices[slice];
        let sign = sign.times(run.job.stack.is_negated(drive.read, column));
        add::<T, u16>(totals, words, (shift, sign));
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn add_lanes<T: Total>(
    (run, drive): (&Run<'_>, &Drive),
    (sums, first): (ColumnSums<'_>, usize),
    totals: &mut [[T; LANES]],
) {
    let slice = run.batches[drive.batch].slice;
    let drop = run.job.drop(drive.read, drive.position, slice);
    for (index, totals) in totals.iter_mut().enumerate() {
        let is_negated = run.job.stack.is_negated(drive.read, first + index);
        for (lane, analog) in analogs((run, drive), (sums.of(index), first + index)).into_iter().enumerate() {
            let drop = drop.map_or(0, |drop| drop[lane].into());
            let value = run.job.transfer.value(analog, run.job.stack.shift(), drop);
            totals[lane] = totals[lane].plus(T::wrapped(run.job.slices[slice].placed(value, is_negated)));
        }
    }
}

/// Sums in words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words(second: Second, sums: ColumnSums<'_>) -> [__m512i; 2] {
    let low = sums.words(0);
    if second != Second::High {
        return low;
    }
    // No sum of both is beyond a word, so neither is one of low bytes.
    let high = sums.words(1);
    [
        _mm512_add_epi16(low[0], _mm512_slli_epi16::<8>(high[0])),
        _mm512_add_epi16(low[1], _mm512_slli_epi16::<8>(high[1])),
    ]
}

impl Coder {
    /// `None` where codes are found in another way.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>, converter: &Converter<'_>) -> Option<Self> {
        match converter {
            Converter::Exact => return Some(Self::Same),
            Converter::Clip(max) => return Some(Self::Clip(_mm512_set1_epi16(*max as i16))),
            Converter::Small(_) | Converter::Uniform(_) | Converter::Table(_) => {}
        }
        let lifts = job.lifts.into_iter().flatten().flatten();
        let max_lift = lifts.map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
        let max_noise = job.stack.spread.as_ref().map_or(0, Spread::max_sample);
        let steps = Steps::with_offsets(job, converter, max_lift + max_noise)?;
        Some(Self::Steps(StepCoder {
            left: job.stack.shift(),
            plus: steps.plus as i16,
            minus: _mm512_set1_epi16(steps.minus as i16),
            limit: _mm512_set1_epi16(steps.limit as i16),
            multiplier: _mm512_set1_epi16(steps.multiplier as i16),
            shift: _mm_cvtsi32_si128(steps.multiplier_shift as i32),
        }))
    }
}

impl StepCoder {
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
        _mm512_srl_epi16(high_products(numerator, self.multiplier), self.shift)
    }
}
