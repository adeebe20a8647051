//! What safe code doesn't get from 128-bit registers, which every machine of this architecture has.

use std::arch::x86_64::*;

use crate::LANES;
use crate::columns::{Pair, TILE};

/// Lanes of a register.
const WIDTH: usize = 4;

/// Registers of inputs that meet a cell.
const REGISTERS: usize = 2;

#[inline]
#[target_feature(enable = "sse2")]
fn load(pairs: &[Pair; WIDTH]) -> __m128i {
    // SAFETY: the array is 16 bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(pairs.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn store(sums: &mut [i32; WIDTH], register: __m128i) {
    // SAFETY: the array is 16 bytes; the store needs no alignment.
    unsafe { _mm_storeu_si128(sums.as_mut_ptr().cast(), register) }
}

/// Σ input·cell over word lines, of each column.
#[target_feature(enable = "sse2")]
pub(crate) fn products(inputs: &[[Pair; LANES]], cells: &[[Pair; TILE]]) -> [[i32; LANES]; TILE] {
    let mut products = [[0; LANES]; TILE];
    for block in 0..LANES / (WIDTH * REGISTERS) {
        let mut sums = [[_mm_setzero_si128(); REGISTERS]; TILE];
        for (inputs, cells) in inputs.iter().zip(cells) {
            let inputs = inputs.as_chunks().0.as_chunks::<REGISTERS>().0[block].map(|pairs| load(&pairs));
            for (sums, &cell) in sums.iter_mut().zip(cells) {
                let cell = _mm_set1_epi32(cell as i32);
                for (sum, input) in sums.iter_mut().zip(inputs) {
                    *sum = _mm_add_epi32(*sum, _mm_madd_epi16(input, cell));
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

/// Element j of row i becomes element i of row j, as in [`transposed`](crate::interleave::transposed), of which the
/// compiler makes no vectors here.
#[inline]
#[target_feature(enable = "sse2")]
pub(crate) fn transposed(rows: &[[i16; 8]; 8]) -> [[i16; 8]; 8] {
    let mut registers = [_mm_setzero_si128(); 8];
    for (register, row) in registers.iter_mut().zip(rows) {
        // SAFETY: the array is 16 bytes; the load needs no alignment.
        *register = unsafe { _mm_loadu_si128(row.as_ptr().cast()) };
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
        // SAFETY: the array is 16 bytes; the store needs no alignment.
        unsafe { _mm_storeu_si128(column.as_mut_ptr().cast(), register) };
    }
    columns
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
