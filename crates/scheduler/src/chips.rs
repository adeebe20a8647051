//! The same network on several chips: each is one draw of what is fixed when it is made and programmed.

use std::num::NonZeroU32;

use rebias_arch::Arch;
use rebias_crossbar::{CellModel, ChipSeed};
use rebias_emulation::{EmulateOptions, EmulationError, EmulationResult, Emulator, LayerDiagnosis};
use rebias_network::SampleSet;
use rebias_units::Current;
use statrs::statistics::Statistics;

use crate::{ColumnCurrent, Conversion, Proportion, Quality, RunOptions};

/// Images on which layers' sums are compared with the exact ones.
const DIAGNOSED_IMAGES: usize = 4;

/// Which chips a network's values are emulated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chips {
    /// Index of the first.
    pub first: u32,
    /// How many; at least 1.
    pub count: NonZeroU32,
}

impl Chips {
    /// The chip of index 0 alone.
    pub const FIRST: Self = Self { first: 0, count: NonZeroU32::MIN };

    fn indices(self) -> impl Iterator<Item = u32> {
        (self.first..=u32::MAX).take(self.count.get() as usize)
    }
}

/// How well one chip computes a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChipQuality {
    /// Its index: the same index of the same seed is the same chip, alone or among others.
    pub chip: u32,
    /// Images whose class is the label; `None` without labels.
    pub accuracy: Option<f64>,
    /// Images whose class is that of the exact integer network.
    pub agreement: f64,
}

/// What emulation gave, chip by chip; never empty.
#[derive(Clone, Debug)]
pub struct Emulated {
    chips: Vec<(u32, EmulationResult)>,
    /// Of the first chip's layers.
    diagnoses: Vec<LayerDiagnosis>,
    /// Current of a column sum of one level.
    level_current: Current,
}

impl Emulated {
    /// Runs the samples on each chip of the options; `program` gives each, with its converters set.
    ///
    /// # Errors
    /// What `program` says; no images, or one that is none of the network's.
    pub fn on_chips<'n>(
        arch: &Arch,
        samples: &SampleSet,
        options: &RunOptions<'_>,
        program: impl Fn(ChipSeed) -> Result<Emulator<'n>, EmulationError>,
    ) -> Result<Self, EmulationError> {
        let images = options.images;
        let (mut chips, mut diagnoses) = (Vec::new(), Vec::new());
        for chip in options.chips.indices() {
            let emulator = program(ChipSeed { seed: options.seed, chip })?;
            if chips.is_empty() {
                let n_images = images.unwrap_or(DIAGNOSED_IMAGES).min(DIAGNOSED_IMAGES);
                diagnoses = emulator.diagnose(samples, n_images)?;
            }
            let options = EmulateOptions { images, progress: options.progress };
            chips.push((chip, emulator.emulate(samples, options)?));
        }
        Ok(Self { chips, diagnoses, level_current: level_current(arch) })
    }

    fn results(&self) -> impl Iterator<Item = &EmulationResult> {
        self.chips.iter().map(|(_, result)| result)
    }

    /// Over all chips; `None` without images.
    pub(crate) fn quality(&self) -> Option<Quality> {
        let images = self.results().next()?.n_images();
        let correct: Option<Vec<_>> = self.results().map(EmulationResult::n_correct).collect();
        let agreeing: Vec<_> = self.results().map(EmulationResult::n_agreeing).collect();
        Some(Quality {
            accuracy: correct.as_ref().and_then(|correct| Proportion::over_chips(correct, images)),
            agreement: Proportion::over_chips(&agreeing, images)?,
            n_chips: self.chips.len(),
            accuracy_deviation: correct.and_then(|correct| deviation(&correct, images)),
        })
    }

    /// Each chip by itself.
    pub fn chips(&self) -> Vec<ChipQuality> {
        let quality = |(chip, result): &(u32, EmulationResult)| {
            let share = |hits: usize| hits as f64 / result.n_images() as f64;
            ChipQuality { chip: *chip, accuracy: result.n_correct().map(share), agreement: share(result.n_agreeing()) }
        };
        self.chips.iter().map(quality).collect()
    }

    /// Σ g·x² of an image in a layer, the mean over chips; `None` where reads have a constant energy.
    pub(crate) fn read_activity(&self, layer: usize) -> Option<f64> {
        let activity = |result: &EmulationResult| {
            let driven = result.layers.get(layer)?.driven_conductance?;
            Some(driven as f64 / result.n_images() as f64)
        };
        let sum: Option<f64> = self.results().map(activity).sum();
        Some(sum? / self.chips.len() as f64)
    }

    /// What a layer's converters lost, the mean over chips.
    pub(crate) fn conversion(&self, layer: usize) -> Option<Conversion> {
        let n_chips = self.chips.len() as f64;
        let layers: Vec<_> = self.results().map(|result| result.layers.get(layer)).collect::<Option<_>>()?;
        let ratios: Option<Vec<_>> = layers.iter().map(|layer| layer.fidelity.signal_to_noise_db()).collect();
        Some(Conversion {
            clip_rate: layers.iter().map(|layer| layer.fidelity.clip_rate()).sum::<f64>() / n_chips,
            signal_to_noise_db: ratios.map(|ratios| ratios.iter().sum::<f64>() / n_chips),
            sums_signal_to_noise_db: self.diagnoses.get(layer).and_then(LayerDiagnosis::signal_to_noise_db),
            column_current: self.diagnoses.get(layer).and_then(|found| found.columns).map(|columns| ColumnCurrent {
                mean: self.level_current * columns.mean,
                max: self.level_current * columns.max,
            }),
            wire_residual: layers.iter().map(|layer| layer.wire_residual).fold(0.0, f64::max),
        })
    }
}

/// Current of a cell that conducts one level, for the least input.
fn level_current(arch: &Arch) -> Current {
    let (cell, dac) = (&arch.ima().crossbar.cell, &arch.ima().dac);
    CellModel::new(cell).level() * (cell.read_voltage / f64::from(dac.max_code()))
}

/// Standard deviation of the chips' shares; `None` for one chip.
fn deviation(hits: &[usize], images: usize) -> Option<f64> {
    (hits.len() > 1).then(|| hits.iter().map(|&hits| hits as f64 / images as f64).std_dev())
}
