//! Sums over word lines as products of tiles: cells of 16 columns by what drives them for 16 images, 64 word lines a
//! product.
//!
//! ```text
//! cells ─► Products ──┐
//! Patterns ─► Inputs ─┴─► Multiplier ─► sums of 32 bits ─┬─► two slices at a time, in bytes ─┬─► totals
//!                                                        ├─► a slice, in words ──────────────┤
//!                                                        ├─► a slice, lane by lane ──────────┤
//!                                                        └─► all slices and reads at once ───┘
//! ```
//!
//! Where nothing is lost, slices and reads add up in a single product. Elsewhere sums are converted while the tile
//! registers are at those of the next 16 columns.

mod collapsed;
mod inputs;
mod multiplier;
mod noise;
mod pairs;
mod registers;
mod slices;
mod sums;

use std::arch::x86_64::*;
use std::ops::Range;

use crate::products::{Products, ROWS, Second};
use crate::{Job, LANES, Output, SliceSign, Tally, Total, Work};
use inputs::{Bits, Driven, Inputs};
use multiplier::{Multiplier, QUARTERS, Start, Sums};
use noise::Noise;
use pairs::Pairs;
pub(crate) use registers::are_available;
use slices::Slices;
use sums::ColumnSums;

/// Sets of sums of 16 columns: of their cells, of their high bytes, of their variances.
const SETS: usize = 3;
/// The last of them.
const VARIANCES: usize = SETS - 1;
/// Columns that are converted at a time.
const QUARTER: usize = ROWS / QUARTERS;

/// Writes totals, `[position][column]`.
pub(crate) fn run<T: Total>(products: &Products, job: &Job<'_>, output: Output<'_, T>) -> Work {
    // SAFETY: only the AMX kernel makes products, and its existence proves the instructions.
    unsafe { with_tiles(products, job, output) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn with_tiles<T: Total>(products: &Products, job: &Job<'_>, output: Output<'_, T>) -> Work {
    match collapsed::worths(job).filter(|_| output.tally.is_none()) {
        Some(worths) => collapsed::run((products, job), &worths, output.totals),
        None => Run::new(products, job).run(output),
    }
    let mut work = Work::default();
    for read in job.stack.lines().reads() {
        for position in job.positions {
            job.slices.iter().for_each(|_| work.add_read(read.word_lines(), position));
            work.conversions += (job.columns().len() * job.slices.len() * position.n_lanes) as u64;
        }
    }
    work
}

/// What a job's slices become, some at a time.
enum Way<'a> {
    Pairs(Pairs),
    Slices(Slices<'a>),
}

/// A job that converts sums.
struct Run<'a> {
    products: &'a Products,
    job: &'a Job<'a>,
    way: Way<'a>,
    /// What is driven at a time.
    batches: Vec<Batch>,
    noise: Option<Noise<'a>>,
}

/// Slices that are driven in one product.
#[derive(Clone, Debug)]
struct Batch {
    /// The first.
    slice: usize,
    driven: Vec<Driven>,
}

/// A batch of a read in one position.
struct Drive {
    read: usize,
    position: usize,
    /// Index of the batch.
    batch: usize,
    /// What is added to sums in words besides noise, for the first 32 images and the others.
    offsets: [__m512i; 2],
    /// Factors of normal numbers, if all columns have the same, likewise.
    sigmas: Option<[__m512i; 2]>,
    /// Squares of what is driven, where noise goes by them.
    squares: Option<Inputs>,
}

/// Sums that are to be converted.
#[derive(Clone, Copy)]
struct Made {
    /// Which of the two last drives.
    drive: usize,
    /// Index of the tile of columns.
    columns: usize,
    /// The first of its sets.
    set: usize,
}

/// Where totals go, and sums are recorded.
struct Sink<'t, T> {
    /// `[position][column]`.
    totals: &'t mut [[T; LANES]],
    tally: Option<&'t mut Tally>,
}

impl<'a> Run<'a> {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn new(products: &'a Products, job: &'a Job<'a>) -> Self {
        let (way, batches) = match Pairs::new(job) {
            Some((pairs, batches)) => (Way::Pairs(pairs), batches),
            None => (Way::Slices(Slices::new(job)), slices::batches(job)),
        };
        Self { products, job, way, batches, noise: Noise::new(job) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn run<T: Total>(&self, output: Output<'_, T>) {
        let mut sink = Sink { totals: output.totals, tally: output.tally };
        // SAFETY: only the AMX kernel comes this way, and its existence proves the registers.
        let mut multiplier = unsafe { Multiplier::new(2 * SETS) };
        let mut inputs = Inputs::new();
        let mut drives = [None, None];
        let mut made: Option<Made> = None;
        let n_columns = self.job.columns().len();
        let (first, end) = (self.job.columns.0 / ROWS, self.job.columns.1.div_ceil(ROWS));
        for (index, batch) in self.all_batches().map(Some).chain([None]).enumerate() {
            let drive = index % 2;
            if let Some((position, read, batch)) = batch {
                if (read, batch) == (0, 0) {
                    sink.totals[position * n_columns..][..n_columns].fill([T::ZERO; LANES]);
                }
                drives[drive] = Some(self.drive((read, position, batch), (&mut multiplier, &mut inputs), made));
            }
            // Behind the last, what was made before is completed.
            for columns in first..if batch.is_some() { end } else { first + 1 } {
                let before = made.take();
                let set = before.map_or(0, |made| SETS - made.set);
                let driven = if batch.is_some() { drives[drive].as_ref() } else { None };
                self.multiply((driven, columns, set), (&mut multiplier, &inputs), |sets, quarter| {
                    if let Some((before, Some(drive))) = before.map(|before| (before, &drives[before.drive])) {
                        self.convert((before, drive), (sets, quarter), &mut sink);
                    }
                });
                made = driven.map(|_| Made { drive, columns, set });
            }
        }
    }

    /// Position, read and index of all batches: the cells of a read are taken from near caches for all positions.
    fn all_batches(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<'a> {
        let (n_positions, n_reads) = (self.job.positions.len(), self.job.stack.lines().reads().len());
        let n_batches = self.batches.len();
        let of_read = move |read| {
            let of_position = move |position| (0..n_batches).map(move |batch| (position, read, batch));
            (0..n_positions).flat_map(of_position)
        };
        (0..n_reads).flat_map(of_read)
    }

    /// Fills what drives a batch, and tells what is known of it before its columns are.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn drive(
        &self,
        (read, position, batch): (usize, usize, usize),
        (multiplier, inputs): (&mut Multiplier, &mut Inputs),
        made: Option<Made>,
    ) -> Drive {
        let lines = &self.job.stack.lines().reads()[read];
        inputs.fill(Bits::new(self.job.patterns, lines, position), &self.batches[batch].driven);
        let inputs = &*inputs;
        // Sets that are not to be converted.
        let free = made.map_or(0, |made| SETS - made.set);
        let slice = self.batches[batch].slice;
        let offsets = match &self.way {
            Way::Pairs(_) => [_mm512_setzero_si512(); 2],
            Way::Slices(slices) => slices.offsets(self.job, (read, position, slice)),
        };
        let squares = (self.noise.is_some() && self.job.slices[slice].planes.len() > 1).then(|| inputs.squared());
        let factors = (multiplier, squares.as_ref().unwrap_or(inputs));
        let sigmas = self.noise.as_ref().and_then(|noise| noise.common_sigmas(read, factors, free + VARIANCES));
        Drive { read, position, batch, offsets, sigmas, squares }
    }

    /// Makes the sums of 16 columns; without a drive, completes what was made before.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn multiply(
        &self,
        (drive, columns, set): (Option<&Drive>, usize, usize),
        (multiplier, inputs): (&mut Multiplier, &Inputs),
        mut between: impl FnMut(&[Sums], usize),
    ) {
        let Some(drive) = drive else {
            multiplier.finish();
            return (0..QUARTERS).for_each(|quarter| between(multiplier.sets(), quarter));
        };
        let (cells, seconds) = self.products.of(drive.read, columns);
        match self.products.second() {
            Second::Absent | Second::Rest => {
                multiplier.multiply((cells, seconds), inputs, (set, Start::Zero), between);
            }
            Second::High => {
                multiplier.multiply((cells, &[]), inputs, (set, Start::Zero), between);
                multiplier.multiply((seconds, &[]), inputs, (set + 1, Start::Zero), |_, _| {});
            }
        }
        if let Some(noise) = &self.noise {
            let inputs = drive.squares.as_ref().unwrap_or(inputs);
            noise.multiply((drive.read, columns), (multiplier, inputs), set + VARIANCES);
        }
    }

    /// Converts the sums of a quarter of 16 columns.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn convert<T: Total>(
        &self,
        (made, drive): (Made, &Drive),
        (sets, quarter): (&[Sums], usize),
        sink: &mut Sink<'_, T>,
    ) {
        let (first, end) = self.job.columns;
        let start = made.columns * ROWS + quarter * QUARTER;
        let columns = first.max(start)..end.min(start + QUARTER);
        if columns.is_empty() {
            return;
        }
        let at = drive.position * (end - first) + columns.start - first;
        let totals = &mut sink.totals[at..][..columns.len()];
        let sums = ColumnSums { sets: &sets[made.set..made.set + SETS], row: columns.start % ROWS };
        match &self.way {
            Way::Pairs(pairs) => pairs.add((self, drive), (sums, columns.start), totals),
            Way::Slices(slices) => slices.add((self, drive), (sums, columns.start), totals),
        }
        if let Some(tally) = &mut sink.tally
            && tally.takes_one_of(start, &self.job.positions[drive.position])
        {
            self.record((drive, columns), sums, tally);
        }
    }

    /// Records the sums of the columns that a tally takes.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    fn record(&self, (drive, columns): (&Drive, Range<usize>), sums: ColumnSums<'_>, tally: &mut Tally) {
        let position = &self.job.positions[drive.position];
        let first = columns.start;
        for column in tally.taken(columns, position) {
            let sums = sums.of(column - first);
            match &self.way {
                Way::Pairs(pairs) => pairs.record((self, drive), sums, tally),
                Way::Slices(_) => {
                    let analogs = slices::analogs((self, drive), (sums, column));
                    tally.record(analogs[..position.n_lanes].iter().copied());
                }
            }
        }
    }

    /// Whether a column's converted sums are added, but for slices that are subtracted.
    #[inline]
    fn sign(&self, read: usize, column: usize) -> SliceSign {
        SliceSign::Plus.times(self.job.stack.is_negated(read, column))
    }
}
