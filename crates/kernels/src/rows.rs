//! The bits that drive word lines, image by image: what kernels with columns in their lanes look up.
//!
//! ```text
//! read 0: position 0: image 0: plane 0: groups 0 … 7, 8 … 15, …; plane 1: …      read 1: …
//!                     image 1: …
//! ```

use std::ops::Range;

use crate::bits::transpose;
use crate::{LANES, Lift, Lines, Slice, Source};

/// Word lines of a group.
pub(crate) const GROUP: usize = 8;

/// Indices of a read's groups, eight at a time; there may be fewer in the last.
pub(crate) type Octet = [u8; 8];

/// Positions whose bits are gathered at a time: their words are often side by side.
const POSITIONS: usize = 4;

/// The indices of some positions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    n_planes: usize,
    n_positions: usize,
    /// Of each read, its first octet and how many a plane of an image has.
    reads: Vec<(usize, usize)>,
    /// `[read][position][lane][plane][octet]`.
    octets: Vec<Octet>,
}

impl Rows {
    /// Octets of a plane in a read's rows.
    #[inline(always)]
    pub(crate) fn octets_per_plane(&self, read: usize) -> usize {
        self.reads[read].1
    }

    /// A read's rows of a position, `[lane][plane][octet]`.
    #[inline(always)]
    pub(crate) fn of(&self, read: usize, position: usize) -> &[Octet] {
        let (first, octets) = self.reads[read];
        let length = LANES * self.n_planes * octets;
        &self.octets[first + position * length..][..length]
    }

    /// A plane of one image in a read: the indices of its groups.
    #[inline(always)]
    pub(crate) fn plane(&self, read: usize, (position, lane): (usize, usize), plane: usize) -> &[Octet] {
        let octets = self.octets_per_plane(read);
        &self.of(read, position)[(lane * self.n_planes + plane) * octets..][..octets]
    }

    /// The sums of a slice's inputs in a read and position.
    #[inline(always)]
    pub(crate) fn sum_slice(&self, read: usize, position: usize, slice: &Slice) -> Lift {
        let rows = self.of(read, position);
        let mut sums = [0; LANES];
        for (weight, plane) in slice.planes.clone().enumerate() {
            let octets = self.octets_per_plane(read);
            // Few word lines, and arrays of 128, are worth loops of their own.
            match octets {
                1 => add_ones::<1>(rows, (self.n_planes, plane), weight, &mut sums),
                2 => add_ones::<2>(rows, (self.n_planes, plane), weight, &mut sums),
                _ => {
                    for at in 0..octets {
                        add_ones::<1>(rows, (self.n_planes * octets, plane * octets + at), weight, &mut sums);
                    }
                }
            }
        }
        sums
    }

    /// What indexes the table of a group.
    #[cfg(test)]
    pub(crate) fn index(&self, lines: &Lines, image: (usize, usize), plane: usize, group: usize) -> u8 {
        let read = lines.reads().iter().position(|read| read.groups.contains(&group)).expect("a group of the lines");
        self.plane(read, image, plane).as_flattened()[group - lines.reads()[read].groups.start]
    }

    fn resize(&mut self, lines: &Lines, (n_positions, n_planes): (usize, usize)) {
        (self.n_positions, self.n_planes) = (n_positions, n_planes);
        let mut end = 0;
        let of_read = |groups: &Range<usize>| {
            let (first, octets) = (end, groups.len().div_ceil(8));
            end += n_positions * LANES * n_planes * octets;
            (first, octets)
        };
        self.reads = lines.reads().iter().map(|read| &read.groups).map(of_read).collect();
        self.octets.resize(end, [0; 8]);
    }

    /// Gathers the bits of a source, in groups of [`GROUP`] word lines.
    #[inline(always)]
    pub(crate) fn fill(&mut self, lines: &Lines, n_planes: usize, source: &Source<'_>) {
        self.resize(lines, (source.positions.len(), n_planes));
        for (read, &(first, octets)) in lines.reads().iter().zip(&self.reads) {
            let length = LANES * n_planes * octets;
            let rows = &mut self.octets[first..][..source.positions.len() * length];
            for (rows, positions) in rows.chunks_mut(POSITIONS * length).zip(source.positions.chunks(POSITIONS)) {
                for plane in 0..n_planes {
                    let words = &source.words[plane * source.plane_stride..];
                    for (octet, lines) in source.lines[read.lines.clone()].chunks(8 * GROUP).enumerate() {
                        let mut bits = gathered(words, positions, lines);
                        transpose(&mut bits);
                        let at = plane * octets + octet;
                        for (position, rows) in rows.chunks_exact_mut(length).enumerate() {
                            for (row, bits) in rows.chunks_exact_mut(n_planes * octets).zip(&bits) {
                                row[at] = bits[position].to_le_bytes();
                            }
                        }
                    }
                }
            }
        }
    }

    /// Takes the index of each position and lane, plane and group from elsewhere.
    pub(crate) fn copied(
        lines: &Lines,
        (n_positions, n_planes): (usize, usize),
        index: impl Fn((usize, usize), usize, usize) -> u8,
    ) -> Self {
        let mut rows = Self::default();
        rows.resize(lines, (n_positions, n_planes));
        for (read, &(first, octets)) in lines.reads().iter().zip(&rows.reads) {
            let planes = rows.octets[first..].chunks_exact_mut(octets).take(n_positions * LANES * n_planes);
            for (at, octets) in planes.enumerate() {
                let (image, plane) = (at / n_planes, at % n_planes);
                for (to, group) in octets.as_flattened_mut().iter_mut().zip(read.groups.clone()) {
                    *to = index((image / LANES, image % LANES), plane, group);
                }
            }
        }
        rows
    }
}

/// The words of some word lines for some positions.
#[inline(always)]
fn gathered(words: &[u64], positions: &[usize], lines: &[usize]) -> [[u64; POSITIONS]; 8 * GROUP] {
    let mut gathered = [[0; POSITIONS]; 8 * GROUP];
    let is_in_a_row = positions.len() == POSITIONS && positions.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    for (gathered, &line) in gathered.iter_mut().zip(lines) {
        if is_in_a_row {
            gathered.copy_from_slice(&words[line + positions[0]..][..POSITIONS]);
        } else {
            gathered.iter_mut().zip(positions).for_each(|(gathered, position)| *gathered = words[line + position]);
        }
    }
    gathered
}

/// Adds how many bits are set in a plane's `OCTETS` octets, of `n` in each row, times 2^`weight`.
#[inline(always)]
fn add_ones<const OCTETS: usize>(rows: &[Octet], (n, plane): (usize, usize), weight: usize, sums: &mut Lift) {
    for (sum, row) in sums.iter_mut().zip(rows.as_chunks::<OCTETS>().0.chunks_exact(n)) {
        let ones: u32 = row[plane].iter().map(|octet| u64::from_le_bytes(*octet).count_ones()).sum();
        *sum += (ones as i32) << weight;
    }
}
