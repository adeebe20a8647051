//! From numbers in lanes to bit planes.

use crate::dispatch::Isa;
use crate::{Kernel, LANES};

/// Writes the bit planes of codes: bit l of `planes[p]` is bit p of the code in lane l.
pub fn planes(kernel: Kernel, codes: &[u16; LANES], planes: &mut [u64]) {
    let isa = kernel.isa();
    isa.run(
        #[inline(always)]
        || {
            for (plane, word) in planes.iter_mut().enumerate() {
                *word = mask(isa, &codes.map(|code| (code >> plane & 1) as u8));
            }
        },
    );
}

/// Bit l is the low bit of byte l; bytes are 0 or 1.
#[inline(always)]
pub(crate) fn mask(isa: Isa, bytes: &[u8; LANES]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::avx512() {
        // SAFETY: the machine has the instructions that an `Isa` stands for.
        return unsafe { crate::avx512::mask(bytes) };
    }
    #[cfg(target_arch = "x86_64")]
    if isa == Isa::avx2() {
        // SAFETY: likewise.
        return unsafe { crate::avx2::mask(bytes) };
    }
    let _ = isa;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every machine of this architecture has the instructions.
    return unsafe { crate::sse2::mask(bytes) };
    #[cfg(not(target_arch = "x86_64"))]
    portable_mask(bytes)
}

/// [`mask`] without other instructions than all machines have.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_mask(bytes: &[u8; LANES]) -> u64 {
    let mut word = 0;
    for (index, bytes) in bytes.as_chunks().0.iter().enumerate() {
        word |= u64::from(eight(*bytes)) << (8 * index);
    }
    word
}

/// Bit l of row r becomes bit r of row l, for each of `N` matrices of 64 × 64 bits.
#[inline(always)]
pub(crate) fn transpose<const N: usize>(rows: &mut [[u64; N]; 64]) {
    let halves = [0x0000_0000_ffff_ffff, 0x0000_ffff_0000_ffff, 0x00ff_00ff_00ff_00ff];
    for first in 0..8 {
        change_places::<N, 8>(rows, first, halves);
    }
    let halves = [0x0f0f_0f0f_0f0f_0f0f, 0x3333_3333_3333_3333, 0x5555_5555_5555_5555];
    for first in 0..8 {
        change_places::<N, 1>(rows, 8 * first, halves);
    }
}

/// Among eight rows, `STEP` apart, blocks of four steps change places with those beside the diagonal, then blocks of two,
/// then of one (Warren, "Hacker's Delight", section 7-3); `lower` are the lower halves of such blocks.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "the loop over matrices is what becomes vectors")]
fn change_places<const N: usize, const STEP: usize>(rows: &mut [[u64; N]; 64], first: usize, lower: [u64; 3]) {
    for matrix in 0..N {
        let mut eight = [0; 8];
        for row in 0..8 {
            eight[row] = rows[first + row * STEP][matrix];
        }
        for (step, lower) in lower.iter().enumerate() {
            let distance = 4 >> step;
            for row in 0..8 {
                if row & distance == 0 {
                    let differing = ((eight[row] >> (distance * STEP)) ^ eight[row + distance]) & lower;
                    eight[row + distance] ^= differing;
                    eight[row] ^= differing << (distance * STEP);
                }
            }
        }
        for row in 0..8 {
            rows[first + row * STEP][matrix] = eight[row];
        }
    }
}

/// Bit l of byte r becomes bit r of byte l, in each word.
#[inline(always)]
pub(crate) fn transpose_8<const N: usize>(words: &mut [u64; N]) {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        for word in words.iter_mut() {
            let swapped = (*word ^ (*word >> shift)) & mask;
            *word ^= swapped ^ (swapped << shift);
        }
    }
}

/// Bit i is byte i, which is 0 or 1.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn eight(bytes: [u8; 8]) -> u8 {
    // The product moves the bit of byte i to bit 56 + i.
    (u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_bits_become_columns() {
        let bits = |matrix: usize, row: usize| ((row * 64 + matrix) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rows: [[u64; 3]; 64] = std::array::from_fn(|row| std::array::from_fn(|matrix| bits(matrix, row)));
        transpose(&mut rows);
        for (row, found) in rows.iter().enumerate() {
            for (matrix, found) in found.iter().enumerate() {
                let expected: u64 = (0..64).map(|column| (bits(matrix, column) >> row & 1) << column).sum();
                assert_eq!(*found, expected, "{matrix} {row}");
            }
        }
    }

    #[test]
    fn planes_hold_the_bits_of_codes_in_every_kernel() {
        let codes: [u16; LANES] = std::array::from_fn(|lane| (lane * lane * 37) as u16);
        for kernel in Kernel::available() {
            let mut words = [0; 16];
            planes(kernel, &codes, &mut words);
            let bytes = codes.map(|code| (code & 1) as u8);
            assert_eq!(words[0], portable_mask(&bytes), "{}", kernel.name());
            for (lane, code) in codes.iter().enumerate() {
                let found: u64 = (0..16).map(|plane| (words[plane] >> lane & 1) << plane).sum();
                assert_eq!(found, u64::from(*code), "{}", kernel.name());
            }
        }
    }
}
