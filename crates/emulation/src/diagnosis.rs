//! How far each layer's sums are from the exact ones.

use rayon::prelude::*;
use rebias_network::{ExactMvm, FeatureMap, LayerId, Mvm, SampleSet, forward};

use crate::mvm::EmulatedMvm;
use crate::{EmulationError, Emulator, FRACTION_BITS};

/// A layer's sums Y against the exact integer network's, for the inputs that the emulated layers before it give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerDeviation {
    /// The layer.
    pub layer: LayerId,
    /// Σ y² of the exact sums.
    pub signal_power: f64,
    /// Σ (y − y_exact)².
    pub error_power: f64,
}

impl LayerDeviation {
    /// Signal-to-noise ratio of the layer's sums in decibels; `None` without errors.
    pub fn signal_to_noise_db(&self) -> Option<f64> {
        (self.error_power > 0.0).then(|| 10.0 * libm::log10(self.signal_power / self.error_power))
    }
}

impl Emulator<'_> {
    /// Compares the sums of every weighted layer with the exact ones, on the first `n_images` samples.
    ///
    /// # Errors
    ///
    /// An image that is none of the network's.
    pub fn deviations(&self, samples: &SampleSet, n_images: usize) -> Result<Vec<LayerDeviation>, EmulationError> {
        let exact = ExactMvm::new(self.network()).map_err(|source| EmulationError::Image { index: 0, source })?;
        let of_image = |index: usize| -> Result<_, EmulationError> {
            let mut compared = Compared { emulated: self.mvm(), exact: exact.clone(), found: Vec::new() };
            forward(self.network(), &samples.image(index), &mut compared)
                .map_err(|source| EmulationError::Image { index, source })?;
            Ok(compared.found)
        };
        let images: Vec<_> =
            (0..n_images.min(samples.len())).into_par_iter().map(of_image).collect::<Result<_, _>>()?;
        // One after another, so that the sums are the same for any number of threads.
        Ok(images.into_iter().reduce(added).unwrap_or_default())
    }
}

fn added(mut left: Vec<LayerDeviation>, right: Vec<LayerDeviation>) -> Vec<LayerDeviation> {
    for (left, right) in left.iter_mut().zip(right) {
        left.signal_power += right.signal_power;
        left.error_power += right.error_power;
    }
    left
}

/// Computes sums both ways, and goes on with the emulated ones.
struct Compared<'e> {
    emulated: EmulatedMvm<'e>,
    exact: ExactMvm<'e>,
    found: Vec<LayerDeviation>,
}

impl Mvm for Compared<'_> {
    fn fraction_bits(&self) -> u32 {
        FRACTION_BITS
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        let mut exact = vec![0; out.len()];
        self.exact.pre_activations(layer, ifmap, &mut exact);
        self.emulated.pre_activations(layer, ifmap, out);
        let to_units = FRACTION_BITS - self.exact.fraction_bits();
        let (mut signal_power, mut error_power) = (0.0, 0.0);
        for (&found, exact) in out.iter().zip(exact) {
            let exact = exact << to_units;
            signal_power += (exact as f64).powi(2);
            error_power += ((found - exact) as f64).powi(2);
        }
        self.found.push(LayerDeviation { layer, signal_power, error_power });
    }
}
