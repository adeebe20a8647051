//! What safe code doesn't get from 256-bit registers.

mod finish;

use std::arch::x86_64::*;

use crate::LANES;
use crate::columns::{Pair, TILE};
use crate::noise::QUANTILES;
use crate::random::{COUNTERS, Key, ROUNDS};
use crate::words::Steps;
pub(crate) use finish::two_bits;

/// Registers of a byte for each lane.
const HALVES: usize = 2;

/// Loads numbers that fill a register.
#[inline]
#[target_feature(enable = "avx2")]
fn load<T: Copy, const N: usize>(numbers: &[T; N]) -> __m256i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m256i>(), "a register of numbers") };
    // SAFETY: the array is 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

/// Loads numbers that fill half a register.
#[inline]
#[target_feature(enable = "avx2")]
fn load_half<T: Copy, const N: usize>(numbers: &[T; N]) -> __m128i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m128i>(), "half a register of numbers") };
    // SAFETY: the array is 16 bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) }
}

/// Stores numbers that fill a register.
#[inline]
#[target_feature(enable = "avx2")]
fn store<T: Copy, const N: usize>(numbers: &mut [T; N], register: __m256i) {
    const { assert!(size_of::<[T; N]>() == size_of::<__m256i>(), "a register of numbers") };
    // SAFETY: the array is 32 bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), register) }
}

/// A table in both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn broadcast(table: &[u8; 16]) -> __m256i {
    _mm256_broadcastsi128_si256(load_half(table))
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
    for (normals, [first, second]) in normals.as_chunks_mut::<{ LANES / HALVES }>().0.iter_mut().zip([even, odd]) {
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
        let mut state = _mm_xor_si128(key, load_half(counters));
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
    let [low, high] = bytes.as_chunks::<{ LANES / HALVES }>().0 else { return 0 };
    half(low) | half(high) << (LANES / HALVES)
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn at_least(lanes: &[i32; LANES], threshold: i32) -> u64 {
    let mut registers = [_mm256_setzero_si256(); LANES / WIDTH];
    for (register, lanes) in registers.iter_mut().zip(lanes.as_chunks::<WIDTH>().0) {
        *register = load(lanes);
    }
    finish::reached(registers, threshold)
}

/// ⌊word·multiplier/2^15 + ½⌋ in place of each word.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn times<const N: usize>(words: &mut [u16; N], multiplier: i16) {
    let multiplier = _mm256_set1_epi16(multiplier);
    for words in words.as_chunks_mut::<16>().0 {
        store(words, _mm256_mulhrs_epi16(load(words), multiplier));
    }
}

/// Products, shifted right by `shift` and rounded.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn samples<const N: usize>(sigmas: &[u8; N], normals: &[i8; N], shift: u32, samples: &mut [i16; N]) {
    // ((p·2^(15 − shift) ≫ 14) + 1) ≫ 1 of products p.
    let rounding = _mm256_set1_epi16(if shift == 0 { 0 } else { 1 << (15 - shift) });
    let factors = sigmas.as_chunks::<16>().0.iter().zip(normals.as_chunks::<16>().0);
    for (samples, (sigmas, normals)) in samples.as_chunks_mut::<16>().0.iter_mut().zip(factors) {
        let (sigmas, normals) = (_mm256_cvtepu8_epi16(load_half(sigmas)), _mm256_cvtepi8_epi16(load_half(normals)));
        let products = _mm256_mullo_epi16(sigmas, normals);
        store(samples, if shift == 0 { products } else { _mm256_mulhrs_epi16(products, rounding) });
    }
}

/// What [`Steps`] do to sums to which offsets are added.
#[inline]
#[target_feature(enable = "avx2")]
pub(crate) fn convert<const N: usize>(steps: &Steps, sums: &mut [u16; N], offsets: &[i16; N]) {
    let all = |word: u16| _mm256_set1_epi16(word as i16);
    let (plus, minus, limit) = (all(steps.plus), all(steps.minus), all(steps.limit));
    let (multiplier, shift) = (all(steps.multiplier), _mm_cvtsi32_si128(steps.multiplier_shift as i32));
    for (sums, offsets) in sums.as_chunks_mut::<16>().0.iter_mut().zip(offsets.as_chunks::<16>().0) {
        let sum = _mm256_add_epi16(load(sums), _mm256_add_epi16(plus, load(offsets)));
        let numerator = _mm256_min_epu16(_mm256_subs_epu16(sum, minus), limit);
        store(sums, _mm256_srl_epi16(_mm256_mulhi_epu16(numerator, multiplier), shift));
    }
}

/// Lanes of 32 bits in a register.
const WIDTH: usize = 8;

/// Registers of inputs that meet a cell.
const REGISTERS: usize = 2;

/// Σ input·cell over word lines, of each column.
#[target_feature(enable = "avx2")]
pub(crate) fn products(inputs: &[[Pair; LANES]], cells: &[[Pair; TILE]]) -> [[i32; LANES]; TILE] {
    let mut products = [[0; LANES]; TILE];
    for block in 0..LANES / (WIDTH * REGISTERS) {
        let mut sums = [[_mm256_setzero_si256(); REGISTERS]; TILE];
        for (inputs, cells) in inputs.iter().zip(cells) {
            let [first, second] = &inputs.as_chunks::<WIDTH>().0.as_chunks::<REGISTERS>().0[block];
            let inputs = [load(first), load(second)];
            for (sums, &cell) in sums.iter_mut().zip(cells) {
                let cell = _mm256_set1_epi32(cell as i32);
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(input, cell));
                }
            }
        }
        for (products, sums) in products.iter_mut().zip(sums) {
            let products = &mut products.as_chunks_mut::<WIDTH>().0.as_chunks_mut::<REGISTERS>().0[block];
            products.iter_mut().zip(sums).for_each(|(products, sum)| store(products, sum));
        }
    }
    products
}
