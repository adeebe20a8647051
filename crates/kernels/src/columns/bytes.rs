//! Sums in bytes: converted many columns at a time, pairs of slices of which one is worth twice the other together.

use std::hint::black_box;

use super::{Images, Reading, join, place};
use crate::dispatch::Isa;
use crate::memory::{Entry, Line, Whole, sum, words};
use crate::{Job, SliceSign, Transfer};

/// How the sums of a job's slices are converted and added.
pub(super) struct Bytes {
    steps: Vec<Step>,
    code: Code,
}

/// Slices that are added together.
struct Step {
    /// The plane of the first.
    plane: usize,
    slices: Slices,
    shift: u32,
    sign: SliceSign,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Slices {
    One,
    /// The second is worth twice the first.
    Two,
}

/// A transfer of sums up to 255.
enum Code {
    Whole,
    NarrowClip(NarrowClip),
    Clip(Clip),
    Of15Bits(Scaled<Of15Bits>),
    Of16Bits(Scaled<Of16Bits>),
}

impl Bytes {
    /// `None` where conversion needs more than a sum in a byte, or slices have several planes.
    pub(super) fn new<E: Entry>(isa: Isa, job: &Job<'_>) -> Option<Self> {
        let has_offsets = job.lifts.is_some() || job.stack.spread.is_some();
        if E::MAX > u8::MAX.into() || has_offsets || job.slices.iter().any(|slice| slice.planes.len() > 1) {
            return None;
        }
        let clip = |max: u64| {
            let max_sum = job.stack.max_sum();
            match u8::try_from(max) {
                Ok(max) if max.checked_mul(3).is_some() => Code::NarrowClip(NarrowClip(max)),
                Ok(max) if max_sum > max.into() => Code::Clip(Clip(max)),
                _ => Code::Whole,
            }
        };
        let code = match job.transfer {
            Transfer::Exact => clip(job.stack.max_sum()),
            Transfer::Clip { max } => clip((*max).into()),
            Transfer::Uniform(_) => {
                let ends = Ends::new(job)?;
                // One instruction where vectors have 256 bits, and many where they don't.
                match Scaled::below_or_above(&ends).filter(|_| isa.has_vectors_of_256_bits()) {
                    Some(scaled) => Code::Of15Bits(scaled),
                    None => Code::Of16Bits(Scaled::nearest(&ends)?),
                }
            }
            Transfer::Table { .. } | Transfer::Rounded { .. } => return None,
        };
        Some(Self { steps: steps(job), code })
    }

    /// The greatest code.
    pub(super) fn max_code(&self) -> u64 {
        match &self.code {
            Code::Whole => u8::MAX.into(),
            Code::NarrowClip(NarrowClip(max)) | Code::Clip(Clip(max)) => (*max).into(),
            Code::Of15Bits(scaled) => scaled.code(u8::MAX).into(),
            Code::Of16Bits(scaled) => scaled.code(u8::MAX).into(),
        }
    }
}

fn steps(job: &Job<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(job.slices.len());
    for slice in job.slices {
        let plane = slice.planes.start;
        match steps.last_mut() {
            Some(last)
                if last.slices == Slices::One
                    && (last.plane + 1, last.shift + 1) == (plane, slice.shift)
                    && (last.sign, slice.sign) == (SliceSign::Plus, SliceSign::Plus) =>
            {
                last.slices = Slices::Two;
            }
            _ => steps.push(Step { plane, slices: Slices::One, shift: slice.shift, sign: slice.sign }),
        }
    }
    steps
}

impl<const N: usize> Reading<'_, u8, N> {
    #[inline(always)]
    pub(super) fn convert_bytes(
        &self,
        bytes: &Bytes,
        wholes: &[Whole<u8, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[i16; N]],
    ) {
        match &bytes.code {
            Code::Whole => self.convert_with((&bytes.steps, &Whole8), wholes, images, codes),
            Code::NarrowClip(clip) => self.convert_with((&bytes.steps, clip), wholes, images, codes),
            Code::Clip(clip) => self.convert_with((&bytes.steps, clip), wholes, images, codes),
            Code::Of15Bits(scaled) => self.convert_with((&bytes.steps, scaled), wholes, images, codes),
            Code::Of16Bits(scaled) => self.convert_with((&bytes.steps, scaled), wholes, images, codes),
        }
    }

    #[inline(always)]
    fn convert_with(
        &self,
        coded: (&[Step], &impl ByteCode),
        wholes: &[Whole<u8, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[i16; N]],
    ) {
        // Sums that aren't looked at stay in registers.
        if images.recorded.is_empty() {
            self.convert_and::<_, false>(coded, wholes, images, codes);
        } else {
            self.convert_and::<_, true>(coded, wholes, images, codes);
        }
    }

    #[inline(always)]
    fn convert_and<C: ByteCode, const RECORDS: bool>(
        &self,
        (steps, code): (&[Step], &C),
        wholes: &[Whole<u8, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[i16; N]],
    ) {
        let octets = self.plan.rows.octets_per_plane(self.index);
        let (n_planes, shift) = (self.plan.job.patterns.n_planes(), self.plan.job.stack.shift());
        let mut seen = images.seen.iter_mut();
        for (row, codes) in images.rows.chunks_exact(octets * n_planes).zip(codes) {
            let mut total = [0; N];
            for step in steps {
                let row = &row[step.plane * octets..];
                let low = sum(wholes, &row[..octets]);
                if RECORDS {
                    record(&low, (images.recorded, shift), &mut seen);
                }
                let found = match step.slices {
                    Slices::One => code.codes(&low),
                    Slices::Two => {
                        let high = sum(wholes, &row[octets..2 * octets]);
                        if RECORDS {
                            record(&high, (images.recorded, shift), &mut seen);
                        }
                        code.pairs(&low, &high)
                    }
                };
                place(&found, (step.shift, step.sign), &mut total);
            }
            self.negate(&mut total);
            join(total, codes, images.joining);
        }
    }
}

#[inline(always)]
fn record<'s, const N: usize>(
    sums: &Line<u8, N>,
    (recorded, shift): (&[usize], u32),
    seen: &mut impl Iterator<Item = &'s mut i64>,
) {
    for (&at, seen) in recorded.iter().zip(seen) {
        *seen = i64::from(sums.0[u8::place(at, N)]) << shift;
    }
}

/// A transfer of sums in bytes to words.
trait ByteCode {
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N];

    /// The code of one sum and twice that of another.
    #[inline(always)]
    fn pairs<const N: usize>(&self, low: &Line<u8, N>, high: &Line<u8, N>) -> [u16; N] {
        let mut codes = self.codes(low);
        codes.iter_mut().zip(self.codes(high)).for_each(|(low, high)| *low += 2 * high);
        codes
    }
}

/// The sum itself.
struct Whole8;

/// The sum up to a limit.
struct Clip(u8);

/// The same, where a code and twice another fit in a byte.
struct NarrowClip(u8);

impl ByteCode for Whole8 {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        words(sums)
    }
}

impl ByteCode for Clip {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        words(&Line(sums.0.map(|sum| sum.min(self.0))))
    }
}

impl ByteCode for NarrowClip {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        Clip(self.0).codes(sums)
    }

    #[inline(always)]
    fn pairs<const N: usize>(&self, low: &Line<u8, N>, high: &Line<u8, N>) -> [u16; N] {
        let mut joined = Line([0; N]);
        for at in 0..N {
            joined.0[at] = low.0[at].min(self.0) + 2 * high.0[at].min(self.0);
        }
        words(&joined)
    }
}

/// A uniform transfer that rounds to nearest: code = ⌊(min(max(sum − low, 0), limit)·2^shift)·multiplier + ½⌋.
struct Scaled<M> {
    low: u8,
    limit: u8,
    /// Of at most 255.
    shift: u32,
    multiplier: M,
}

/// A fraction that bytes are multiplied with, to the nearest whole number.
trait Fraction: Copy {
    fn times(self, byte: u16) -> u16;
}

/// So many parts of 2^16.
#[derive(Clone, Copy)]
struct Of16Bits(u16);

/// So many parts of 2^15, fewer than 2^15.
#[derive(Clone, Copy)]
struct Of15Bits(i16);

impl Fraction for Of16Bits {
    #[inline(always)]
    fn times(self, byte: u16) -> u16 {
        let high = (u32::from(byte) * u32::from(self.0)) >> 16;
        high as u16 + (byte.wrapping_mul(self.0) >> 15)
    }
}

impl Fraction for Of15Bits {
    #[inline(always)]
    fn times(self, byte: u16) -> u16 {
        // In the form that the compiler knows.
        ((((i32::from(byte as i16) * i32::from(self.0)) >> 14) + 1) >> 1) as u16
    }
}

impl Scaled<Of16Bits> {
    /// `None` where that is not what the converter does.
    fn nearest(ends: &Ends) -> Option<Self> {
        let step = ends.step << ends.shift()?;
        let multiplier = ((ends.level << 16) + step / 2) / step;
        Self::new(ends, Of16Bits(u16::try_from(multiplier).ok()?))
    }
}

impl Scaled<Of15Bits> {
    /// Likewise.
    fn below_or_above(ends: &Ends) -> Option<Self> {
        let least = (ends.level << 15) / (ends.step << ends.shift()?);
        [least, least + 1].into_iter().find_map(|multiplier| Self::new(ends, Of15Bits(i16::try_from(multiplier).ok()?)))
    }
}

impl<M: Fraction> Scaled<M> {
    fn new(ends: &Ends, multiplier: M) -> Option<Self> {
        let scaled = Self { low: ends.low, limit: ends.limit, shift: ends.shift()?, multiplier };
        ends.are_codes(|sum| scaled.code(sum)).then_some(scaled)
    }

    #[inline(always)]
    fn scaled(&self, sum: u8) -> u8 {
        sum.saturating_sub(self.low).min(self.limit) << self.shift
    }

    fn code(&self, sum: u8) -> u16 {
        self.multiplier.times(self.scaled(sum).into())
    }
}

impl<M: Fraction> ByteCode for Scaled<M> {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        // Were the multiplier's widening moved out of the loop over images, the compiler wouldn't see that the high
        // halves of products are all that is wanted.
        let multipliers = black_box([self.multiplier; N]);
        let mut codes = words(&Line(sums.0.map(|sum| self.scaled(sum))));
        codes.iter_mut().zip(multipliers).for_each(|(code, multiplier)| *code = multiplier.times(*code));
        codes
    }
}

/// A uniform converter of sums in bytes.
struct Ends {
    /// From this sum on codes rise …
    low: u8,
    /// … for so many more.
    limit: u8,
    /// In units: from one code to the next, …
    step: u128,
    /// … and from one sum to the next.
    level: u128,
    /// Of each sum.
    codes: Vec<i64>,
}

impl Ends {
    /// `None` if it is another converter.
    fn new(job: &Job<'_>) -> Option<Self> {
        let (Transfer::Uniform(uniform), shift) = (job.transfer, job.stack.shift()) else { return None };
        let low = u8::try_from(uniform.low() >> shift).ok()?;
        let code = |sum: u8| job.transfer.value(i64::from(sum) << shift, shift, 0);
        let codes: Vec<i64> = (0..=u8::MAX).map(code).collect();
        let limit = (low..=u8::MAX).find(|&sum| code(sum) == code(u8::MAX))? - low;
        Some(Self { low, limit, step: uniform.step().into(), level: 1 << shift, codes })
    }

    /// How far sums are shifted so that each is worth one code or less; `None` if that is beyond a byte.
    fn shift(&self) -> Option<u32> {
        (0..8).find(|shift| self.step << shift > self.level).filter(|shift| self.limit.leading_zeros() >= *shift)
    }

    fn are_codes(&self, code: impl Fn(u8) -> u16) -> bool {
        (0..=u8::MAX).zip(&self.codes).all(|(sum, &expected)| i64::from(code(sum)) == expected)
    }
}
