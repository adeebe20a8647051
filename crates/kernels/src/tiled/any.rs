//! The way for everything else: sums in registers, conversion lane by lane.

use super::Plan;
use super::quad::{Quad, Sums, Tile};
use crate::dispatch::Isa;
use crate::noise::Spread;
use crate::patterns::QUAD;
use crate::random::Key;
use crate::tiles::{TILE, Tiles};
use crate::{LANES, Read, Tally, Total, Vector};

/// Sums of one vector and the columns of a tile.
type TileSums = [[u32; LANES]; TILE];

impl Plan<'_> {
    /// Adds a tile's totals.
    #[inline(always)]
    pub(super) fn add_any<T: Total>(
        &self,
        (tile, read): (&Tile<'_>, &Read),
        totals: &mut [[T; LANES]],
        mut tally: Option<&mut Tally>,
    ) {
        let (job, tiles) = (self.job, self.tiles);
        let strip = job.patterns.strip();
        for position in tile.strip * strip..job.positions.len().min((tile.strip + 1) * strip) {
            for (index, slice) in job.slices.iter().enumerate() {
                let mut sums = [[0; LANES]; TILE];
                for (weight, plane) in (0..).zip(slice.planes.clone()) {
                    self.add_driven((tile, tiles), (position, plane, plane), weight, &mut sums);
                }
                let at = (tile.read, position, index);
                let noise = job.stack.spread.as_ref().map(|spread| self.noise((tile, read), spread, at));
                for (place, column) in self.columns(tile) {
                    let analog = |lane: usize| {
                        let lift = job.lift(tile.read, position, index).map_or(0, |lifts| i64::from(lifts[lane]));
                        let noise = noise.as_ref().map_or(0, |noise| i64::from(noise[place][lane]));
                        (i64::from(sums[place][lane]) << job.stack.shift()) + lift + noise
                    };
                    let totals = &mut totals[self.place(column, position)];
                    for (lane, total) in totals.iter_mut().enumerate() {
                        let drop = job.drop(tile.read, position, index).map_or(0, |drops| i64::from(drops[lane]));
                        let value = job.transfer.value(analog(lane), job.stack.shift(), drop);
                        *total = total.plus(T::wrapped(slice.placed(value, job.stack.is_negated(tile.read, column))));
                    }
                    if let Some(tally) = &mut tally
                        && tally.takes(column, &job.positions[position])
                    {
                        tally.record((0..job.positions[position].n_lanes).map(analog));
                    }
                }
            }
        }
    }

    /// Read noise of a tile's columns.
    fn noise(
        &self,
        (tile, read): (&Tile<'_>, &Read),
        spread: &Spread,
        (read_index, position, slice): (usize, usize, usize),
    ) -> [[i32; LANES]; TILE] {
        let (tiles, tables, segments) = spread.tile((read_index, read), tile.index);
        let tile = Tile { tables, segments, ..*tile };
        // Σ v·x²: with x = Σ 2^t·b_t it is Σ 4^t·V(b_t) + Σ over t < u of 2^(t + u + 1)·V(b_t ∧ b_u).
        let mut variances = [[0; LANES]; TILE];
        let planes = self.job.slices[slice].planes.clone();
        for (t, low) in (0..).zip(planes.clone()) {
            self.add_driven((&tile, tiles), (position, low, low), 2 * t, &mut variances);
            for (u, high) in (0..).zip(planes.clone()).skip(t as usize + 1) {
                self.add_driven((&tile, tiles), (position, low, high), t + u + 1, &mut variances);
            }
        }
        std::array::from_fn(|at| {
            let column = (tile.index * TILE + at, read_index, slice);
            let normals = Key::new(self.job.stream, column, &self.job.positions[position]).normals(Isa::avx512());
            std::array::from_fn(|lane| spread.sample(variances[at][lane], normals[lane]))
        })
    }

    /// Adds the sums of the cells that are driven in both of two planes, times 2^`weight`.
    fn add_driven(
        &self,
        (tile, tiles): (&Tile<'_>, &Tiles),
        (position, low, high): (usize, usize, usize),
        weight: u32,
        sums: &mut TileSums,
    ) {
        let patterns = self.job.patterns;
        let place = position % patterns.strip() * patterns.n_planes();
        let mut vectors = Vec::with_capacity(tile.vectors.len() * QUAD / patterns.vectors_per_strip());
        for group in tile.vectors.chunks_exact(patterns.vectors_per_strip()) {
            let (low, high) = (&group[place + low].0, &group[place + high].0);
            vectors.push(Vector(std::array::from_fn(|lane| low[lane] & high[lane])));
            vectors.extend([Vector([0; LANES]); QUAD - 1]);
        }
        let mut found: Sums<u16> = [[0; LANES]; QUAD * TILE];
        Quad { tile: &Tile { vectors: &vectors, ..*tile }, quad: 0 }.sum_words((tiles, QUAD), &mut found);
        for (sums, found) in sums.iter_mut().zip(&found) {
            sums.iter_mut().zip(found).for_each(|(sum, &found)| *sum += u32::from(found) << weight);
        }
    }
}
