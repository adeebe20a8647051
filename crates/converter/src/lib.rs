//! Converters between digital codes and analog levels: DAC, sample-and-hold, ADC.
//!
//! A Spec says what a converter is, a Model what value it gives. When it converts is the tile's matter (shared ADCs
//! are resources there), what it costs the cost tables'. Knows nothing of arrays and layers.

mod adc;
mod adc_model;
mod analog_adc;
mod dac;

pub use adc::{AdcErrors, AdcRange, AdcSpec, noise_of_sndr};
pub use adc_model::{AdcModel, Clipped, UNITS_PER_LEVEL};
pub use analog_adc::AnalogAdc;
pub use dac::DacSpec;
