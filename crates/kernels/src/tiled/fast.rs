//! The fast ways: slices of one plane, and transfers in bytes or words.

use super::quad::{Quad, Sums, Tile, look_up, noise_factors};
use super::{Codes, Tiled};
use crate::noise::{Key, Spread, SpreadTables};
use crate::patterns::QUAD;
use crate::tiles::{TILE, Width};
use crate::words::Converter;
use crate::{LANES, SliceSign, Tally, Total, Vector};

impl<A: Total> Tiled<'_, A> {
    /// Adds a tile's totals, if one of the fast ways can, and tells whether one could.
    #[inline(always)]
    pub(super) fn add_fast(&mut self, tile: &Tile<'_>, mut tally: Option<&mut Tally>) -> bool {
        let plan = self.plan;
        let Some(slices) = &plan.slice_of_plane else { return false };
        let n_quads = plan.job.patterns.vectors_per_strip() / QUAD;
        // AVX2 has no fast way to look up one of 256 bytes.
        let has_bytes = match (&plan.codes, plan.tiles.width) {
            (None, _) | (_, Width::Words) => false,
            (Some(Codes::Table(_)), Width::Nibbles) => plan.converter.is_none(),
            (Some(_), Width::Nibbles | Width::Bytes) => true,
        };
        match (&plan.codes, &plan.converter) {
            (Some(codes), _) if has_bytes && tile.segments.len() == 1 => {
                for quad in 0..n_quads {
                    self.add_bytes((&Quad { tile, quad }, slices), codes, tally.as_deref_mut());
                }
            }
            (_, Some(converter)) => {
                for quad in 0..n_quads {
                    self.add_words((&Quad { tile, quad }, slices), converter, tally.as_deref_mut());
                }
            }
            _ => return false,
        }
        true
    }

    #[inline(always)]
    fn add_bytes(&mut self, (quad, slices): (&Quad<'_>, &[usize]), codes: &Codes, tally: Option<&mut Tally>) {
        let plan = self.plan;
        let mut sums = [Vector([0; LANES]); QUAD * TILE];
        let stride = plan.job.patterns.vectors_per_strip();
        quad.sum_bytes((plan.tiles, stride), &quad.tile.segments[0], &mut sums);
        if let Some(tally) = tally {
            self.record(quad, tally, |at, lane| i64::from(sums[at].0[lane]) << plan.job.stack.shift());
        }
        match codes {
            Codes::Same => {}
            Codes::Clip(max) => {
                sums.iter_mut().for_each(|sums| sums.0.iter_mut().for_each(|sum| *sum = (*sum).min(*max)));
            }
            Codes::Table(codes) => look_up(plan.tiles.width, codes, &mut sums),
        }
        self.accumulate((quad, slices), |at| &sums[at].0);
    }

    #[inline(always)]
    fn add_words(&mut self, (quad, slices): (&Quad<'_>, &[usize]), converter: &Converter, tally: Option<&mut Tally>) {
        let mut sums = [[0; LANES]; QUAD * TILE];
        let stride = self.plan.job.patterns.vectors_per_strip();
        quad.sum_words((self.plan.tiles, stride), &mut sums);
        let offsets = self.offsets((quad, slices));
        if let Some(tally) = tally {
            let shift = self.plan.job.stack.shift();
            self.record(quad, tally, |at, lane| {
                (i64::from(sums[at][lane]) << shift) + offsets.as_ref().map_or(0, |offsets| offsets[at][lane].into())
            });
        }
        match &offsets {
            Some(offsets) => {
                sums.iter_mut().zip(offsets.iter()).for_each(|(sums, offsets)| converter.convert_offset(sums, offsets));
            }
            None => sums.iter_mut().for_each(|sums| converter.convert(sums)),
        }
        self.accumulate((quad, slices), |at| &sums[at]);
    }

    /// What is added to each sum: lifts and noise; `None` for nothing.
    #[inline(always)]
    fn offsets(&self, (quad, slices): (&Quad<'_>, &[usize])) -> Option<Box<Sums<i16>>> {
        let job = self.plan.job;
        if job.lifts.is_none() && job.stack.spread.is_none() {
            return None;
        }
        let mut offsets = Box::new([[0i16; LANES]; QUAD * TILE]);
        if let Some(spread) = &job.stack.spread {
            self.sample_noise((quad, slices), spread, &mut offsets);
        }
        for vector in 0..QUAD {
            let (position, plane) = quad.of(job, vector);
            let slice = slices[plane];
            let lift = (position < job.positions.len()).then(|| job.lift(quad.tile.read, position, slice)).flatten();
            for offsets in &mut offsets[vector * TILE..][..TILE] {
                for (offset, &lift) in offsets.iter_mut().zip(lift.unwrap_or(&[0; LANES])) {
                    *offset += lift as i16;
                }
            }
        }
        Some(offsets)
    }

    #[inline(always)]
    fn sample_noise(&self, (quad, slices): (&Quad<'_>, &[usize]), spread: &Spread, samples: &mut Sums<i16>) {
        let SpreadTables::Tiles(tiles) = &spread.tables else { unreachable!("as the cells") };
        let read = &self.plan.job.stack.lines().reads()[quad.tile.read];
        let mut sigmas = [Vector([0; LANES]); QUAD * TILE];
        let (tables, segments) = tiles.of((quad.tile.read, read), quad.tile.index);
        let tile = Tile { tables, segments, ..*quad.tile };
        let stride = self.plan.job.patterns.vectors_per_strip();
        Quad { tile: &tile, quad: quad.quad }.sum_bytes((tiles, stride), &segments[0], &mut sigmas);
        for (at, (samples, sigmas)) in samples.iter_mut().zip(&mut sigmas).enumerate() {
            let (position, plane) = quad.of(self.plan.job, at / TILE);
            let Some(position) = self.plan.job.positions.get(position) else { continue };
            let column = quad.tile.index * TILE + at % TILE;
            let key = Key::new(self.plan.job.stream, (column, tile.read, slices[plane]), position);
            let normals = noise_factors(&key.bytes(), sigmas);
            for ((sample, normal), &sigma) in samples.iter_mut().zip(normals).zip(&sigmas.0) {
                *sample = spread.scaled(i16::from(sigma) * i16::from(normal));
            }
        }
    }

    /// Adds converted sums, each in its slice's place.
    #[inline(always)]
    fn accumulate<'s, E: Copy + Into<i64> + 's>(
        &mut self,
        (quad, slices): (&Quad<'_>, &[usize]),
        sums: impl Fn(usize) -> &'s [E; LANES],
    ) {
        let job = self.plan.job;
        for (at, column) in self.columns(quad.tile) {
            let is_negated = job.stack.is_negated(quad.tile.read, column);
            let mut vector = 0;
            while vector < QUAD {
                let (position, plane) = quad.of(job, vector);
                let slice = &job.slices[slices[plane]];
                // Most layers by far have two planes; one pass over the totals does for both.
                let next = slices.get(plane + 1).map(|&next| &job.slices[next]).filter(|_| vector + 1 < QUAD);
                let sum = sums(vector * TILE + at);
                let Some(totals) = self.totals_of(column, position) else { break };
                match (slice.signed(is_negated), next.map(|next| (next.signed(is_negated), next.shift))) {
                    (SliceSign::Plus, Some((SliceSign::Plus, shift))) => {
                        let next = sums((vector + 1) * TILE + at);
                        for ((total, &sum), &next) in totals.iter_mut().zip(sum).zip(next) {
                            let sum = A::wrapped(sum.into()).shifted(slice.shift);
                            *total = total.plus(sum.plus(A::wrapped(next.into()).shifted(shift)));
                        }
                        vector += 1;
                    }
                    (SliceSign::Plus, _) => totals.iter_mut().zip(sum).for_each(|(total, &sum)| {
                        *total = total.plus(A::wrapped(sum.into()).shifted(slice.shift));
                    }),
                    (SliceSign::Minus, _) => totals.iter_mut().zip(sum).for_each(|(total, &sum)| {
                        *total = total.minus(A::wrapped(sum.into()).shifted(slice.shift));
                    }),
                }
                vector += 1;
            }
        }
    }

    /// Records the sums that a tally takes.
    #[inline(always)]
    fn record(&self, quad: &Quad<'_>, tally: &mut Tally, analog: impl Fn(usize, usize) -> i64) {
        for vector in 0..QUAD {
            let (position, _) = quad.of(self.plan.job, vector);
            let Some(position) = self.plan.job.positions.get(position) else { continue };
            for (at, column) in self.columns(quad.tile) {
                if tally.takes(column, position) {
                    tally.record((0..position.n_lanes).map(|lane| analog(vector * TILE + at, lane)));
                }
            }
        }
    }
}
