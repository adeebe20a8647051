//! Tables in registers: four columns and four vectors at a time, images in the lanes.
//!
//! Reads are the outer loop, then come strips of positions, then tiles of columns: a strip's vectors stay in the cache
//! nearest to the core while the tables of a panel of columns go by, which stay in the next, with their totals.

mod any;
mod fast;
mod pairs;
mod quad;
mod schedule;

use crate::dispatch::Isa;
use crate::noise::Spread;
use crate::random::Key;
use crate::tiles::{TILE, Tiles, Width};
use crate::words::{Converter, Steps};
use crate::{Job, LANES, Output, Total, Transfer, Work};
pub(crate) use pairs::{Noise, Pair, Room, Totals};
use quad::Tile;
use schedule::Schedule;

pub(crate) fn run<T: Total>(isa: Isa, tiles: &Tiles, job: &Job<'_>, output: Output<'_, T>) -> Work {
    let plan = Plan::new(tiles, job);
    isa.run(
        #[inline(always)]
        || plan.run(output),
    )
}

/// What is found out about a job beforehand.
struct Plan<'a> {
    tiles: &'a Tiles,
    job: &'a Job<'a>,
    /// How vectors of a strip are added to totals; `None` if slices have several planes, or noise is beyond words.
    schedule: Option<Schedule>,
    /// How sums in words are converted; `None` if they can't be.
    converter: Option<Converter<'a>>,
    /// How sums in bytes are; likewise.
    codes: Option<Codes>,
    /// How sums in words are converted to bytes; likewise.
    steps: Option<Steps>,
    /// Where a code and twice another fit.
    room: Room,
    /// What positions contribute to the keys of noise; empty without.
    position_keys: Vec<u64>,
}

/// A transfer of sums in bytes, to bytes.
pub(crate) enum Codes {
    Same,
    Clip(u8),
    Table(Box<[u8; 256]>),
    /// Sums up to `first` have the first code, and those from `first` + 127 on the last.
    Near {
        first: u8,
        codes: Box<[u8; 128]>,
    },
}

impl<'a> Plan<'a> {
    fn new(tiles: &'a Tiles, job: &'a Job<'a>) -> Self {
        let has_offsets = job.lifts.is_some() || job.stack.spread.is_some();
        // Tables of words are for sums beyond a byte.
        let codes = if has_offsets || tiles.width == Width::Words { None } else { Codes::new(job) };
        let converter = Converter::of(job);
        let max_code = match &codes {
            None => converter.as_ref().map_or(u64::MAX / 3, |converter| converter.max_code(job)),
            Some(codes) => codes.max_code(job),
        };
        Self {
            tiles,
            job,
            schedule: Schedule::new(job).filter(|_| job.stack.spread.as_ref().is_none_or(Spread::is_narrow)),
            steps: converter.as_ref().and_then(|converter| Steps::of(job, converter)),
            converter,
            codes,
            room: if 3 * max_code <= u8::MAX.into() { Room::Bytes } else { Room::Words },
            position_keys: match job.stack.spread {
                Some(_) => job.positions.iter().map(Key::of_position).collect(),
                None => Vec::new(),
            },
        }
    }
}

impl Codes {
    /// The greatest of a job.
    pub(crate) fn max_code(&self, job: &Job<'_>) -> u64 {
        let max = |codes: &[u8]| codes.iter().max().map_or(0, |&code| code.into());
        match self {
            Self::Same => job.stack.max_sum(),
            Self::Clip(max) => (*max).into(),
            Self::Table(codes) => max(&codes[..]),
            Self::Near { codes, .. } => max(&codes[..]),
        }
    }

    /// `None` if codes are wider than bytes.
    pub(crate) fn new(job: &Job<'_>) -> Option<Self> {
        match job.transfer {
            Transfer::Exact => Some(Self::Same),
            Transfer::Clip { max } => Some(u8::try_from(*max).map_or(Self::Same, Self::Clip)),
            Transfer::Uniform(_) | Transfer::Table { .. } => {
                let shift = job.stack.shift();
                let mut codes = Box::new([0; 256]);
                for (sum, code) in (0i64..).zip(codes.iter_mut()) {
                    *code = u8::try_from(job.transfer.value(sum << shift, shift, 0)).ok()?;
                }
                Some(Self::near(&codes).unwrap_or(Self::Table(codes)))
            }
            Transfer::Rounded { .. } => None,
        }
    }

    /// `None` if codes change over too many sums.
    fn near(codes: &[u8; 256]) -> Option<Self> {
        let first = codes.iter().take_while(|&&code| code == codes[0]).count() - 1;
        let near = codes[first..].first_chunk::<128>().or_else(|| codes.last_chunk())?;
        let first = first.min(codes.len() - near.len());
        codes[first + near.len()..]
            .iter()
            .all(|code| *code == near[127])
            .then(|| Self::Near { first: first as u8, codes: Box::new(*near) })
    }
}

impl Plan<'_> {
    #[inline(always)]
    fn run<T: Total>(&self, output: Output<'_, T>) -> Work {
        let Output { totals, mut tally } = output;
        let (mut work, job) = (Work::default(), self.job);
        totals.fill([T::ZERO; LANES]);
        let n_images: usize = job.positions.iter().map(|position| position.n_lanes).sum();
        let n_strips = job.positions.len().div_ceil(job.patterns.strip());
        for (read_index, read) in job.stack.lines().reads().iter().enumerate() {
            for position in job.positions {
                job.slices.iter().for_each(|_| work.add_read(read.word_lines(), position));
            }
            for strip in 0..n_strips {
                let vectors = job.patterns.read_vectors(strip, read);
                #[cfg(target_arch = "x86_64")]
                let sigmas = self.common_sigmas((read_index, read), vectors);
                #[cfg(not(target_arch = "x86_64"))]
                let sigmas: Vec<crate::Vector> = Vec::new();
                for index in job.columns.0 / TILE..job.columns.1.div_ceil(TILE) {
                    let (tables, segments) = self.tiles.of((read_index, read), index);
                    let tile = Tile { index, tables, segments, vectors, read: read_index, strip };
                    if !self.add_fast((&tile, &sigmas), totals, tally.as_deref_mut()) {
                        self.add_any((&tile, read), totals, tally.as_deref_mut());
                    }
                }
            }
            let conversions = job.columns().len() * n_images * job.slices.len();
            work.conversions += conversions as u64;
        }
        work
    }

    /// The columns of a tile that are the job's: place in the tile, and column.
    #[inline(always)]
    fn columns(&self, tile: &Tile<'_>) -> impl Iterator<Item = (usize, usize)> + Clone + use<> {
        let (first, end) = self.job.columns;
        let start = tile.index * TILE;
        (first.max(start)..end.min(start + TILE)).map(move |column| (column - start, column))
    }

    /// Where the totals of a column in a position are.
    #[inline(always)]
    fn place(&self, column: usize, position: usize) -> usize {
        (column - self.job.columns.0) * self.job.positions.len() + position
    }
}
