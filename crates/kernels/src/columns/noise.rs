//! What is added to sums before conversion: lifts and noise.

use std::array::from_fn;

use super::Reading;
use crate::interleave::transposed;
use crate::memory::{Entry, sum_halves, words};
use crate::noise::{Spread, SpreadTables};
use crate::random::Key;
use crate::{LANES, Slice};

/// Columns and lanes that change places at a time.
const BLOCK: usize = 16;

/// Of each slice what is added to the sums of a position, `[slice][lane][column]`.
pub(super) type Offsets<const N: usize> = Vec<[[i16; N]; LANES]>;

impl<E: Entry, const N: usize> Reading<'_, E, N> {
    /// Finds what is added to the sums of a position's first lanes, if anything is; samples are words.
    #[inline(always)]
    pub(super) fn find_offsets(&self, (position, n_lanes): (usize, usize), offsets: &mut Offsets<N>) {
        let job = self.plan.job;
        if job.lifts.is_none() && job.stack.spread.is_none() {
            return;
        }
        offsets.resize(job.slices.len(), [[0; N]; LANES]);
        for (slice, offsets) in offsets.iter_mut().enumerate() {
            match &job.stack.spread {
                Some(spread) => self.sample_words(spread, (position, n_lanes), slice, offsets),
                None => offsets.fill([0; N]),
            }
            if let Some(lifts) = job.lift(self.index, position, slice) {
                for (offsets, &lift) in offsets.iter_mut().zip(lifts) {
                    offsets.iter_mut().for_each(|offset| *offset = offset.wrapping_add(lift as i16));
                }
            }
        }
    }

    /// Samples the noise of a position's first lanes, if samples are words: slices have one plane then.
    #[inline(always)]
    fn sample_words(
        &self,
        spread: &Spread,
        (position, n_lanes): (usize, usize),
        slice: usize,
        samples: &mut [[i16; N]; LANES],
    ) {
        let plane = self.plan.job.slices[slice].planes.start;
        let normals = self.normals(position, slice);
        for (lane, (samples, normals)) in samples.iter_mut().zip(&normals).enumerate().take(n_lanes) {
            let sigmas = self.sigmas(spread, (position, lane), plane);
            #[cfg(target_arch = "x86_64")]
            if self.plan.isa.has_vectors_of_256_bits() {
                // SAFETY: the machine has the instructions that an `Isa` stands for.
                unsafe { crate::avx2::samples(&sigmas, normals, spread.shift(), samples) };
                continue;
            }
            let mut products = [0; N];
            for at in 0..N {
                products[at] = i16::from(sigmas[at]) * i16::from(normals[at]);
            }
            for at in 0..N {
                samples[at] = spread.scaled(products[at]);
            }
        }
    }

    /// What the normal numbers of columns are multiplied with, if samples are words.
    #[inline(always)]
    fn sigmas(&self, spread: &Spread, image: (usize, usize), plane: usize) -> [u8; N] {
        if let SpreadTables::Common(tables) = &spread.tables {
            return [spread.sigma(self.common_variance(tables, image, (plane, plane))); N];
        }
        let mut sigmas = self.variances(spread, image, (plane, plane));
        for sigma in &mut sigmas {
            *sigma = spread.sigma(*sigma);
        }
        sigmas
    }

    /// Samples the noise of a position's first lanes.
    pub(super) fn sample_noise(
        &self,
        spread: &Spread,
        (position, n_lanes): (usize, usize),
        slice: usize,
        samples: &mut [[i32; N]; LANES],
    ) {
        let normals = self.normals(position, slice);
        for (lane, (samples, normals)) in samples.iter_mut().zip(&normals).enumerate().take(n_lanes) {
            let variances = self.weighted_variances(spread, (position, lane), &self.plan.job.slices[slice]);
            for at in self.used.clone() {
                samples[at] = spread.sample(variances[at], normals[at]);
            }
        }
    }

    /// z·U of each lane and column.
    #[inline(always)]
    fn normals(&self, position: usize, slice: usize) -> [[i8; N]; LANES] {
        let (job, first) = (self.plan.job, self.panel * N);
        let position = Key::of_position(&job.positions[position]);
        let mut normals = [[0; N]; LANES];
        for block in (0..self.used.end).step_by(BLOCK) {
            let mut of_column = [[0; LANES]; BLOCK];
            for (column, normals) in (first + block..).zip(&mut of_column) {
                let column = Key::of_column(job.stream, (column, self.index, slice));
                *normals = Key::of(column, position).normals(self.plan.isa);
            }
            for (lanes, normals) in normals.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                let rows = transposed(from_fn(|at| of_column[at].as_chunks::<BLOCK>().0[lanes]));
                for (normals, row) in normals.iter_mut().zip(rows) {
                    normals.as_chunks_mut::<BLOCK>().0[block / BLOCK] = row;
                }
            }
        }
        normals
    }

    /// Σ v·x² of each column. With x = Σ 2^t·b_t it is Σ 4^t·V(b_t) + Σ over t < u of 2^(t + u + 1)·V(b_t ∧ b_u).
    fn weighted_variances(&self, spread: &Spread, image: (usize, usize), slice: &Slice) -> [u32; N] {
        let mut weighted = [0; N];
        for (t, low) in (0..).zip(slice.planes.clone()) {
            for (u, high) in (0..).zip(slice.planes.clone()).skip(t) {
                let weight = if t == u { 2 * t } else { t + u + 1 };
                let variances = self.variances(spread, image, (low, high));
                weighted.iter_mut().zip(variances).for_each(|(sum, variance)| *sum += u32::from(variance) << weight);
            }
        }
        weighted
    }

    /// V of each column: the sum of the variances of cells on word lines that are driven in two planes.
    #[inline(always)]
    fn variances(&self, spread: &Spread, image: (usize, usize), planes: (usize, usize)) -> [u8; N] {
        match &spread.tables {
            SpreadTables::Common(tables) => [self.common_variance(tables, image, planes); N],
            SpreadTables::Memory(tables) => {
                let first = self.panel * N;
                let sums = words(&sum_halves(tables.halves(first / 64, self.read), self.driven(image, planes)));
                let mut variances = [0; N];
                for (variance, &sum) in variances.iter_mut().zip(&sums[first % 64..]) {
                    *variance = sum as u8;
                }
                variances
            }
            SpreadTables::Cells(_)
            | SpreadTables::Tiles(_)
            | SpreadTables::CommonTile(_)
            | SpreadTables::Products(_)
            | SpreadTables::CommonProducts(_) => {
                unreachable!("as the cells")
            }
        }
    }

    /// V of all columns, if they are alike.
    #[inline(always)]
    fn common_variance(&self, tables: &[[u8; 256]], image: (usize, usize), planes: (usize, usize)) -> u8 {
        let tables = &tables[self.read.groups.clone()];
        let mut variance = 0;
        for (table, index) in tables.iter().zip(self.driven(image, planes)) {
            variance += table[usize::from(index)];
        }
        variance
    }

    /// Of each group the word lines that are driven in two planes.
    #[inline(always)]
    fn driven(&self, image: (usize, usize), (low, high): (usize, usize)) -> impl Iterator<Item = u8> {
        let plane = |plane| self.plan.rows.plane(self.index, image, plane).as_flattened();
        plane(low).iter().zip(plane(high)).map(|(low, high)| low & high)
    }
}
