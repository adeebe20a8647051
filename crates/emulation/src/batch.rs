//! Images through a network, many at a time.

use rebias_kernels::{Kernel, LANES};
use rebias_network::{FeatureMap, ForwardError, LayerId, Network, Op, OutputFormat, SampleSet};

use crate::EmulationError;
use crate::emulator::EmulatedLayer;
use crate::mvm::{Emulation, Scratch, Sink};
use crate::planes::{Batch, Planes};
use crate::record::Record;

/// Most words of images in a batch: a table that is read from memory serves so many vectors at each position.
const MAX_WORDS: usize = 4;

/// Images cut into batches, at least one for each thread if there are so many words.
pub(crate) fn batches(n_images: usize, n_threads: usize) -> Vec<Batch> {
    let n_words = n_images.div_ceil(LANES);
    let length = LANES * n_words.div_ceil(n_threads.max(1)).clamp(1, MAX_WORDS);
    let batch = |first: usize| Batch { first, n_images: length.min(n_images - first) };
    (0..n_images).step_by(length).map(batch).collect()
}

/// The images of a batch as the network's input.
pub(crate) fn load(
    network: &Network,
    samples: &SampleSet,
    batch: Batch,
    kernel: Kernel,
) -> Result<Planes, EmulationError> {
    let format = network.input_format();
    let map = |index: usize| {
        let codes = samples.image(index);
        if let Some(place) = codes.iter().position(|&code| code > format.max_code()) {
            return Err(ForwardError::Code { code: codes[place], index: place, bits: format.bits });
        }
        FeatureMap::new(network.input_shape(), codes)
    };
    let located = |index: usize| map(index).map_err(|source| EmulationError::Image { index, source });
    let maps: Vec<_> = (batch.first..batch.first + batch.n_images).map(located).collect::<Result<_, _>>()?;
    let images: Vec<_> = maps.iter().map(FeatureMap::codes).collect();
    Ok(Planes::new(kernel, batch, network.input_shape(), format.bits as usize, &images))
}

/// Takes maps from layer to layer.
pub(crate) struct Advance<'a> {
    pub(crate) network: &'a Network,
    pub(crate) kernel: Kernel,
    pub(crate) scratch: Scratch,
}

impl Advance<'_> {
    /// Maps of a weighted layer's codes.
    pub(crate) fn weighted(&mut self, layer: &EmulatedLayer, maps: &Planes, record: &mut Record) -> Planes {
        let arrays = &layer.arrays;
        let bits = match arrays.output {
            OutputFormat::Codes { bits } => bits as usize,
            OutputFormat::Logits => 0,
        };
        let mut codes = Planes::zeros(maps.batch, arrays.out_shape, bits);
        Emulation { layer, kernel: self.kernel }.run(maps, (&mut self.scratch, record), Sink::Codes(&mut codes));
        codes
    }

    /// The sums of a weighted layer in units, `[output][position][word]`.
    pub(crate) fn sums(&mut self, layer: &EmulatedLayer, maps: &Planes, record: &mut Record) -> Vec<[i64; LANES]> {
        let mut sums = vec![[0; LANES]; layer.arrays.out_shape.len() * maps.batch.n_words()];
        Emulation { layer, kernel: self.kernel }.run(maps, (&mut self.scratch, record), Sink::Sums(&mut sums));
        sums
    }

    /// The maps that a weighted layer sees, from those behind the weighted layer before it, or of the network's input.
    pub(crate) fn to_layer(&self, before: Option<LayerId>, next: LayerId, mut maps: Planes) -> Planes {
        let first = before.map_or(0, |before| before.0 + 1);
        for (id, layer) in self.network.layers_with_ids().skip(first).take(next.0 - first) {
            if let Op::MaxPool(window) = layer.op() {
                maps = maps.max_pool(self.network.input_codes(id), *window, layer.out_shape());
            }
        }
        let shape = self.network.layer(next).in_shape();
        if maps.shape == shape { maps } else { maps.into_flattened() }
    }
}
