//! Images through a network, many at a time.

use rebias_kernels::{Kernel, LANES};
use rebias_network::{FeatureMap, ForwardError, LayerId, LiveMaps, Network, Op, OutputFormat, SampleSet};

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
pub(crate) struct Advance {
    pub(crate) kernel: Kernel,
    pub(crate) scratch: Scratch,
}

impl Advance {
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
}

/// Maps of a batch that are still to be read.
#[derive(Clone, Debug)]
pub(crate) struct Live<'n> {
    network: &'n Network,
    /// The layer that runs next.
    next: LayerId,
    maps: LiveMaps<Planes>,
}

impl<'n> Live<'n> {
    /// The network's input.
    pub(crate) fn new(network: &'n Network, input: Planes) -> Self {
        Self { network, next: LayerId(0), maps: LiveMaps::new(network, input) }
    }

    /// What a weighted layer sees; the layers without weights before it run on the way.
    pub(crate) fn input_of(&mut self, layer: LayerId) -> Planes {
        while self.next < layer {
            self.run_unweighted(self.next);
            self.next = LayerId(self.next.0 + 1);
        }
        let layer = self.network.layer(layer);
        let maps = self.maps.read(layer.input());
        if maps.shape == layer.in_shape() { maps } else { maps.into_flattened() }
    }

    /// What a weighted layer gave.
    pub(crate) fn write(&mut self, layer: LayerId, maps: Planes) {
        self.maps.write(layer, maps);
    }

    /// Runs a layer without weights; of those with weights others have written what they give.
    fn run_unweighted(&mut self, id: LayerId) {
        let layer = self.network.layer(id);
        let n_planes = self.network.output_codes(id).map_or(0, |codes| codes.bits as usize);
        let maps = match layer.op() {
            Op::Weighted(_) => return,
            Op::MaxPool(window) => {
                self.maps.read(layer.input()).max_pool(self.network.input_codes(id), *window, layer.out_shape())
            }
            Op::SumPool(window) => self.maps.read(layer.input()).sum_pool(n_planes, *window, layer.out_shape()),
            Op::Add(add) => {
                let (left, right) = (self.maps.read(layer.input()), self.maps.read(add.skip));
                left.add(&right, n_planes)
            }
        };
        self.write(id, maps);
    }
}
