//! Where converters lose nothing, it doesn't matter how inputs are cut into slices and word lines into reads: totals are
//! products of whole inputs and cells, with images in the lanes.

use std::array::from_fn;

use super::Plan;
#[cfg(any(test, not(target_arch = "x86_64")))]
use crate::bits::transpose_8;
use crate::dispatch::Isa;
#[cfg(any(test, not(target_arch = "x86_64")))]
use crate::interleave::transposed;
use crate::memory::Entry;
use crate::rows::{GROUP, Octet};
use crate::{LANES, SliceSign, Total, Transfer};

/// Columns of a tile.
pub(crate) const TILE: usize = 4;

/// Two numbers of 16 bits, the first in the low half.
pub(crate) type Pair = u32;

/// Word lines of an octet in pairs.
const PAIRS: usize = 32;

/// Lanes and pairs that change places at a time.
const BLOCK: usize = 8;

/// Bits of an input, at most.
const MAX_PLANES: usize = 8;

/// From so many bytes in which tables hold the planes of an input on products are fewer operations.
const MANY_BYTES: usize = 8;

impl<E: Entry, const N: usize> Plan<'_, E, N> {
    /// Whether totals are such products, and tables would take longer.
    pub(super) fn has_products<T: Total>(&self) -> bool {
        let (job, stack) = (self.job, self.job.stack);
        let n_planes = job.patterns.n_planes();
        let planes = job
            .slices
            .iter()
            .flat_map(|slice| slice.planes.clone().zip(slice.shift as usize..).map(|place| (place, slice.sign)));
        // Slice by slice, each bit has its place in the input.
        let is_whole = planes.eq((0..n_planes).map(|plane| ((plane, plane), SliceSign::Plus)));
        let has_offsets = job.lifts.is_some() || stack.spread.is_some();
        let max_total: u64 = stack.max_sums().iter().map(|sum| sum << MAX_PLANES).sum();
        *job.transfer == Transfer::Exact
            && !has_offsets
            && is_whole
            // Tables of other kernels have groups of fewer word lines.
            && stack.lines().group_lines() == GROUP
            && n_planes <= MAX_PLANES
            && n_planes * size_of::<E>() >= MANY_BYTES
            && stack.max_sum() <= i16::MAX as u64
            // What fits in totals modulo their range may be found modulo it.
            && (size_of::<T>() <= size_of::<i32>() || max_total <= i32::MAX as u64)
    }

    /// Finds totals as products.
    pub(super) fn multiply<T: Total>(&self, totals: &mut [[T; LANES]]) {
        let n_positions = self.job.positions.len();
        let tiles = self.tiles();
        let n_pairs = tiles.len() / self.job.columns().len().div_ceil(TILE);
        let mut inputs = vec![[0; LANES]; n_pairs];
        for position in 0..n_positions {
            self.isa.run_up_to_256_bits(
                #[inline(always)]
                || self.decode(position, &mut inputs),
            );
            let of_tiles = totals.chunks_mut(TILE * n_positions).zip(tiles.chunks_exact(n_pairs));
            for (totals, cells) in of_tiles {
                let products = products(self.isa, &inputs, cells);
                for (totals, products) in totals.chunks_exact_mut(n_positions).zip(products) {
                    totals[position] = products.map(|product| T::wrapped(product.into()));
                }
            }
        }
    }

    /// The cells of the job's columns, `[tile][pair of word lines][column]`.
    fn tiles(&self) -> Vec<[Pair; TILE]> {
        let (stack, columns) = (self.job.stack, self.job.columns());
        let mut tiles = Vec::new();
        for first in columns.clone().step_by(TILE) {
            for (index, read) in stack.lines().reads().iter().enumerate() {
                for pair in 0..read.word_lines().div_ceil(2) {
                    let cells = |column: usize| {
                        let signed =
                            |cell: u16| if stack.is_negated(index, column) { cell.wrapping_neg() } else { cell };
                        let [low, high] = [0, 1].map(|at| {
                            let halves = &self.tables.halves(column / N, read)[pair / 4];
                            // A line of one word line alone.
                            let line = &halves[pair / 2 % 2][1 << (pair % 2 * 2 + at)];
                            u32::from(signed(line.0[E::place(column % N, N)].word()))
                        });
                        low | high << 16
                    };
                    tiles.push(from_fn(|at| if columns.contains(&(first + at)) { cells(first + at) } else { 0 }));
                }
            }
        }
        tiles
    }

    /// The inputs of a position, `[pair of word lines][lane]`.
    #[inline(always)]
    fn decode(&self, position: usize, inputs: &mut [[Pair; LANES]]) {
        let n_planes = self.job.patterns.n_planes();
        let mut inputs = inputs.iter_mut();
        for (index, read) in self.job.stack.lines().reads().iter().enumerate() {
            let (rows, octets) = (self.rows.of(index, position), self.rows.octets_per_plane(index));
            for octet in 0..octets {
                let mut pairs = [[0; PAIRS]; LANES];
                for (pairs, row) in pairs.iter_mut().zip(rows.chunks_exact(n_planes * octets)) {
                    *pairs = whole(row[octet..].iter().step_by(octets));
                }
                let n_pairs = (read.word_lines().div_ceil(2) - octet * PAIRS).min(PAIRS);
                for (pair, inputs) in inputs.by_ref().take(n_pairs).enumerate() {
                    for (inputs, pairs) in inputs.iter_mut().zip(&pairs) {
                        *inputs = pairs[pair];
                    }
                }
            }
        }
    }
}

/// The inputs of 64 word lines from their bits.
#[inline(always)]
fn whole<'o>(planes: impl Iterator<Item = &'o Octet>) -> [Pair; PAIRS] {
    let mut bits = [[0; BLOCK]; MAX_PLANES];
    bits.iter_mut().zip(planes).for_each(|(bits, plane)| *bits = *plane);
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every machine of this architecture has the instructions.
        unsafe { crate::sse2::inputs(&bits) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    paired(bits)
}

/// The same from bits with their planes.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn paired(bits: [Octet; MAX_PLANES]) -> [Pair; PAIRS] {
    let mut groups = transposed(bits).map(u64::from_le_bytes);
    transpose_8(&mut groups);
    let mut pairs = [0; PAIRS];
    for (pairs, group) in pairs.as_chunks_mut::<4>().0.iter_mut().zip(groups) {
        *pairs = from_fn(|at| {
            let pair = (group >> (16 * at)) as u32;
            pair & 0xff | (pair & 0xff00) << 8
        });
    }
    pairs
}

/// Σ input·cell over word lines, of each column.
#[inline(always)]
fn products(isa: Isa, inputs: &[[Pair; LANES]], cells: &[[Pair; TILE]]) -> [[i32; LANES]; TILE] {
    #[cfg(target_arch = "x86_64")]
    {
        if isa.has_vectors_of_256_bits() {
            // SAFETY: the machine has the instructions that an `Isa` stands for.
            return unsafe { crate::avx2::products(inputs, cells) };
        }
        // SAFETY: every machine of this architecture has these.
        unsafe { crate::sse2::products(inputs, cells) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = isa;
        let halves = |pair: Pair| [i32::from(pair as i16), i32::from((pair >> 16) as i16)];
        let mut sums = [[0i32; LANES]; TILE];
        for (inputs, cells) in inputs.iter().zip(cells) {
            for (sums, &cell) in sums.iter_mut().zip(cells) {
                let [low, high] = halves(cell);
                for lane in 0..LANES {
                    let input = halves(inputs[lane]);
                    sums[lane] = sums[lane].wrapping_add(input[0] * low + input[1] * high);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_gives_the_same_inputs() {
        let bits: [Octet; MAX_PLANES] = from_fn(|plane| from_fn(|group| (plane * 91 + group * 57) as u8));
        let pairs = paired(bits);
        for (at, pair) in pairs.into_iter().enumerate() {
            let input = |line: usize| -> u32 {
                (0..).zip(bits).map(|(plane, bits)| u32::from(bits[line / GROUP] >> (line % GROUP) & 1) << plane).sum()
            };
            assert_eq!(pair, input(2 * at) | input(2 * at + 1) << 16, "pair {at}");
        }
        assert_eq!(whole(bits.iter()), pairs);
    }
}
