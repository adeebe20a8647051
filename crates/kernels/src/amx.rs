//! Sums over word lines as products of tiles: cells of 16 columns by what drives them for 16 images, 64 word lines a
//! product.
//!
//! ```text
//! cells ─► Products ──┐
//! Patterns ─► Inputs ─┴─► Multiplier ─► sums of 32 bits ─┬─► two slices at a time, in bytes ─┬─► totals
//!                                                        ├─► a slice, in words or 32 bits ───┤
//!                                                        ├─► a slice, lane by lane ──────────┤
//!                                                        └─► all slices and reads at once ───┘
//! ```
//!
//! Where nothing is lost, slices and reads add up in a single product. Elsewhere sums are converted two columns at a time,
//! after each product of others. All of 16 columns is one piece of code without a loop, nearly without a branch, and without
//! a number that is looked for on the way: whatever else a core does there keeps it from looking ahead to the next product.

mod codes;
mod collapsed;
mod inputs;
mod multiplier;
mod noise;
mod pairs;
mod registers;
mod slices;
mod sums;
mod wide;

use std::arch::x86_64::*;
use std::cell::Cell;

use crate::products::{Products, ROWS, Second, Upper};
use crate::random::Key;
use crate::{Job, LANES, Output, Slice, SliceSign, Tally, Total, Work};
use inputs::{Bits, Inputs};
use multiplier::{Multiplier, Start, Sums};
use noise::Noise;
use pairs::Pairs;
pub(crate) use registers::are_available;
use slices::Slices;
use sums::{Column, EIGHTH, PARTS, Part, SETS, Totals, VARIANCES};

/// Tiles of columns after which one is converted. Their sums take turns in as many sets.
const DELAY: usize = 2;
/// Batches whose sums may not be converted yet.
const DRIVES: usize = DELAY + 1;
/// The first set for variances that all columns have: one for each drive.
const COMMON: usize = DELAY * SETS;

/// Writes totals, `[position][column]`.
pub(crate) fn run<T: Total>(products: &Products, job: &Job<'_>, output: Output<'_, T>) -> Work {
    // SAFETY: only the AMX kernel makes products, and its existence proves the instructions.
    unsafe { with_tiles(products, job, output) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
fn with_tiles<T: Total>(products: &Products, job: &Job<'_>, output: Output<'_, T>) -> Work {
    match collapsed::worths(job).filter(|_| output.tally.is_none()) {
        Some(worths) => collapsed::run((products, job), &worths, output.totals),
        None => {
            let run = Run::new(products, job);
            match &run.way {
                Way::Pairs(pairs) => pairs.run(&run, output),
                Way::Slices(slices) => slices.run(&run, output),
            }
        }
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
    tiles: Vec<ColumnTile>,
    /// What is driven at a time.
    batches: Vec<Batch>,
    noise: Option<Noise<'a>>,
}

/// Slices that are driven in one product.
#[derive(Clone, Debug)]
struct Batch {
    /// The first.
    slice: usize,
    driven: inputs::Slices,
}

/// A batch of a read in one position.
struct Drive {
    read: usize,
    position: usize,
    /// Where the totals of its position begin.
    totals: usize,
    /// Index of the batch.
    batch: usize,
    /// Whether there are totals of the position.
    before: Totals,
    /// What tiles of cells hold beside its word lines.
    upper: Upper,
    /// Where the keys of noise begin.
    noise: usize,
    /// Of its first slice.
    place: (u32, SliceSign),
    /// What codes are worth in totals of words, of columns that are not and of those that are negated.
    factors: [__m512i; 2],
    /// What is added to sums of a slice in words besides noise, for the first 32 images and the others.
    offsets: [__m512i; 2],
    /// What normal numbers are multiplied with, if all columns have the same: once its first sums are converted.
    sigmas: Cell<Option<[__m512i; 2]>>,
    /// Squares of what is driven, where noise goes by them.
    squares: Option<Inputs>,
}

/// Those of 16 columns of a stack that are a job's.
struct ColumnTile {
    /// Which 16 columns.
    index: usize,
    /// The first of them that is the job's.
    first: usize,
    /// How many columns of the job come before.
    before: usize,
    /// How many of them are the job's.
    len: usize,
}

impl<'a> Run<'a> {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn new(products: &'a Products, job: &'a Job<'a>) -> Self {
        let (way, batches) = match Pairs::new(products, job) {
            Some((pairs, batches)) => (Way::Pairs(pairs), batches),
            None => (Way::Slices(Slices::new(job)), slices::batches(job)),
        };
        Self { products, job, way, tiles: ColumnTile::all(job.columns), batches, noise: Noise::new(job) }
    }

    /// Makes and converts all sums. While those of 16 columns are made, those before leave their registers, and those
    /// before these are converted.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn run<T: Total>(&self, output: Output<'_, T>, convert: &impl Convert<T>) {
        let Output { totals, mut tally } = output;
        // SAFETY: only the AMX kernel comes this way, and its existence proves the registers.
        let mut multiplier = unsafe { Multiplier::new(COMMON + DRIVES) };
        let mut inputs = Inputs::new();
        let mut drives = [const { None }; DRIVES];
        let mut room = [[T::ZERO; LANES]; ROWS];
        // Where what drives the columns is, and which they are.
        let mut waiting: [Option<(usize, &ColumnTile)>; DELAY] = [None; DELAY];
        let mut turn = 0;
        // Behind the last batch, what was made before is completed.
        for (index, batch) in self.all_batches().map(Some).chain([None; DELAY]).enumerate() {
            let slot = index % DRIVES;
            let n_tiles = if batch.is_some() { self.tiles.len() } else { 1 };
            if let Some(batch) = batch {
                drives[slot] = Some(self.drive(batch, (&mut multiplier, &mut inputs), slot));
            }
            for tile in &self.tiles[..n_tiles] {
                let ready = std::mem::replace(&mut waiting[turn], batch.and(Some((slot, tile))));
                let set = SETS * turn;
                turn = (turn + 1) % DELAY;
                let made = (batch.and(drives[slot].as_ref()), tile.index, set);
                let Some((slot, ready)) = ready else {
                    self.multiply(made, (&mut multiplier, &inputs), (0, |_, _| {}));
                    continue;
                };
                let Some(source) = &drives[slot] else { continue };
                if let (Some(noise), None) = (&self.noise, source.sigmas.get()) {
                    source.sigmas.set(noise.common_sigmas(&multiplier.sets()[COMMON + slot]));
                }
                if let Some(tally) = &mut tally {
                    self.record((source, ready), &multiplier.sets()[set..], tally);
                }
                let totals = &mut totals[source.totals + ready.before..][..ready.len];
                let unused = ready.first % ROWS;
                if ready.len < ROWS {
                    room[unused..][..ready.len].copy_from_slice(totals);
                }
                let rows = totals.first_chunk_mut().unwrap_or(&mut room);
                let keys = match &self.noise {
                    Some(noise) => noise.keys(source, ready.index * ROWS),
                    None => [Key::default(); ROWS],
                };
                let mut rows = Rows {
                    drive: source,
                    first: ready.index * ROWS,
                    rows,
                    negated: self.job.stack.negated_tile(source.read, ready.index),
                    keys: &keys,
                    used: (unused, unused + ready.len),
                };
                let convert = |sets: &[Sums], part| rows.convert(convert, (&sets[set..], part));
                self.multiply(made, (&mut multiplier, &inputs), (PARTS, convert));
                if ready.len < ROWS {
                    totals.copy_from_slice(&room[unused..][..ready.len]);
                }
            }
        }
    }

    /// Read, position and index of all batches: the cells of a read are taken from near caches for all positions.
    fn all_batches(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<'a> {
        let (n_positions, n_reads) = (self.job.positions.len(), self.job.stack.lines().reads().len());
        let n_batches = self.batches.len();
        let of_read = move |read| {
            let of_position = move |position| (0..n_batches).map(move |batch| (read, position, batch));
            (0..n_positions).flat_map(of_position)
        };
        (0..n_reads).flat_map(of_read)
    }

    /// Fills what drives a batch, and tells what is known of it before its columns are.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn drive(
        &self,
        (read, position, batch): (usize, usize, usize),
        (multiplier, inputs): (&mut Multiplier, &mut Inputs),
        slot: usize,
    ) -> Drive {
        let lines = &self.job.stack.lines().reads()[read];
        let upper = self.products.upper(read);
        inputs.fill(Bits::new(self.job.patterns, lines, position), &self.batches[batch].driven, upper);
        let inputs = &*inputs;
        let slice = self.batches[batch].slice;
        let Slice { shift, sign, .. } = self.job.slices[slice];
        let (factors, offsets) = match &self.way {
            Way::Pairs(pairs) => (pairs.factors(batch), [_mm512_setzero_si512(); 2]),
            Way::Slices(slices) => (slices::factors((shift, sign)), slices.offsets(self.job, (read, position, slice))),
        };
        let squares = (self.noise.is_some() && self.job.slices[slice].planes.len() > 1).then(|| inputs.squared());
        if let Some(noise) = &self.noise {
            noise.multiply_common(read, (multiplier, squares.as_ref().unwrap_or(inputs)), COMMON + slot);
        }
        let before = if (read, batch) == (0, 0) { Totals::Absent } else { Totals::Present };
        Drive {
            read,
            position,
            totals: position * self.job.columns().len(),
            batch,
            before,
            upper,
            noise: self.noise.as_ref().map_or(0, |noise| noise.begin(read, slice)),
            place: (shift, sign),
            factors,
            offsets,
            sigmas: Cell::new(None),
            squares,
        }
    }

    /// Makes the sums of 16 columns and does parts of other work meanwhile; without a drive, completes what was made before.
    #[inline(always)]
    fn multiply(
        &self,
        (drive, tile, set): (Option<&Drive>, usize, usize),
        (multiplier, inputs): (&mut Multiplier, &Inputs),
        (n_parts, mut between): (usize, impl FnMut(&[Sums], usize)),
    ) {
        let Some(drive) = drive else {
            multiplier.finish();
            return (0..n_parts).for_each(|part| between(multiplier.sets(), part));
        };
        let (cells, seconds) = self.products.of(drive.read, tile);
        let (highs, seconds) = match self.products.second() {
            Second::High => (seconds, &[][..]),
            Second::Absent | Second::Rest => (&[][..], seconds),
        };
        multiplier.multiply_amid((cells, seconds), inputs.tiles(), (set, Start::Zero), (n_parts, between));
        if !highs.is_empty() {
            multiplier.multiply((highs, &[]), inputs.tiles(), (set + 1, Start::Zero));
        }
        if let Some(noise) = &self.noise {
            let inputs = drive.squares.as_ref().unwrap_or(inputs);
            noise.multiply((drive.read, tile), (multiplier, inputs), set + VARIANCES);
        }
    }

    /// Records the sums of the columns that a tally takes.
    #[inline(always)]
    fn record(&self, (drive, tile): (&Drive, &ColumnTile), sets: &[Sums], tally: &mut Tally) {
        let Some(sets) = sets.first_chunk() else { return };
        for index in tally.taken(tile.first..tile.first + tile.len, &self.job.positions[drive.position]) {
            // SAFETY: only the AMX kernel comes this way, and its existence proves the instructions.
            unsafe { self.record_column(drive, Column { sets, index }, tally) };
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn record_column(&self, drive: &Drive, column: Column<'_>, tally: &mut Tally) {
        match &self.way {
            Way::Pairs(pairs) => pairs.record((self, drive), column, tally),
            Way::Slices(_) => {
                let analogs = slices::analogs((self, drive), column);
                let n_lanes = self.job.positions[drive.position].n_lanes;
                tally.record(analogs[..n_lanes].iter().copied());
            }
        }
    }
}

/// From the sums of columns to their totals.
trait Convert<T> {
    /// Adds what becomes of the sums of some columns; those that are not used may be left out.
    ///
    /// # Safety
    ///
    /// This machine has the instructions of the AMX kernel.
    unsafe fn add(&self, drive: &Drive, part: Part<'_>, totals: &mut [[T; LANES]; EIGHTH]);
}

/// Where the sums of 16 columns go.
struct Rows<'a, T> {
    drive: &'a Drive,
    /// The first of the columns.
    first: usize,
    /// Their totals.
    rows: &'a mut [[T; LANES]; ROWS],
    /// Whether their converted sums count negatively; `None` if none do.
    negated: Option<&'a [bool; ROWS]>,
    keys: &'a [Key; ROWS],
    /// Which of them are the job's: the first one, and the one behind the last.
    used: (usize, usize),
}

impl<T: Total> Rows<'_, T> {
    /// Converts the sums of some of them.
    #[inline(always)]
    fn convert(&mut self, convert: &impl Convert<T>, (sets, part): (&[Sums], usize)) {
        let (Some(sets), Some(totals)) = (sets.first_chunk(), self.rows.as_chunks_mut().0.get_mut(part)) else {
            return;
        };
        let start = part * EIGHTH;
        let used = (self.used.0.saturating_sub(start), self.used.1.saturating_sub(start));
        let negated = self.negated.map(|negated| &negated.as_chunks().0[part]);
        let keys = &self.keys.as_chunks().0[part];
        let part = Part { sets, part, first: self.first + start, negated, keys, used };
        // SAFETY: only the AMX kernel comes this way, and its existence proves the instructions.
        unsafe { convert.add(self.drive, part, totals) };
    }
}

impl ColumnTile {
    /// The tiles that hold columns of a job.
    fn all((first, end): (usize, usize)) -> Vec<Self> {
        let tile = |index: usize| {
            let columns = first.max(index * ROWS)..end.min((index + 1) * ROWS);
            Self { index, first: columns.start, before: columns.start - first, len: columns.len() }
        };
        (first / ROWS..end.div_ceil(ROWS)).map(tile).collect()
    }
}
