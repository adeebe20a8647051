//! The non-idealities of a chip, each as what takes it out of the chip's TOML.

use rebias_arch::Arch;
use rebias_config::{Document, Faults};

/// A non-ideality: what stands between a chip and exact arithmetic.
#[derive(Debug, PartialEq)]
pub struct NonIdeality {
    /// What it is called in results.
    pub name: &'static str,
    /// Keys that are taken out: without them the part is ideal.
    absent: &'static [&'static str],
    /// TOML that is laid over what is left, where an ideal part has to be written.
    ideal: &'static str,
    /// Another one without which it means nothing.
    pub(crate) needs: Option<&'static str>,
}

const RESOLUTION: &str = "ADC resolution and range";
/// In steps of the converter.
const ADC_ERRORS: &[&str] = &[
    "adc.offset_lsb",
    "adc.gain_error",
    "adc.inl_lsb",
    "adc.dnl_lsb",
    "adc.noise_lsb",
    "adc.sndr_db",
    "mapping.bias.adc_noise_lsb",
    "mapping.bias.calibration.adc_noise_lsb",
];

/// All that are known. An ideal ADC has a code for each level and never clips; a converter's errors are in its own steps, so they need its resolution.
pub const NON_IDEALITIES: &[NonIdeality] = &[
    without("programming errors", &["cell.variation"]),
    without("stuck cells", &["cell.faults"]),
    without("drift", &["cell.drift"]),
    without("read noise", &["cell.read_noise"]),
    without("non-linear current", &["cell.current_voltage"]),
    NonIdeality { ideal: "[cell]\non_off_ratio = \"infinite\"\n", ..without("on/off ratio", &[]) },
    without("wires and access devices", &["crossbar.wire_resistance_ohm", "crossbar.access_resistance_ohm"]),
    without("DAC non-linearity", &["dac.inl_lsb"]),
    NonIdeality { ideal: "[adc]\nbits = 24\nrange = \"lossless-step\"\n", ..without(RESOLUTION, ADC_ERRORS) },
    NonIdeality { needs: Some(RESOLUTION), ..without("ADC errors", ADC_ERRORS) },
];

const fn without(name: &'static str, absent: &'static [&'static str]) -> NonIdeality {
    NonIdeality { name, absent, ideal: "", needs: None }
}

impl NonIdeality {
    /// A chip without it.
    pub(crate) fn removed(&self, mut arch: Document) -> Result<Document, Faults> {
        for key in self.absent {
            arch.remove(key);
        }
        Ok(arch.overlay(Document::parse(self.name, self.ideal)?))
    }

    /// Whether a chip has it: values depend on its absence.
    pub(crate) fn is_on(&self, arch: &Document) -> Result<bool, Faults> {
        let ideal = Arch::parse(&self.removed(arch.clone())?)?;
        Ok(ideal.emulation_key() != Arch::parse(arch)?.emulation_key())
    }
}
