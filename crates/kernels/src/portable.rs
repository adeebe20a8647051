//! Tables in memory: one image at a time, columns in the lanes.
//!
//! Panels of columns are the outer loop and reads the next, so that the tables of a panel's read stay in the cache for
//! all images.

use std::ops::Range;
use std::slice::Chunks;

use crate::memory::{Entry, Memory};
use crate::noise::{Key, SpreadTables};
use crate::stack::Tables;
use crate::words::Converter;
use crate::{Job, LANES, Output, Read, Slice, SliceSign, Tally, Total, Vector, Work};

#[inline(always)]
pub(crate) fn run<T: Total>(job: &Job<'_>, output: Output<'_, T>) -> Work {
    match &job.stack.tables {
        Tables::Memory8(tables) => with_tables(tables, job, output),
        Tables::Memory16(tables) => with_tables(tables, job, output),
        Tables::Memory32(tables) => with_tables(tables, job, output),
        Tables::Cells(_) | Tables::Tiles(_) | Tables::Products(_) => unreachable!("tables are in memory"),
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
    converter: &'a Option<Converter<'a>>,
    tally: Option<&'a mut Tally>,
}

/// What is added up to a sum.
struct Part<'a> {
    groups: &'a Range<usize>,
    /// The vector of each group, first in its chunk.
    vectors: Chunks<'a, Vector>,
    /// Times 2^`weight`.
    weight: u32,
}

impl Part<'_> {
    #[inline(always)]
    fn sums<E: Entry, const N: usize>(&self, tables: &Memory<E, N>, panel: usize, lane: usize) -> [E; N] {
        tables.sums(panel, self.groups, self.vectors.clone().map(|vectors| vectors[0].0[lane % LANES]))
    }
}

impl<'a, E: Entry, const N: usize> Reader<'a, E, N> {
    /// Adds what a slice's converted sums are worth, for each image of a position.
    #[inline(always)]
    fn add<T: Total>(&mut self, position: usize, slice: usize, totals: &mut [[T; N]]) {
        let job = self.job;
        let is_plain = job.lifts.is_none() && job.stack.spread.is_none();
        match self.converter {
            Some(Converter::Exact) if is_plain => self.add_words((position, slice), totals, |_| {}),
            Some(Converter::Clip(max)) if is_plain => {
                self.add_words((position, slice), totals, |sums| clip(sums, *max));
            }
            Some(Converter::Small(uniform)) if is_plain => {
                self.add_words((position, slice), totals, |sums| uniform.convert(sums));
            }
            Some(Converter::Uniform(uniform)) if is_plain => {
                self.add_words((position, slice), totals, |sums| uniform.convert(sums));
            }
            Some(Converter::Table(table)) if is_plain => {
                self.add_words((position, slice), totals, |sums| table.convert(sums));
            }
            Some(_) | None => self.add_any((position, slice), totals),
        }
    }

    /// In words of 16 bits.
    #[inline(always)]
    fn add_words<T: Total>(
        &mut self,
        (position, slice): (usize, usize),
        totals: &mut [[T; N]],
        convert: impl Fn(&mut [u16; N]),
    ) {
        let job = self.job;
        let (parts, negated, slice) = (self.parts(position, slice), self.negated(), &job.slices[slice]);
        for (lane, totals) in totals.iter_mut().enumerate().take(job.positions[position].n_lanes) {
            let mut sums = [0u16; N];
            for part in &parts {
                let found = part.sums(self.tables, self.panel, lane);
                // No sum is beyond a word.
                for (sum, found) in sums.iter_mut().zip(found) {
                    *sum = sum.wrapping_add(found.word() << part.weight);
                }
            }
            self.tally(position, |at| i64::from(sums[at]) << job.stack.shift());
            convert(&mut sums);
            let placed = |sum: u16| T::wrapped(sum.into()).shifted(slice.shift);
            match (&negated, slice.sign) {
                (None, SliceSign::Plus) => {
                    for (total, sum) in totals.iter_mut().zip(sums) {
                        *total = total.plus(placed(sum));
                    }
                }
                (None, SliceSign::Minus) => {
                    for (total, sum) in totals.iter_mut().zip(sums) {
                        *total = total.minus(placed(sum));
                    }
                }
                (Some(negated), sign) => {
                    for ((total, sum), is_negated) in totals.iter_mut().zip(sums).zip(negated) {
                        *total = match sign.times(*is_negated) {
                            SliceSign::Plus => total.plus(placed(sum)),
                            SliceSign::Minus => total.minus(placed(sum)),
                        };
                    }
                }
            }
        }
    }

    /// Column by column.
    fn add_any<T: Total>(&mut self, (position, slice_index): (usize, usize), totals: &mut [[T; N]]) {
        let (job, read) = (self.job, self.read.0);
        let (lifts, drops) = (job.lift(read, position, slice_index), job.drop(read, position, slice_index));
        let lift = |lane: usize| lifts.map_or(0, |lifts| i64::from(lifts[lane]));
        let drop = |lane: usize| drops.map_or(0, |drops| i64::from(drops[lane]));
        let normals = job.stack.spread.as_ref().map(|_| self.normals(position, slice_index));
        let (parts, negated, slice) = (self.parts(position, slice_index), self.negated(), &job.slices[slice_index]);
        for (lane, totals) in totals.iter_mut().enumerate().take(job.positions[position].n_lanes) {
            let mut sums = [E::ZERO_SUM; N];
            for part in &parts {
                let found = part.sums(self.tables, self.panel, lane);
                for (sum, found) in sums.iter_mut().zip(found) {
                    *sum += E::Sum::from(found) << part.weight;
                }
            }
            let noise = normals.as_ref().map(|normals| self.noise((position, lane), slice_index, normals));
            let analog = |at: usize| {
                let sum = i64::from(Into::<u32>::into(sums[at])) << job.stack.shift();
                sum + lift(lane) + noise.as_ref().map_or(0, |noise| i64::from(noise[at]))
            };
            for at in self.used.clone() {
                let value = job.transfer.value(analog(at), job.stack.shift(), drop(lane));
                let is_negated = negated.is_some_and(|negated| negated[at]);
                totals[at] = totals[at].plus(T::wrapped(slice.placed(value, is_negated)));
            }
            self.tally(position, analog);
        }
    }

    /// What adds up to a slice's sums: they are linear, so that its planes are added with their weights.
    fn parts(&self, position: usize, slice: usize) -> Vec<Part<'a>> {
        let (patterns, segments) = (self.job.patterns, self.segments);
        let of_plane = |(weight, plane)| {
            let part = move |groups| Part { groups, vectors: patterns.of_groups(position, plane, groups), weight };
            segments.iter().map(part)
        };
        (0..).zip(self.job.slices[slice].planes.clone()).flat_map(of_plane).collect()
    }

    /// Whether each column's converted sums count negatively; `None` if none's do.
    fn negated(&self) -> Option<[bool; N]> {
        let stack = self.job.stack;
        let is_negated = |at| at < self.used.end && stack.is_negated(self.read.0, self.panel * N + at);
        stack.has_negated().then(|| std::array::from_fn(is_negated))
    }

    /// Records the sums of the columns that are recorded.
    #[inline(always)]
    fn tally(&mut self, position: usize, analog: impl Fn(usize) -> i64) {
        if let Some(tally) = &mut self.tally {
            let first = self.panel * N;
            let used = first + self.used.start..first + self.used.end;
            let taken = tally.taken(used, &self.job.positions[position]);
            tally.record(taken.map(|column| analog(column - first)));
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
    fn noise(&self, image: (usize, usize), slice: usize, normals: &[[i8; LANES]]) -> [i32; N] {
        let mut noise = [0; N];
        if let Some(spread) = &self.job.stack.spread {
            let SpreadTables::Memory(tables) = &spread.tables else { unreachable!("as the cells") };
            let variances = self.variances(tables, image, &self.job.slices[slice]);
            for at in self.used.clone() {
                noise[at] = spread.sample(variances[at], normals[at][image.1]);
            }
        }
        noise
    }

    /// Σ v·x² of each column. With x = Σ 2^t·b_t it is Σ 4^t·V(b_t) + Σ over t < u of 2^(t + u + 1)·V(b_t ∧ b_u), V being
    /// the variances of the word lines of a pattern.
    fn variances(&self, tables: &Memory<u8, 64>, (position, lane): (usize, usize), slice: &Slice) -> [u32; N] {
        let first = self.panel * N;
        let mut variances = [0; N];
        let groups = &self.read.1.groups;
        let indices = |plane| self.job.patterns.of_groups(position, plane, groups).map(|vectors| vectors[0].0[lane]);
        let mut add = |weight: usize, indices: &mut dyn Iterator<Item = u8>| {
            let sums = tables.sums(first / 64, groups, indices);
            for (variance, sum) in variances.iter_mut().zip(&sums[first % 64..]) {
                *variance += u32::from(*sum) << weight;
            }
        };
        for (t, low) in slice.planes.clone().enumerate() {
            add(2 * t, &mut indices(low));
            for (u, high) in slice.planes.clone().enumerate().skip(t + 1) {
                add(t + u + 1, &mut indices(low).zip(indices(high)).map(|(low, high)| low & high));
            }
        }
        variances
    }
}

#[inline(always)]
fn clip<const N: usize>(sums: &mut [u16; N], max: u16) {
    sums.iter_mut().for_each(|sum| *sum = (*sum).min(max));
}
