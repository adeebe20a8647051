//! Random bytes from counters, and normal numbers of them.
//!
//! ```text
//! stream, column, read, slice, position ─► key ─┬─► ⊕ ─► 2 rounds ─► 12 blocks ─► 3 bytes a lane ─► 3 quantiles ─► z·U
//!                                    counters ──┘   of AES
//! ```
//!
//! After two rounds all bits of a block depend on all of its key, which is a hash itself. A block's even bytes are of eight
//! lanes in a row, and its odd ones of those 32 lanes further.

use crate::dispatch::Isa;
use crate::noise::QUANTILES;
use crate::{LANES, Position, aes};

/// Which bytes: a key for each column, read, slice and position.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key(u64);

/// Rounds that bits are stirred.
pub(crate) const ROUNDS: usize = 2;

/// What keys are combined with first, `[table][half of a block]`.
pub(crate) const COUNTERS: [[u64; 8]; QUANTILES.len()] = counters();

const fn counters() -> [[u64; 8]; QUANTILES.len()] {
    let mut counters = [[0; 8]; QUANTILES.len()];
    let mut at = 0;
    while at < 8 * QUANTILES.len() {
        counters[at / 8][at % 8] = mixed(at as u64);
        at += 1;
    }
    counters
}

impl Key {
    pub(crate) fn new(stream: u64, column: (usize, usize, usize), position: &Position) -> Self {
        Self::of(Self::of_column(stream, column), Self::of_position(position))
    }

    /// From what the column and what the position contribute.
    #[inline(always)]
    pub(crate) fn of(column: u64, position: u64) -> Self {
        Self(mixed(column.wrapping_add(position)))
    }

    /// What a column, read and slice contribute.
    #[inline(always)]
    pub(crate) fn of_column(stream: u64, (column, read, slice): (usize, usize, usize)) -> u64 {
        mixed(stream ^ ((column as u64) << 40 | (read as u64) << 8 | slice as u64))
    }

    /// What a position contributes.
    #[inline(always)]
    pub(crate) fn of_position(position: &Position) -> u64 {
        let image = position.image / LANES as u64;
        mixed(image << 32 | u64::from(position.pixel))
    }

    /// Its bits.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// z·U for each lane.
    #[inline(always)]
    pub(crate) fn normals(self, isa: Isa) -> [i8; LANES] {
        #[cfg(target_arch = "x86_64")]
        {
            if isa == Isa::avx512() {
                // SAFETY: the machine has the instructions that an `Isa` stands for.
                return unsafe { crate::avx512::normals(self) };
            }
            if isa == Isa::avx2() {
                // SAFETY: likewise.
                return unsafe { crate::avx2::normals(self) };
            }
        }
        let _ = isa;
        self.portable_normals()
    }

    fn portable_normals(self) -> [i8; LANES] {
        let mut normals = [0; LANES];
        for (counters, quantiles) in COUNTERS.iter().zip(&QUANTILES) {
            let bytes = self.bytes(counters);
            for lane in 0..LANES {
                normals[lane] += quantiles[usize::from(bytes[lane] % 64)] as i8;
            }
        }
        normals
    }

    /// The bytes of four blocks, lane by lane.
    #[inline(always)]
    fn bytes(self, counters: &[u64; 8]) -> [u8; LANES] {
        let mut bytes = [0; LANES];
        let (even, odd) = bytes.split_at_mut(LANES / 2);
        let halves = even.as_chunks_mut::<8>().0.iter_mut().zip(odd.as_chunks_mut::<8>().0);
        for (counters, (even, odd)) in counters.as_chunks().0.iter().zip(halves) {
            let block = self.block(*counters);
            for (at, [first, second]) in block.as_flattened().as_chunks().0.iter().enumerate() {
                (even[at], odd[at]) = (*first, *second);
            }
        }
        bytes
    }

    #[inline(always)]
    fn block(self, counters: [u64; 2]) -> [[u8; 4]; 4] {
        let words = |half: u64| [half as u32, (half >> 32) as u32];
        let [[a, b], [c, d]] = counters.map(|counter| words(self.0 ^ counter));
        let [low, high] = words(self.0);
        let mut state = [a, b, c, d];
        for _ in 0..ROUNDS {
            state = aes::round(state, [low, high, low, high]);
        }
        state.map(u32::to_le_bytes)
    }
}

/// A permutation of 64 bits that looks random: SplitMix64's (Steele, Lea & Flood, OOPSLA 2014).
#[inline(always)]
const fn mixed(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kernel;

    const N_KEYS: u64 = 40_000;

    /// Keys as a layer has them: columns and positions that count up.
    fn keys() -> impl Iterator<Item = Key> {
        (0..N_KEYS).map(|at| {
            let position = Position { pixel: (at % 200) as u32, image: 0, n_lanes: LANES };
            Key::new(7, (at as usize / 200, 3, 1), &position)
        })
    }

    /// The low six bits of a key's bytes, of each table and lane.
    fn indices(key: Key) -> [[u8; LANES]; QUANTILES.len()] {
        COUNTERS.map(|counters| key.bytes(&counters).map(|byte| byte % 64))
    }

    /// How far numbers are from being evenly distributed over bins, in standard deviations of χ².
    fn unevenness(counts: &[u32]) -> f64 {
        let n_bins = counts.len() as f64;
        let expected = f64::from(counts.iter().sum::<u32>()) / n_bins;
        let chi_square: f64 = counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        (chi_square - (n_bins - 1.0)) / (2.0 * (n_bins - 1.0)).sqrt()
    }

    #[test]
    fn every_way_gives_the_same_normal_numbers() {
        for key in keys().take(500) {
            for kernel in Kernel::available() {
                assert_eq!(key.normals(kernel.isa()), key.portable_normals(), "{}", kernel.name());
            }
        }
    }

    #[test]
    fn bytes_are_even_in_each_lane_and_independent_of_other_lanes_tables_and_keys() {
        let all: Vec<_> = keys().map(indices).collect();
        for table in 0..QUANTILES.len() {
            for lane in 0..LANES {
                let mut counts = vec![0; 64];
                all.iter().for_each(|indices| counts[usize::from(indices[table][lane])] += 1);
                assert!(unevenness(&counts) < 6.0, "table {table}, lane {lane}");
            }
        }
        // Pairs of bytes, 4096 bins: of two lanes, of two tables, of keys in a row and in the next column.
        let places = (0..QUANTILES.len()).flat_map(|table| [0, 1, 7, 8, 13, 31, 32, 40, 63].map(|lane| (table, lane)));
        let places: Vec<_> = places.collect();
        for (at, first) in places.iter().enumerate() {
            for (second, apart) in places[at..].iter().flat_map(|second| [0, 1, 200].map(|apart| (second, apart))) {
                if apart == 0 && first == second {
                    continue;
                }
                let mut counts = vec![0; 4096];
                for (one, other) in all.iter().zip(&all[apart..]) {
                    counts[usize::from(one[first.0][first.1]) * 64 + usize::from(other[second.0][second.1])] += 1;
                }
                assert!(unevenness(&counts) < 6.0, "{first:?} {second:?} {apart}");
            }
        }
    }

    #[test]
    fn bits_of_a_key_change_half_of_all_bits() {
        let flips = |bit: u32| {
            let ones = |key: Key| -> u32 {
                let (other, counters) = (Key(key.0 ^ 1 << bit), COUNTERS.as_flattened().as_chunks::<2>().0);
                let changed = |counters: &[u64; 2]| {
                    let (one, other) = (key.block(*counters), other.block(*counters));
                    let both = one.as_flattened().iter().zip(other.as_flattened());
                    both.map(|(one, other)| (one ^ other).count_ones()).sum::<u32>()
                };
                counters.iter().map(changed).sum()
            };
            keys().take(200).map(ones).sum::<u32>()
        };
        let n_bits = 200.0 * 12.0 * 128.0;
        for bit in 0..64 {
            let share = f64::from(flips(bit)) / n_bits;
            // Five standard deviations.
            assert!((share - 0.5).abs() < 2.5 / n_bits.sqrt(), "bit {bit}: {share}");
        }
    }
}
