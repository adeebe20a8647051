//! How far each layer's sums are from the exact ones, and what its columns conduct.

use rayon::prelude::*;
use rebias_kernels::Tally;
use rebias_network::{ExactMvm, FeatureMap, LayerId, Mvm, SampleSet, forward};

use crate::converters;
use crate::emulator::EmulatedLayer;
use crate::mvm::EmulatedMvm;
use crate::record::Record;
use crate::{EmulationError, Emulator, FRACTION_BITS, LEVEL};

/// A layer's sums Y against the exact integer network's, for the inputs that the emulated layers before it give, and the
/// sums of its columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerDiagnosis {
    /// The layer.
    pub layer: LayerId,
    /// Σ y² of the exact sums.
    pub signal_power: f64,
    /// Σ (y − y_exact)².
    pub error_power: f64,
    /// Sums of its columns; `None` where nothing is lost if they are summed without the conductance of level 0, or the
    /// slices of an output together.
    pub columns: Option<ColumnSums>,
}

/// Sums of columns before conversion, in levels at the read voltage of the least input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnSums {
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

impl LayerDiagnosis {
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
    pub fn diagnose(&self, samples: &SampleSet, n_images: usize) -> Result<Vec<LayerDiagnosis>, EmulationError> {
        let exact = ExactMvm::new(self.network()).map_err(|source| EmulationError::Image { index: 0, source })?;
        let of_image = |index: usize| -> Result<_, EmulationError> {
            let mut compared = Compared { emulated: self.recording_mvm(), exact: exact.clone(), found: Vec::new() };
            forward(self.network(), &samples.image(index), &mut compared)
                .map_err(|source| EmulationError::Image { index, source })?;
            Ok((compared.found, compared.emulated.records))
        };
        let images: Vec<_> =
            (0..n_images.min(samples.len())).into_par_iter().map(of_image).collect::<Result<_, _>>()?;
        // One after another, so that the sums are the same for any number of threads.
        let Some((mut found, records)) = images.into_iter().reduce(added) else { return Ok(Vec::new()) };
        for (found, record) in found.iter_mut().zip(records) {
            found.columns = record.tally.as_ref().and_then(column_sums);
        }
        Ok(found)
    }

    /// Arrays that record all sums of columns, where columns are summed one by one.
    fn recording_mvm(&self) -> EmulatedMvm<'_> {
        let record = |layer: &EmulatedLayer| {
            let tally = layer.sees_whole_sums().then(|| layer.converters.tally_of_all(&layer.arrays));
            Record::new(&layer.arrays, tally)
        };
        let mut mvm = self.mvm();
        mvm.records = self.layers().iter().map(record).collect();
        mvm
    }
}

type Image = (Vec<LayerDiagnosis>, Vec<Record>);

fn added((mut found, mut records): Image, (other_found, other_records): Image) -> Image {
    for (found, other) in found.iter_mut().zip(other_found) {
        found.signal_power += other.signal_power;
        found.error_power += other.error_power;
    }
    for (record, other) in records.iter_mut().zip(other_records) {
        record.merge(other);
    }
    (found, records)
}

fn column_sums(tally: &Tally) -> Option<ColumnSums> {
    let (mut sum, mut max, mut n) = (0.0, 0, 0);
    for (number, times) in tally.histogram.iter() {
        let units = converters::units(tally, number);
        sum += units as f64 * times as f64;
        (max, n) = (units, n + times);
    }
    let to_levels = 1.0 / LEVEL as f64;
    (n > 0).then(|| ColumnSums { mean: sum / n as f64 * to_levels, max: max as f64 * to_levels })
}

/// Computes sums both ways, and goes on with the emulated ones.
struct Compared<'e> {
    emulated: EmulatedMvm<'e>,
    exact: ExactMvm<'e>,
    found: Vec<LayerDiagnosis>,
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
        self.found.push(LayerDiagnosis { layer, signal_power, error_power, columns: None });
    }
}
