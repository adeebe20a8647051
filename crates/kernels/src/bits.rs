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
    let _ = isa;
    let mut word = 0;
    for (index, bytes) in bytes.as_chunks().0.iter().enumerate() {
        word |= u64::from(eight(*bytes)) << (8 * index);
    }
    word
}

/// Bit i is byte i, which is 0 or 1.
#[inline(always)]
pub(crate) fn eight(bytes: [u8; 8]) -> u8 {
    // The product moves the bit of byte i to bit 56 + i.
    (u64::from_le_bytes(bytes).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_the_bits_of_codes_in_every_kernel() {
        let codes: [u16; LANES] = std::array::from_fn(|lane| (lane * lane * 37) as u16);
        for kernel in Kernel::available() {
            let mut words = [0; 16];
            planes(kernel, &codes, &mut words);
            for (lane, code) in codes.iter().enumerate() {
                let found: u64 = (0..16).map(|plane| (words[plane] >> lane & 1) << plane).sum();
                assert_eq!(found, u64::from(*code), "{}", kernel.name());
            }
        }
    }
}
