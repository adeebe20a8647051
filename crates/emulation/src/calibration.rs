//! Ranges of ADCs from what columns really give.

use rayon::prelude::*;
use rebias_converter::{AdcModel, AdcSpec};
use rebias_kernels::{Kernel, Tally};
use rebias_network::{Network, SampleSet};

use crate::EmulationError;
use crate::arrays::LayerArrays;
use crate::batch::{self, Advance};
use crate::converters::{self, Converters};
use crate::emulator::EmulatedLayer;
use crate::mvm::{Emulation, Scratch, Sink};
use crate::outputs::Outputs;
use crate::planes::Planes;
use crate::record::Record;

/// Calibrates layer by layer: each sees what the calibrated layers before it make of the images.
pub(crate) struct Calibration<'a> {
    pub(crate) network: &'a Network,
    pub(crate) images: &'a SampleSet,
    pub(crate) adc: &'a AdcSpec,
    pub(crate) low_percentile: f64,
    pub(crate) high_percentile: f64,
    pub(crate) kernel: Kernel,
}

impl Calibration<'_> {
    pub(crate) fn run(&self, layers: Vec<LayerArrays>) -> Result<Vec<EmulatedLayer>, EmulationError> {
        if self.images.is_empty() {
            return Err(EmulationError::NoCalibration);
        }
        let mut calibrated: Vec<EmulatedLayer> = Vec::with_capacity(layers.len());
        // What each batch gives the next layer.
        let mut maps = batch::batches(self.images.len(), 1)
            .into_iter()
            .map(|batch| batch::load(self.network, self.images, batch, self.kernel))
            .collect::<Result<Vec<_>, _>>()?;
        for arrays in layers {
            let before = calibrated.last();
            maps = maps.into_par_iter().map(|maps| self.advance(before, &arrays, maps)).collect();
            let probe = self.probed(arrays)?;
            let converters = self.converters(&probe, &maps)?;
            calibrated.push(probe.arrays.converted(self.network, converters, self.kernel)?);
        }
        Ok(calibrated)
    }

    /// The layer with converters that only look at sums.
    fn probed(&self, arrays: LayerArrays) -> Result<EmulatedLayer, EmulationError> {
        let converters = Converters::probe(&arrays)?;
        let stacks = arrays.tabulate(self.kernel, converters.unit)?;
        let bias = arrays.tabulate_bias(self.kernel)?;
        Ok(EmulatedLayer { arrays, converters, stacks, bias, outputs: Outputs::none() })
    }

    fn converters(&self, layer: &EmulatedLayer, maps: &[Planes]) -> Result<Converters, EmulationError> {
        let arrays = &layer.arrays;
        let probe = |maps: &Planes| {
            let mut record = Record::new(arrays, Some(converters::tally(arrays)));
            let run = Emulation { layer, kernel: self.kernel };
            run.run(maps, (&mut Scratch::new(self.kernel), &mut record), Sink::Nothing);
            record
        };
        let merged = maps.par_iter().map(probe).reduce_with(|mut left, right| {
            left.merge(right);
            left
        });
        let tally = merged.and_then(|record| record.tally);
        let range = tally
            .and_then(|tally| Some((self.end(&tally, self.low_percentile)?, self.end(&tally, self.high_percentile)?)));
        let (low, high) = range.ok_or(EmulationError::NoCalibration)?;
        Converters::new(arrays, AdcModel::calibrated(self.adc.bits, low, high).with_errors(&self.adc.errors))
    }

    /// An end of the range in units.
    fn end(&self, tally: &Tally, percentile: f64) -> Option<u64> {
        Some(converters::units(tally, tally.histogram.percentile(percentile)?))
    }

    /// The input maps of a layer, from those of the layer before it.
    fn advance(&self, before: Option<&EmulatedLayer>, next: &LayerArrays, maps: Planes) -> Planes {
        let mut advance = Advance { network: self.network, kernel: self.kernel, scratch: Scratch::new(self.kernel) };
        let maps = match before {
            Some(layer) => advance.weighted(layer, &maps, &mut Record::new(&layer.arrays, None)),
            None => maps,
        };
        advance.to_layer(before.map(|layer| layer.arrays.layer), next.layer, maps)
    }
}
