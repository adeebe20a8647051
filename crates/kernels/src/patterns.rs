//! The bits that drive word lines, as indices of look-up tables.
//!
//! A [`Vector`] holds one index for each of [`LANES`] images: bit r is what drives word line r of a group. Positions
//! are cut into strips, so that the vectors of a strip's reads stay in the cache nearest to the core:
//!
//! ```text
//! strip 0: group 0: position 0: plane 0, plane 1, …; position 1: plane 0, …     strip 1: group 0: …
//!          group 1: …
//! ```
//!
//! Kernels with columns in their lanes have [`Rows`] instead.

use std::borrow::Cow;

use crate::bits::transpose_8;
use crate::dispatch::Isa;
use crate::rows::Rows;
use crate::{Kernel, Lift, Lines, Read, Slice};

/// Images whose values stand side by side.
pub const LANES: usize = 64;

/// Vectors that kernels read at a time.
pub(crate) const QUAD: usize = 4;

/// A byte for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Vector(pub [u8; LANES]);

/// Where the bits of each position's word lines are.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Bit planes; bit l of a word is that of lane l.
    pub words: &'a [u64],
    /// Words from one plane to the next.
    pub plane_stride: usize,
    /// The first word of each position.
    pub positions: &'a [usize],
    /// How far beyond it the word of each word line is.
    pub lines: &'a [usize],
}

/// The indices of some positions.
#[derive(Clone, Debug)]
pub struct Patterns {
    kernel: Kernel,
    n_positions: usize,
    n_planes: usize,
    n_groups: usize,
    /// Positions of a strip.
    strip: usize,
    vectors: Vec<Vector>,
    /// In place of vectors, for kernels with columns in their lanes.
    rows: Option<Rows>,
}

impl Patterns {
    /// Room for indices.
    pub fn new(kernel: Kernel) -> Self {
        let rows = kernel.has_columns_in_lanes().then(Rows::default);
        Self { kernel, n_positions: 0, n_planes: 1, n_groups: 0, strip: 1, vectors: Vec::new(), rows }
    }

    /// Number of positions.
    pub fn n_positions(&self) -> usize {
        self.n_positions
    }

    /// Number of bit planes.
    pub fn n_planes(&self) -> usize {
        self.n_planes
    }

    /// Positions of a strip; the last strip has vectors of zeros where it has fewer.
    pub(crate) fn strip(&self) -> usize {
        self.strip
    }

    pub(crate) fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Vectors of a group in a strip: a multiple of [`QUAD`] for kernels that read so many.
    pub(crate) fn vectors_per_strip(&self) -> usize {
        self.strip * self.n_planes
    }

    /// The vectors of a strip, `[group][position][plane]`.
    pub(crate) fn strip_vectors(&self, strip: usize) -> &[Vector] {
        let length = self.n_groups * self.vectors_per_strip();
        &self.vectors[strip * length..][..length]
    }

    /// The vectors of a read in a strip, likewise.
    #[inline]
    pub(crate) fn read_vectors(&self, strip: usize, read: &Read) -> &[Vector] {
        let per_strip = self.vectors_per_strip();
        &self.strip_vectors(strip)[read.groups.start * per_strip..read.groups.end * per_strip]
    }

    /// What indexes the table of a group in a lane.
    #[inline]
    pub(crate) fn index(&self, (position, lane): (usize, usize), plane: usize, group: usize) -> u8 {
        let per_strip = self.vectors_per_strip();
        let (strip, place) = (position / self.strip, position % self.strip);
        self.vectors[(strip * self.n_groups + group) * per_strip + place * self.n_planes + plane].0[lane]
    }

    /// The indices image by image; `lines` are those of the source.
    pub(crate) fn rows(&self, lines: &Lines) -> Cow<'_, Rows> {
        match &self.rows {
            Some(rows) => Cow::Borrowed(rows),
            None => {
                let index = |image, plane, group| self.index(image, plane, group);
                Cow::Owned(Rows::copied(lines, (self.n_positions, self.n_planes), index))
            }
        }
    }

    /// Gathers the bits of `n_planes` planes for the positions of a source.
    ///
    /// # Panics
    ///
    /// If the source has no words for the word lines of `lines`, or there are no planes.
    pub fn fill(&mut self, lines: &Lines, n_planes: usize, source: &Source<'_>) {
        assert!(n_planes > 0 && source.lines.len() == lines.n_lines(), "a word for each word line");
        self.n_planes = n_planes;
        self.n_positions = source.positions.len();
        self.n_groups = lines.n_groups();
        let isa = self.kernel.isa();
        if let Some(rows) = &mut self.rows {
            isa.run(
                #[inline(always)]
                || rows.fill(lines, n_planes, source),
            );
            return;
        }
        self.strip = self.kernel.strip(n_planes);
        let n_strips = self.n_positions.div_ceil(self.strip);
        self.vectors.resize(n_strips * self.n_groups * self.vectors_per_strip(), Vector([0; LANES]));
        isa.run(
            #[inline(always)]
            || self.fill_strips(isa, lines, source),
        );
    }

    /// The sums of inputs, `[read][position][slice]`.
    ///
    /// # Panics
    ///
    /// If `sums` has not that shape.
    pub fn sum_inputs(&self, lines: &Lines, slices: &[Slice], sums: &mut [Lift]) {
        assert_eq!(sums.len(), lines.reads().len() * self.n_positions * slices.len(), "[read][position][slice]");
        self.kernel.isa().run(
            #[inline(always)]
            || {
                let of_read = sums.chunks_exact_mut((self.n_positions * slices.len()).max(1));
                for ((index, read), sums) in lines.reads().iter().enumerate().zip(of_read) {
                    for (position, sums) in sums.chunks_exact_mut(slices.len()).enumerate() {
                        for (sum, slice) in sums.iter_mut().zip(slices) {
                            *sum = match &self.rows {
                                Some(rows) => rows.sum_slice(index, position, slice),
                                None => self.sum_slice(read, position, slice),
                            };
                        }
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn sum_slice(&self, read: &Read, position: usize, slice: &Slice) -> Lift {
        let per_strip = self.vectors_per_strip();
        let (strip, place) = (position / self.strip, position % self.strip);
        let vectors = self.read_vectors(strip, read);
        let mut sum = [0; LANES];
        for (weight, plane) in slice.planes.clone().enumerate() {
            // At most 8 of each vector: a byte holds the ones of 31 vectors.
            for vectors in vectors.chunks(31 * per_strip) {
                let mut ones = [0u8; LANES];
                for vectors in vectors.chunks_exact(per_strip) {
                    let vector = &vectors[place * self.n_planes + plane];
                    ones.iter_mut().zip(vector.0).for_each(|(ones, byte)| *ones += byte.count_ones() as u8);
                }
                sum.iter_mut().zip(ones).for_each(|(sum, ones)| *sum += i32::from(ones) << weight);
            }
        }
        sum
    }

    #[inline(always)]
    fn fill_strips(&mut self, isa: Isa, lines: &Lines, source: &Source<'_>) {
        let (strip, n_planes, per_strip) = (self.strip, self.n_planes, self.vectors_per_strip());
        let of_strip = self.n_groups * per_strip;
        // Words of positions in a row stand side by side: those of a group are taken for all positions.
        for (index, group) in lines.groups().enumerate() {
            let group = &source.lines[group];
            let strips =
                self.vectors.chunks_exact_mut(of_strip).map(|strip| &mut strip[index * per_strip..][..per_strip]);
            for (vectors, positions) in strips.zip(source.positions.chunks(strip)) {
                for (vectors, &position) in vectors.chunks_exact_mut(n_planes).zip(positions) {
                    for (plane, vector) in vectors.iter_mut().enumerate() {
                        let first = plane * source.plane_stride + position;
                        *vector = interleaved(isa, &source.words[first..], group);
                    }
                }
                vectors[positions.len() * n_planes..].fill(Vector([0; LANES]));
            }
        }
    }
}

/// Bit l of the word of line r becomes bit r of byte l.
#[inline(always)]
fn interleaved(isa: Isa, words: &[u64], lines: &[usize]) -> Vector {
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::avx512() {
        // SAFETY: the machine has the instructions that an `Isa` stands for.
        return unsafe { crate::avx512::interleaved(words, lines) };
    }
    let _ = isa;
    let mut rows = [0; 8];
    rows.iter_mut().zip(lines).for_each(|(row, &line)| *row = words[line]);
    let mut words: [u64; LANES / 8] =
        std::array::from_fn(|index| u64::from_le_bytes(rows.map(|row: u64| (row >> (8 * index)) as u8)));
    transpose_8(&mut words);
    let mut bytes = [0; LANES];
    bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    Vector(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_word_lines_become_indices_in_every_kernel() {
        let words: Vec<u64> = (1..200u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let positions: Vec<usize> = (0..19).map(|position| 2 * position).collect();
        for n_planes in [1, 2, 3, 8] {
            for kernel in Kernel::available() {
                let lines = Lines::new(kernel, [9, 2, 17]);
                let offsets: Vec<usize> = (0..28).map(|line| line * line % 41).collect();
                let source = Source { words: &words, plane_stride: 10, positions: &positions, lines: &offsets };
                let mut patterns = Patterns::new(kernel);
                patterns.fill(&lines, n_planes, &source);
                for (position, first) in positions.iter().enumerate() {
                    for plane in 0..n_planes {
                        for (group, group_lines) in lines.groups().enumerate() {
                            for lane in [0, 1, 31, 63] {
                                let bit = |line: usize| words[first + plane * 10 + offsets[line]] >> lane & 1;
                                let expected: u64 =
                                    (0..).zip(group_lines.clone()).map(|(at, line)| bit(line) << at).sum();
                                let found = match &patterns.rows {
                                    Some(rows) => rows.index(&lines, (position, lane), plane, group),
                                    None => patterns.index((position, lane), plane, group),
                                };
                                assert_eq!(u64::from(found), expected, "{}", kernel.name());
                            }
                        }
                    }
                }
            }
        }
    }
}
