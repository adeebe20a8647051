//! Conversion of sums in words of 16 bits, sixteen or more lanes at a time.

use crate::noise::Spread;
use crate::{Job, Transfer, Uniform};

/// A transfer in words.
#[derive(Clone, Debug)]
pub(crate) enum Converter<'a> {
    Exact,
    Clip(u16),
    Small(Uniform15),
    Uniform(Uniform16),
    Table(Codes16<'a>),
}

/// Tabulated codes.
#[derive(Clone, Debug)]
pub(crate) struct Codes16<'a> {
    shift: u32,
    first: i32,
    codes: &'a [u16],
}

/// A uniform converter of sums and offsets below 2^15 units, whose reciprocal needs no correction.
#[derive(Clone, Debug)]
pub(crate) struct Uniform15 {
    shift: u32,
    offset: i16,
    max_code: u16,
    /// ⌈2^(16 + reciprocal_shift)/step⌉ < 2^16.
    reciprocal: u16,
    reciprocal_shift: u32,
}

/// code = min(⌊(sum·2^shift + offset)/step⌋, max_code), with a negative numerator as 0.
///
/// This is [`Uniform`]'s code as ⌊(2·i + Δ)/(2·Δ)⌋ = ⌊(i + ⌊Δ/2⌋)/Δ⌋ for whole i.
#[derive(Clone, Debug)]
pub(crate) struct Uniform16 {
    shift: u32,
    offset: i16,
    step: u16,
    max_code: u16,
    /// ⌊2^(16 + reciprocal_shift)/step⌋ < 2^16.
    reciprocal: u16,
    reciprocal_shift: u32,
}

impl<'a> Converter<'a> {
    /// For the sums of a job; `None` where words are too narrow.
    pub(crate) fn of(job: &Job<'a>) -> Option<Self> {
        let stack = job.stack;
        let noise = stack.spread.as_ref().map_or(0, Spread::max_sample);
        let lift = job.lifts.into_iter().flatten().flatten().map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
        let has_offsets = job.lifts.is_some() || stack.spread.is_some();
        let max_offset = has_offsets.then_some(noise.saturating_add(lift));
        Self::new(job.transfer, stack.shift(), stack.max_sum() * max_input(job), max_offset)
    }

    /// `None` where words are too narrow. `max_sum` is the greatest sum of cells, `max_offset` the greatest magnitude of
    /// what is added to it, if anything is.
    pub(crate) fn new(transfer: &'a Transfer, shift: u32, max_sum: u64, max_offset: Option<u32>) -> Option<Self> {
        let max_analog = u16::try_from(max_sum).ok().and_then(|sum| (u32::from(sum) << shift).try_into().ok());
        match transfer {
            Transfer::Exact if max_offset.is_none() => u16::try_from(max_sum).ok().map(|_| Self::Exact),
            Transfer::Clip { max } if max_offset.is_none() => {
                u16::try_from(max_sum).ok().map(|sum| Self::Clip((*max).min(sum.into()) as u16))
            }
            Transfer::Uniform(uniform) => {
                let max_analog: u16 = max_analog?;
                let (range, max_offset) = ((shift, max_analog), max_offset.unwrap_or(0));
                Uniform15::new(uniform, range, max_offset)
                    .map(Self::Small)
                    .or_else(|| Uniform16::new(uniform, shift, max_offset).map(Self::Uniform))
            }
            Transfer::Table { first, codes } => {
                let _: u16 = max_sum.try_into().ok()?;
                let _: i16 = max_offset.unwrap_or(0).try_into().ok()?;
                Codes16::new(shift, *first, codes).map(Self::Table)
            }
            Transfer::Exact | Transfer::Clip { .. } | Transfer::Rounded { .. } => None,
        }
    }

    /// The greatest code.
    pub(crate) fn max_code(&self, job: &Job<'_>) -> u64 {
        match self {
            Self::Exact => job.stack.max_sum() * max_input(job),
            Self::Clip(max) => (*max).into(),
            Self::Small(uniform) => uniform.max_code.into(),
            Self::Uniform(uniform) => uniform.max_code.into(),
            Self::Table(table) => table.codes.iter().max().map_or(0, |&code| code.into()),
        }
    }

    /// Converts sums.
    #[inline(always)]
    pub(crate) fn convert<const N: usize>(&self, sums: &mut [u16; N]) {
        match self {
            Self::Exact => {}
            Self::Clip(max) => sums.iter_mut().for_each(|sum| *sum = (*sum).min(*max)),
            Self::Small(uniform) => uniform.convert(sums),
            Self::Uniform(uniform) => uniform.convert(sums),
            Self::Table(table) => table.convert(sums),
        }
    }

    /// Converts sums to which something is added in units.
    #[inline(always)]
    pub(crate) fn convert_offset<const N: usize>(&self, sums: &mut [u16; N], offsets: &[i16; N]) {
        match self {
            Self::Small(uniform) => {
                sums.iter_mut().zip(offsets).for_each(|(sum, &offset)| *sum = uniform.code(*sum, offset));
            }
            Self::Uniform(uniform) => {
                sums.iter_mut().zip(offsets).for_each(|(sum, &offset)| *sum = uniform.code(*sum, offset));
            }
            Self::Table(table) => {
                sums.iter_mut().zip(offsets).for_each(|(sum, &offset)| *sum = table.code(*sum, offset));
            }
            Self::Exact | Self::Clip(_) => unreachable!("made for sums without offsets"),
        }
    }
}

/// The greatest level that a word line is driven with.
pub(crate) fn max_input(job: &Job<'_>) -> u64 {
    job.slices.iter().map(|slice| (1 << slice.planes.len()) - 1).max().unwrap_or(0)
}

impl<'a> Codes16<'a> {
    /// `None` where numbers are beyond 32 bits.
    fn new(shift: u32, first: i64, codes: &'a [u16]) -> Option<Self> {
        let limit = 1 << 30;
        // Sums and offsets are words.
        let fits = first.unsigned_abs() <= limit && codes.len() as u64 <= limit && shift < 14;
        fits.then_some(Self { shift, first: first as i32, codes })
    }

    /// Converts sums.
    #[inline(always)]
    pub(crate) fn convert<const N: usize>(&self, sums: &mut [u16; N]) {
        sums.iter_mut().for_each(|sum| *sum = self.code(*sum, 0));
    }

    #[inline(always)]
    fn code(&self, sum: u16, offset: i16) -> u16 {
        let at = (i32::from(sum) << self.shift) + i32::from(offset) - self.first;
        self.codes[at.clamp(0, self.codes.len() as i32 - 1) as usize]
    }
}

impl Uniform15 {
    /// `None` where something is beyond 15 bits.
    fn new(uniform: &Uniform, (shift, max_analog): (u32, u16), max_offset: u32) -> Option<Self> {
        let limit = i16::MAX as u64;
        let (step, max_code) = (uniform.step(), u64::from(uniform.max_code()));
        let offset = (step / 2) as i64 - uniform.low();
        // A numerator beyond the limit counts as the limit, which must have the greatest code.
        let fits = u64::from(max_analog) <= limit
            && step.saturating_mul(max_code) <= limit
            && offset.unsigned_abs() + u64::from(max_offset) <= limit;
        if !fits || step == 0 {
            return None;
        }
        // With 2^r < Δ ≤ 2^(r + 1) and m = ⌈2^(16 + r)/Δ⌉ the excess m·Δ − 2^(16 + r) is below Δ ≤ 2^(r + 1), so that
        // ⌊n·m/2^(16 + r)⌋ = ⌊n/Δ⌋ for all n < 2^15 (Granlund & Montgomery, theorem 4.2).
        let reciprocal_shift = if step == 1 { return None } else { (step - 1).ilog2() };
        let reciprocal = u16::try_from((1u64 << (16 + reciprocal_shift)).div_ceil(step)).ok()?;
        Some(Self { shift, offset: offset as i16, max_code: max_code as u16, reciprocal, reciprocal_shift })
    }

    /// Converts sums.
    #[inline(always)]
    pub(crate) fn convert<const N: usize>(&self, sums: &mut [u16; N]) {
        sums.iter_mut().for_each(|sum| *sum = self.code(*sum, 0));
    }

    #[inline(always)]
    fn code(&self, sum: u16, offset: i16) -> u16 {
        let analog = (sum << self.shift) as i16;
        let numerator = analog.saturating_add(self.offset.wrapping_add(offset)).max(0) as u16;
        let product = (u32::from(numerator) * u32::from(self.reciprocal)) >> 16;
        (product as u16 >> self.reciprocal_shift).min(self.max_code)
    }
}

/// A transfer of sums in words to bytes: code = ⌊min(max(sum + plus − minus, 0), limit)·multiplier / 2^(16 + shift)⌋,
/// where sums plus `plus` don't overflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) plus: u16,
    pub(crate) minus: u16,
    pub(crate) limit: u16,
    pub(crate) multiplier: u16,
    pub(crate) multiplier_shift: u32,
}

impl Steps {
    /// For sums to which only noise is added, and codes of bytes; `None` where that is not what the converter does.
    pub(crate) fn of(job: &Job<'_>, converter: &Converter<'_>) -> Option<Self> {
        let steps = Self::with_offsets(job, converter, job.stack.spread.as_ref().map_or(0, Spread::max_sample))?;
        let has_bytes = converter.max_code(job) <= u8::MAX.into();
        (has_bytes && job.lifts.is_none() && job.stack.shift() == 0).then_some(steps)
    }

    /// For sums in units to which numbers of magnitudes up to `max_offset` are added; `None` likewise.
    pub(crate) fn with_offsets(job: &Job<'_>, converter: &Converter<'_>, max_offset: u32) -> Option<Self> {
        let (Converter::Uniform(_) | Converter::Small(_), Transfer::Uniform(uniform)) = (converter, job.transfer)
        else {
            return None;
        };
        Self::of_uniform(job, uniform, max_offset)
    }

    /// Likewise, of a uniform converter.
    pub(crate) fn of_uniform(job: &Job<'_>, uniform: &Uniform, max_offset: u32) -> Option<Self> {
        let uniform = Uniform16::new(uniform, job.stack.shift(), 0)?;
        if uniform.step == 1 {
            return None;
        }
        // Offsets are added to sums before they are cut off at 0: they must not wrap.
        let plus = u16::try_from(max_offset + u32::from(uniform.offset.max(0) as u16)).ok()?;
        let minus = u16::try_from(max_offset + u32::from(uniform.offset.min(0).unsigned_abs())).ok()?;
        let max_sum = (job.stack.max_sum() * max_input(job)) << uniform.shift;
        let _: u16 = (max_sum + u64::from(plus) + u64::from(max_offset)).try_into().ok()?;
        Self::new((plus, minus), uniform.step, uniform.max_code)
    }

    fn new((plus, minus): (u16, u16), step: u16, max_code: u16) -> Option<Self> {
        let (step, limit) = (u32::from(step), step * max_code);
        // ⌊n·m / 2^k⌋ = ⌊n/step⌋ for all n up to the limit, if m·step exceeds 2^k by e with e·n < 2^k.
        let multiplier_shift = (step - 1).ilog2();
        let power = 1u64 << (16 + multiplier_shift);
        let multiplier = power.div_ceil(step.into());
        let excess = multiplier * u64::from(step) - power;
        let is_exact = excess * u64::from(limit) < power;
        let multiplier = u16::try_from(multiplier).ok()?;
        is_exact.then_some(Self { plus, minus, limit, multiplier, multiplier_shift })
    }
}

impl Uniform16 {
    /// Converts sums.
    #[inline(always)]
    pub(crate) fn convert<const N: usize>(&self, sums: &mut [u16; N]) {
        sums.iter_mut().for_each(|sum| *sum = self.code(*sum, 0));
    }

    fn new(uniform: &Uniform, shift: u32, max_offset: u32) -> Option<Self> {
        let step = u16::try_from(uniform.step()).ok()?;
        let max_code = u16::try_from(uniform.max_code()).ok()?;
        // A numerator beyond a word counts as the greatest word, which must have the greatest code.
        if u32::from(step) * u32::from(max_code) > u16::MAX.into() {
            return None;
        }
        let offset = i64::from(step / 2) - uniform.low();
        if offset.unsigned_abs() + u64::from(max_offset) > i16::MAX as u64 {
            return None;
        }
        // ⌊log₂ step⌋, and for steps of a power of two one less, so that the reciprocal fits in a word.
        let reciprocal_shift = if step == 1 { 0 } else { (step - 1).ilog2() };
        let reciprocal = ((1u32 << 16 << reciprocal_shift) / u32::from(step)).min(u16::MAX.into()) as u16;
        Some(Self { shift, offset: offset as i16, step, max_code, reciprocal, reciprocal_shift })
    }

    #[inline(always)]
    fn code(&self, sum: u16, offset: i16) -> u16 {
        let offset = self.offset.wrapping_add(offset);
        let (plus, minus) = (offset.max(0) as u16, offset.wrapping_neg().max(0) as u16);
        let numerator = (sum << self.shift).saturating_add(plus).saturating_sub(minus);
        // Too small by at most one, as the reciprocal is by less than one part in 2^16.
        let product = (u32::from(numerator) * u32::from(self.reciprocal)) >> 16;
        let quotient = product as u16 >> self.reciprocal_shift;
        let rest = numerator.wrapping_sub(quotient.wrapping_mul(self.step));
        (quotient + u16::from(rest >= self.step)).min(self.max_code)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::LANES;

    proptest! {
        #[test]
        fn prop_words_give_the_codes_of_wide_arithmetic(
            low in -500i64..30_000,
            step in prop_oneof![1u64..=9, 1u64..=20_000],
            max_code in 1u32..=4095,
            shift in prop::sample::select(vec![0u32, 7]),
            offset in -2000i16..2000,
        ) {
            let uniform = Uniform::new(low, step, max_code);
            let max_sum = u64::from(u16::MAX >> shift);
            let transfer = Transfer::Uniform(uniform.clone());
            if let Some(converter) = Converter::new(&transfer, shift, max_sum, Some(2000)) {
                for first in (0..=u16::MAX >> shift).step_by(if shift == 0 { 641 } else { 64 }) {
                    let analogs: [u16; LANES] = std::array::from_fn(|lane| first.saturating_add(lane as u16) & (u16::MAX >> shift));
                    let mut codes = analogs;
                    converter.convert_offset(&mut codes, &[offset; LANES]);
                    let expected = analogs.map(|sum| uniform.code((i64::from(sum) << shift) + i64::from(offset)));
                    prop_assert_eq!(codes.map(u32::from), expected);
                }
            }
        }
    }
}
