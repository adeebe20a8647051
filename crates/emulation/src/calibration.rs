//! Ranges of ADCs from what columns really give.

use rayon::prelude::*;
use rebias_converter::AdcModel;
use rebias_kernels::{Kernel, Tally};
use rebias_network::{FeatureMap, LayerId, Mvm, Network, SampleSet, forward};

use crate::arrays::LayerArrays;
use crate::converters::{self, Converters};
use crate::emulator::EmulatedLayer;
use crate::mvm::{Emulation, Scratch};
use crate::record::Record;
use crate::{EmulationError, FRACTION_BITS};

/// Calibrates layer by layer: each sees what the calibrated layers before it make of the images.
pub(crate) struct Calibration<'a> {
    pub(crate) network: &'a Network,
    pub(crate) images: &'a SampleSet,
    pub(crate) bits: u32,
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
        // What each image gives the next layer.
        let mut ifmaps = vec![None; self.images.len()];
        for arrays in layers {
            ifmaps = self.advance(&calibrated, arrays.layer, ifmaps)?;
            let converters = self.converters(&arrays, &ifmaps)?;
            calibrated.push(EmulatedLayer { arrays, converters });
        }
        Ok(calibrated)
    }

    fn converters(&self, arrays: &LayerArrays, ifmaps: &[Option<FeatureMap>]) -> Result<Converters, EmulationError> {
        let probe = Converters::probe(arrays)?;
        let tally = ifmaps
            .par_iter()
            .flatten()
            .fold(
                || Probe::new(arrays),
                |mut state, ifmap| {
                    let run = Emulation { arrays, converters: &probe, kernel: self.kernel };
                    run.run(ifmap, (&mut state.scratch, &mut state.record), &mut state.out);
                    state
                },
            )
            .map(|state| state.record)
            .reduce_with(|mut left, right| {
                left.merge(right);
                left
            })
            .and_then(|record| record.tally);
        let range = tally
            .and_then(|tally| Some((self.end(&tally, self.low_percentile)?, self.end(&tally, self.high_percentile)?)));
        let (low, high) = range.ok_or(EmulationError::NoCalibration)?;
        Converters::new(arrays, AdcModel::calibrated(self.bits, low, high))
    }

    /// An end of the range in units.
    fn end(&self, tally: &Tally, percentile: f64) -> Option<u64> {
        Some(converters::units(tally, tally.histogram.percentile(percentile)?))
    }

    /// The input maps of layer `next`, from those of the layer before it.
    fn advance(
        &self,
        calibrated: &[EmulatedLayer],
        next: LayerId,
        ifmaps: Vec<Option<FeatureMap>>,
    ) -> Result<Vec<Option<FeatureMap>>, EmulationError> {
        let is_chain = self.network.is_chain();
        let step = |(index, ifmap): (usize, Option<FeatureMap>)| {
            let before = if is_chain { Before::One(calibrated.last().zip(ifmap)) } else { Before::All(calibrated) };
            let mut relay = Relay { before, next, found: None, kernel: self.kernel };
            forward(self.network, &self.images.image(index), &mut relay)
                .map_err(|source| EmulationError::Image { index, source })?;
            Ok(relay.found)
        };
        ifmaps.into_par_iter().enumerate().map(step).collect()
    }
}

/// One thread's column sums.
struct Probe {
    scratch: Scratch,
    record: Record,
    out: Vec<i64>,
}

impl Probe {
    fn new(arrays: &LayerArrays) -> Self {
        let record = Record::new(arrays, Some(converters::tally(arrays)));
        let out = vec![0; arrays.out_channels() * arrays.n_positions];
        Self { scratch: Scratch::default(), record, out }
    }
}

/// Takes an image to the next layer's input.
struct Relay<'a> {
    before: Before<'a>,
    next: LayerId,
    found: Option<FeatureMap>,
    kernel: Kernel,
}

/// The calibrated layers whose sums matter for the next one's input.
enum Before<'a> {
    /// In a chain that is the one before, whose input is known; none before the first layer.
    One(Option<(&'a EmulatedLayer, FeatureMap)>),
    /// Where maps are read by several layers it may be any of them.
    All(&'a [EmulatedLayer]),
}

impl Mvm for Relay<'_> {
    fn fraction_bits(&self) -> u32 {
        FRACTION_BITS
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        if layer == self.next {
            self.found = Some(ifmap.clone());
        }
        let found = match &self.before {
            Before::One(one) => one.as_ref().filter(|(it, _)| it.arrays.layer == layer).map(|(it, ifmap)| (*it, ifmap)),
            Before::All(all) => all.iter().find(|it| it.arrays.layer == layer).map(|it| (it, ifmap)),
        };
        if let Some((EmulatedLayer { arrays, converters }, ifmap)) = found {
            let mut record = Record::new(arrays, converters.tally(arrays));
            let run = Emulation { arrays, converters, kernel: self.kernel };
            run.run(ifmap, (&mut Scratch::default(), &mut record), out);
        }
    }
}
