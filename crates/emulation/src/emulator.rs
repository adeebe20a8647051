//! A programmed chip, and images through it.

use rayon::prelude::*;
use rebias_arch::{Arch, LayerPlace};
use rebias_crossbar::ChipSeed;
use rebias_kernels::{Kernel, LANES, Stack, Tally};
use rebias_mapper::Placement;
use rebias_network::{ExactMvm, Network, OutputTensors, SampleSet, classify, forward, logits};

use crate::arrays::{CellUnit, LayerArrays, Programmer};
use crate::batch::{self, Advance, Live};
use crate::bias::BiasModel;
use crate::bias_columns::BiasColumns;
use crate::calibration::Calibration;
use crate::converters::Converters;
use crate::mvm::{EmulatedMvm, Scratch};
use crate::outputs::Outputs;
use crate::planes::Batch;
use crate::programmed::ProgrammedArrays;
use crate::record::Record;
use crate::{EmulationError, EmulationResult, FRACTION_BITS, LayerEmulation};

/// A network programmed into a chip's arrays, with its converters set.
#[derive(Clone, Debug)]
pub struct Emulator<'n> {
    network: &'n Network,
    layers: Vec<EmulatedLayer>,
    kernel: Kernel,
}

/// A weighted layer's arrays with their converters.
#[derive(Clone, Debug)]
pub(crate) struct EmulatedLayer {
    pub(crate) arrays: LayerArrays,
    pub(crate) converters: Converters,
    /// The cells of all column blocks, as the kernel looks them up.
    pub(crate) stack: Stack,
    /// Bias columns that differ from array to array.
    pub(crate) bias: Option<BiasColumns>,
    pub(crate) outputs: Outputs,
    /// An empty record of sums, where something is lost of them.
    pub(crate) tally: Option<Tally>,
}

/// Which images, and who is told.
#[derive(Clone, Copy)]
pub struct EmulateOptions<'a> {
    /// At most so many, the first of the set; `None` for all.
    pub images: Option<usize>,
    /// Called, from any thread, with how many more images are done.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

/// The chip of index 0 of seed 0.
const FIRST_CHIP: ChipSeed = ChipSeed { seed: 0, chip: 0 };

impl<'n> Emulator<'n> {
    /// Programs the arrays of the first chip of seed 0, and sets the converters' ranges.
    ///
    /// # Errors
    ///
    /// As [`of_chip`](Self::of_chip).
    pub fn new(
        network: &'n Network,
        arch: &Arch,
        placement: &Placement,
        calibration: Option<&SampleSet>,
    ) -> Result<Self, EmulationError> {
        Self::of_chip(network, arch, placement, calibration, FIRST_CHIP)
    }

    /// Programs the arrays as a chip has them and sets the converters' ranges, for the fastest kernel or the one that
    /// the environment variable [`KERNEL_VARIABLE`](rebias_kernels::KERNEL_VARIABLE) asks for.
    ///
    /// # Errors
    ///
    /// As [`with_kernel`](Self::with_kernel), and a kernel that this machine can't run.
    pub fn of_chip(
        network: &'n Network,
        arch: &Arch,
        placement: &Placement,
        calibration: Option<&SampleSet>,
        chip: ChipSeed,
    ) -> Result<Self, EmulationError> {
        Self::programmed(network, arch, placement, (calibration, Kernel::from_environment()?), chip)
    }

    /// As [`new`](Self::new), for a kernel.
    ///
    /// # Errors
    ///
    /// As [`of_chip`](Self::of_chip).
    pub fn with_kernel(
        network: &'n Network,
        arch: &Arch,
        placement: &Placement,
        calibration: (Option<&SampleSet>, Kernel),
    ) -> Result<Self, EmulationError> {
        Self::programmed(network, arch, placement, calibration, FIRST_CHIP)
    }

    /// `calibration` are the images from which calibrated ranges are found; other ranges need none.
    ///
    /// # Errors
    ///
    /// A network without tensors, a calibrated range without images, sums beyond 64 bits, a placement of another
    /// network, wires whose voltages can't be found.
    fn programmed(
        network: &'n Network,
        arch: &Arch,
        placement: &Placement,
        (calibration, kernel): (Option<&SampleSet>, Kernel),
        chip: ChipSeed,
    ) -> Result<Self, EmulationError> {
        let arrays = ProgrammedArrays::with_kernel(network, arch, placement, (chip, kernel))?;
        Self::converted(network, arch, arrays, calibration)
    }

    /// Sets the converters' ranges for arrays that have been programmed, for this architecture or for another with the
    /// same [array key](Arch::array_key).
    ///
    /// # Errors
    ///
    /// A calibrated range without images, sums beyond 64 bits, noise beyond what samples hold.
    pub fn of_arrays(
        network: &'n Network,
        arch: &Arch,
        arrays: &ProgrammedArrays,
        calibration: Option<&SampleSet>,
    ) -> Result<Self, EmulationError> {
        let (bias, edge_arch) = (BiasModel::new(arch), arch.of_edge_layers());
        let n_layers = arrays.layers.len();
        let layer = |(index, layer): (usize, &LayerArrays)| {
            let arch = match LayerPlace::of(index, n_layers) {
                LayerPlace::Edge => &*edge_arch,
                LayerPlace::Inside => arch,
            };
            layer.clone().with_converters(&bias, &arch.ima().adc)
        };
        let layers = arrays.layers.iter().enumerate().map(layer).collect();
        Self::converted(network, arch, ProgrammedArrays { layers, kernel: arrays.kernel }, calibration)
    }

    fn converted(
        network: &'n Network,
        arch: &Arch,
        ProgrammedArrays { layers, kernel }: ProgrammedArrays,
        calibration: Option<&SampleSet>,
    ) -> Result<Self, EmulationError> {
        let layers = converted(network, arch, layers, (calibration, kernel))?;
        Ok(Self { network, layers, kernel })
    }

    /// The network.
    pub(crate) fn network(&self) -> &'n Network {
        self.network
    }

    /// The weighted layers.
    pub(crate) fn layers(&self) -> &[EmulatedLayer] {
        &self.layers
    }

    /// Whether a design can be emulated at all, before anything is programmed.
    ///
    /// # Errors
    ///
    /// A calibrated range without images, arrays whose currents are not sums over the bits of their inputs.
    pub fn check(arch: &Arch, calibration: Option<&SampleSet>) -> Result<(), EmulationError> {
        if arch.ima().adc.range.needs_calibration() && calibration.is_none_or(SampleSet::is_empty) {
            return Err(EmulationError::NoCalibration);
        }
        let kernel = Kernel::from_environment()?;
        Programmer::new(arch, kernel, FIRST_CHIP)?;
        Programmer::new(&arch.of_edge_layers(), kernel, FIRST_CHIP)?;
        Ok(())
    }

    /// The arrays as a way to compute the network's sums.
    pub fn mvm(&self) -> EmulatedMvm<'_> {
        EmulatedMvm::new(&self.layers, self.kernel)
    }

    /// Runs images through the arrays, on all threads of the current rayon pool.
    ///
    /// # Errors
    ///
    /// No images, or one that is none of the network's.
    pub fn emulate(&self, samples: &SampleSet, options: EmulateOptions<'_>) -> Result<EmulationResult, EmulationError> {
        let n_images = options.images.unwrap_or(usize::MAX).min(samples.len());
        let done = self.classes(samples, n_images, options.progress)?;
        let expected = match &samples.expected {
            Some(expected) => expected[..n_images].to_vec(),
            None => exact_classes(self.network, samples, n_images)?,
        };
        let layer = |(layer, record): (&EmulatedLayer, Record)| LayerEmulation {
            layer: layer.arrays.layer,
            counts: record.counts,
            fidelity: layer.converters.fidelity(record.tally.as_ref()),
            wire_residual: layer.arrays.wire_residual(),
            driven_conductance: record.driven,
        };
        Ok(EmulationResult {
            classes: done.classes,
            expected,
            labels: samples.labels.as_ref().map(|labels| labels[..n_images].to_vec()),
            layers: self.layers.iter().zip(done.records).map(layer).collect(),
            kernel: self.kernel.name(),
        })
    }

    fn classes(
        &self,
        samples: &SampleSet,
        n_images: usize,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Done, EmulationError> {
        if n_images == 0 {
            return Err(EmulationError::NoImages);
        }
        batch::batches(n_images, rayon::current_num_threads())
            .into_par_iter()
            .try_fold(
                || Runner::new(self),
                |mut runner, batch| {
                    runner.run(samples, batch)?;
                    progress(batch.n_images);
                    Ok(runner)
                },
            )
            .map(|part| part.map(|runner| runner.done))
            .try_reduce_with(|left, right| Ok(left.followed_by(right)))
            .unwrap_or(Err(EmulationError::NoImages))
    }
}

/// The classes that the exact integer network finds for the first `n_images` of a set.
///
/// # Errors
///
/// A network without tensors, an image that is none of the network's.
pub fn exact_classes(network: &Network, samples: &SampleSet, n_images: usize) -> Result<Vec<u16>, EmulationError> {
    let exact = ExactMvm::new(network).map_err(|source| EmulationError::Image { index: 0, source })?;
    let class = |mvm: &mut ExactMvm<'_>, index: usize| {
        let logits = forward(network, &samples.image(index), mvm);
        logits.map(|logits| classify(&logits)).map_err(|source| EmulationError::Image { index, source })
    };
    (0..n_images).into_par_iter().map_init(|| exact.clone(), class).collect()
}

/// One thread's way through the network.
struct Runner<'a> {
    emulator: &'a Emulator<'a>,
    advance: Advance,
    done: Done,
}

impl<'a> Runner<'a> {
    fn new(emulator: &'a Emulator<'a>) -> Self {
        let record = |layer: &EmulatedLayer| Record::new(&layer.arrays, layer.tally.clone());
        let kernel = emulator.kernel;
        Self {
            emulator,
            advance: Advance { kernel, scratch: Scratch::new(kernel) },
            done: Done { classes: Vec::new(), records: emulator.layers.iter().map(record).collect() },
        }
    }

    fn run(&mut self, samples: &SampleSet, batch: Batch) -> Result<(), EmulationError> {
        let network = self.emulator.network;
        let mut live = Live::new(network, batch::load(network, samples, batch, self.emulator.kernel)?);
        for (layer, record) in self.emulator.layers.iter().zip(&mut self.done.records) {
            let maps = live.input_of(layer.arrays.layer);
            match layer.logits(network) {
                None => live.write(layer.arrays.layer, self.advance.weighted(layer, &maps, record)),
                Some((scale, offset)) => {
                    let sums = self.advance.sums(layer, &maps, record);
                    let class = |image: usize| {
                        let words = sums.iter().skip(image / LANES).step_by(batch.n_words());
                        let sums: Vec<_> = words.map(|sums| sums[image % LANES]).collect();
                        classify(&logits(scale, offset, &sums, FRACTION_BITS))
                    };
                    self.done.classes.extend((0..batch.n_images).map(class));
                }
            }
        }
        Ok(())
    }
}

impl LayerArrays {
    /// The layer with its converters.
    pub(crate) fn converted(
        self,
        network: &Network,
        converters: Converters,
        kernel: Kernel,
    ) -> Result<EmulatedLayer, EmulationError> {
        let stack = self.tabulate(kernel, &converters)?;
        let bias = self.tabulate_bias(kernel)?;
        let weighted = network.layer(self.layer).weighted();
        let Some(tensors) = weighted.and_then(|weighted| weighted.tensors.as_ref()) else {
            return Err(EmulationError::NoTensors { layer: self.name });
        };
        let outputs = Outputs::new(&self, &converters, &tensors.output);
        let tally = converters.tally(&self);
        Ok(EmulatedLayer { arrays: self, converters, stack, bias, outputs, tally })
    }
}

impl EmulatedLayer {
    /// Whether each column is summed by itself, and with the conductance of level 0.
    pub(crate) fn sees_whole_sums(&self) -> bool {
        match self.converters.unit {
            CellUnit::Conductance => true,
            CellUnit::Level => self.arrays.floor == 0,
            CellUnit::Code => false,
        }
    }

    /// Scale and offset of logits, if that is what the layer gives.
    fn logits<'n>(&self, network: &'n Network) -> Option<(&'n [f64], &'n [f64])> {
        let tensors = network.layer(self.arrays.layer).weighted()?.tensors.as_ref()?;
        match &tensors.output {
            OutputTensors::Logits { scale, offset } => Some((scale, offset)),
            OutputTensors::Codes { .. } => None,
        }
    }
}

/// Some images in a row.
struct Done {
    classes: Vec<u16>,
    records: Vec<Record>,
}

impl Done {
    fn followed_by(mut self, other: Self) -> Self {
        self.classes.extend(other.classes);
        for (mine, theirs) in self.records.iter_mut().zip(other.records) {
            mine.merge(theirs);
        }
        self
    }
}

/// Sets the converters' ranges.
fn converted(
    network: &Network,
    arch: &Arch,
    layers: Vec<LayerArrays>,
    (calibration, kernel): (Option<&SampleSet>, Kernel),
) -> Result<Vec<EmulatedLayer>, EmulationError> {
    if arch.ima().adc.range.needs_calibration() {
        let images = calibration.ok_or(EmulationError::NoCalibration)?;
        return Calibration { network, images, kernel }.run(layers);
    }
    let layer = |arrays: LayerArrays| {
        let adc = arrays.nominal_adc().ok_or(EmulationError::NoCalibration)?;
        let converters = Converters::new(&arrays, adc)?;
        arrays.converted(network, converters, kernel)
    };
    layers.into_par_iter().map(layer).collect()
}
