//! Sums in bytes: converted many columns at a time, pairs of slices of which one is worth twice the other together.

use super::{Images, Reading, join, place};
use crate::dispatch::Isa;
use crate::memory::{Before, Entry, Fetch, Line, OnLoad, Whole, sum, words};
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
        let clip = |max: u64| match u8::try_from(max) {
            Ok(max) if max.checked_mul(3).is_some() || job.stack.max_sum() > max.into() => {
                Code::clip(Clip { low: 0, limit: max })
            }
            _ => Code::Whole,
        };
        let code = match job.transfer {
            Transfer::Exact => clip(job.stack.max_sum()),
            Transfer::Clip { max } => clip((*max).into()),
            Transfer::Uniform(_) => {
                let ends = Ends::new(job)?;
                // Vectors of 256 bits have an instruction for it.
                let of_codes = || Scaled::of_codes(&ends).filter(|_| isa.has_vectors_of_256_bits());
                match ends.clip() {
                    Some(clip) => Code::clip(clip),
                    None => match of_codes() {
                        Some(scaled) => Code::Of15Bits(scaled),
                        None => Code::Of16Bits(Scaled::of_halves(&ends)?),
                    },
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
            Code::NarrowClip(NarrowClip(clip)) | Code::Clip(clip) => clip.limit.into(),
            Code::Of15Bits(scaled) => scaled.code(u8::MAX).into(),
            Code::Of16Bits(scaled) => scaled.code(u8::MAX).into(),
        }
    }
}

impl Code {
    fn clip(clip: Clip) -> Self {
        if clip.limit.checked_mul(3).is_some() { Self::NarrowClip(NarrowClip(clip)) } else { Self::Clip(clip) }
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
        match (images.recorded.is_empty(), self.plan.isa.has_vectors_of_256_bits()) {
            (false, _) => self.convert_and::<OnLoad, _, true>(coded, wholes, images, codes),
            (true, true) => self.convert_and::<OnLoad, _, false>(coded, wholes, images, codes),
            (true, false) => self.convert_and::<Before, _, false>(coded, wholes, images, codes),
        }
    }

    #[inline(always)]
    fn convert_and<F: Fetch, C: ByteCode, const RECORDS: bool>(
        &self,
        (steps, code): (&[Step], &C),
        wholes: &[Whole<u8, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[i16; N]],
    ) {
        let octets = self.plan.rows.octets_per_plane(self.index);
        let (n_planes, shift) = (self.plan.job.patterns.n_planes(), self.plan.job.stack.shift());
        let mut seen = images.seen.iter_mut();
        for (lane, codes) in codes.iter_mut().enumerate() {
            let row = &images.rows[lane * octets * n_planes..];
            let mut total = [0; N];
            for step in steps {
                let planes = &row[step.plane * octets..];
                let low = sum::<F, _, _>(wholes, (planes, octets));
                if RECORDS {
                    record(&low, (images.recorded, shift), &mut seen);
                }
                let found = match step.slices {
                    Slices::One => code.codes(&low),
                    Slices::Two => {
                        let high = sum::<F, _, _>(wholes, (&planes[octets..], octets));
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

/// How far the sum is above the lowest one, up to a limit.
struct Clip {
    low: u8,
    limit: u8,
}

/// The same, where a code and twice another fit in a byte.
struct NarrowClip(Clip);

impl Clip {
    #[inline(always)]
    fn code(&self, sum: u8) -> u8 {
        sum.saturating_sub(self.low).min(self.limit)
    }
}

impl ByteCode for Whole8 {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        words(sums)
    }
}

impl ByteCode for Clip {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        words(&Line(sums.0.map(|sum| self.code(sum))))
    }
}

impl ByteCode for NarrowClip {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        self.0.codes(sums)
    }

    #[inline(always)]
    fn pairs<const N: usize>(&self, low: &Line<u8, N>, high: &Line<u8, N>) -> [u16; N] {
        let mut joined = Line([0; N]);
        for at in 0..N {
            joined.0[at] = self.0.code(low.0[at]) + 2 * self.0.code(high.0[at]);
        }
        words(&joined)
    }
}

/// A uniform transfer that rounds to nearest: code = ⌊min(max(sum − low, 0), limit)·multiplier + ½⌋.
struct Scaled<M> {
    clip: Clip,
    multiplier: M,
}

/// What bytes are multiplied with, to the nearest whole number.
trait Factor: Copy {
    fn times(self, byte: u16) -> u16;

    /// Multiplies many.
    fn times_all<const N: usize>(self, bytes: &mut [u16; N]);
}

/// So many parts of 2^17, times 2^shift; bytes times that are words.
#[derive(Clone, Copy)]
struct Of16Bits {
    parts: u16,
    shift: u32,
}

/// So many parts of 2^15, fewer than 2^15.
#[derive(Clone, Copy)]
struct Of15Bits(i16);

impl Factor for Of16Bits {
    #[inline(always)]
    fn times(self, byte: u16) -> u16 {
        let halves = (u32::from(byte << self.shift) * u32::from(self.parts)) >> 16;
        halves.div_ceil(2) as u16
    }

    #[inline(always)]
    fn times_all<const N: usize>(self, bytes: &mut [u16; N]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every machine of this architecture has the instructions.
        unsafe {
            crate::sse2::times(bytes, self.parts, self.shift);
        }
        #[cfg(not(target_arch = "x86_64"))]
        bytes.iter_mut().for_each(|byte| *byte = self.times(*byte));
    }
}

impl Factor for Of15Bits {
    #[inline(always)]
    fn times(self, byte: u16) -> u16 {
        ((((i32::from(byte as i16) * i32::from(self.0)) >> 14) + 1) >> 1) as u16
    }

    #[inline(always)]
    fn times_all<const N: usize>(self, bytes: &mut [u16; N]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a job has such a fraction only where vectors have 256 bits.
        unsafe {
            crate::avx2::times(bytes, self.0);
        }
        #[cfg(not(target_arch = "x86_64"))]
        bytes.iter_mut().for_each(|byte| *byte = self.times(*byte));
    }
}

impl Scaled<Of16Bits> {
    /// `None` where that is not what the converter does.
    fn of_halves(ends: &Ends) -> Option<Self> {
        // Half codes, of which a sum that is shifted is worth less than one.
        let step = |shift: u32| (ends.step << shift).div_ceil(2);
        let shift = (0..=8).find(|shift| step(*shift) > ends.level)?;
        let least = (ends.level << 17) / (ends.step << shift);
        let scaled = |parts| Self::new(ends, Of16Bits { parts: u16::try_from(parts).ok()?, shift });
        [least, least + 1].into_iter().find_map(scaled)
    }
}

impl Scaled<Of15Bits> {
    /// Likewise.
    fn of_codes(ends: &Ends) -> Option<Self> {
        let least = (ends.level << 15) / ends.step;
        [least, least + 1].into_iter().find_map(|multiplier| Self::new(ends, Of15Bits(i16::try_from(multiplier).ok()?)))
    }
}

impl<M: Factor> Scaled<M> {
    fn new(ends: &Ends, multiplier: M) -> Option<Self> {
        let scaled = Self { clip: Clip { low: ends.low, limit: ends.limit }, multiplier };
        ends.are_codes(|sum| scaled.code(sum)).then_some(scaled)
    }

    fn code(&self, sum: u8) -> u16 {
        self.multiplier.times(self.clip.code(sum).into())
    }
}

impl<M: Factor> ByteCode for Scaled<M> {
    #[inline(always)]
    fn codes<const N: usize>(&self, sums: &Line<u8, N>) -> [u16; N] {
        let mut codes = self.clip.codes(sums);
        self.multiplier.times_all(&mut codes);
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
        let below = codes.partition_point(|code| Some(code) < codes.last());
        let limit = u8::try_from(below).ok()?.saturating_sub(low);
        Some(Self { low, limit, step: uniform.step().into(), level: 1 << shift, codes })
    }

    /// How codes rise where each is worth a sum; `None` where that is not so.
    fn clip(&self) -> Option<Clip> {
        let low = u8::try_from(self.codes.partition_point(|&code| code == 0).checked_sub(1)?).ok()?;
        let clip = Clip { low, limit: self.low.checked_add(self.limit)?.saturating_sub(low) };
        self.are_codes(|sum| clip.code(sum).into()).then_some(clip)
    }

    fn are_codes(&self, code: impl Fn(u8) -> u16) -> bool {
        (0..=u8::MAX).zip(&self.codes).all(|(sum, &expected)| i64::from(code(sum)) == expected)
    }
}
