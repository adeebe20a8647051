//! A slice at a time: codes of its sums, and what they add to totals; or lane by lane.

use std::arch::x86_64::*;

use super::codes::{Codes, Direct, Noisy, Plain, Shifted, StepCoder, Stepped, Units, max_offset};
use super::inputs::Driven;
use super::sums::{Column, EIGHTH, Part};
use super::wide::{Tabulated, Wide, WideSteps};
use super::{Batch, Convert, Drive, Run};
use crate::products::Second;
use crate::words::{Converter, Steps};
use crate::{Job, LANES, Lift, Output, Slice, SliceSign, Total, Transfer};

/// From sums to totals.
pub(super) enum Slices<'a> {
    /// Codes are what is added.
    Codes(Coder<'a>),
    /// Codes are decoded and rounded first.
    Rounded(UniformCoder, Rounding),
    /// In 64 bits.
    Lanes,
}

/// From sums to codes.
pub(super) enum Coder<'a> {
    /// They are the sums.
    Same,
    /// They are the sums up to this one.
    Clip(__m512i),
    Uniform(UniformCoder),
    Table(Tabulated<'a>),
}

/// The codes of a uniform converter.
pub(super) enum UniformCoder {
    /// Of sums in words.
    Narrow(StepCoder),
    /// Of sums in 32 bits.
    Wide(WideSteps),
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
pub(super) fn analogs((run, drive): (&Run<'_>, &Drive), column: Column<'_>) -> [i64; LANES] {
    let job = run.job;
    let slice = run.batches[drive.batch].slice;
    // Loops, as closures would not be compiled into this.
    let mut analogs = [0; LANES];
    for (analog, sum) in analogs.iter_mut().zip(column.wides(0).in_order()) {
        *analog = i64::from(sum);
    }
    if run.products.second() == Second::High {
        for (analog, high) in analogs.iter_mut().zip(column.wides(1).in_order()) {
            *analog += i64::from(high) << 8;
        }
    }
    for analog in &mut analogs {
        *analog <<= job.stack.shift();
    }
    if let Some(lift) = job.lift(drive.read, drive.position, slice) {
        for (analog, &lift) in analogs.iter_mut().zip(lift) {
            *analog += i64::from(lift);
        }
    }
    if let Some(noise) = &run.noise {
        for (analog, sample) in analogs.iter_mut().zip(noise.samples(drive, column).in_order()) {
            *analog += i64::from(sample);
        }
    }
    analogs
}

impl<'a> Slices<'a> {
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn new(job: &Job<'a>) -> Self {
        if let Transfer::Rounded { .. } = job.transfer {
            let coder = UniformCoder::new(job).zip(Rounding::new(job));
            return coder.map_or(Self::Lanes, |(coder, rounding)| Self::Rounded(coder, rounding));
        }
        Coder::new(job).map_or(Self::Lanes, Self::Codes)
    }

    /// What is added to the sums of a slice in words, but for noise.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn offsets(&self, job: &Job<'_>, (read, position, slice): (usize, usize, usize)) -> [__m512i; 2] {
        let plus = match self {
            Self::Codes(Coder::Uniform(UniformCoder::Narrow(steps)))
            | Self::Rounded(UniformCoder::Narrow(steps), _) => steps.plus(),
            Self::Codes(_) | Self::Rounded(..) | Self::Lanes => 0,
        };
        let Some(lift) = job.lift(read, position, slice) else { return [_mm512_set1_epi16(plus); 2] };
        let mut offsets = [plus; LANES];
        offsets.iter_mut().zip(lift).for_each(|(offset, lift)| *offset = offset.wrapping_add(*lift as i16));
        // SAFETY: both are 128 bytes, and all bits are numbers.
        unsafe { std::mem::transmute(offsets) }
    }

    /// Makes and converts all sums.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn run<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>) {
        match self {
            Self::Codes(coder) => coder.run(run, output),
            Self::Rounded(coder, rounding) => coder.run(run, output, Rounded { run, rounding: *rounding }),
            Self::Lanes => run.run(output, &Lanes(run)),
        }
    }
}

impl<'a> Coder<'a> {
    /// `None` where sums need more than 32 bits.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'a>) -> Option<Self> {
        match Converter::of(job) {
            Some(Converter::Exact) => return Some(Self::Same),
            Some(Converter::Clip(max)) => return Some(Self::Clip(_mm512_set1_epi16(max as i16))),
            Some(Converter::Table(_) | Converter::Small(_) | Converter::Uniform(_)) | None => {}
        }
        match job.transfer {
            Transfer::Table { first, codes } => Tabulated::new(job, (*first, codes)).map(Self::Table),
            Transfer::Uniform(_) => UniformCoder::new(job).map(Self::Uniform),
            Transfer::Exact | Transfer::Clip { .. } | Transfer::Rounded { .. } => None,
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn run<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>) {
        let (units, values) = (Shifted::of(run), Signed);
        // What isn't converted keeps its units.
        let sums = Shifted { left: 0, ..units };
        match self {
            Self::Same => run.run(output, &Converted { codes: Direct { units: sums, code: |words| words }, values }),
            Self::Clip(max) => {
                let max = *max;
                let code =
                    move |[first, others]: [__m512i; 2]| [_mm512_min_epu16(first, max), _mm512_min_epu16(others, max)];
                run.run(output, &Converted { codes: Direct { units: sums, code }, values });
            }
            Self::Uniform(UniformCoder::Narrow(steps)) if units.are_plain() && !run.job.stack.has_negated() => {
                steps.run(run, output, (Plain, Placed));
            }
            Self::Uniform(coder) => coder.run(run, output, values),
            Self::Table(table) => run.run(output, &Converted { codes: Wide::new(run, *table), values }),
        }
    }
}

impl UniformCoder {
    /// `None` where a job's converter is another, or something is too wide.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>) -> Option<Self> {
        let (Transfer::Uniform(uniform) | Transfer::Rounded { uniform, .. }) = job.transfer else { return None };
        match Steps::of_uniform(job, uniform, max_offset(job)) {
            Some(steps) => Some(Self::Narrow(StepCoder::new(&steps))),
            None => WideSteps::new(job, uniform).map(Self::Wide),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn run<T: Total>(&self, run: &Run<'_>, output: Output<'_, T>, values: impl Values<T>) {
        match self {
            Self::Narrow(steps) => steps.run(run, output, (Shifted::of(run), values)),
            Self::Wide(coder) => run.run(output, &Converted { codes: Wide::new(run, *coder), values }),
        }
    }
}

impl StepCoder {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn run<T: Total>(self, run: &Run<'_>, output: Output<'_, T>, (units, values): (impl Units, impl Values<T>)) {
        match &run.noise {
            None => run.run(output, &Converted { codes: Stepped { units, steps: self }, values }),
            Some(noise) => run.run(output, &Converted { codes: Noisy { units, steps: self, noise }, values }),
        }
    }
}

impl Shifted {
    fn of(run: &Run<'_>) -> Self {
        Self { second: run.products.second(), left: run.job.stack.shift() }
    }

    /// Whether sums are those of one set.
    fn are_plain(self) -> bool {
        self.second != Second::High && self.left == 0
    }
}

/// By codes, and what they add.
struct Converted<C, V> {
    codes: C,
    values: V,
}

/// What codes add to totals.
trait Values<T> {
    /// Adds those of a column, `offset` columns from the first; codes are in words for all images in order.
    ///
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn add(&self, drive: &Drive, column: (Part<'_>, usize), codes: [__m512i; 2], totals: &mut [T; LANES]);
}

impl<T: Total, C: Codes, V: Values<T>> Convert<T> for Converted<C, V> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(&self, drive: &Drive, part: Part<'_>, totals: &mut [[T; LANES]; EIGHTH]) {
        // SAFETY: the caller says that this machine has the instructions.
        let codes = unsafe { self.codes.codes::<(T, V)>(drive, part) };
        for (offset, (codes, totals)) in codes.iter().zip(totals).enumerate() {
            // SAFETY: likewise.
            unsafe { self.values.add(drive, (part, offset), *codes, totals) };
        }
    }
}

/// What codes of a slice are worth in words, in columns that are not and in those that are negated.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn factors((shift, sign): (u32, SliceSign)) -> [__m512i; 2] {
    let factor = 1i16.unbounded_shl(shift);
    let (plus, minus) = (_mm512_set1_epi16(factor), _mm512_set1_epi16(factor.wrapping_neg()));
    match sign {
        SliceSign::Plus => [plus, minus],
        SliceSign::Minus => [minus, plus],
    }
}

/// Codes themselves, where no column is negated.
struct Placed;

impl<T: Total> Values<T> for Placed {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(&self, drive: &Drive, _: (Part<'_>, usize), codes: [__m512i; 2], totals: &mut [T; LANES]) {
        let ((shift, sign), [factor, _]) = (drive.place, drive.factors);
        drive.before.add_codes(totals, codes, (factor, shift, sign));
    }
}

/// Codes themselves.
struct Signed;

impl<T: Total> Values<T> for Signed {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(
        &self,
        drive: &Drive,
        (part, offset): (Part<'_>, usize),
        codes: [__m512i; 2],
        totals: &mut [T; LANES],
    ) {
        let ((shift, sign), is_negated) = (drive.place, part.is_negated(offset));
        let factor = drive.factors[usize::from(is_negated)];
        drive.before.add_codes(totals, codes, (factor, shift, sign.times(is_negated)));
    }
}

/// What codes are decoded to, rounded.
struct Rounded<'a> {
    run: &'a Run<'a>,
    rounding: Rounding,
}

impl<T: Total> Values<T> for Rounded<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(
        &self,
        drive: &Drive,
        (part, offset): (Part<'_>, usize),
        codes: [__m512i; 2],
        totals: &mut [T; LANES],
    ) {
        let slice = self.run.batches[drive.batch].slice;
        let values = self.rounding.values(codes, self.run.job.drop(drive.read, drive.position, slice));
        let (shift, sign) = drive.place;
        drive.before.add_values(totals, values, (shift, sign.times(part.is_negated(offset))));
    }
}

/// From codes to numbers of 32 bits: see [`Transfer::Rounded`].
#[derive(Clone, Copy)]
pub(super) struct Rounding {
    /// Of the converter, in units.
    step: __m512i,
    /// What code 0 stands for, and what rounding adds.
    low: __m512i,
    bits: __m128i,
}

impl Rounding {
    /// `None` where nothing is rounded, or something is too wide.
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(job: &Job<'_>) -> Option<Self> {
        let Transfer::Rounded { uniform, bits } = job.transfer else { return None };
        let max_drop = job.drops.into_iter().flatten().flatten().map(|drop| drop.unsigned_abs()).max().unwrap_or(0);
        let half_less_one = (1i64 << (bits - 1)) - 1;
        let greatest = uniform.decoded(uniform.max_code()).unsigned_abs() + uniform.low().unsigned_abs();
        let _: i32 = (greatest + u64::from(max_drop) + half_less_one as u64).try_into().ok()?;
        Some(Self {
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

/// In 64 bits, lane by lane.
struct Lanes<'a>(&'a Run<'a>);

impl<T: Total> Convert<T> for Lanes<'_> {
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    unsafe fn add(&self, drive: &Drive, part: Part<'_>, totals: &mut [[T; LANES]; EIGHTH]) {
        let (run, job) = (self.0, self.0.job);
        let index = run.batches[drive.batch].slice;
        let (slice, drop) = (&job.slices[index], job.drop(drive.read, drive.position, index));
        for (row, totals) in totals.iter_mut().enumerate().filter(|(row, _)| part.is_used(*row)) {
            drive.before.begin(totals);
            for (lane, analog) in analogs((run, drive), part.column(row)).into_iter().enumerate() {
                let drop = drop.map_or(0, |drop| drop[lane].into());
                let value = job.transfer.value(analog, job.stack.shift(), drop);
                totals[lane] = totals[lane].plus(T::wrapped(slice.placed(value, part.is_negated(row))));
            }
        }
    }
}
