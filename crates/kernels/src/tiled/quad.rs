//! Looking up four vectors in the tables of four columns.

use std::ops::Range;

use crate::patterns::QUAD;
use crate::tiles::{TILE, Tiles, Width};
use crate::{Job, LANES, Vector};

/// Sums of four vectors and four columns, `[vector][column]`.
pub(super) type Sums<E> = [[E; LANES]; QUAD * TILE];

/// A tile of columns in one read and strip.
#[derive(Clone, Copy)]
pub(super) struct Tile<'a> {
    pub(super) index: usize,
    /// `[group][column]`.
    pub(super) tables: &'a [Vector],
    pub(super) segments: &'a [Range<usize>],
    /// The read's groups, `[group][position][plane]`.
    pub(super) vectors: &'a [Vector],
    pub(super) read: usize,
    pub(super) strip: usize,
}

/// Four vectors of it.
#[derive(Clone, Copy)]
pub(super) struct Quad<'a> {
    pub(super) tile: &'a Tile<'a>,
    pub(super) quad: usize,
}

impl Quad<'_> {
    /// The position of a vector, which may be one that only fills its strip, and its plane.
    #[inline(always)]
    pub(super) fn of(&self, job: &Job<'_>, vector: usize) -> (usize, usize) {
        let at = self.quad * QUAD + vector;
        let n_planes = job.patterns.n_planes();
        (self.tile.strip * job.patterns.strip() + at / n_planes, at % n_planes)
    }

    /// Sums of bytes over one of the tile's segments.
    #[inline(always)]
    pub(super) fn sum_bytes(&self, (tiles, stride): (&Tiles, usize), groups: &Range<usize>) -> [Vector; QUAD * TILE] {
        let tables = &self.tile.tables[groups.start * tiles.width.vectors()..groups.end * tiles.width.vectors()];
        let vectors = (&self.tile.vectors[groups.start * stride + self.quad * QUAD..], stride);
        #[cfg(target_arch = "x86_64")]
        match tiles.width {
            // SAFETY: only the AVX-512 kernel tabulates bytes, and its existence proves the instructions.
            Width::Bytes => unsafe { crate::avx512::sum_bytes(tables, vectors) },
            Width::Words => unreachable!("words are summed in words"),
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("no kernel of this machine has tables in registers: {tables:?} {vectors:?}");
    }

    /// Sums over all groups, in words.
    #[inline(always)]
    pub(super) fn sum_words(&self, (tiles, stride): (&Tiles, usize), sums: &mut Sums<u16>) {
        match tiles.width {
            Width::Bytes => {
                for groups in self.tile.segments {
                    let part = self.sum_bytes((tiles, stride), groups);
                    for (sums, part) in sums.iter_mut().zip(&part) {
                        sums.iter_mut().zip(part.0).for_each(|(sum, part)| *sum += u16::from(part));
                    }
                }
            }
            Width::Words => {
                for (half, sums) in sums.as_chunks_mut::<{ QUAD * TILE / 2 }>().0.iter_mut().enumerate() {
                    let vectors = (&self.tile.vectors[self.quad * QUAD + half * QUAD / 2..], stride);
                    #[cfg(target_arch = "x86_64")]
                    // SAFETY: only the AVX-512 kernel tabulates words, and its existence proves the instructions.
                    unsafe {
                        crate::avx512::sum_words(self.tile.tables, vectors, sums);
                    }
                    #[cfg(not(target_arch = "x86_64"))]
                    unreachable!("no kernel of this machine has tables in registers: {vectors:?} {sums:?}");
                }
            }
        }
    }
}

/// Replaces bytes by their entries.
#[inline(always)]
pub(super) fn look_up(table: &[u8; 256], vectors: &mut [Vector; QUAD * TILE]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: only the AVX-512 kernel tabulates bytes, and its existence proves the instructions.
    unsafe {
        crate::avx512::look_up(table, vectors);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("no kernel of this machine has tables in registers: {table:?} {vectors:?}");
}

/// Replaces bytes by their entries, bytes up to `first` by the first and those from `first` + 127 on by the last.
#[inline(always)]
pub(super) fn look_up_near((first, table): (u8, &[u8; 128]), vectors: &mut [Vector; QUAD * TILE]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: only the AVX-512 kernel tabulates bytes, and its existence proves the instructions.
    unsafe {
        crate::avx512::look_up_near(first, table, vectors);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("no kernel of this machine has tables in registers: {first} {table:?} {vectors:?}");
}

/// Replaces variances by what normal numbers are multiplied with.
#[inline(always)]
pub(super) fn sigmas(variances: &mut Vector) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: only the AVX-512 kernel tabulates variances in tiles, and its existence proves the instructions.
    unsafe {
        crate::avx512::sigmas(variances);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("no kernel of this machine has tables in registers: {variances:?}")
}
