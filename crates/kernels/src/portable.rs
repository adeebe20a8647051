//! Look-up tables in memory, columns in the lanes of vectors that the compiler makes.
//!
//! Half a group's pattern picks a line of its table, and adding the line adds four word lines to all columns of a panel.
//! Panels are the outer loop, so that a panel's tables stay in the cache for all positions.

use crate::array::{Entry, Panel, Panels, Read};
use crate::{Job, Output, Slice, SliceSign, Transfer, Work};

pub(crate) fn run(job: &Job<'_>, output: Output<'_>) -> Work {
    match &job.array.panels {
        Panels::Narrow(panels) => with_panels(panels, job, output),
        Panels::Wide(panels) => with_panels(panels, job, output),
        Panels::Widest(panels) => with_panels(panels, job, output),
    }
}

fn with_panels<E: Entry, const N: usize>(panels: &[Panel<E, N>], job: &Job<'_>, output: Output<'_>) -> Work {
    let may_narrow = match job.transfer {
        Transfer::Exact | Transfer::Clip { .. } => true,
        Transfer::Lut(_) | Transfer::Division(_) => false,
    };
    if may_narrow && job.max_total() <= i16::MAX as u128 {
        with_totals::<E, i16, N>(panels, job, output)
    } else if may_narrow && job.max_total() <= i32::MAX as u128 {
        with_totals::<E, i32, N>(panels, job, output)
    } else {
        with_totals::<E, i64, N>(panels, job, output)
    }
}

/// A lane of the totals.
trait Total: Copy + Into<i64> + std::ops::AddAssign + std::ops::SubAssign + std::ops::Shl<u32, Output = Self> {
    const ZERO: Self;
    /// The caller has proven that it fits.
    fn from_sum(sum: u32) -> Self;
    /// The caller has proven that it fits.
    fn from_wide(converted: i64) -> Self;
}

impl Total for i16 {
    const ZERO: Self = 0;
    fn from_sum(sum: u32) -> Self {
        sum as i16
    }
    fn from_wide(converted: i64) -> Self {
        converted as i16
    }
}

impl Total for i32 {
    const ZERO: Self = 0;
    fn from_sum(sum: u32) -> Self {
        sum as i32
    }
    fn from_wide(converted: i64) -> Self {
        converted as i32
    }
}

impl Total for i64 {
    const ZERO: Self = 0;
    fn from_sum(sum: u32) -> Self {
        sum.into()
    }
    fn from_wide(converted: i64) -> Self {
        converted
    }
}

fn with_totals<E: Entry, T: Total, const N: usize>(panels: &[Panel<E, N>], job: &Job<'_>, output: Output<'_>) -> Work {
    let Output { totals: out, mut tally } = output;
    let mut work = Work::default();
    let (array, inputs) = (job.array, &job.inputs);
    let offsets = inputs.lifts.chunks_exact(job.n_offsets()).zip(inputs.drops.chunks_exact(job.n_offsets()));
    for (index, panel) in panels.iter().enumerate() {
        let n_columns = N.min(array.n_columns() - index * N);
        let rows = out.chunks_exact_mut(array.padded_columns());
        let positions = inputs.patterns.chunks_exact(job.n_patterns()).zip(offsets.clone()).zip(rows);
        for ((patterns, (lifts, drops)), out) in positions {
            let mut totals = [T::ZERO; N];
            let mut offsets = lifts.iter().zip(drops);
            for slice in job.slices {
                let planes = &patterns[slice.planes.start * array.n_groups()..slice.planes.end * array.n_groups()];
                for (read, (&lift, &drop)) in array.reads().iter().zip(&mut offsets) {
                    let sums = column_sums(panel, read, planes, array.n_groups());
                    if let Some(tally) = &mut tally {
                        tally.record(sums[..n_columns].iter().map(|&sum| sum.into()), lift);
                    }
                    convert::<E, T, N>(job.transfer, slice, (&sums, lift, drop), &mut totals);
                    work.conversions += n_columns as u64;
                    if index == 0 {
                        work.reads += 1;
                        work.word_lines += read.word_lines as u64;
                    }
                }
            }
            for (out, total) in out[index * N..][..N].iter_mut().zip(totals) {
                *out = total.into();
            }
        }
    }
    work
}

/// The sums of a panel's columns in one read: linear, so that the planes of a slice are added with their weights.
#[inline(always)]
fn column_sums<E: Entry, const N: usize>(
    panel: &Panel<E, N>,
    read: &Read,
    planes: &[u8],
    n_groups: usize,
) -> [E::Sum; N] {
    let mut sums = [E::ZERO_SUM; N];
    for (weight, plane) in (0..).zip(planes.chunks_exact(n_groups)) {
        for segment in &read.segments {
            let mut partial = [E::ZERO; N];
            for ([low, high], &pattern) in panel.tables[segment.clone()].iter().zip(&plane[segment.clone()]) {
                let low = &low[usize::from(pattern % 16)].0;
                let high = &high[usize::from(pattern / 16)].0;
                for lane in 0..N {
                    partial[lane] += low[lane] + high[lane];
                }
            }
            for lane in 0..N {
                sums[lane] += E::Sum::from(partial[lane]) << weight;
            }
        }
    }
    sums
}

/// Adds the converted sums, shifted to the slice's place.
#[inline(always)]
fn convert<E: Entry, T: Total, const N: usize>(
    transfer: &Transfer,
    slice: &Slice,
    (sums, lift, drop): (&[E::Sum; N], i64, i64),
    totals: &mut [T; N],
) {
    match transfer {
        Transfer::Exact => add(slice, totals, |lane| T::from_sum(sums[lane].into())),
        Transfer::Clip { max } => {
            let max = E::saturated(*max);
            add(slice, totals, |lane| T::from_sum(sums[lane].min(max).into()));
        }
        Transfer::Lut(values) => add(slice, totals, |lane| {
            let sum: u32 = sums[lane].into();
            T::from_wide(i64::from(values[sum as usize]) - drop)
        }),
        Transfer::Division(division) => {
            add(slice, totals, |lane| T::from_wide(division.value(sums[lane].into(), lift, drop)))
        }
    }
}

#[inline(always)]
fn add<T: Total, const N: usize>(slice: &Slice, totals: &mut [T; N], converted: impl Fn(usize) -> T) {
    match slice.sign {
        SliceSign::Plus => {
            totals.iter_mut().enumerate().for_each(|(lane, total)| *total += converted(lane) << slice.shift);
        }
        SliceSign::Minus => {
            totals.iter_mut().enumerate().for_each(|(lane, total)| *total -= converted(lane) << slice.shift);
        }
    }
}
