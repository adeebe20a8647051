//! How codes are cut into slices: weight codes over cells, input codes over reads.

use rebias_arch::PairSubtraction;
use rebias_network::{CodeFormat, Representation, Sign};

/// The slices of a layer's weights and inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slicing {
    weight_bits: u32,
    cell_bits: u32,
    sides: Sides,
    input_slices: Vec<InputSlice>,
}

/// How many codes a weight has, each in cells of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// One.
    One,
    /// A pair, w⁺ and w⁻, and where they are subtracted.
    Two(PairSubtraction),
}

impl Sides {
    /// Of a representation, whose pairs are subtracted in this place.
    pub const fn of(representation: Representation, pairs: PairSubtraction) -> Self {
        match representation {
            Representation::Biased => Self::One,
            Representation::Pair(_) => Self::Two(pairs),
        }
    }
}

/// The bits of an input code that one read drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSlice {
    /// Lowest bit of the slice in the code.
    pub shift: u32,
    /// Width in bits; at most the DAC's.
    pub bits: u32,
    /// What a level of the slice is worth in the code; negative for a sign bit.
    pub weight: i64,
}

impl InputSlice {
    /// The slice of a code.
    pub const fn of(self, code: u16) -> u32 {
        (code as u32 >> self.shift) & ((1 << self.bits) - 1)
    }
}

impl Slicing {
    /// Cuts weights of `weight_bits` over cells of `cell_bits`, and inputs over DACs of `dac_bits`, least significant
    /// slice first; the sign bit of two's-complement inputs is a slice of its own.
    pub fn new(weight_bits: u32, cell_bits: u32, input: CodeFormat, dac_bits: u32) -> Self {
        let magnitude_bits = match input.sign {
            Sign::Unsigned => input.bits,
            Sign::TwosComplement => input.bits - 1,
        };
        let mut input_slices: Vec<_> = (0..magnitude_bits.div_ceil(dac_bits))
            .map(|slice| {
                let shift = slice * dac_bits;
                InputSlice { shift, bits: dac_bits.min(magnitude_bits - shift), weight: 1 << shift }
            })
            .collect();
        if input.sign == Sign::TwosComplement {
            input_slices.push(InputSlice { shift: magnitude_bits, bits: 1, weight: -(1 << magnitude_bits) });
        }
        Self { weight_bits, cell_bits, sides: Sides::One, input_slices }
    }

    /// The same for weights with so many codes.
    #[must_use]
    pub fn with_sides(self, sides: Sides) -> Self {
        Self { sides, ..self }
    }

    /// Bit lines of one weight: J, or those of w⁺ followed by those of w⁻.
    pub fn n_columns(&self) -> u32 {
        match self.sides {
            Sides::One => self.n_weight_slices(),
            Sides::Two(_) => 2 * self.n_weight_slices(),
        }
    }

    /// Currents of one weight that are converted: those of its bit lines, or of a pair that is subtracted before
    /// conversion J differences.
    pub fn n_conversions(&self) -> u32 {
        if self.subtracts_currents() { self.n_weight_slices() } else { self.n_columns() }
    }

    /// Whether the currents of w⁻ are subtracted from those of w⁺ before conversion.
    pub fn subtracts_currents(&self) -> bool {
        self.sides == Sides::Two(PairSubtraction::Analog)
    }

    /// The slice that one of the bit lines holds.
    pub fn slice_of(&self, column: u32) -> u32 {
        column % self.n_weight_slices()
    }

    /// Whether one of the bit lines belongs to w⁻.
    pub fn is_minus(&self, column: u32) -> bool {
        column >= self.n_weight_slices()
    }

    /// Cells of one code, J.
    pub fn n_weight_slices(&self) -> u32 {
        self.weight_bits.div_ceil(self.cell_bits)
    }

    /// The level that slice `slice` of a weight code stores.
    pub fn weight_slice(&self, code: u16, slice: u32) -> u32 {
        (u32::from(code) >> (slice * self.cell_bits)) & ((1 << self.cell_bits) - 1)
    }

    /// What a level of weight slice `slice` is worth in the code, as a power of two.
    pub fn weight_shift(&self, slice: u32) -> u32 {
        slice * self.cell_bits
    }

    /// Reads of one input code, least significant first.
    pub fn input_slices(&self) -> &[InputSlice] {
        &self.input_slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_signed_bits_take_fifteen_slices_and_a_sign() {
        let slicing = Slicing::new(16, 2, CodeFormat { bits: 16, sign: Sign::TwosComplement }, 1);
        assert_eq!(slicing.n_weight_slices(), 8);
        assert_eq!(slicing.input_slices().len(), 16);
        assert_eq!(slicing.input_slices()[15], InputSlice { shift: 15, bits: 1, weight: -32768 });
    }

    #[test]
    fn slices_of_a_code_add_up_to_its_value() {
        for sign in [Sign::Unsigned, Sign::TwosComplement] {
            for bits in 1..=8 {
                for dac_bits in 1..=8 {
                    let format = CodeFormat { bits, sign };
                    let slicing = Slicing::new(2, 2, format, dac_bits);
                    for code in 0..=format.max_code() {
                        let sum: i64 =
                            slicing.input_slices().iter().map(|slice| slice.weight * i64::from(slice.of(code))).sum();
                        assert_eq!(sum, i64::from(format.value(code)));
                    }
                }
            }
        }
    }

    #[test]
    fn weight_slices_of_a_code_add_up_to_it() {
        for cell_bits in 1..=8 {
            let slicing = Slicing::new(8, cell_bits, CodeFormat::unsigned(1), 1);
            for code in 0..=255u16 {
                let sum: u32 = (0..slicing.n_weight_slices())
                    .map(|slice| slicing.weight_slice(code, slice) << slicing.weight_shift(slice))
                    .sum();
                assert_eq!(sum, u32::from(code));
            }
        }
    }
}
