//! Look-ups in 256-bit registers: `VPSHUFB`, of sixteen entries.

use std::arch::x86_64::*;

use crate::patterns::QUAD;
use crate::tiles::TILE;
use crate::{LANES, Vector};

/// Registers of a vector.
const HALVES: usize = 2;

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; LANES / HALVES]) -> __m256i {
    // SAFETY: the array is 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(bytes: &mut [u8; LANES / HALVES], register: __m256i) {
    // SAFETY: the array is 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), register) }
}

/// A table in both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(table: &[u8; 16]) -> __m256i {
    // SAFETY: the array is 16 bytes; the load needs no alignment.
    let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
    _mm256_broadcastsi128_si256(table)
}

/// Sums of bytes over the groups of `tables`, `[group][column][nibble]`, for four vectors of each of `vectors`,
/// `[group][vector]`, `stride` apart; `[vector][column]`.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn sum_bytes(tables: &[Vector], (vectors, stride): (&[Vector], usize)) -> [Vector; QUAD * TILE] {
    let nibble = _mm256_set1_epi8(15);
    let mut sums = [Vector([0; LANES]); QUAD * TILE];
    for (at, sums) in sums.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
        let mut registers = [[_mm256_setzero_si256(); HALVES]; TILE];
        for (tables, vectors) in tables.as_chunks::<{ TILE / 2 }>().0.iter().zip(vectors.chunks(stride)) {
            let [first, second] = vectors[at].0.as_chunks::<{ LANES / HALVES }>().0 else { break };
            let (first, second) = (load(first), load(second));
            let low = [_mm256_and_si256(first, nibble), _mm256_and_si256(second, nibble)];
            let high = [
                _mm256_and_si256(_mm256_srli_epi16::<4>(first), nibble),
                _mm256_and_si256(_mm256_srli_epi16::<4>(second), nibble),
            ];
            let tables = [tables[0].0.as_chunks::<16>().0, tables[1].0.as_chunks::<16>().0];
            for (column, registers) in registers.iter_mut().enumerate() {
                let tables = &tables[column / 2][column % 2 * 2..];
                let (low_table, high_table) = (broadcast(&tables[0]), broadcast(&tables[1]));
                for half in 0..HALVES {
                    let found = _mm256_add_epi8(
                        _mm256_shuffle_epi8(low_table, low[half]),
                        _mm256_shuffle_epi8(high_table, high[half]),
                    );
                    registers[half] = _mm256_add_epi8(registers[half], found);
                }
            }
        }
        for (sum, registers) in sums.iter_mut().zip(registers) {
            for (bytes, register) in sum.0.as_chunks_mut::<{ LANES / HALVES }>().0.iter_mut().zip(registers) {
                store(bytes, register);
            }
        }
    }
    sums
}

/// Replaces each byte by its entry: bytes up to `first` by the first, those from `first` + 127 on by the last.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn look_up_near(first: u8, table: &[u8; 128], vectors: &mut [Vector]) {
    let parts = table.as_chunks::<16>().0;
    // The last codes are often the same: of the parts that hold nothing else one is enough.
    let changing = parts.iter().rposition(|part| *part != [table[127]; 16]);
    let n_tables = changing.map_or(1, |part| part + 2).min(parts.len());
    let mut tables = [_mm256_setzero_si256(); 8];
    for (register, part) in tables.iter_mut().zip(parts) {
        *register = broadcast(part);
    }
    let (first, last) = (_mm256_set1_epi8(first as i8), _mm256_set1_epi8((16 * n_tables - 1) as i8));
    let (step, above) = (_mm256_set1_epi8(16), _mm256_set1_epi8(0x70));
    for vector in vectors {
        for bytes in vector.0.as_chunks_mut::<{ LANES / HALVES }>().0 {
            // Each table answers for its sixteen places: beyond them, on either side, the saturated sum has its highest
            // bit, for which a look-up gives 0.
            let mut place = _mm256_min_epu8(_mm256_subs_epu8(load(bytes), first), last);
            let mut found = _mm256_setzero_si256();
            for table in tables.iter().take(n_tables) {
                let index = _mm256_adds_epu8(place, above);
                found = _mm256_or_si256(found, _mm256_shuffle_epi8(*table, index));
                place = _mm256_sub_epi8(place, step);
            }
            store(bytes, found);
        }
    }
}
