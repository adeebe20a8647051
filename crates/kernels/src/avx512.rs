//! Look-ups in 512-bit registers: `VPERMB` for bytes, `VPERMI2W` for words of 16 bits.

mod finish;
mod pairs;

use std::arch::x86_64::*;

use crate::noise::{QUANTILES, SIGMAS};
use crate::patterns::QUAD;
use crate::random::{COUNTERS, Key, ROUNDS};
use crate::tiles::TILE;
use crate::{LANES, Vector};
pub(crate) use finish::two_bits;
pub(crate) use pairs::{add_bytes, add_words};

#[inline]
#[target_feature(enable = "avx512f")]
fn load(vector: &Vector) -> __m512i {
    // SAFETY: a vector is 64 bytes, aligned to as many.
    unsafe { _mm512_load_si512(std::ptr::from_ref(vector).cast()) }
}

/// Has totals fetched into the nearest cache, if they are some.
#[inline(always)]
pub(crate) fn prefetch(totals: *const [i16; LANES]) {
    for line in [0, 1] {
        let line = totals.cast::<[i16; LANES / 2]>().wrapping_add(line);
        // SAFETY: a prefetch touches nothing that a program sees, wherever it points to.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) };
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_bytes(bytes: &[u8; LANES]) -> __m512i {
    // SAFETY: the array is 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(vector: &mut Vector, register: __m512i) {
    // SAFETY: a vector is 64 bytes, aligned to as many.
    unsafe { _mm512_store_si512(std::ptr::from_mut(vector).cast(), register) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_words(words: &mut [u16; LANES / 2], register: __m512i) {
    // SAFETY: the array is 64 bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), register) }
}

/// Bit l of the word of line r becomes bit r of byte l.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn interleaved(words: &[u64], lines: &[usize]) -> Vector {
    let mut bytes = _mm512_setzero_si512();
    let mut bit = _mm512_set1_epi8(1);
    for &line in lines {
        bytes = _mm512_mask_add_epi8(bytes, words[line], bytes, bit);
        bit = _mm512_add_epi8(bit, bit);
    }
    let mut vector = Vector([0; LANES]);
    store(&mut vector, bytes);
    vector
}

/// Sums of bytes over the groups of `tables`, `[group][column]`, for four vectors of each of `vectors`,
/// `[group][vector]`, `stride` apart; `[vector][column]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn sum_bytes(tables: &[Vector], (vectors, stride): (&[Vector], usize)) -> [Vector; QUAD * TILE] {
    let mut registers = [[_mm512_setzero_si512(); TILE]; QUAD];
    for (tables, vectors) in tables.as_chunks::<TILE>().0.iter().zip(vectors.chunks(stride)) {
        let Some(vectors) = vectors.first_chunk::<QUAD>() else { break };
        let tables = [load(&tables[0]), load(&tables[1]), load(&tables[2]), load(&tables[3])];
        for (registers, vector) in registers.iter_mut().zip(vectors) {
            let index = load(vector);
            for (register, table) in registers.iter_mut().zip(tables) {
                *register = _mm512_add_epi8(*register, _mm512_permutexvar_epi8(index, table));
            }
        }
    }
    let mut sums = [Vector([0; LANES]); QUAD * TILE];
    for (sum, register) in sums.iter_mut().zip(registers.as_flattened()) {
        store(sum, *register);
    }
    sums
}

/// As [`sum_bytes`] for words and two vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn sum_words(
    tables: &[Vector],
    (vectors, stride): (&[Vector], usize),
    sums: &mut [[u16; LANES]; QUAD / 2 * TILE],
) {
    const HALVES: usize = 2;
    // Even lanes, odd lanes of each vector.
    let mut registers = [[[_mm512_setzero_si512(); TILE]; HALVES]; QUAD / 2];
    for (tables, vectors) in tables.as_chunks::<{ 2 * TILE }>().0.iter().zip(vectors.chunks(stride)) {
        let Some(vectors) = vectors.first_chunk::<{ QUAD / 2 }>() else { break };
        for (registers, vector) in registers.iter_mut().zip(vectors) {
            let vector = load(vector);
            // The look-up goes by the low six bits of each word.
            let indices = [vector, _mm512_srli_epi16::<8>(vector)];
            for (registers, index) in registers.iter_mut().zip(indices) {
                for (register, tables) in registers.iter_mut().zip(tables.as_chunks::<2>().0) {
                    let found = _mm512_permutex2var_epi16(load(&tables[0]), index, load(&tables[1]));
                    *register = _mm512_add_epi16(*register, found);
                }
            }
        }
    }
    for (vector, registers) in registers.iter().enumerate() {
        for column in 0..TILE {
            store_interleaved(registers[0][column], registers[1][column], &mut sums[vector * TILE + column]);
        }
    }
}

/// Stores even lanes and odd lanes in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_interleaved(even: __m512i, odd: __m512i, sums: &mut [u16; LANES]) {
    const PLACES: [[u16; LANES / 2]; 2] = {
        let mut places = [[0; LANES / 2]; 2];
        let mut lane = 0;
        while lane < LANES {
            places[lane / (LANES / 2)][lane % (LANES / 2)] = (lane / 2 + lane % 2 * (LANES / 2)) as u16;
            lane += 1;
        }
        places
    };
    for (sums, places) in sums.as_chunks_mut::<{ LANES / 2 }>().0.iter_mut().zip(&PLACES) {
        store_words(sums, _mm512_permutex2var_epi16(even, words(places), odd));
    }
}

/// The sum of bytes of one column, the first of each tile of `tables`, for one vector, the first of each `stride`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn column_bytes(tables: &[Vector], vectors: &[Vector], stride: usize) -> Vector {
    let mut sum = _mm512_setzero_si512();
    for (table, vector) in tables.iter().step_by(TILE).zip(vectors.iter().step_by(stride)) {
        sum = _mm512_add_epi8(sum, _mm512_permutexvar_epi8(load(vector), load(table)));
    }
    let mut bytes = Vector([0; LANES]);
    store(&mut bytes, sum);
    bytes
}

/// As [`column_bytes`] for words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn column_words(tables: &[Vector], vectors: &[Vector], stride: usize) -> [u16; LANES] {
    let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for (tables, vector) in tables.chunks(2 * TILE).zip(vectors.iter().step_by(stride)) {
        let (low, high, index) = (load(&tables[0]), load(&tables[1]), load(vector));
        even = _mm512_add_epi16(even, _mm512_permutex2var_epi16(low, index, high));
        odd = _mm512_add_epi16(odd, _mm512_permutex2var_epi16(low, _mm512_srli_epi16::<8>(index), high));
    }
    let mut sums = [0; LANES];
    store_interleaved(even, odd, &mut sums);
    sums
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(words: &[u16; LANES / 2]) -> __m512i {
    // SAFETY: the array is 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

/// Totals in words.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load_totals(totals: &[i16; LANES / 2]) -> __m512i {
    // SAFETY: the array is 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(totals.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store_totals(totals: &mut [i16; LANES / 2], register: __m512i) {
    // SAFETY: the array is 64 bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(totals.as_mut_ptr().cast(), register) }
}

/// Replaces each byte by its entry.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn look_up(table: &[u8; 256], vectors: &mut [Vector]) {
    let tables = table.as_chunks::<LANES>().0;
    let [a, b, c, d] = [load_bytes(&tables[0]), load_bytes(&tables[1]), load_bytes(&tables[2]), load_bytes(&tables[3])];
    for vector in vectors {
        let bytes = load(vector);
        // Each looks at the low seven bits.
        let low = _mm512_permutex2var_epi8(a, bytes, b);
        let high = _mm512_permutex2var_epi8(c, bytes, d);
        store(vector, _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high));
    }
}

/// Replaces each byte by its entry: bytes up to `first` by the first, those from `first` + 127 on by the last.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn look_up_near(first: u8, table: &[u8; 128], vectors: &mut [Vector]) {
    let tables = table.as_chunks::<LANES>().0;
    let (low, high) = (load_bytes(&tables[0]), load_bytes(&tables[1]));
    let (first, last) = (_mm512_set1_epi8(first as i8), _mm512_set1_epi8(127));
    for vector in vectors {
        let index = _mm512_min_epu8(_mm512_subs_epu8(load(vector), first), last);
        store(vector, _mm512_permutex2var_epi8(low, index, high));
    }
}

/// [`Key::normals`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
pub(crate) fn normals(key: Key) -> [i8; LANES] {
    let mut vector = Vector([0; LANES]);
    let [normals] = block_normals([key]);
    store(&mut vector, in_order(normals));
    vector.0.map(|byte| byte as i8)
}

/// Even bytes, then odd ones.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi")]
fn in_order(blocks: __m512i) -> __m512i {
    const PLACES: [u8; LANES] = {
        let mut places = [0; LANES];
        let mut lane = 0;
        while lane < LANES {
            places[lane] = (lane % (LANES / 2) * 2 + lane / (LANES / 2)) as u8;
            lane += 1;
        }
        places
    };
    _mm512_permutexvar_epi8(load_bytes(&PLACES), blocks)
}

/// [`Key::normals`] of some keys as they come: even bytes are the first 32 lanes.
///
/// A block's rounds wait for one another, so that those of all keys take turns.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
pub(crate) fn block_normals<const N: usize>(keys: [Key; N]) -> [__m512i; N] {
    let mut sums = [_mm512_setzero_si512(); N];
    let mut round_keys = sums;
    for (round_key, key) in round_keys.iter_mut().zip(keys) {
        *round_key = _mm512_set1_epi64(key.bits() as i64);
    }
    for (counters, quantiles) in COUNTERS.iter().zip(&QUANTILES) {
        // SAFETY: the counters are 64 bytes; the load needs no alignment.
        let counters = unsafe { _mm512_loadu_si512(counters.as_ptr().cast()) };
        let mut states = round_keys;
        for state in &mut states {
            *state = _mm512_xor_si512(*state, counters);
        }
        for _ in 0..ROUNDS {
            for (state, key) in states.iter_mut().zip(round_keys) {
                *state = _mm512_aesenc_epi128(*state, key);
            }
        }
        let quantiles = load_bytes(quantiles);
        for (sum, state) in sums.iter_mut().zip(states) {
            *sum = _mm512_add_epi8(*sum, _mm512_permutexvar_epi8(state, quantiles));
        }
    }
    sums
}

/// The entries of [`SIGMAS`] for variances below 192.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(crate) fn sigmas(variances: &mut Vector) {
    let tables = SIGMAS.as_chunks::<LANES>().0;
    let index = load(variances);
    let low = _mm512_permutex2var_epi8(load_bytes(&tables[0]), index, load_bytes(&tables[1]));
    let high = _mm512_permutexvar_epi8(index, load_bytes(&tables[2]));
    store(variances, _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high));
}

/// Bit l is whether byte l is not zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn mask(bytes: &[u8; LANES]) -> u64 {
    let bytes = load_bytes(bytes);
    _mm512_test_epi8_mask(bytes, bytes)
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(crate) fn at_least(lanes: &[i32; LANES], threshold: i32) -> u64 {
    // SAFETY: both are 256 bytes, and all bits are numbers.
    finish::reached(unsafe { std::mem::transmute::<[i32; LANES], [__m512i; 4]>(*lanes) }, threshold)
}
