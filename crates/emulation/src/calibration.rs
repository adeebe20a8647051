//! Ranges of ADCs from what columns really give.

use rayon::prelude::*;
use rebias_kernels::Kernel;
use rebias_network::{LayerId, Network, SampleSet};

use crate::EmulationError;
use crate::arrays::LayerArrays;
use crate::batch::{self, Advance, Live};
use crate::converters::Converters;
use crate::emulator::EmulatedLayer;
use crate::mvm::{Emulation, Scratch, Sink};
use crate::outputs::Outputs;
use crate::planes::Planes;
use crate::record::Record;

/// Calibrates layer by layer: each sees what the calibrated layers before it make of the images.
pub(crate) struct Calibration<'a> {
    pub(crate) network: &'a Network,
    pub(crate) images: &'a SampleSet,
    pub(crate) kernel: Kernel,
}

/// A batch on its way: what it has for layers to come, and the maps that the present layer sees.
type Flow<'n> = (Live<'n>, Option<Planes>);

impl Calibration<'_> {
    pub(crate) fn run(&self, layers: Vec<LayerArrays>) -> Result<Vec<EmulatedLayer>, EmulationError> {
        if self.images.is_empty() {
            return Err(EmulationError::NoCalibration);
        }
        let mut calibrated: Vec<EmulatedLayer> = Vec::with_capacity(layers.len());
        // What each batch gives the layer that is calibrated, and what it has for those behind.
        let mut flows = batch::batches(self.images.len(), 1)
            .into_iter()
            .map(|batch| {
                let input = batch::load(self.network, self.images, batch, self.kernel)?;
                Ok((Live::new(self.network, input), None))
            })
            .collect::<Result<Vec<Flow<'_>>, EmulationError>>()?;
        for arrays in layers {
            let before = calibrated.last();
            flows = flows.into_par_iter().map(|flow| self.advance(before, arrays.layer, flow)).collect();
            let probe = self.probed(arrays)?;
            let converters = self.converters(&probe, &flows)?;
            calibrated.push(probe.arrays.converted(self.network, converters, self.kernel)?);
        }
        Ok(calibrated)
    }

    /// The layer with converters that only look at sums.
    fn probed(&self, arrays: LayerArrays) -> Result<EmulatedLayer, EmulationError> {
        let converters = Converters::probe(&arrays)?;
        let stack = arrays.tabulate(self.kernel, &converters)?;
        let bias = arrays.tabulate_bias(self.kernel)?;
        let tally = Some(converters.tally_of_all(&arrays));
        Ok(EmulatedLayer { arrays, converters, stack, bias, outputs: Outputs::none(), tally })
    }

    fn converters(&self, layer: &EmulatedLayer, flows: &[Flow<'_>]) -> Result<Converters, EmulationError> {
        let arrays = &layer.arrays;
        let probe = |maps: &Planes| {
            let mut record = Record::new(arrays, layer.tally.clone());
            let run = Emulation { layer, kernel: self.kernel };
            run.run(maps, (&mut Scratch::new(self.kernel), &mut record), Sink::Nothing);
            record
        };
        let merged =
            flows.par_iter().filter_map(|(_, maps)| maps.as_ref()).map(probe).reduce_with(|mut left, right| {
                left.merge(right);
                left
            });
        let tally = merged.and_then(|record| record.tally);
        let adc = tally.and_then(|tally| arrays.calibrated_adc(&tally)).ok_or(EmulationError::NoCalibration)?;
        Converters::new(arrays, adc)
    }

    /// Takes a batch from the layer before to the next.
    fn advance<'n>(&self, before: Option<&EmulatedLayer>, next: LayerId, (mut live, maps): Flow<'n>) -> Flow<'n> {
        if let Some((layer, maps)) = before.zip(maps) {
            let mut advance = Advance { kernel: self.kernel, scratch: Scratch::new(self.kernel) };
            let codes = advance.weighted(layer, &maps, &mut Record::new(&layer.arrays, None));
            live.write(layer.arrays.layer, codes);
        }
        let maps = live.input_of(next);
        (live, Some(maps))
    }
}
