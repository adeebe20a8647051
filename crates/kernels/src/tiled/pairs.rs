//! The fastest way: pairs of slices of which one is worth twice the other, in registers from look-up to totals.

use super::Plan;
use super::quad::{Quad, Tile};
use crate::noise::{Key, Spread, SpreadTables};
use crate::patterns::QUAD;
use crate::tiles::{TILE, Width};
use crate::{LANES, SliceSign, Tally, Vector};

/// Two vectors of a quad that are added together: slices of one position, the second worth twice the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Place of the position in its strip.
    pub(crate) position: usize,
    /// Of the first.
    pub(crate) shift: u32,
}

/// Where a code and twice another fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Bytes,
    Words,
}

/// A column's totals, and whether its sums are added.
type Column<'a> = (&'a mut [[i16; LANES]], SliceSign);

/// The totals of a tile's columns in a strip.
#[derive(Debug)]
pub(crate) struct Totals<'a> {
    /// For each column of the tile its totals in the strip's positions and those behind, if it is one of the job's, and
    /// whether its sums are added.
    columns: [Option<Column<'a>>; TILE],
}

impl Totals<'_> {
    /// The totals of a column in one of the strip's positions; `None` if there is none.
    #[inline(always)]
    pub(crate) fn of(&mut self, column: usize, position: usize) -> Option<(&mut [i16; LANES], SliceSign)> {
        let (totals, sign) = self.columns[column].as_mut()?;
        Some((totals.get_mut(position)?, *sign))
    }
}

impl Plan<'_> {
    /// Adds what a quad of vectors gives, if it is made of pairs and its sums are not recorded, and tells whether.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(super) fn add_pairs(&self, quad: &Quad<'_>, totals: &mut [[i16; LANES]], tally: Option<&Tally>) -> bool {
        let Some(pairs) = self.schedule.as_ref().and_then(|schedule| schedule.pairs.as_ref()) else { return false };
        let pairs = &pairs[quad.quad];
        let (tile, stride) = (quad.tile, self.job.patterns.vectors_per_strip());
        let first = tile.strip * self.job.patterns.strip();
        let takes = |tally: &Tally, pair: &Pair| {
            let position = self.job.positions.get(first + pair.position);
            position.is_some_and(|position| tally.takes_one_of(tile.index * TILE, position))
        };
        if tally.is_some_and(|tally| pairs.iter().any(|pair| takes(tally, pair))) {
            return false;
        }
        let vectors = &tile.vectors[quad.quad * QUAD..];
        match (&self.codes, &self.steps, self.tiles.width) {
            (Some(codes), _, Width::Bytes) if tile.segments.len() == 1 => {
                let totals = &mut self.totals(tile, totals);
                // SAFETY: only the AVX-512 kernel tabulates bytes, and its existence proves the instructions.
                unsafe {
                    crate::avx512::add_bytes(tile.tables, (vectors, stride), (codes, self.room), (pairs, totals));
                }
            }
            (_, Some(steps), Width::Words) => {
                #[expect(clippy::manual_map, reason = "a closure would be compiled without the kernel's instructions")]
                let samples = match &self.job.stack.spread {
                    Some(spread) => Some(self.samples(quad, spread)),
                    None => None,
                };
                let totals = &mut self.totals(tile, totals);
                for (half, pair) in pairs.iter().enumerate() {
                    let samples = samples.as_ref().map(|samples| &samples[half]);
                    let vectors = (&vectors[half * 2..], stride);
                    // SAFETY: only the AVX-512 kernel tabulates words, and its existence proves the instructions.
                    unsafe {
                        crate::avx512::add_words(tile.tables, vectors, (steps, self.room), samples, (pair, totals));
                    }
                }
            }
            (_, _, Width::Nibbles | Width::Bytes | Width::Words) => return false,
        }
        true
    }

    #[inline(always)]
    fn totals<'t>(&self, tile: &Tile<'_>, totals: &'t mut [[i16; LANES]]) -> Totals<'t> {
        let (job, n_positions) = (self.job, self.job.positions.len());
        let first = tile.strip * job.patterns.strip();
        let used = self.columns(tile);
        let start = used.clone().next().map_or(0, |(_, column)| self.place(column, 0));
        let mut rest = &mut totals[start..];
        let mut columns = [const { None }; TILE];
        for (at, column) in used {
            let sign = SliceSign::Plus.times(job.stack.is_negated(tile.read, column));
            let (of_column, others) = rest.split_at_mut(n_positions);
            rest = others;
            columns[at] = Some((&mut of_column[first..], sign));
        }
        Totals { columns }
    }

    /// Read noise of a quad's sums, `[pair][vector][column]`.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn samples(&self, quad: &Quad<'_>, spread: &Spread) -> [[crate::avx512::Samples; 2 * TILE]; 2] {
        let SpreadTables::Tiles(tiles) = &spread.tables else { unreachable!("as the cells") };
        let read = &self.job.stack.lines().reads()[quad.tile.read];
        let (tables, segments) = tiles.of((quad.tile.read, read), quad.tile.index);
        let tile = Tile { tables, segments, ..*quad.tile };
        let stride = self.job.patterns.vectors_per_strip();
        let variances = Quad { tile: &tile, quad: quad.quad }.sum_bytes((tiles, stride), &segments[0]);
        let mut samples = [[[Vector([0; LANES]); 2]; 2 * TILE]; 2];
        let slices = self.schedule.as_ref().map_or(&[][..], |schedule| &schedule.slices);
        for (at, (samples, variances)) in samples.as_flattened_mut().iter_mut().zip(variances).enumerate() {
            let (position, plane) = quad.of(self.job, at / TILE);
            let Some(position) = self.job.positions.get(position) else { continue };
            let column = quad.tile.index * TILE + at % TILE;
            let key = Key::new(self.job.stream, (column, tile.read, slices[plane]), position);
            // SAFETY: only the AVX-512 kernel tabulates variances in tiles, and its existence proves the instructions.
            *samples = unsafe { crate::avx512::samples(spread, key, variances) };
        }
        samples
    }
}
