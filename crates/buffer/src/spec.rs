//! What buffers are.

use rebias_units::Bytes;

/// What a tile's eDRAM buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdramSpec {
    /// What it holds.
    pub capacity: Bytes,
    /// Banks, each with one port; an access takes the bank that is free first.
    pub banks: u32,
    /// Bits that a bank moves in one tick of the tile's clock.
    pub port_bits: u32,
}

/// What a register file is (IR, OR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterSpec {
    /// What it holds.
    pub capacity: Bytes,
}
