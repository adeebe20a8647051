//! A register file (IR, OR): what it is, what it holds, and how blocks of values pass it.

use rebias_units::Bytes;

/// What a register file is (IR, OR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterSpec {
    /// What it holds.
    pub capacity: Bytes,
}

/// How often and how deep blocks of values that come again and again fit a register file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterUse {
    /// Times that the register is filled and emptied for one set of blocks; at least 1.
    pub fills: u32,
    /// Sets of blocks that it holds at once; at least 1.
    pub depth: u32,
}

impl RegisterSpec {
    /// How a set of blocks that altogether have `bytes` bytes passes the register.
    ///
    /// What fits is held once or several times; what does not passes in several fills.
    pub fn hold(&self, bytes: Bytes) -> RegisterUse {
        let (capacity, bytes) = (self.capacity.0.max(1), bytes.0.max(1));
        let whole = |ratio: u64| u32::try_from(ratio).unwrap_or(u32::MAX);
        RegisterUse { fills: whole(bytes.div_ceil(capacity)), depth: whole((capacity / bytes).max(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_the_registers_size_passes_in_one_fill_and_a_byte_more_in_two() {
        let register = RegisterSpec { capacity: Bytes(256) };
        assert_eq!(register.hold(Bytes(128)), RegisterUse { fills: 1, depth: 2 });
        assert_eq!(register.hold(Bytes(256)), RegisterUse { fills: 1, depth: 1 });
        assert_eq!(register.hold(Bytes(257)), RegisterUse { fills: 2, depth: 1 });
    }
}
