//! The fastest way: pairs of slices of which one is worth twice the other, in registers from look-up to totals.

use super::Plan;
use super::quad::Tile;
use crate::dispatch::Isa;
use crate::random::Key;
use crate::tiles::{TILE, Width};
use crate::{LANES, Read, SliceSign, Tally, Vector};

/// Two vectors of a quad that are added together: slices of one position, the second worth twice the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Place of the position in its strip.
    pub(crate) position: usize,
    /// Of the first.
    pub(crate) shift: u32,
    /// Slices of the two.
    pub(crate) slices: [usize; 2],
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
    n_positions: usize,
}

impl Totals<'_> {
    /// The totals of a column in one of the strip's positions; `None` if there is none.
    #[inline(always)]
    pub(crate) fn of(&mut self, column: usize, position: usize) -> Option<(&mut [i16; LANES], SliceSign)> {
        let (totals, sign) = self.columns[column].as_mut()?;
        Some((totals.get_mut(position)?, *sign))
    }

    /// Has the totals of some pairs' positions fetched while something else goes on.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn prefetch(&self, pairs: &[Pair; 2]) {
        for (totals, _) in self.columns.iter().flatten() {
            for position in [pairs[0].position, pairs[1].position] {
                if let Some(totals) = totals.get(position) {
                    crate::avx512::prefetch(totals);
                }
            }
        }
    }

    /// Whether the strip has a position.
    #[inline(always)]
    pub(crate) fn has(&self, position: usize) -> bool {
        position < self.n_positions
    }
}

/// The read noise of a tile's sums in a strip.
#[derive(Debug)]
pub(crate) struct Noise<'a> {
    /// Bits by which products of deviations and normal numbers are shifted right, rounded.
    pub(crate) shift: u32,
    /// Factors of normal numbers.
    pub(crate) sigmas: Sigmas<'a>,
    /// What columns contribute to keys, `[slice][column]`.
    columns: Vec<[u64; TILE]>,
    /// What the strip's positions contribute.
    positions: &'a [u64],
}

/// Factors of normal numbers.
#[derive(Debug)]
pub(crate) enum Sigmas<'a> {
    /// Of all columns, `[vector]`.
    Common(&'a [Vector]),
    /// `[vector][column]`.
    Own(Vec<[Vector; TILE]>),
}

impl Sigmas<'_> {
    /// Those of a vector of the strip and a column of the tile.
    #[inline(always)]
    pub(crate) fn of(&self, vector: usize, column: usize) -> &Vector {
        match self {
            Self::Common(sigmas) => &sigmas[vector],
            Self::Own(sigmas) => &sigmas[vector][column],
        }
    }
}

impl Noise<'_> {
    /// The samples of a slice in one of the strip's positions for a column of the tile.
    #[inline(always)]
    pub(crate) fn key(&self, position: usize, slice: usize, column: usize) -> Key {
        Key::of(self.columns[slice][column], self.positions.get(position).copied().unwrap_or(0))
    }
}

#[cfg(target_arch = "x86_64")]
impl Plan<'_> {
    /// Adds a tile's totals, if its vectors are pairs and their sums are converted to bytes, and tells whether.
    #[inline(always)]
    pub(super) fn add_pairs(
        &self,
        (tile, sigmas): (&Tile<'_>, &[Vector]),
        totals: &mut [[i16; LANES]],
        tally: Option<&mut Tally>,
    ) -> bool {
        let Some(pairs) = self.schedule.as_ref().and_then(|schedule| schedule.pairs.as_ref()) else { return false };
        let vectors = (tile.vectors, self.job.patterns.vectors_per_strip());
        let mut noise = None;
        match (&self.codes, &self.steps, self.tiles.width) {
            (Some(codes), _, Width::Bytes) if tile.segments.len() == 1 => {
                let totals = &mut self.totals(tile, totals);
                // SAFETY: only the AVX-512 kernel tabulates bytes, and its existence proves the instructions.
                unsafe { crate::avx512::add_bytes(tile.tables, vectors, (codes, self.room), (pairs, totals)) }
            }
            (_, Some(steps), Width::Words) => {
                noise = self.noise_of(tile, sigmas);
                let totals = &mut self.totals(tile, totals);
                // SAFETY: only the AVX-512 kernel tabulates words, and its existence proves the instructions.
                unsafe {
                    crate::avx512::add_words(tile.tables, vectors, (steps, self.room), noise.as_ref(), (pairs, totals));
                }
            }
            (_, _, Width::Bytes | Width::Words) => return false,
        }
        if let Some(tally) = tally {
            self.record_tile(tile, noise.as_ref(), tally);
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
        Totals { columns, n_positions: n_positions - first }
    }

    /// The factors of normal numbers for the vectors of a read in a strip, if all columns have the same.
    pub(super) fn common_sigmas(&self, (read_index, read): (usize, &Read), vectors: &[Vector]) -> Vec<Vector> {
        let Some(spread) = self.job.stack.spread.as_ref().filter(|spread| spread.is_common()) else {
            return Vec::new();
        };
        let stride = self.job.patterns.vectors_per_strip();
        let (_, tables, _) = spread.tile((read_index, read), 0);
        let of_vector = |vector: usize| {
            // SAFETY: only the AVX-512 kernel tabulates variances in tiles, and its existence proves the instructions.
            let mut variances = unsafe { crate::avx512::column_bytes(tables, &vectors[vector..], stride) };
            spread.add_conversion(&mut variances);
            // SAFETY: likewise.
            unsafe { crate::avx512::sigmas(&mut variances) };
            variances
        };
        (0..stride).map(of_vector).collect()
    }

    /// The noise of a tile, if it has any; `sigmas` are the common ones.
    #[inline(always)]
    fn noise_of<'t>(&'t self, tile: &Tile<'_>, sigmas: &'t [Vector]) -> Option<Noise<'t>> {
        let spread = self.job.stack.spread.as_ref()?;
        let read = &self.job.stack.lines().reads()[tile.read];
        let stride = self.job.patterns.vectors_per_strip();
        let sigmas = if spread.is_common() {
            Sigmas::Common(sigmas)
        } else {
            let (_, tables, _) = spread.tile((tile.read, read), tile.index);
            let mut of_vectors = vec![[Vector([0; LANES]); TILE]; stride];
            for (vector, sigmas) in of_vectors.iter_mut().enumerate() {
                for (column, sigmas) in sigmas.iter_mut().enumerate() {
                    let vectors = &tile.vectors[vector..];
                    // SAFETY: only the AVX-512 kernel tabulates variances in tiles, and its existence proves the
                    // instructions.
                    *sigmas = unsafe { crate::avx512::column_bytes(&tables[column..], vectors, stride) };
                    spread.add_conversion(sigmas);
                    // SAFETY: likewise.
                    unsafe { crate::avx512::sigmas(sigmas) };
                }
            }
            Sigmas::Own(of_vectors)
        };
        let key = |slice, column| Key::of_column(self.job.stream, (tile.index * TILE + column, tile.read, slice));
        let columns =
            (0..self.job.slices.len()).map(|slice| std::array::from_fn(|column| key(slice, column))).collect();
        let positions = &self.position_keys[tile.strip * self.job.patterns.strip()..];
        Some(Noise { shift: spread.shift(), sigmas, columns, positions })
    }

    /// Records the sums of a tile that a tally takes.
    fn record_tile(&self, tile: &Tile<'_>, noise: Option<&Noise<'_>>, tally: &mut Tally) {
        let (job, n_planes) = (self.job, self.job.patterns.n_planes());
        let stride = job.patterns.vectors_per_strip();
        let positions = &job.positions[tile.strip * job.patterns.strip()..];
        for (place, position) in positions.iter().enumerate().take(job.patterns.strip()) {
            if !tally.takes_one_of(tile.index * TILE, position) {
                continue;
            }
            for (at, column) in self.columns(tile) {
                if !tally.takes(column, position) {
                    continue;
                }
                for plane in 0..n_planes {
                    let vector = place * n_planes + plane;
                    let sums = self.column_sums(tile, at, (vector, stride));
                    let samples = noise.map(|noise| {
                        let slice = self.schedule.as_ref().map_or(0, |schedule| schedule.slices[plane]);
                        let (normals, sigmas) =
                            (noise.key(place, slice, at).normals(Isa::avx512()), noise.sigmas.of(vector, at));
                        (normals, sigmas)
                    });
                    let shift = job.stack.shift();
                    tally.record((0..position.n_lanes).map(|lane| {
                        let sample = match (&samples, &job.stack.spread) {
                            (Some((normals, sigmas)), Some(spread)) => {
                                spread.scaled(i16::from(sigmas.0[lane]) * i16::from(normals[lane]))
                            }
                            _ => 0,
                        };
                        (i64::from(sums[lane]) << shift) + i64::from(sample)
                    }));
                }
            }
        }
    }

    /// The sums of one column and vector.
    #[inline(always)]
    fn column_sums(&self, tile: &Tile<'_>, column: usize, (vector, stride): (usize, usize)) -> [u16; LANES] {
        let vectors = &tile.vectors[vector..];
        match self.tiles.width {
            // SAFETY: only the AVX-512 kernel tabulates words, and its existence proves the instructions.
            Width::Words => unsafe { crate::avx512::column_words(&tile.tables[2 * column..], vectors, stride) },
            Width::Bytes => {
                // SAFETY: only the AVX-512 kernel comes this way, and its existence proves the instructions.
                let sums = unsafe { crate::avx512::column_bytes(&tile.tables[column..], vectors, stride) };
                sums.0.map(u16::from)
            }
        }
    }
}
