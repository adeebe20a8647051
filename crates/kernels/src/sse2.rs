//! What safe code doesn't get from 128-bit registers, which every machine of this architecture has.

use std::arch::x86_64::*;

use crate::LANES;
use crate::columns::{Pair, TILE};
use crate::rows::Octet;
use crate::words::Steps;

/// Has a line of the cache fetched into the nearest one.
#[inline(always)]
pub(crate) fn prefetch<T>(line: &T) {
    // SAFETY: a prefetch touches nothing that a program sees.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
}

/// Lanes of a register.
const WIDTH: usize = 4;

/// Registers of inputs that meet a cell.
const REGISTERS: usize = 2;

/// Loads numbers that fill a register.
#[inline]
#[target_feature(enable = "sse2")]
fn load<T: Copy, const N: usize>(numbers: &[T; N]) -> __m128i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m128i>(), "a register of numbers") };
    // SAFETY: the array is 16 bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(numbers.as_ptr().cast()) }
}

/// Stores numbers that fill a register.
#[inline]
#[target_feature(enable = "sse2")]
fn store<T: Copy, const N: usize>(numbers: &mut [T; N], register: __m128i) {
    const { assert!(size_of::<[T; N]>() == size_of::<__m128i>(), "a register of numbers") };
    // SAFETY: the array is 16 bytes; the store needs no alignment.
    unsafe { _mm_storeu_si128(numbers.as_mut_ptr().cast(), register) }
}

/// Σ input·cell over word lines, of each column.
#[target_feature(enable = "sse2")]
pub(crate) fn products(inputs: &[[Pair; LANES]], cells: &[[Pair; TILE]]) -> [[i32; LANES]; TILE] {
    let mut products = [[0; LANES]; TILE];
    for block in 0..LANES / (WIDTH * REGISTERS) {
        let mut sums = [[_mm_setzero_si128(); REGISTERS]; TILE];
        for (inputs, cells) in inputs.iter().zip(cells) {
            let inputs = inputs.as_chunks::<WIDTH>().0.as_chunks::<REGISTERS>().0[block].map(|pairs| load(&pairs));
            for (sums, &cell) in sums.iter_mut().zip(cells) {
                let cell = _mm_set1_epi32(cell as i32);
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(input, cell));
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

/// Element j of row i becomes element i of row j, as in [`transposed`](crate::interleave::transposed), of which the
/// compiler makes no vectors here.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn transposed(rows: &[[i16; 8]; 8]) -> [[i16; 8]; 8] {
    let mut registers = [_mm_setzero_si128(); 8];
    for (register, row) in registers.iter_mut().zip(rows) {
        *register = load(row);
    }
    for _ in 0..rows.len().ilog2() {
        let (before, half) = (registers, registers.len() / 2);
        for (at, pair) in registers.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            let (low, high) = (before[at], before[half + at]);
            *pair = [_mm_unpacklo_epi16(low, high), _mm_unpackhi_epi16(low, high)];
        }
    }
    let mut columns = [[0; 8]; 8];
    for (column, register) in columns.iter_mut().zip(registers) {
        store(column, register);
    }
    columns
}

/// The inputs of 64 word lines from the bits of their groups in each plane, two word lines a pair.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn inputs(planes: &[Octet; 8]) -> [Pair; 32] {
    // SAFETY: the array is 8 bytes; the load needs no alignment.
    let mut registers = planes.map(|plane| unsafe { _mm_loadl_epi64(plane.as_ptr().cast()) });
    // Bytes of planes become bytes of groups.
    let [a, b, c, d] = [0, 1, 2, 3].map(|plane| _mm_unpacklo_epi8(registers[plane], registers[plane + 4]));
    let even = [_mm_unpacklo_epi8(a, c), _mm_unpackhi_epi8(a, c)];
    let odd = [_mm_unpacklo_epi8(b, d), _mm_unpackhi_epi8(b, d)];
    let zero = _mm_setzero_si128();
    let mut pairs = [0; 32];
    for half in 0..2 {
        registers[2 * half] = _mm_unpacklo_epi8(even[half], odd[half]);
        registers[2 * half + 1] = _mm_unpackhi_epi8(even[half], odd[half]);
    }
    for (pairs, register) in pairs.as_chunks_mut::<8>().0.iter_mut().zip(registers) {
        let groups = transposed_bits(register);
        let [low, high] = pairs.as_chunks_mut::<WIDTH>().0 else { continue };
        store(low, _mm_unpacklo_epi8(groups, zero));
        store(high, _mm_unpackhi_epi8(groups, zero));
    }
    pairs
}

/// Bit l of byte r becomes bit r of byte l, in each half.
#[inline]
#[target_feature(enable = "sse2")]
fn transposed_bits(mut words: __m128i) -> __m128i {
    let swapped = |words: __m128i, shifted: __m128i, mask: i64| {
        _mm_and_si128(_mm_xor_si128(words, shifted), _mm_set1_epi64x(mask))
    };
    let bits = swapped(words, _mm_srli_epi64::<7>(words), 0x00aa_00aa_00aa_00aa);
    words = _mm_xor_si128(words, _mm_xor_si128(bits, _mm_slli_epi64::<7>(bits)));
    let bits = swapped(words, _mm_srli_epi64::<14>(words), 0x0000_cccc_0000_cccc);
    words = _mm_xor_si128(words, _mm_xor_si128(bits, _mm_slli_epi64::<14>(bits)));
    let bits = swapped(words, _mm_srli_epi64::<28>(words), 0x0000_0000_f0f0_f0f0);
    _mm_xor_si128(words, _mm_xor_si128(bits, _mm_slli_epi64::<28>(bits)))
}

/// Half of ⌊word·2^shift·parts/2^16⌋, rounded up, in place of each word.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn times<const N: usize>(words: &mut [u16; N], parts: u16, shift: u32) {
    let (parts, shift) = (_mm_set1_epi16(parts as i16), _mm_cvtsi32_si128(shift as i32));
    for words in words.as_chunks_mut::<8>().0 {
        let halves = _mm_mulhi_epu16(_mm_sll_epi16(load(words), shift), parts);
        store(words, _mm_avg_epu16(halves, _mm_setzero_si128()));
    }
}

/// What [`Steps`] do to sums to which offsets are added.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn convert<const N: usize>(steps: &Steps, sums: &mut [u16; N], offsets: &[i16; N]) {
    let all = |word: u16| _mm_set1_epi16(word as i16);
    let (plus, minus, limit) = (all(steps.plus), all(steps.minus), all(steps.limit));
    let (multiplier, shift) = (all(steps.multiplier), _mm_cvtsi32_si128(steps.multiplier_shift as i32));
    for (sums, offsets) in sums.as_chunks_mut::<8>().0.iter_mut().zip(offsets.as_chunks::<8>().0) {
        let sum = _mm_add_epi16(load(sums), _mm_add_epi16(plus, load(offsets)));
        let numerator = _mm_subs_epu16(sum, minus);
        // What a number is beyond the limit, taken off, leaves the limit.
        let limited = _mm_sub_epi16(numerator, _mm_subs_epu16(numerator, limit));
        store(sums, _mm_srl_epi16(_mm_mulhi_epu16(limited, multiplier), shift));
    }
}

/// Adds products of `factor` with words.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn add_products(factor: i16, words: &[i16; LANES], sums: &mut [i32; LANES]) {
    let factor = _mm_set1_epi16(factor);
    for (words, sums) in words.as_chunks::<8>().0.iter().zip(sums.as_chunks_mut::<8>().0) {
        let words = load(words);
        let (low, high) = (_mm_mullo_epi16(words, factor), _mm_mulhi_epi16(words, factor));
        let products = [_mm_unpacklo_epi16(low, high), _mm_unpackhi_epi16(low, high)];
        for (sums, products) in sums.as_chunks_mut::<WIDTH>().0.iter_mut().zip(products) {
            store(sums, _mm_add_epi32(load(sums), products));
        }
    }
}

/// Bit l is the low bit of byte l.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn mask(bytes: &[u8; LANES]) -> u64 {
    let mut mask = 0;
    for (at, bytes) in bytes.as_chunks::<16>().0.iter().enumerate() {
        mask |= u64::from(_mm_movemask_epi8(_mm_slli_epi16::<7>(load(bytes))) as u16) << (16 * at);
    }
    mask
}

/// Bit l is whether lane l is at least `threshold`.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn at_least(lanes: &[i32; LANES], threshold: i32) -> u64 {
    let threshold = _mm_set1_epi32(threshold);
    let is_less = |lanes: &[i32; WIDTH]| _mm_cmpgt_epi32(threshold, load(lanes));
    let mut mask = 0;
    for (at, lanes) in lanes.as_chunks::<WIDTH>().0.as_chunks::<4>().0.iter().enumerate() {
        let low = _mm_packs_epi32(is_less(&lanes[0]), is_less(&lanes[1]));
        let high = _mm_packs_epi32(is_less(&lanes[2]), is_less(&lanes[3]));
        mask |= u64::from(!_mm_movemask_epi8(_mm_packs_epi16(low, high)) as u16) << (16 * at);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_places_as_anything_does() {
        let rows = std::array::from_fn(|row| std::array::from_fn(|column| (10 * row + column) as i16));
        // SAFETY: every machine of this architecture has the instructions.
        assert_eq!(unsafe { transposed(&rows) }, crate::interleave::transposed(rows));
    }
}
