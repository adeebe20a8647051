//! The digital-to-analog converter of a word line.

/// What a word line's DAC is.
#[derive(Clone, Debug, PartialEq)]
pub struct DacSpec {
    /// Width of an input slice in bits, v; 1 … 8.
    pub bits: u32,
    /// What each code's level is off, in steps between codes (LSB), 2^v of them; empty for none. Code 0 is a word
    /// line at rest, with no error.
    pub inl: Vec<f64>,
}

impl DacSpec {
    /// An ideal converter.
    pub const fn ideal(bits: u32) -> Self {
        Self { bits, inl: Vec::new() }
    }

    /// The largest slice code, 2^v − 1.
    pub const fn max_code(&self) -> u32 {
        (1 << self.bits) - 1
    }

    /// The level that a code drives a word line with, in steps.
    pub fn level(&self, code: u32) -> f64 {
        f64::from(code) + self.inl.get(code as usize).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_codes_and_their_errors() {
        let dac = DacSpec { bits: 2, inl: vec![0.0, 0.25, -0.5, 0.0] };
        assert_eq!([0, 1, 2, 3].map(|code| dac.level(code)), [0.0, 1.25, 1.5, 3.0]);
        assert_eq!(DacSpec::ideal(3).level(7), 7.0);
    }
}
