//! What emulation gives.

use rebias_converter::{AdcModel, Clipped};
use rebias_network::LayerId;
use rebias_units::Counts;

/// What an emulated network made of images.
#[derive(Clone, Debug, PartialEq)]
pub struct EmulationResult {
    /// The class of each image.
    pub classes: Vec<u16>,
    /// The class that the exact integer network finds, for each image.
    pub expected: Vec<u16>,
    /// The true class of each image; `None` if the images have no labels.
    pub labels: Option<Vec<u16>>,
    /// The weighted layers, in the network's order.
    pub layers: Vec<LayerEmulation>,
    /// Name of the kernel that did the work.
    pub kernel: &'static str,
}

/// What a layer's arrays did and lost.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerEmulation {
    /// The layer.
    pub layer: LayerId,
    /// What its parts did for all images.
    pub counts: Counts,
    /// What its converters lost.
    pub fidelity: Fidelity,
    /// How well the node currents of the arrays' wires balance, relative to the cells' currents with ideal wires: the
    /// worst array's, 0 with ideal wires.
    pub wire_residual: f64,
    /// Σ g·x² over the driven cells of all reads of all images, bias columns included: g in units of 1/128 level, x the
    /// level that drives the word line. `None` where reads have a constant energy.
    pub driven_conductance: Option<u128>,
}

/// What converters lost of column sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Nothing, whatever the inputs: no column of the layer can give a sum that the ADC doesn't tell from others.
    Lossless,
    /// Something.
    Lossy(Loss),
}

/// What was lost of column sums; powers are in units of 1/128 level, squared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Conversions of columns with weights.
    pub conversions: u64,
    /// Sums below the range.
    pub clipped_below: u64,
    /// Sums above the range.
    pub clipped_above: u64,
    /// Σ i² of the column sums.
    pub signal_power: u128,
    /// Σ (d − i)² of what was decoded for them.
    pub error_power: u128,
}

impl EmulationResult {
    /// Number of images.
    pub fn n_images(&self) -> usize {
        self.classes.len()
    }

    /// Images whose class is the true one; `None` without labels.
    pub fn n_correct(&self) -> Option<usize> {
        self.labels.as_ref().map(|labels| equal(&self.classes, labels))
    }

    /// Images whose class is the exact integer network's.
    pub fn n_agreeing(&self) -> usize {
        equal(&self.classes, &self.expected)
    }
}

fn equal(left: &[u16], right: &[u16]) -> usize {
    left.iter().zip(right).filter(|(left, right)| left == right).count()
}

impl LayerEmulation {
    /// What the layer's parts did for one image: the same for each, as all word lines are driven, whatever the value.
    pub fn counts_of_image(&self, n_images: usize) -> Counts {
        let mut counts = Counts::ZERO;
        for (action, times) in self.counts.iter() {
            counts.add(action, times / n_images as u64);
        }
        counts
    }
}

impl Fidelity {
    /// Share of conversions whose sum lay beyond the ADC's range.
    pub fn clip_rate(&self) -> f64 {
        match self {
            Self::Lossless => 0.0,
            Self::Lossy(loss) if loss.conversions == 0 => 0.0,
            Self::Lossy(loss) => (loss.clipped_below + loss.clipped_above) as f64 / loss.conversions as f64,
        }
    }

    /// Signal-to-quantisation-noise ratio of the column sums in decibels; `None` when nothing was lost.
    pub fn signal_to_noise_db(&self) -> Option<f64> {
        match self {
            Self::Lossy(loss) if loss.error_power > 0 => {
                Some(10.0 * libm::log10(loss.signal_power as f64 / loss.error_power as f64))
            }
            Self::Lossless | Self::Lossy(_) => None,
        }
    }
}

impl Loss {
    /// Adds a sum that was converted `times` times.
    pub(crate) fn add(&mut self, adc: &AdcModel, sum: i64, times: u64) {
        let error = adc.decoded(adc.code(sum)) - sum;
        let power = |value: i64| u128::from(value.unsigned_abs()).pow(2) * u128::from(times);
        self.conversions += times;
        self.signal_power += power(sum);
        self.error_power += power(error);
        match adc.clipped(sum) {
            Some(Clipped::Below) => self.clipped_below += times,
            Some(Clipped::Above) => self.clipped_above += times,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_a_tiny_adc_worked_by_hand() {
        // Codes 0, 1, 2, 3 stand for 1, 3, 5 and 7 levels.
        let adc = AdcModel::fixed(2, 1.0, 2.0);
        let mut loss = Loss::default();
        // 0 is a tie with code 0, 2 with code 1; 10 is beyond 8, where clipping starts.
        for (level, times) in [(0, 1), (2, 2), (5, 1), (10, 3)] {
            loss.add(&adc, level * 128, times);
        }
        assert_eq!((loss.conversions, loss.clipped_below, loss.clipped_above), (7, 0, 3));
        assert_eq!(loss.signal_power, 128 * 128 * (2 * 4 + 25 + 3 * 100));
        assert_eq!(loss.error_power, 128 * 128 * (1 + 2 + 3 * 9));
        let fidelity = Fidelity::Lossy(loss);
        assert_eq!(fidelity.clip_rate(), 3.0 / 7.0);
        let decibels = fidelity.signal_to_noise_db().expect("something is lost");
        assert!((decibels - 10.4532).abs() < 1e-3, "10·log₁₀(333/30) = {decibels}");
    }

    #[test]
    fn nothing_lost_has_no_ratio() {
        assert_eq!(Fidelity::Lossless.signal_to_noise_db(), None);
        assert_eq!(Fidelity::Lossy(Loss::default()).signal_to_noise_db(), None);
        assert_eq!(Fidelity::Lossy(Loss::default()).clip_rate(), 0.0);
    }
}
