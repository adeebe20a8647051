//! What an IMA is.

use rebias_buffer::RegisterSpec;
use rebias_converter::{AdcSpec, DacSpec};
use rebias_crossbar::CrossbarSpec;

/// What an IMA is.
#[derive(Clone, Debug, PartialEq)]
pub struct ImaSpec {
    /// Number of crossbars; at least 1.
    pub n_crossbars: u32,
    /// The crossbars, all alike.
    pub crossbar: CrossbarSpec,
    /// One on each word line.
    pub dac: DacSpec,
    /// ADCs shared by all crossbars of the IMA; at least 1. A crossbar takes the ADC that is free first.
    pub n_adcs: u32,
    /// The ADCs, all alike.
    pub adc: AdcSpec,
    /// Shift-and-add units.
    pub n_shift_adds: u32,
    /// Values that all shift-and-add units of the IMA take in a chip cycle.
    pub shift_adds_per_cycle: u32,
    /// Width of a partial sum in the output registers, on the bus and on the network; 1 … 64. Sets how many bytes are
    /// moved; values are never cut to it.
    pub partial_sum_bits: u32,
    /// Register of inputs.
    pub input_register: RegisterSpec,
    /// Register of finished partial sums.
    pub output_register: RegisterSpec,
}

impl ImaSpec {
    /// Columns that all shared ADCs convert in a chip cycle.
    pub fn conversions_per_cycle(&self) -> u64 {
        u64::from(self.n_adcs) * u64::from(self.adc.conversions_per_cycle)
    }
}

/// What converts a bias column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasConverter {
    /// A converter of its own for each IMA, one conversion for each crossbar in a chip cycle.
    Own,
    /// The array's ADC: a bias column takes a conversion slot like any column.
    Shared,
}
