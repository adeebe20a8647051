//! What safe code doesn't get from 256-bit registers.

use std::arch::x86_64::*;

use crate::LANES;
use crate::columns::{Pair, TILE};
use crate::noise::QUANTILES;
use crate::random::{COUNTERS, Key, ROUNDS};

/// Registers of a byte for each lane.
const HALVES: usize = 2;

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; LANES / HALVES]) -> __m256i {
    // SAFETY: the array is 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(bytes: &mut [i8; LANES / HALVES], register: __m256i) {
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

/// [`Key::normals`].
#[inline]
#[target_feature(enable = "avx2,aes")]
pub(crate) fn normals(key: Key) -> [i8; LANES] {
    let mut sums = [_mm256_setzero_si256(); HALVES];
    for (counters, quantiles) in COUNTERS.iter().zip(&QUANTILES) {
        // The upper half of the quantiles is the lower one with the other sign.
        let tables = [broadcast(&quantiles.as_chunks().0[0]), broadcast(&quantiles.as_chunks().0[1])];
        for (sum, bytes) in sums.iter_mut().zip(random(key, counters)) {
            let index = _mm256_and_si256(bytes, _mm256_set1_epi8(15));
            let (low, high) = (_mm256_shuffle_epi8(tables[0], index), _mm256_shuffle_epi8(tables[1], index));
            // Bit 4, and bit 5, as each byte's highest; what else is moved doesn't matter, but that no byte is 0.
            let magnitude = _mm256_blendv_epi8(low, high, _mm256_slli_epi16::<3>(bytes));
            let sign = _mm256_or_si256(_mm256_slli_epi16::<2>(bytes), _mm256_set1_epi8(1));
            *sum = _mm256_add_epi8(*sum, _mm256_sign_epi8(magnitude, sign));
        }
    }
    // Even bytes are the first lanes.
    let even = sums.map(|sum| _mm256_and_si256(sum, _mm256_set1_epi16(0xff)));
    let odd = sums.map(|sum| _mm256_srli_epi16::<8>(sum));
    let mut normals = [0; LANES];
    for (normals, [first, second]) in normals.as_chunks_mut().0.iter_mut().zip([even, odd]) {
        // Each half of the registers is packed by itself.
        store(normals, _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(first, second)));
    }
    normals
}

/// The bytes of a table's four blocks.
#[inline]
#[target_feature(enable = "avx2,aes")]
fn random(key: Key, counters: &[u64; 8]) -> [__m256i; HALVES] {
    let key = _mm_set1_epi64x(key.bits() as i64);
    let block = |counters: &[u64; 2]| {
        // SAFETY: the array is 16 bytes; the load needs no alignment.
        let mut state = _mm_xor_si128(key, unsafe { _mm_loadu_si128(counters.as_ptr().cast()) });
        for _ in 0..ROUNDS {
            state = _mm_aesenc_si128(state, key);
        }
        state
    };
    let [a, b, c, d] = counters.as_chunks().0 else { unreachable!("four blocks") };
    [_mm256_set_m128i(block(b), block(a)), _mm256_set_m128i(block(d), block(c))]
}

/// Bit l is the low bit of byte l.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn mask(bytes: &[u8; LANES]) -> u64 {
    let half =
        |bytes: &[u8; LANES / HALVES]| u64::from(_mm256_movemask_epi8(_mm256_slli_epi16::<7>(load(bytes))) as u32);
    let [low, high] = bytes.as_chunks().0 else { return 0 };
    half(low) | half(high) << (LANES / HALVES)
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn at_least(lanes: &[i32; LANES], threshold: i32) -> u64 {
    let threshold = _mm256_set1_epi32(threshold);
    let is_less = |lanes: &[i32; 8]| {
        // SAFETY: the array is 32 bytes; the load needs no alignment.
        let lanes = unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) };
        _mm256_cmpgt_epi32(threshold, lanes)
    };
    let mut mask = 0;
    for (half, lanes) in lanes.as_chunks::<8>().0.as_chunks::<4>().0.iter().enumerate() {
        let low = _mm256_packs_epi32(is_less(&lanes[0]), is_less(&lanes[1]));
        let high = _mm256_packs_epi32(is_less(&lanes[2]), is_less(&lanes[3]));
        // Each half of the registers has been packed by itself.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
        mask |= u64::from(!_mm256_movemask_epi8(bytes) as u32) << (32 * half);
    }
    mask
}

/// Lanes of 32 bits in a register.
const WIDTH: usize = 8;

/// Registers of inputs that meet a cell.
const REGISTERS: usize = 2;

/// Σ input·cell over word lines, of each column.
#[target_feature(enable = "avx2")]
pub(crate) fn products(inputs: &[[Pair; LANES]], cells: &[[Pair; TILE]]) -> [[i32; LANES]; TILE] {
    let load = |pairs: &[Pair; WIDTH]| {
        // SAFETY: the array is 32 bytes; the load needs no alignment.
        unsafe { _mm256_loadu_si256(pairs.as_ptr().cast()) }
    };
    let store = |sums: &mut [i32; WIDTH], register| {
        // SAFETY: the array is 32 bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), register) }
    };
    let mut products = [[0; LANES]; TILE];
    for block in 0..LANES / (WIDTH * REGISTERS) {
        let mut sums = [[_mm256_setzero_si256(); REGISTERS]; TILE];
        for (inputs, cells) in inputs.iter().zip(cells) {
            let [first, second] = &inputs.as_chunks().0.as_chunks::<REGISTERS>().0[block];
            let inputs = [load(first), load(second)];
            for (sums, &cell) in sums.iter_mut().zip(cells) {
                let cell = _mm256_set1_epi32(cell as i32);
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(input, cell));
                }
            }
        }
        for (products, sums) in products.iter_mut().zip(sums) {
            let products = &mut products.as_chunks_mut().0.as_chunks_mut::<REGISTERS>().0[block];
            products.iter_mut().zip(sums).for_each(|(products, sum)| store(products, sum));
        }
    }
    products
}
