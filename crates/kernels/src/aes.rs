//! Rounds of the Advanced Encryption Standard, as `AESENC` does one: a cheap way to stir bits, where few machines lack the
//! instruction. Here is what the others do.

/// S-box and column mixing in one: for a byte s of a column's first row, the words 2·S(s), S(s), S(s), 3·S(s).
const MIXED: [u32; 256] = mixed();

/// One round on the columns of a state, first byte lowest: bytes are substituted, rows shifted, columns mixed, and the key
/// is added (FIPS 197, section 5.1).
#[inline(always)]
pub(crate) fn round(state: [u32; 4], key: [u32; 4]) -> [u32; 4] {
    let byte = |column: usize, row: usize| MIXED[state[column % 4].to_le_bytes()[row] as usize];
    std::array::from_fn(|at| {
        let first = byte(at, 0) ^ byte(at + 1, 1).rotate_left(8);
        let others = byte(at + 2, 2).rotate_left(16) ^ byte(at + 3, 3).rotate_left(24);
        first ^ others ^ key[at]
    })
}

/// Twice a byte, in GF(2⁸) modulo x⁸ + x⁴ + x³ + x + 1.
const fn doubled(byte: u8) -> u8 {
    (byte << 1) ^ (0x1b * (byte >> 7))
}

const fn mixed() -> [u32; 256] {
    let mut table = [0; 256];
    // All bytes but 0 are powers of 3, and their inverses those of its inverse, 0xf6.
    let (mut power, mut inverse) = (1u8, 1u8);
    loop {
        let substituted = affine(inverse);
        table[power as usize] = column(substituted);
        power ^= doubled(power);
        inverse ^= inverse << 1;
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        if inverse & 0x80 != 0 {
            inverse ^= 0x09;
        }
        if power == 1 {
            break;
        }
    }
    table[0] = column(affine(0));
    table
}

const fn affine(byte: u8) -> u8 {
    byte ^ byte.rotate_left(1) ^ byte.rotate_left(2) ^ byte.rotate_left(3) ^ byte.rotate_left(4) ^ 0x63
}

const fn column(byte: u8) -> u32 {
    u32::from_le_bytes([doubled(byte), byte, byte, byte ^ doubled(byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(bytes: u128) -> [u32; 4] {
        let bytes = bytes.to_be_bytes();
        std::array::from_fn(|at| {
            u32::from_le_bytes([bytes[4 * at], bytes[4 * at + 1], bytes[4 * at + 2], bytes[4 * at + 3]])
        })
    }

    #[test]
    fn a_round_is_that_of_the_standard() {
        // FIPS 197, appendix B, round 1.
        let state = columns(0x193d_e3be_a0f4_e22b_9ac6_8d2a_e9f8_4808);
        let key = columns(0xa0fa_fe17_8854_2cb1_23a3_3939_2a6c_7605);
        assert_eq!(round(state, key), columns(0xa49c_7ff2_689f_352b_6b5b_ea43_026a_5049));
    }
}
