//! A slice at a time: its sums in words, or lane by lane.

use std::arch::x86_64::*;

use super::inputs::Driven;
use super::noise::Noise;
use super::sums::{Column, QUARTER, Quarter, Totals, high_products, signed, unsigned};
use super::{Batch, Convert, Drive, Run};
use crate::noise::Spread;
use crate::products::Second;
use crate::words::{Converter, Steps};
use crate::{Job, LANES, Lift, Output, Slice, SliceSign, Total, Transfer};

/// From sums to totals.
pub(super) enum Slices<'a> {
    /// In words.
    Words(Coder),
    /// By steps in words, then in units once more.
    Rounded(RoundedCoder),
    /// In words, lane by lane where that is quicker.
    Converted(Converter<'a>),
    /// In wide arithmetic.
    Lanes,
}

/// From words to words.
#[derive(Clone, Copy)]
#[expect(clippy::large_enum_variant, reason = "a job has one")]
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
    shift: __m512i,
}

/// A batch for each slice.
pub(super) fn batches(job: &Job<'_>) -> Vec<Batch> {
    let driven = |(weight, plane): (u32, usize)| Driven { plane, worth: 1 << weight };
    let batch = |(index, slice): (usize, &Slice)| Batch {
        slice: index,
        driven: super::inputs::Slices { first: (0..).zip(slice.planes.clone()).map(driven).collect(), second: None },
    };
    job.slices.iter().enumerate().map(batch).collect()
}

/// The analog sums of a column in units, for all images in order.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
pub(super) fn analogs((run, drive): (&Run<'_>, &Drive), column: Column<'_>) -> [i64; LANES] {
    let job = run.job;
    let slice = run.batches[drive.batch].slice;
    let mut analogs = column.lanes(0).map(i64::from);
    if run.products.second() == Second::High {
        analogs.iter_mut().zip(column.lanes(1)).for_each(|(analog, high)| *analog += i64::from(high) << 8);
    }
    analogs.iter_mut().for_each(|analog| *analog <<= job.stack.shift());
    if let Some(lift) = job.lift(drive.read, drive.position, slice) {
        analogs.iter_mut().zip(lift).for_each(|(analog, lift)| *analog += i64::from(*lift));
    }
    if let Some(noise) = &run.noise {
        let samples = noise.samples(drive, column);
        analogs.iter_mut().zip(samples).for_each(|(analog, sample)| *analog += i64::from(sample));
    }
    analogs
}

impl<'a> Slices<'a> {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'a>) -> Self {
        let Some(converter) = Converter::of(job) else {
            return RoundedCoder::new(job).map_or(Self::Lanes, Self::Rounded);
        };
        Coder::new(job, &converter).map_or(Self::Converted(converter), Self::Words)
    }

    /// What is added to the sums of a slice in words, but for noise.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn offsets(&self, job: &Job<'_>, (read, position, slice): (usize, usize, usize)) -> [__m512i; 2] {
        let plus = match self {
            Self::Words(Coder::Steps(steps)) | Self::Rounded(RoundedCoder { steps, .. }) => steps.plus,
            Self::Words(_) | Self::Converted(_) | Self::Lanes => 0,
        };
        let Some(lift) = job.lift(read, position, slice) else { return [_mm512_set1_epi16(plus); 2] };
        let mut offsets = [plus; LANES];
        offsets.iter_mut().zip(lift).for_each(|(offset, lift)| *offset = offset.wrapping_add(*lift as i16));
        // SAFETY: both are 128 bytes, and all bits are numbers.
        unsafe { std::mem::transmute(offsets) }
    }

    /// Makes and converts all sums.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    pub(super) fn run<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>) {
        match self {
            Self::Words(Coder::Same) => run.run(output, &Coded::new(run, move |words| words)),
            Self::Words(Coder::Clip(max)) => {
                let max = *max;
                let clip =
                    move |[first, others]: [__m512i; 2]| [_mm512_min_epu16(first, max), _mm512_min_epu16(others, max)];
                run.run(output, &Coded::new(run, clip));
            }
            Self::Words(Coder::Steps(steps)) => match &run.noise {
                None => run.run(output, &Stepped { places: places(run), second: run.products.second(), steps: *steps }),
                Some(noise) => {
                    let stepped = Stepped { places: places(run), second: run.products.second(), steps: *steps };
                    run.run(output, &Noisy { stepped, noise });
                }
            },
            Self::Rounded(coder) => run.run(output, &Rounded { run, coder: *coder }),
            Self::Converted(converter) => run.run(output, &Converted { places: places(run), run, converter }),
            Self::Lanes => run.run(output, &Lanes(run)),
        }
    }
}

/// What codes of a slice are worth.
struct Place {
    /// As factors, of columns that are not and of those that are negated.
    factors: [__m512i; 2],
    shift: u32,
    sign: SliceSign,
}

#[target_feature(enable = "avx512f,avx512bw")]
fn places(run: &Run<'_>) -> Vec<Place> {
    let place = |batch: &Batch| {
        let Slice { shift, sign, .. } = run.job.slices[batch.slice];
        let factor = 1i16.unbounded_shl(shift);
        let factors = match sign {
            SliceSign::Plus => [factor, factor.wrapping_neg()],
            SliceSign::Minus => [factor.wrapping_neg(), factor],
        };
        Place { factors: factors.map(|factor| _mm512_set1_epi16(factor)), shift, sign }
    };
    run.batches.iter().map(place).collect()
}

impl Place {
    /// Adds codes of a column.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn add<T: Total>(&self, before: Totals, totals: &mut [T; LANES], codes: [__m512i; 2], is_negated: bool) {
        let factor = self.factors[usize::from(is_negated)];
        before.add_codes(totals, codes, (factor, self.shift, self.sign.times(is_negated)));
    }
}

/// From words to words, without anything that is added.
struct Coded<F> {
    places: Vec<Place>,
    second: Second,
    code: F,
}

impl<F: Fn([__m512i; 2]) -> [__m512i; 2]> Coded<F> {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(run: &Run<'_>, code: F) -> Self {
        Self { places: places(run), second: run.products.second(), code }
    }
}

impl<T: Total, F: Fn([__m512i; 2]) -> [__m512i; 2]> Convert<T> for Coded<F> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let place = &self.places[drive.batch];
        for (row, (words, totals)) in words(self.second, quarter).into_iter().zip(totals).enumerate() {
            place.add(drive.before, totals, (self.code)(words), quarter.is_negated(row));
        }
    }
}

/// By steps.
struct Stepped {
    places: Vec<Place>,
    second: Second,
    steps: StepCoder,
}

impl<T: Total> Convert<T> for Stepped {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let (place, steps, [first, others]) = (&self.places[drive.batch], self.steps, drive.offsets);
        for (row, (words, totals)) in words(self.second, quarter).into_iter().zip(totals).enumerate() {
            let [low, high] = steps.units(words);
            let codes = [steps.codes(_mm512_add_epi16(low, first)), steps.codes(_mm512_add_epi16(high, others))];
            place.add(drive.before, totals, codes, quarter.is_negated(row));
        }
    }
}

/// The same with noise.
struct Noisy<'n> {
    stepped: Stepped,
    noise: &'n Noise<'n>,
}

impl<T: Total> Convert<T> for Noisy<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let Stepped { places, second, steps } = &self.stepped;
        let (place, steps, [first, others]) = (&places[drive.batch], *steps, drive.offsets);
        let samples = self.noise.words(drive, quarter.columns());
        let words = words(*second, quarter);
        for (row, ((words, samples), totals)) in words.into_iter().zip(samples).zip(totals).enumerate() {
            let [low, high] = steps.units(words);
            let low = _mm512_add_epi16(_mm512_add_epi16(low, first), samples[0]);
            let high = _mm512_add_epi16(_mm512_add_epi16(high, others), samples[1]);
            place.add(drive.before, totals, [steps.codes(low), steps.codes(high)], quarter.is_negated(row));
        }
    }
}

/// By steps in words, then in units once more.
struct Rounded<'a> {
    run: &'a Run<'a>,
    coder: RoundedCoder,
}

impl<T: Total> Convert<T> for Rounded<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let (job, coder, [first, others]) = (self.run.job, self.coder, drive.offsets);
        let index = self.run.batches[drive.batch].slice;
        let (slice, drop) = (&job.slices[index], job.drop(drive.read, drive.position, index));
        let samples = match &self.run.noise {
            Some(noise) => noise.words(drive, quarter.columns()),
            None => [[_mm512_setzero_si512(); 2]; QUARTER],
        };
        let words = words(self.run.products.second(), quarter).into_iter().zip(samples);
        for (row, ((words, samples), totals)) in words.zip(totals).enumerate() {
            let [low, high] = coder.steps.units(words);
            let low = _mm512_add_epi16(_mm512_add_epi16(low, first), samples[0]);
            let high = _mm512_add_epi16(_mm512_add_epi16(high, others), samples[1]);
            let values = coder.values([coder.steps.codes(low), coder.steps.codes(high)], drop);
            let sign = slice.signed(quarter.is_negated(row));
            drive.before.add_values(totals, values, (slice.shift, sign));
        }
    }
}

/// In words, lane by lane where that is quicker.
struct Converted<'a> {
    places: Vec<Place>,
    run: &'a Run<'a>,
    converter: &'a Converter<'a>,
}

impl<T: Total> Convert<T> for Converted<'_> {
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let columns = words(self.run.products.second(), quarter).into_iter().zip(totals).enumerate();
        for (row, (words, totals)) in columns.filter(|(row, _)| quarter.is_used(*row)) {
            let mut offsets = [signed(drive.offsets[0]), signed(drive.offsets[1])];
            if let Some(noise) = &self.run.noise {
                let samples = noise.narrow_samples(drive, quarter.column(row));
                // Both together are no more than a word holds, else there would be no such converter.
                offsets.as_flattened_mut().iter_mut().zip(samples).for_each(|(offset, sample)| *offset += sample);
            }
            let mut codes = [unsigned(words[0]), unsigned(words[1])];
            for (codes, offsets) in codes.iter_mut().zip(&offsets) {
                self.converter.convert_offset(codes, offsets);
            }
            // SAFETY: both are 128 bytes, and all bits are numbers.
            let codes = unsafe { std::mem::transmute::<[[u16; LANES / 2]; 2], [__m512i; 2]>(codes) };
            self.places[drive.batch].add(drive.before, totals, codes, quarter.is_negated(row));
        }
    }
}

/// In wide arithmetic, lane by lane.
struct Lanes<'a>(&'a Run<'a>);

impl<T: Total> Convert<T> for Lanes<'_> {
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes")]
    unsafe fn add(&self, drive: &Drive, quarter: Quarter<'_>, totals: &mut [[T; LANES]; QUARTER]) {
        let (run, job) = (self.0, self.0.job);
        let index = run.batches[drive.batch].slice;
        let (slice, drop) = (&job.slices[index], job.drop(drive.read, drive.position, index));
        for (row, totals) in totals.iter_mut().enumerate().filter(|(row, _)| quarter.is_used(*row)) {
            drive.before.begin(totals);
            for (lane, analog) in analogs((run, drive), quarter.column(row)).into_iter().enumerate() {
                let drop = drop.map_or(0, |drop| drop[lane].into());
                let value = job.transfer.value(analog, job.stack.shift(), drop);
                totals[lane] = totals[lane].plus(T::wrapped(slice.placed(value, quarter.is_negated(row))));
            }
        }
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

impl Coder {
    /// `None` where codes are found in another way.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>, converter: &Converter<'_>) -> Option<Self> {
        match converter {
            Converter::Exact => return Some(Self::Same),
            Converter::Clip(max) => return Some(Self::Clip(_mm512_set1_epi16(*max as i16))),
            Converter::Small(_) | Converter::Uniform(_) | Converter::Table(_) => {}
        }
        let steps = Steps::with_offsets(job, converter, max_offset(job))?;
        Some(Self::Steps(StepCoder::new(job, &steps)))
    }
}

/// From words to numbers of 32 bits: see [`Transfer::Rounded`].
#[derive(Clone, Copy)]
pub(super) struct RoundedCoder {
    steps: StepCoder,
    /// Of the converter, in units.
    step: __m512i,
    /// What code 0 stands for, and what rounding adds.
    low: __m512i,
    bits: __m128i,
}

impl RoundedCoder {
    /// `None` where something is too wide.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>) -> Option<Self> {
        let Transfer::Rounded { uniform, bits } = job.transfer else { return None };
        let steps = Steps::of_uniform(job, uniform, max_offset(job))?;
        let max_drop = job.drops.into_iter().flatten().flatten().map(|drop| drop.unsigned_abs()).max().unwrap_or(0);
        let half_less_one = (1i64 << (bits - 1)) - 1;
        let greatest = uniform.decoded(uniform.max_code()).unsigned_abs() + uniform.low().unsigned_abs();
        let _: i32 = (greatest + u64::from(max_drop) + half_less_one as u64).try_into().ok()?;
        Some(Self {
            steps: StepCoder::new(job, &steps),
            step: _mm512_set1_epi32(uniform.step() as i32),
            low: _mm512_set1_epi32((uniform.low() + half_less_one) as i32),
            bits: _mm_cvtsi32_si128(*bits as i32),
        })
    }

    /// What codes become, for all images in order.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn values(&self, [first, others]: [__m512i; 2], drop: Option<&Lift>) -> [__m512i; 4] {
        let mut values = [
            _mm512_cvtepu16_epi32(_mm512_castsi512_si256(first)),
            _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(first)),
            _mm512_cvtepu16_epi32(_mm512_castsi512_si256(others)),
            _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(others)),
        ];
        for (part, value) in values.iter_mut().enumerate() {
            let decoded = _mm512_add_epi32(_mm512_mullo_epi32(*value, self.step), self.low);
            let left = match drop {
                Some(drop) => {
                    let drop = drop.as_chunks::<16>().0[part].as_ptr();
                    // SAFETY: the part is 64 bytes; the load needs no alignment.
                    _mm512_sub_epi32(decoded, unsafe { _mm512_loadu_si512(drop.cast()) })
                }
                None => decoded,
            };
            *value = _mm512_sra_epi32(left, self.bits);
        }
        values
    }
}

/// The greatest magnitude of what is added to sums.
fn max_offset(job: &Job<'_>) -> u32 {
    let lifts = job.lifts.into_iter().flatten().flatten();
    let max_lift = lifts.map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
    max_lift.saturating_add(job.stack.spread.as_ref().map_or(0, Spread::max_sample))
}

impl StepCoder {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>, steps: &Steps) -> Self {
        Self {
            left: job.stack.shift(),
            plus: steps.plus as i16,
            minus: _mm512_set1_epi16(steps.minus as i16),
            limit: _mm512_set1_epi16(steps.limit as i16),
            multiplier: _mm512_set1_epi16(steps.multiplier as i16),
            shift: _mm512_set1_epi16(steps.multiplier_shift as i16),
        }
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
