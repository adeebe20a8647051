//! The digital-to-analog converter of a word line.

/// What a word line's DAC is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DacSpec {
    /// Width of an input slice in bits, v; 1 … 8.
    pub bits: u32,
}

impl DacSpec {
    /// The largest slice code, 2^v − 1.
    pub const fn max_code(self) -> u32 {
        (1 << self.bits) - 1
    }
}
