//! Tables in memory: one image at a time, columns in the lanes.
//!
//! Panels of columns are the outer loop and reads the next, so that the tables of a panel's read stay in the cache for
//! all images.

use std::ops::Range;

use crate::memory::{Entry, Memory};
use crate::noise::{Key, SpreadTables};
use crate::stack::Tables;
use crate::words::Converter;
use crate::{Job, LANES, Output, Read, Slice, SliceSign, Tally, Total, Transfer, Work};

#[inline(always)]
pub(crate) fn run<T: Total>(job: &Job<'_>, output: Output<'_, T>) -> Work {
    match &job.stack.tables {
        Tables::Memory8(tables) => with_tables(tables, job, output),
        Tables::Memory16(tables) => with_tables(tables, job, output),
        Tables::Memory32(tables) => with_tables(tables, job, output),
        Tables::Cells(_) | Tables::Tiles(_) => unreachable!("tables are in memory"),
    }
}

#[inline(always)]
fn with_tables<E: Entry, T: Total, const N: usize>(
    tables: &Memory<E, N>,
    job: &Job<'_>,
    output: Output<'_, T>,
) -> Work {
    let Output { totals, mut tally } = output;
    let mut work = Work::default();
    let converter = Converter::of(job);
    let n_positions = job.positions.len();
    let (first, end) = job.columns;
    let mut sums = vec![[T::ZERO; N]; n_positions * LANES];
    for panel in first / N..end.div_ceil(N) {
        let columns = first.max(panel * N)..end.min((panel + 1) * N);
        sums.fill([T::ZERO; N]);
        for (read_index, read) in job.stack.lines().reads().iter().enumerate() {
            let mut reader = Reader {
                tables,
                job,
                panel,
                used: columns.start - panel * N..columns.end - panel * N,
                read: (read_index, read),
                segments: tables.segments(panel, read_index),
                converter: &converter,
                tally: tally.as_deref_mut(),
            };
            for (position, sums) in sums.chunks_exact_mut(LANES).enumerate() {
                for slice in 0..job.slices.len() {
                    reader.add(position, slice, sums);
                    work.conversions += (columns.len() * job.positions[position].n_lanes) as u64;
                    if columns.start == first {
                        work.add_read(read.word_lines(), &job.positions[position]);
                    }
                }
            }
        }
        for (position, sums) in sums.as_chunks::<LANES>().0.iter().enumerate() {
            for column in columns.clone() {
                let totals = &mut totals[(column - first) * n_positions + position];
                for (total, sums) in totals.iter_mut().zip(sums) {
                    *total = sums[column - panel * N];
                }
            }
        }
    }
    work
}

/// A panel's columns in one read.
struct Reader<'a, E, const N: usize> {
    tables: &'a Memory<E, N>,
    job: &'a Job<'a>,
    panel: usize,
    /// Columns of the panel that are the job's.
    used: Range<usize>,
    read: (usize, &'a Read),
    segments: &'a [Range<usize>],
    /// How sums in words are converted; `None` if they can't be.
    converter: &'a Option<Converter>,
    tally: Option<&'a mut Tally>,
}

impl<E: Entry, const N: usize> Reader<'_, E, N> {
    /// Adds what a slice's converted sums are worth, for each image of a position.
    #[inline(always)]
    fn add<T: Total>(&mut self, position: usize, slice: usize, totals: &mut [[T; N]]) {
        let (job, read) = (self.job, self.read.0);
        let (lifts, drops) = (job.lift(read, position, slice), job.drop(read, position, slice));
        let lift = |lane: usize| lifts.map_or(0, |lifts| i64::from(lifts[lane]));
        let drop = |lane: usize| drops.map_or(0, |drops| i64::from(drops[lane]));
        let normals = job.stack.spread.as_ref().map(|_| self.normals(position, slice));
        let negated: [bool; N] =
            std::array::from_fn(|at| at < self.used.end && job.stack.is_negated(read, self.panel * N + at));
        for (lane, totals) in totals.iter_mut().enumerate().take(job.positions[position].n_lanes) {
            let sums = self.sums((position, lane), &job.slices[slice]);
            let is_plain = lifts.is_none() && normals.is_none();
            match job.transfer {
                Transfer::Exact if is_plain => add(&job.slices[slice], &negated, totals, |at| sums[at].into()),
                Transfer::Clip { max } if is_plain => {
                    add(&job.slices[slice], &negated, totals, |at| Into::<u32>::into(sums[at]).min(*max));
                }
                Transfer::Uniform(_) if is_plain && self.converter.is_some() => {
                    let Some(converter) = self.converter else { unreachable!("there is one") };
                    let mut codes: [u16; N] = std::array::from_fn(|at| Into::<u32>::into(sums[at]) as u16);
                    converter.convert(&mut codes);
                    add(&job.slices[slice], &negated, totals, |at| codes[at].into());
                }
                Transfer::Exact
                | Transfer::Clip { .. }
                | Transfer::Uniform(_)
                | Transfer::Table { .. }
                | Transfer::Rounded { .. } => {
                    let noise = normals.as_ref().map(|normals| self.noise((position, lane), slice, normals));
                    let analog = |at: usize| {
                        let sum = i64::from(Into::<u32>::into(sums[at])) << job.stack.shift();
                        sum + lift(lane) + noise.as_ref().map_or(0, |noise| i64::from(noise[at]))
                    };
                    for at in self.used.clone() {
                        let value = job.transfer.value(analog(at), job.stack.shift(), drop(lane));
                        totals[at] = totals[at].plus(T::wrapped(job.slices[slice].placed(value, negated[at])));
                    }
                    self.tally((position, lane), analog);
                    continue;
                }
            }
            self.tally((position, lane), |at| i64::from(Into::<u32>::into(sums[at])) << job.stack.shift());
        }
    }

    /// The sums of the panel's columns: linear, so that the planes of a slice are added with their weights.
    #[inline(always)]
    fn sums(&self, (position, lane): (usize, usize), slice: &Slice) -> [E::Sum; N] {
        let mut sums = [E::ZERO_SUM; N];
        for (weight, plane) in (0..).zip(slice.planes.clone()) {
            for segment in self.segments {
                let index = |group| self.job.patterns.index((position, lane), plane, group);
                let part = self.tables.sums(self.panel, segment.clone(), index);
                for at in 0..N {
                    sums[at] += E::Sum::from(part[at]) << weight;
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn tally(&mut self, (position, _): (usize, usize), analog: impl Fn(usize) -> i64) {
        if let Some(tally) = &mut self.tally {
            for at in self.used.clone() {
                if tally.takes(self.panel * N + at, &self.job.positions[position]) {
                    tally.record(std::iter::once(analog(at)));
                }
            }
        }
    }

    /// z·U of each column of the panel, `[column][lane]`.
    fn normals(&self, position: usize, slice: usize) -> Vec<[i8; LANES]> {
        let of_column = |at: usize| {
            let column = (self.panel * N + at, self.read.0, slice);
            Key::new(self.job.stream, column, &self.job.positions[position]).normals()
        };
        (0..self.used.end).map(of_column).collect()
    }

    /// Read noise of each column.
    fn noise(&self, image: (usize, usize), slice: usize, normals: &[[i8; LANES]]) -> [i16; N] {
        let mut noise = [0; N];
        if let Some(spread) = &self.job.stack.spread {
            let SpreadTables::Memory(tables) = &spread.tables else { unreachable!("as the cells") };
            let variances = self.variances(tables, image, &self.job.slices[slice]);
            for at in self.used.clone() {
                noise[at] = spread.sample(variances[at] as u8, normals[at][image.1]);
            }
        }
        noise
    }

    /// Σ v·x² of each column. With x = Σ 2^t·b_t it is Σ 4^t·V(b_t) + Σ over t < u of 2^(t + u + 1)·V(b_t ∧ b_u), V being
    /// the variances of the word lines of a pattern.
    fn variances(&self, tables: &Memory<u8, 64>, (position, lane): (usize, usize), slice: &Slice) -> [u32; N] {
        let first = self.panel * N;
        let mut variances = [0; N];
        let index = |plane, group| self.job.patterns.index((position, lane), plane, group);
        let mut add = |weight: usize, index: &dyn Fn(usize) -> u8| {
            let sums = tables.sums(first / 64, self.read.1.groups.clone(), index);
            for (variance, sum) in variances.iter_mut().zip(&sums[first % 64..]) {
                *variance += u32::from(*sum) << weight;
            }
        };
        for (t, low) in slice.planes.clone().enumerate() {
            add(2 * t, &|group| index(low, group));
            for (u, high) in slice.planes.clone().enumerate().skip(t + 1) {
                add(t + u + 1, &|group| index(low, group) & index(high, group));
            }
        }
        variances
    }
}

/// Adds the converted sums, in a slice's place.
#[inline(always)]
fn add<T: Total, const N: usize>(
    slice: &Slice,
    negated: &[bool; N],
    totals: &mut [T; N],
    converted: impl Fn(usize) -> u32,
) {
    for (at, total) in totals.iter_mut().enumerate() {
        let placed = T::wrapped(converted(at).into()).shifted(slice.shift);
        *total = match slice.signed(negated[at]) {
            SliceSign::Plus => total.plus(placed),
            SliceSign::Minus => total.minus(placed),
        };
    }
}
