//! Tables in memory: one image after another, columns in the lanes.
//!
//! Panels of columns are the outer loop and reads the next, so that the tables of a panel's read stay in the cache for
//! all images. What the images of a position add to totals in a read is found without regard to how wide totals are, so
//! that it is compiled only once.

mod any;
mod bytes;
mod noise;
mod products;
mod words;

use std::array::from_fn;
use std::borrow::Cow;
use std::ops::Range;

use crate::dispatch::Isa;
use crate::memory::{Entry, MANY_LOOK_UPS, Memory, Whole};
use crate::rows::{Octet, Rows};
use crate::stack::Tables;
use crate::{Job, LANES, Output, Position, Read, Scratch, SliceSign, Tally, Total, Work};
use bytes::Bytes;
use noise::Offsets;
pub(crate) use products::{Pair, TILE};
use words::Words;

/// Columns and lanes that change places at a time.
const BLOCK: usize = 8;

pub(crate) fn run<T: Total>(isa: Isa, job: &Job<'_>, output: Output<'_, T>, scratch: &mut Scratch) -> Work {
    match &job.stack.tables {
        Tables::Memory8(tables) => Plan::new(isa, tables, job).run(output, scratch),
        Tables::Memory16(tables) => Plan::new(isa, tables, job).run(output, scratch),
        Tables::Memory32(tables) => Plan::new(isa, tables, job).run(output, scratch),
        Tables::Cells(_) | Tables::Tiles(_) | Tables::Products(_) => unreachable!("tables are in memory"),
    }
}

/// What is found out about a job beforehand.
struct Plan<'a, E, const N: usize> {
    isa: Isa,
    tables: &'a Memory<E, N>,
    job: &'a Job<'a>,
    rows: Cow<'a, Rows>,
    /// How sums in bytes are converted; `None` if they can't be.
    bytes: Option<Bytes>,
    /// How sums in words are; likewise.
    words: Option<Words<'a>>,
    /// Whether there are images enough for tables of whole groups.
    has_many: bool,
}

/// A panel's columns in one read.
struct Reading<'a, E, const N: usize> {
    plan: &'a Plan<'a, E, N>,
    panel: usize,
    /// Columns of the panel that are the job's.
    used: Range<usize>,
    index: usize,
    read: &'a Read,
    segments: &'a [Range<usize>],
    /// For columns whose converted sums count negatively all bits; `None` if there are no such columns.
    negated: Option<[u16; N]>,
}

/// The images of a position.
struct Images<'a, const N: usize> {
    /// `[lane][plane][octet]`.
    rows: &'a [Octet],
    /// Empty if nothing is added to sums.
    offsets: &'a Offsets<N>,
    /// Columns of the panel whose sums are recorded.
    recorded: &'a [usize],
    /// Recorded sums in units: of each image and slice one for each of these columns.
    seen: &'a mut [i64],
    joining: Joining,
}

/// What becomes of numbers that are there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joining {
    Replaces,
    Adds,
}

/// What images add to totals, `[lane][column]`.
enum Codes<'a, const N: usize> {
    Words(&'a mut [[i16; N]]),
    Wide(&'a mut [[i32; N]]),
}

/// What is compiled for each width of entries, and not for each width of totals.
trait Convert<E, const N: usize> {
    /// Makes tables of whole groups.
    fn unfold<'s>(&self, scratch: &'s mut Scratch) -> &'s [Whole<E, N>];

    /// Finds what is added to the sums of a position's first lanes, if anything is.
    fn offset(&self, position: (usize, usize), offsets: &mut Offsets<N>);

    /// Finds codes.
    fn convert(&self, wholes: &[Whole<E, N>], images: &mut Images<'_, N>, codes: Codes<'_, N>);
}

impl<'a, E: Entry, const N: usize> Plan<'a, E, N>
where
    for<'r> Reading<'r, E, N>: Convert<E, N>,
{
    fn new(isa: Isa, tables: &'a Memory<E, N>, job: &'a Job<'a>) -> Self {
        let n_images: usize = job.positions.iter().map(|position| position.n_lanes).sum();
        Self {
            isa,
            tables,
            job,
            rows: job.patterns.rows(job.stack.lines()),
            bytes: Bytes::new::<E>(isa, job),
            words: Words::new(job),
            has_many: n_images * job.patterns.n_planes() >= MANY_LOOK_UPS,
        }
    }

    fn run<T: Total>(&self, output: Output<'_, T>, scratch: &mut Scratch) -> Work {
        let Output { totals, mut tally } = output;
        let job = self.job;
        let (first, end) = job.columns;
        if tally.is_none() && self.has_products::<T>() {
            self.multiply(totals);
            return self.work();
        }
        let mut sums = std::mem::take(T::totals(scratch));
        sums.resize(job.positions.len() * LANES * N, T::ZERO);
        for panel in first / N..end.div_ceil(N) {
            let columns = first.max(panel * N)..end.min((panel + 1) * N);
            let used = columns.start - panel * N..columns.end - panel * N;
            for (index, read) in job.stack.lines().reads().iter().enumerate() {
                let segments = self.tables.segments(panel, index);
                let negated = self.negated(index, panel, &used);
                let reading = Reading { plan: self, panel, used: used.clone(), index, read, segments, negated };
                let totals = &mut totals[(columns.start - first) * job.positions.len()..];
                reading.add(scratch, (sums.as_chunks_mut().0, totals), tally.as_deref_mut());
            }
        }
        *T::totals(scratch) = sums;
        self.work()
    }

    /// What the job is, however it is done.
    fn work(&self) -> Work {
        let (mut work, job) = (Work::default(), self.job);
        for read in job.stack.lines().reads() {
            for position in job.positions {
                work.conversions += (job.columns().len() * position.n_lanes * job.slices.len()) as u64;
                job.slices.iter().for_each(|_| work.add_read(read.word_lines(), position));
            }
        }
        work
    }

    /// See [`Reading::negated`].
    fn negated(&self, read: usize, panel: usize, used: &Range<usize>) -> Option<[u16; N]> {
        let stack = self.job.stack;
        let is_negated = |at| used.contains(&at) && stack.is_negated(read, panel * N + at);
        stack.has_negated().then(|| from_fn(|at| if is_negated(at) { u16::MAX } else { 0 }))
    }
}

impl<E: Entry, const N: usize> Reading<'_, E, N>
where
    Self: Convert<E, N>,
{
    /// Adds what the read's converted sums are worth, `[position][lane][column]`; the last read's hands sums over, to
    /// totals `[column][position][lane]`.
    fn add<T: Total>(
        &self,
        scratch: &mut Scratch,
        sums: (&mut [[T; N]], &mut [[T; LANES]]),
        tally: Option<&mut Tally>,
    ) {
        let Some(max_code) = self.max_code().filter(|_| self.plan.has_many) else {
            return self.add_any(sums, tally);
        };
        let max = self.plan.max_worth().saturating_mul(max_code.into());
        // What fits in totals modulo their range may be found modulo it.
        if size_of::<T>() == size_of::<i16>() {
            let wholes = self.unfold(scratch);
            let add = |images: &mut Images<'_, N>, sums: &mut [[T; N]]| {
                let Some(words) = T::words(sums.as_flattened_mut()) else { unreachable!("totals of 16 bits") };
                self.convert(wholes, images, Codes::Words(words.as_chunks_mut().0));
            };
            self.add_converted(add, sums, tally);
        } else if max <= i16::MAX as u128 {
            self.add_narrow(self.unfold(scratch), |codes| Codes::Words(codes), sums, tally);
        } else if self.plan.words.is_some() && (size_of::<T>() == size_of::<i32>() || max <= i32::MAX as u128) {
            // Only sums in words have a way to codes of 32 bits.
            self.add_narrow(self.unfold(scratch), |codes| Codes::Wide(codes), sums, tally);
        } else {
            self.add_any(sums, tally);
        }
    }

    /// Finds what images add in fewer bits than sums have.
    fn add_narrow<T: Total, A: Total>(
        &self,
        wholes: &[Whole<E, N>],
        codes_of: impl Fn(&mut [[A; N]]) -> Codes<'_, N>,
        sums: (&mut [[T; N]], &mut [[T; LANES]]),
        tally: Option<&mut Tally>,
    ) {
        let mut codes = [[A::ZERO; N]; LANES];
        let add = |images: &mut Images<'_, N>, sums: &mut [[T; N]]| {
            let joining = std::mem::replace(&mut images.joining, Joining::Replaces);
            self.convert(wholes, images, codes_of(&mut codes[..sums.len()]));
            self.plan.isa.run_up_to_256_bits(
                #[inline(always)]
                || join_all(&codes, sums, joining),
            );
        };
        self.add_converted(add, sums, tally);
    }

    fn add_converted<T: Total>(
        &self,
        mut add: impl FnMut(&mut Images<'_, N>, &mut [[T; N]]),
        (sums, totals): (&mut [[T; N]], &mut [[T; LANES]]),
        mut tally: Option<&mut Tally>,
    ) {
        let (job, rows) = (self.plan.job, &self.plan.rows);
        let octets = rows.octets_per_plane(self.index) * job.patterns.n_planes();
        let (mut offsets, mut seen) = (Vec::new(), Vec::new());
        for ((index, position), sums) in job.positions.iter().enumerate().zip(sums.as_chunks_mut::<LANES>().0) {
            let recorded = self.recorded(tally.as_deref(), position);
            self.offset((index, position.n_lanes), &mut offsets);
            seen.resize(position.n_lanes * job.slices.len() * recorded.len(), 0);
            let mut images = Images {
                rows: &rows.of(self.index, index)[..octets * position.n_lanes],
                offsets: &offsets,
                recorded: &recorded,
                seen: &mut seen,
                joining: self.joining(),
            };
            add(&mut images, &mut sums[..position.n_lanes]);
            if let Some(tally) = &mut tally {
                tally.record(seen.iter().copied());
            }
            self.hand_over(index, sums, totals);
        }
    }

    /// The greatest code; `None` if sums can't be converted in words.
    fn max_code(&self) -> Option<u64> {
        let words = self.plan.words.as_ref().map(|words| words.max_code(self.plan.job));
        match (&self.plan.bytes, self.segments) {
            (Some(bytes), [_]) => Some(bytes.max_code()),
            (_, _) => words,
        }
    }
}

impl<E: Entry, const N: usize> Plan<'_, E, N> {
    /// What a code of 1 of every slice is worth in magnitude.
    fn max_worth(&self) -> u128 {
        self.job
            .slices
            .iter()
            .fold(0, |sum, slice| sum.saturating_add(1u128.checked_shl(slice.shift).unwrap_or(u128::MAX)))
    }
}

impl<E: Entry, const N: usize> Reading<'_, E, N> {
    /// The columns.
    fn columns(&self) -> Range<usize> {
        self.panel * N + self.used.start..self.panel * N + self.used.end
    }

    /// The first read's numbers are all there is.
    fn joining(&self) -> Joining {
        if self.index == 0 { Joining::Replaces } else { Joining::Adds }
    }

    /// Writes a position's columns that are the job's, once the last read is added.
    fn hand_over<T: Total>(&self, position: usize, sums: &[[T; N]; LANES], totals: &mut [[T; LANES]]) {
        let (job, used) = (self.plan.job, self.used.clone());
        if self.index + 1 == job.stack.lines().reads().len() {
            let place = (position, job.positions.len());
            self.plan.isa.run_up_to_256_bits(
                #[inline(always)]
                || hand_over(sums, used, place, totals),
            );
        }
    }

    /// Of the columns whose sums in a position are recorded, their place in the panel.
    fn recorded(&self, tally: Option<&Tally>, position: &Position) -> Vec<usize> {
        let taken = tally.map(|tally| tally.taken(self.columns(), position));
        taken.into_iter().flatten().map(|column| column - self.panel * N).collect()
    }

    /// Negates what counts negatively.
    #[inline(always)]
    fn negate<A: Total>(&self, codes: &mut [A; N]) {
        if let Some(negated) = &self.negated {
            for (code, &negated) in codes.iter_mut().zip(negated) {
                *code = if negated == 0 { *code } else { A::ZERO.minus(*code) };
            }
        }
    }
}

macro_rules! convert {
    ($entry:ty, $n:literal, $tables:ident, $narrow:ident) => {
        impl Convert<$entry, $n> for Reading<'_, $entry, $n> {
            #[inline(never)]
            fn unfold<'s>(&self, scratch: &'s mut Scratch) -> &'s [Whole<$entry, $n>] {
                let wholes = &mut scratch.$tables;
                self.plan.isa.run_up_to_256_bits(
                    #[inline(always)]
                    || self.plan.tables.unfold(self.panel, self.read, wholes),
                );
                wholes
            }

            #[inline(never)]
            fn offset(&self, position: (usize, usize), offsets: &mut Offsets<$n>) {
                self.plan.isa.run_up_to_256_bits(
                    #[inline(always)]
                    || self.find_offsets(position, offsets),
                );
            }

            #[inline(never)]
            fn convert(&self, wholes: &[Whole<$entry, $n>], images: &mut Images<'_, $n>, codes: Codes<'_, $n>) {
                self.plan.isa.run_up_to_256_bits(
                    #[inline(always)]
                    || match codes {
                        Codes::Words(codes) => self.$narrow(wholes, images, codes),
                        Codes::Wide(codes) => self.convert_words(wholes, images, codes),
                    },
                );
            }
        }
    };
}

convert!(u8, 64, bytes, convert_bytes_or_words);
convert!(u16, 32, words, convert_words);

/// Sums of such cells are wider than words.
impl Convert<u32, 16> for Reading<'_, u32, 16> {
    fn unfold<'s>(&self, _: &'s mut Scratch) -> &'s [Whole<u32, 16>] {
        &[]
    }

    fn offset(&self, _: (usize, usize), _: &mut Offsets<16>) {}

    fn convert(&self, _: &[Whole<u32, 16>], _: &mut Images<'_, 16>, _: Codes<'_, 16>) {
        unreachable!("sums of wide cells are not converted in words");
    }
}

impl Reading<'_, u8, 64> {
    #[inline(always)]
    fn convert_bytes_or_words(&self, wholes: &[Whole<u8, 64>], images: &mut Images<'_, 64>, codes: &mut [[i16; 64]]) {
        match (&self.plan.bytes, self.segments) {
            (Some(bytes), [_]) => self.convert_bytes(bytes, wholes, images, codes),
            (_, _) => self.convert_words(wholes, images, codes),
        }
    }
}

/// Adds what images give in a read, or writes it.
#[inline(always)]
fn join_all<A: Total, T: Total, const N: usize>(codes: &[[A; N]], sums: &mut [[T; N]], joining: Joining) {
    for (sums, codes) in sums.iter_mut().zip(codes) {
        join(codes.map(|code| T::wrapped(code.wide())), sums, joining);
    }
}

/// Adds the codes of an image, or writes them.
#[inline(always)]
fn join<T: Total, const N: usize>(codes: [T; N], sums: &mut [T; N], joining: Joining) {
    match joining {
        Joining::Replaces => *sums = codes,
        Joining::Adds => sums.iter_mut().zip(codes).for_each(|(sum, code)| *sum = sum.plus(code)),
    }
}

/// Adds or subtracts codes in their slice's place.
#[inline(always)]
fn place<A: Total, const N: usize>(found: &[u16; N], (shift, sign): (u32, SliceSign), codes: &mut [A; N]) {
    // A product has no cases.
    let one = A::wrapped(1).shifted(shift);
    let worth = match sign {
        SliceSign::Plus => one,
        SliceSign::Minus => A::ZERO.minus(one),
    };
    for at in 0..N {
        codes[at] = codes[at].plus(A::wrapped(found[at].into()).times(worth));
    }
}

/// Writes columns of a position's images to totals `[column][position]`, which begin with the first used
/// column's.
#[inline(always)]
fn hand_over<T: Total, const N: usize>(
    sums: &[[T; N]; LANES],
    used: Range<usize>,
    (position, n_positions): (usize, usize),
    totals: &mut [[T; LANES]],
) {
    for block in used.start / BLOCK..used.end.div_ceil(BLOCK) {
        for (lanes, sums) in sums.as_chunks::<BLOCK>().0.iter().enumerate() {
            let columns = T::transposed(from_fn(|at| sums[at].as_chunks::<BLOCK>().0[block]));
            for (column, numbers) in (block * BLOCK..).zip(columns) {
                // Columns of the block that aren't the job's are before or behind all totals.
                let place = column.wrapping_sub(used.start).wrapping_mul(n_positions).wrapping_add(position);
                if let Some(totals) = totals.get_mut(place) {
                    totals.as_chunks_mut().0[lanes] = numbers;
                }
            }
        }
    }
}
