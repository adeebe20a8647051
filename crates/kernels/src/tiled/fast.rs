//! The fast ways: slices of one plane, and transfers in bytes or words.

use super::quad::{Quad, Sums, Tile, look_up, noise_factors};
use super::schedule::{Schedule, Step};
use super::{Codes, Plan};
use crate::noise::{Key, Spread, SpreadTables};
use crate::patterns::QUAD;
use crate::tiles::{TILE, Width};
use crate::words::Converter;
use crate::{LANES, SliceSign, Tally, Total, Vector};

impl Plan<'_> {
    /// Adds a tile's totals, if one of the fast ways can, and tells whether one could.
    #[inline(always)]
    pub(super) fn add_fast<T: Total>(
        &self,
        tile: &Tile<'_>,
        totals: &mut [[T; LANES]],
        mut tally: Option<&mut Tally>,
    ) -> bool {
        let Some(schedule) = &self.schedule else { return false };
        // AVX2 has no fast way to look up one of 256 bytes.
        let has_bytes = match (&self.codes, self.tiles.width) {
            (None, _) | (_, Width::Words) => false,
            (Some(Codes::Table(_)), Width::Nibbles) => self.converter.is_none(),
            (Some(_), Width::Nibbles | Width::Bytes) => true,
        };
        match (&self.codes, &self.converter) {
            (Some(codes), _) if has_bytes && tile.segments.len() == 1 => {
                for quad in 0..schedule.quads.len() {
                    self.add_bytes((&Quad { tile, quad }, schedule), codes, (totals, tally.as_deref_mut()));
                }
            }
            (_, Some(converter)) => {
                for quad in 0..schedule.quads.len() {
                    self.add_words((&Quad { tile, quad }, schedule), converter, (totals, tally.as_deref_mut()));
                }
            }
            _ => return false,
        }
        true
    }

    #[inline(always)]
    fn add_bytes<T: Total>(
        &self,
        (quad, schedule): (&Quad<'_>, &Schedule),
        codes: &Codes,
        (totals, tally): (&mut [[T; LANES]], Option<&mut Tally>),
    ) {
        let mut sums = [Vector([0; LANES]); QUAD * TILE];
        let stride = self.job.patterns.vectors_per_strip();
        quad.sum_bytes((self.tiles, stride), &quad.tile.segments[0], &mut sums);
        if let Some(tally) = tally {
            self.record(quad, tally, |at, lane| i64::from(sums[at].0[lane]) << self.job.stack.shift());
        }
        match codes {
            Codes::Same => {}
            Codes::Clip(max) => {
                sums.iter_mut().for_each(|sums| sums.0.iter_mut().for_each(|sum| *sum = (*sum).min(*max)));
            }
            Codes::Table(codes) => look_up(self.tiles.width, codes, &mut sums),
        }
        if !self.has_room_for_pairs {
            self.accumulate((quad, schedule), |at| &sums[at].0, totals);
            return;
        }
        // Pairs are added in bytes.
        let steps = &schedule.quads[quad.quad];
        for pair in steps.iter().flat_map(Step::pairs) {
            let (low, high) = sums.split_at_mut((pair + 1) * TILE);
            for (low, high) in low[pair * TILE..].iter_mut().zip(high) {
                low.0.iter_mut().zip(high.0).for_each(|(low, high)| *low += 2 * high);
            }
        }
        self.accumulate_pairs((quad, steps), &sums, totals);
    }

    #[inline(always)]
    fn add_words<T: Total>(
        &self,
        (quad, schedule): (&Quad<'_>, &Schedule),
        converter: &Converter,
        (totals, tally): (&mut [[T; LANES]], Option<&mut Tally>),
    ) {
        let mut sums = [[0; LANES]; QUAD * TILE];
        let stride = self.job.patterns.vectors_per_strip();
        quad.sum_words((self.tiles, stride), &mut sums);
        let offsets = self.offsets((quad, &schedule.slices));
        if let Some(tally) = tally {
            let shift = self.job.stack.shift();
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
        self.accumulate((quad, schedule), |at| &sums[at], totals);
    }

    /// What is added to each sum: lifts and noise; `None` for nothing.
    #[inline(always)]
    fn offsets(&self, (quad, slices): (&Quad<'_>, &[usize])) -> Option<Box<Sums<i16>>> {
        let job = self.job;
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
        let read = &self.job.stack.lines().reads()[quad.tile.read];
        let mut sigmas = [Vector([0; LANES]); QUAD * TILE];
        let (tables, segments) = tiles.of((quad.tile.read, read), quad.tile.index);
        let tile = Tile { tables, segments, ..*quad.tile };
        let stride = self.job.patterns.vectors_per_strip();
        Quad { tile: &tile, quad: quad.quad }.sum_bytes((tiles, stride), &segments[0], &mut sigmas);
        for (at, (samples, sigmas)) in samples.iter_mut().zip(&mut sigmas).enumerate() {
            let (position, plane) = quad.of(self.job, at / TILE);
            let Some(position) = self.job.positions.get(position) else { continue };
            let column = quad.tile.index * TILE + at % TILE;
            let key = Key::new(self.job.stream, (column, tile.read, slices[plane]), position);
            let normals = noise_factors(&key.bytes(), sigmas);
            for ((sample, normal), &sigma) in samples.iter_mut().zip(normals).zip(&sigmas.0) {
                *sample = spread.scaled(i16::from(sigma) * i16::from(normal));
            }
        }
    }

    /// Adds converted sums, each in its slice's place.
    #[inline(always)]
    fn accumulate<'s, E: Copy + Into<i64> + 's, T: Total>(
        &self,
        (quad, schedule): (&Quad<'_>, &Schedule),
        sums: impl Fn(usize) -> &'s [E; LANES],
        totals: &mut [[T; LANES]],
    ) {
        let job = self.job;
        let first = quad.tile.strip * job.patterns.strip();
        for step in &schedule.quads[quad.quad] {
            let position = first + step.position;
            if position >= job.positions.len() {
                // It only fills its strip.
                break;
            }
            for (at, column) in self.columns(quad.tile) {
                let total = &mut totals[self.place(column, position)];
                let sign = step.sign.times(job.stack.is_negated(quad.tile.read, column));
                let of = |vector: usize| sums((step.vector + vector) * TILE + at);
                match step.n_vectors {
                    4 => add(total, [of(0), of(1), of(2), of(3)], (step.shift, 1), sign),
                    2 => add(total, [of(0), of(1)], (step.shift, 1), sign),
                    _ => add(total, [of(0)], (step.shift, 1), sign),
                }
            }
        }
    }

    /// As [`accumulate`](Self::accumulate), where the first of each pair holds both.
    #[inline(always)]
    fn accumulate_pairs<T: Total>(
        &self,
        (quad, steps): (&Quad<'_>, &[Step]),
        sums: &[Vector; QUAD * TILE],
        totals: &mut [[T; LANES]],
    ) {
        let job = self.job;
        let first = quad.tile.strip * job.patterns.strip();
        for step in steps {
            let position = first + step.position;
            if position >= job.positions.len() {
                // It only fills its strip.
                break;
            }
            for (at, column) in self.columns(quad.tile) {
                let total = &mut totals[self.place(column, position)];
                let sign = step.sign.times(job.stack.is_negated(quad.tile.read, column));
                let of = |vector: usize| &sums[(step.vector + vector) * TILE + at].0;
                match step.n_vectors {
                    4 => add(total, [of(0), of(2)], (step.shift, 2), sign),
                    _ => add(total, [of(0)], (step.shift, 1), sign),
                }
            }
        }
    }

    /// Records the sums that a tally takes.
    #[inline(always)]
    fn record(&self, quad: &Quad<'_>, tally: &mut Tally, analog: impl Fn(usize, usize) -> i64) {
        for vector in 0..QUAD {
            let (position, _) = quad.of(self.job, vector);
            let Some(position) = self.job.positions.get(position) else { continue };
            for (at, column) in self.columns(quad.tile) {
                if tally.takes(column, position) {
                    tally.record((0..position.n_lanes).map(|lane| analog(vector * TILE + at, lane)));
                }
            }
        }
    }
}

/// Adds sums, each worth 2^`step` times the one before it.
#[inline(always)]
fn add<E: Copy + Into<i64>, T: Total, const N: usize>(
    totals: &mut [T; LANES],
    sums: [&[E; LANES]; N],
    (shift, step): (u32, u32),
    sign: SliceSign,
) {
    let joined = |lane: usize| {
        let places = (0..).zip(&sums).map(|(place, sums)| T::wrapped(sums[lane].into()).shifted(step * place));
        places.fold(T::ZERO, T::plus).shifted(shift)
    };
    match sign {
        SliceSign::Plus => (0..LANES).for_each(|lane| totals[lane] = totals[lane].plus(joined(lane))),
        SliceSign::Minus => (0..LANES).for_each(|lane| totals[lane] = totals[lane].minus(joined(lane))),
    }
}
