//! Tables in registers: four columns and four vectors at a time, images in the lanes.
//!
//! Reads are the outer loop, strips the next, tiles of columns the innermost: the vectors of a strip stay in the cache
//! nearest to the core for all columns, and the totals of a panel of columns in the next.

mod any;
mod fast;
mod quad;

use crate::dispatch::Isa;
use crate::noise::Spread;
use crate::tiles::{TILE, Tiles};
use crate::words::Converter;
use crate::{Job, LANES, Output, Total, Transfer, Work};
use quad::Tile;

pub(crate) fn run<T: Total>(isa: Isa, tiles: &Tiles, job: &Job<'_>, output: Output<'_, T>) -> Work {
    let plan = Plan::new(tiles, job);
    // Narrow totals are faster to add to.
    if max_total(job).is_some_and(|max| max <= i16::MAX as u128) {
        isa.run(|| Tiled::<i16>::new(&plan).run(output))
    } else {
        isa.run(|| Tiled::<T>::new(&plan).run(output))
    }
}

/// The greatest magnitude that a total can have, where that is known.
fn max_total(job: &Job<'_>) -> Option<u128> {
    let shift = job.stack.shift();
    let has_offsets = job.lifts.is_some() || job.stack.spread.is_some();
    let max_value = |max_analog: i64| match job.transfer {
        Transfer::Exact | Transfer::Clip { .. } if has_offsets => None,
        Transfer::Exact => Some((max_analog >> shift) as u64),
        Transfer::Clip { max } => Some(((max_analog >> shift) as u64).min((*max).into())),
        Transfer::Uniform(uniform) if has_offsets => Some(uniform.max_code().into()),
        Transfer::Uniform(uniform) => Some(uniform.code(max_analog).into()),
        Transfer::Table { codes, .. } => codes.iter().max().map(|&code| code.into()),
        Transfer::Rounded { .. } => None,
    };
    let mut max = 0;
    for slice in job.slices {
        let max_input = (1i64 << slice.planes.len()) - 1;
        for max_sum in job.stack.max_sums() {
            max += u128::from(max_value((*max_sum as i64 * max_input) << shift)?) << slice.shift;
        }
    }
    Some(max)
}

/// What is found out about a job beforehand.
struct Plan<'a> {
    tiles: &'a Tiles,
    job: &'a Job<'a>,
    /// For each plane, its slice; `None` if slices have several planes.
    slice_of_plane: Option<Vec<usize>>,
    /// How sums in words are converted; `None` if they can't be.
    converter: Option<Converter>,
    /// How sums in bytes are; likewise.
    codes: Option<Codes>,
}

/// A transfer of sums in bytes, to bytes.
enum Codes {
    Same,
    Clip(u8),
    Table(Box<[u8; 256]>),
}

/// A job on its way, with totals in `A`.
struct Tiled<'a, A> {
    plan: &'a Plan<'a>,
    /// `[column][position]`.
    totals: Vec<[A; LANES]>,
}

impl<'a> Plan<'a> {
    fn new(tiles: &'a Tiles, job: &'a Job<'a>) -> Self {
        let stack = job.stack;
        let slice_of = |plane: usize| {
            let mut slices = job.slices.iter().enumerate();
            slices.find(|(_, slice)| slice.planes == (plane..plane + 1)).map(|(index, _)| index)
        };
        let noise = stack.spread.as_ref().map_or(0, Spread::max_sample);
        let lift = job.lifts.into_iter().flatten().flatten().map(|lift| lift.unsigned_abs()).max().unwrap_or(0);
        let has_offsets = job.lifts.is_some() || stack.spread.is_some();
        Self {
            tiles,
            job,
            slice_of_plane: (0..job.patterns.n_planes()).map(slice_of).collect(),
            converter: Converter::new(
                job.transfer,
                stack.shift(),
                stack.max_sum(),
                has_offsets.then_some(noise.saturating_add(lift)),
            ),
            codes: if has_offsets { None } else { Codes::new(job) },
        }
    }
}

impl Codes {
    /// `None` if codes are wider than bytes.
    fn new(job: &Job<'_>) -> Option<Self> {
        match job.transfer {
            Transfer::Exact => Some(Self::Same),
            Transfer::Clip { max } => Some(u8::try_from(*max).map_or(Self::Same, Self::Clip)),
            Transfer::Uniform(_) | Transfer::Table { .. } => {
                let shift = job.stack.shift();
                let mut codes = Box::new([0; 256]);
                for (sum, code) in (0i64..).zip(codes.iter_mut()) {
                    *code = u8::try_from(job.transfer.value(sum << shift, shift, 0)).ok()?;
                }
                Some(Self::Table(codes))
            }
            Transfer::Rounded { .. } => None,
        }
    }
}

impl<'a, A: Total> Tiled<'a, A> {
    #[inline(always)]
    fn new(plan: &'a Plan<'a>) -> Self {
        Self {
            plan,
            totals: vec![[A::ZERO; LANES]; (plan.job.columns.1 - plan.job.columns.0) * plan.job.positions.len()],
        }
    }

    #[inline(always)]
    fn run<T: Total>(mut self, output: Output<'_, T>) -> Work {
        let Output { totals, mut tally } = output;
        let (mut work, job) = (Work::default(), self.plan.job);
        let per_strip = job.patterns.vectors_per_strip();
        for (read_index, read) in job.stack.lines().reads().iter().enumerate() {
            for (strip, positions) in job.positions.chunks(job.patterns.strip()).enumerate() {
                let vectors = &job.patterns.strip_vectors(strip)[read.groups.start * per_strip..];
                let vectors = &vectors[..read.groups.len() * per_strip];
                for position in positions {
                    job.slices.iter().for_each(|_| work.add_read(read.word_lines(), position));
                }
                for index in job.columns.0 / TILE..job.columns.1.div_ceil(TILE) {
                    let (tables, segments) = self.plan.tiles.of((read_index, read), index);
                    let tile = Tile { index, tables, segments, vectors, read: read_index, strip };
                    if !self.add_fast(&tile, tally.as_deref_mut()) {
                        self.add_any((&tile, read), tally.as_deref_mut());
                    }
                    let n_images: usize = positions.iter().map(|position| position.n_lanes).sum();
                    work.conversions += (self.columns(&tile).count() * n_images * job.slices.len()) as u64;
                }
            }
        }
        for (totals, found) in totals.iter_mut().zip(&self.totals) {
            for (total, &found) in totals.iter_mut().zip(found) {
                *total = T::wrapped(found.wide());
            }
        }
        work
    }

    /// The columns of a tile that are the job's: place in the tile, and column.
    #[inline(always)]
    fn columns(&self, tile: &Tile<'_>) -> impl Iterator<Item = (usize, usize)> + use<A> {
        let (first, end) = self.plan.job.columns;
        let index = tile.index;
        (0..TILE).map(move |at| (at, index * TILE + at)).filter(move |(_, column)| (first..end).contains(column))
    }

    /// `None` for a position that only fills its strip.
    #[inline(always)]
    fn totals_of(&mut self, column: usize, position: usize) -> Option<&mut [A; LANES]> {
        let job = self.plan.job;
        let n_positions = job.positions.len();
        (position < n_positions).then(|| &mut self.totals[(column - job.columns.0) * n_positions + position])
    }
}
