//! Sums in words of 16 bits: converted many columns at a time.

use std::slice::IterMut;

use super::{Images, Reading, join, place};
use crate::memory::{Entry, OnLoad, Whole, sum, sum_some};
use crate::rows::Octet;
use crate::words::{Converter, Steps};
use crate::{Job, Slice, Total};

/// How sums are converted.
pub(super) struct Words<'a> {
    converter: Converter<'a>,
    /// The same in fewer operations, if it gives bytes.
    steps: Option<Steps>,
}

impl<'a> Words<'a> {
    /// `None` where words are too narrow.
    pub(super) fn new(job: &Job<'a>) -> Option<Self> {
        let converter = Converter::of(job)?;
        Some(Self { steps: Steps::of(job, &converter), converter })
    }

    /// The greatest code.
    pub(super) fn max_code(&self, job: &Job<'_>) -> u64 {
        self.converter.max_code(job)
    }
}

impl<E: Entry, const N: usize> Reading<'_, E, N> {
    #[inline(always)]
    pub(super) fn convert_words<A: Total>(
        &self,
        wholes: &[Whole<E, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[A; N]],
    ) {
        let Some(Words { converter, steps }) = &self.plan.words else { unreachable!("sums fit in words") };
        match (converter, steps) {
            (Converter::Exact, _) => self.convert_by(|_, _| {}, wholes, images, codes),
            (Converter::Clip(max), _) => {
                let clip = |sums: &mut [u16; N], _: &_| sums.iter_mut().for_each(|sum| *sum = (*sum).min(*max));
                self.convert_by(clip, wholes, images, codes);
            }
            #[cfg(target_arch = "x86_64")]
            (_, Some(steps)) if self.plan.isa.has_vectors_of_256_bits() => {
                // SAFETY: the machine has the instructions that an `Isa` stands for.
                let convert = |sums: &mut _, offsets: &_| unsafe { crate::avx2::convert(steps, sums, offsets) };
                self.convert_by(convert, wholes, images, codes);
            }
            (_, Some(steps)) => {
                let convert = |sums: &mut _, offsets: &_| convert(steps, sums, offsets);
                self.convert_by(convert, wholes, images, codes);
            }
            (_, None) => {
                let convert = |sums: &mut [u16; N], offsets: &[i16; N]| converter.convert_offset(sums, offsets);
                self.convert_by(convert, wholes, images, codes);
            }
        }
    }

    #[inline(always)]
    fn convert_by<A: Total>(
        &self,
        convert: impl Fn(&mut [u16; N], &[i16; N]),
        wholes: &[Whole<E, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[A; N]],
    ) {
        let shift = self.plan.job.stack.shift();
        // Sums that aren't looked at stay in registers.
        if images.recorded.is_empty() {
            self.convert_recording(convert, |_, _, _| {}, wholes, images, codes);
        } else {
            let record = |sums: &[u16; N], offsets: &[i16; N], (recorded, seen): (&[usize], &mut IterMut<'_, i64>)| {
                for (&at, seen) in recorded.iter().zip(seen) {
                    *seen = (i64::from(sums[at]) << shift) + i64::from(offsets[at]);
                }
            };
            self.convert_recording(convert, record, wholes, images, codes);
        }
    }

    #[inline(always)]
    fn convert_recording<A: Total>(
        &self,
        convert: impl Fn(&mut [u16; N], &[i16; N]),
        record: impl Fn(&[u16; N], &[i16; N], (&[usize], &mut IterMut<'_, i64>)),
        wholes: &[Whole<E, N>],
        images: &mut Images<'_, N>,
        codes: &mut [[A; N]],
    ) {
        let job = self.plan.job;
        let octets = self.plan.rows.octets_per_plane(self.index);
        let rows = images.rows.chunks_exact(octets * job.patterns.n_planes());
        let mut seen = images.seen.iter_mut();
        for (lane, (row, codes)) in rows.zip(codes).enumerate() {
            let mut total = [A::ZERO; N];
            for (index, slice) in job.slices.iter().enumerate() {
                let mut sums = self.sum_words(wholes, (row, octets), slice);
                let offsets = images.offsets.get(index).map_or(&[0; N], |offsets| &offsets[lane]);
                record(&sums, offsets, (images.recorded, &mut seen));
                convert(&mut sums, offsets);
                place(&sums, (slice.shift, slice.sign), &mut total);
            }
            self.negate(&mut total);
            join(total, codes, images.joining);
        }
    }

    /// The sums of a slice's planes, each with its weight.
    #[inline(always)]
    fn sum_words(&self, wholes: &[Whole<E, N>], (row, octets): (&[Octet], usize), slice: &Slice) -> [u16; N] {
        let mut sums = [0; N];
        for (weight, plane) in (0..).zip(slice.planes.clone()) {
            let plane = &row[plane * octets..][..octets];
            if let [_] = self.segments {
                E::add_words(&sum::<OnLoad, _, _>(wholes, (plane, octets)), weight, &mut sums);
            } else {
                for groups in self.segments {
                    E::add_words(&sum_some(wholes, plane, groups), weight, &mut sums);
                }
            }
        }
        sums
    }
}

/// Converts sums to which something is added in units.
#[inline(always)]
fn convert<const N: usize>(steps: &Steps, sums: &mut [u16; N], offsets: &[i16; N]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every machine of this architecture has the instructions.
    unsafe {
        crate::sse2::convert(steps, sums, offsets);
    }
    #[cfg(not(target_arch = "x86_64"))]
    for (sum, &offset) in sums.iter_mut().zip(offsets) {
        let numerator = sum.wrapping_add(steps.plus).wrapping_add_signed(offset).saturating_sub(steps.minus);
        let product = u32::from(numerator.min(steps.limit)) * u32::from(steps.multiplier);
        *sum = (product >> 16) as u16 >> steps.multiplier_shift;
    }
}
