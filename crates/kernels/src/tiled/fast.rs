//! The fast ways: slices of one plane, and transfers in bytes or words.

use super::quad::{self, Quad, Sums, Tile, look_up, look_up_near};
use super::schedule::{Schedule, Step};
use super::{Codes, Plan, Room};
use crate::dispatch::Isa;
use crate::noise::Spread;
use crate::patterns::QUAD;
use crate::random::Key;
use crate::tiles::{TILE, Width};
use crate::words::Converter;
use crate::{LANES, SliceSign, Tally, Total, Vector};

impl Plan<'_> {
    /// Adds a tile's totals, if one of the fast ways can, and tells whether one could.
    #[inline(always)]
    pub(super) fn add_fast<T: Total>(
        &self,
        (tile, sigmas): (&Tile<'_>, &[Vector]),
        totals: &mut [[T; LANES]],
        mut tally: Option<&mut Tally>,
    ) -> bool {
        let Some(schedule) = &self.schedule else { return false };
        let has_bytes = self.codes.is_some() && self.tiles.width == Width::Bytes;
        let ways = (&self.codes, &self.converter);
        if !matches!(ways, (Some(_), _) if has_bytes && tile.segments.len() == 1) && self.converter.is_none() {
            return false;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(totals) = T::words(totals.as_flattened_mut())
            && self.add_pairs((tile, sigmas), totals.as_chunks_mut().0, tally.as_deref_mut())
        {
            return true;
        }
        for quad in 0..schedule.quads.len() {
            let quad = &Quad { tile, quad };
            match ways {
                (Some(codes), _) if has_bytes && tile.segments.len() == 1 => {
                    self.add_bytes((quad, schedule), codes, (totals, tally.as_deref_mut()));
                }
                (_, Some(converter)) => {
                    self.add_words((quad, schedule), converter, (totals, tally.as_deref_mut()));
                }
                (_, None) => unreachable!("one of the ways is there"),
            }
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
        let stride = self.job.patterns.vectors_per_strip();
        let mut sums = quad.sum_bytes((self.tiles, stride), &quad.tile.segments[0]);
        if let Some(tally) = tally {
            self.record(quad, tally, |at, lane| i64::from(sums[at].0[lane]) << self.job.stack.shift());
        }
        match codes {
            Codes::Same => {}
            Codes::Clip(max) => {
                sums.iter_mut().for_each(|sums| sums.0.iter_mut().for_each(|sum| *sum = (*sum).min(*max)));
            }
            Codes::Table(codes) => look_up(codes, &mut sums),
            Codes::Near { first, codes } => look_up_near((*first, codes), &mut sums),
        }
        if self.room == Room::Words {
            self.accumulate((quad, schedule), |at| &sums[at].0, totals);
            return;
        }
        // Pairs are added in bytes.
        let steps = &schedule.quads[quad.quad];
        for pair in [0, 2] {
            if steps.iter().any(|step| (step.vector..step.vector + step.n_vectors - 1).contains(&pair)) {
                for at in pair * TILE..(pair + 1) * TILE {
                    let high = sums[at + TILE];
                    sums[at].0.iter_mut().zip(high.0).for_each(|(low, high)| *low += 2 * high);
                }
            }
        }
        self.accumulate_pairs((quad, steps), &sums, totals);
    }

    #[inline(always)]
    fn add_words<T: Total>(
        &self,
        (quad, schedule): (&Quad<'_>, &Schedule),
        converter: &Converter<'_>,
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
        let used = self.columns(quad.tile);
        for at in (0..QUAD).flat_map(|vector| used.clone().map(move |(place, _)| vector * TILE + place)) {
            match &offsets {
                Some(offsets) => converter.convert_offset(&mut sums[at], &offsets[at]),
                None => converter.convert(&mut sums[at]),
            }
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
        let read = &self.job.stack.lines().reads()[quad.tile.read];
        let (tiles, tables, segments) = spread.tile((quad.tile.read, read), quad.tile.index);
        let tile = Tile { tables, segments, ..*quad.tile };
        let stride = self.job.patterns.vectors_per_strip();
        let mut sigmas = Quad { tile: &tile, quad: quad.quad }.sum_bytes((tiles, stride), &segments[0]);
        for (at, (samples, sigmas)) in samples.iter_mut().zip(&mut sigmas).enumerate() {
            let (position, plane) = quad.of(self.job, at / TILE);
            let Some(position) = self.job.positions.get(position) else { continue };
            let column = quad.tile.index * TILE + at % TILE;
            let key = Key::new(self.job.stream, (column, tile.read, slices[plane]), position);
            spread.add_conversion(sigmas);
            quad::sigmas(sigmas);
            let normals = key.normals(Isa::avx512());
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
        let (n_positions, has_negated) = (self.job.positions.len(), self.job.stack.has_negated());
        let first = quad.tile.strip * self.job.patterns.strip();
        for (at, column) in self.columns(quad.tile) {
            let is_negated = has_negated && self.job.stack.is_negated(quad.tile.read, column);
            let totals = &mut totals[self.place(column, 0)..][..n_positions];
            for step in &schedule.quads[quad.quad] {
                // Beyond them a position only fills its strip.
                let Some(total) = totals.get_mut(first + step.position) else { break };
                let sign = step.sign.times(is_negated);
                let of = |vector: usize| sums((step.vector + vector) % QUAD * TILE + at);
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
        let (n_positions, has_negated) = (self.job.positions.len(), self.job.stack.has_negated());
        let first = quad.tile.strip * self.job.patterns.strip();
        for (at, column) in self.columns(quad.tile) {
            let is_negated = has_negated && self.job.stack.is_negated(quad.tile.read, column);
            let totals = &mut totals[self.place(column, 0)..][..n_positions];
            for step in steps {
                // Beyond them a position only fills its strip.
                let Some(total) = totals.get_mut(first + step.position) else { break };
                let sign = step.sign.times(is_negated);
                let low = &sums[step.vector % QUAD * TILE + at].0;
                match step.n_vectors {
                    4 => add(total, [low, &sums[(step.vector + 2) % QUAD * TILE + at].0], (step.shift, 2), sign),
                    _ => add(total, [low], (step.shift, 1), sign),
                }
            }
        }
    }

    /// Records the sums that a tally takes.
    #[inline(always)]
    fn record(&self, quad: &Quad<'_>, tally: &mut Tally, analog: impl Fn(usize, usize) -> i64) {
        let n_planes = self.job.patterns.n_planes();
        let (mut position, mut plane) = quad.of(self.job, 0);
        let columns = self.columns(quad.tile);
        for vector in 0..QUAD {
            let Some(known) = self.job.positions.get(position) else { break };
            if tally.takes_one_of(quad.tile.index * TILE, known) {
                for (at, column) in columns.clone() {
                    if tally.takes(column, known) {
                        tally.record((0..known.n_lanes).map(|lane| analog(vector * TILE + at, lane)));
                    }
                }
            }
            plane += 1;
            if plane == n_planes {
                (position, plane) = (position + 1, 0);
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
