//! What a run gives.

use rebias_cost::{Calibration, Peak, Programming, Warning};
use rebias_units::{Area, Counts, Current, Cycles, Energy, Power, Time};

use crate::{BufferReplay, ChipQuality, Proportion, Steadiness, UnitReplay};

/// All that one run of a network on a chip gives.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The network's name.
    pub network: String,
    /// The design's name.
    pub architecture: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Version of Rebias.
    pub version: &'static str,
    /// How well the chip works; `None` for a trace without tensors or images.
    pub quality: Option<Quality>,
    /// The same for each chip by itself; empty for a trace without tensors or images.
    pub chips: Vec<ChipQuality>,
    /// How fast it is.
    pub timing: Timing,
    /// What it takes of the chip.
    pub allocation: Allocation,
    /// What it costs.
    pub cost: Cost,
    /// Why its reads are not feasible; empty if nothing that is known of the design says so.
    pub warnings: Vec<Warning>,
    /// Layer by layer, in the network's order, without pools.
    pub layers: Vec<LayerResult>,
    /// Ticks of the digital clock in which parts were measured: those of the steady interval's images.
    pub measured: Cycles,
    /// What each part did in them.
    pub parts: Vec<UnitReplay>,
    /// What each buffer held.
    pub buffers: Vec<BufferReplay>,
}

/// How well a chip computes a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Images whose class is the label; `None` without labels.
    pub accuracy: Option<Proportion>,
    /// Images whose class is that of the exact integer network.
    pub agreement: Proportion,
    /// Chips that were emulated; at least 1.
    pub n_chips: usize,
    /// Standard deviation of the accuracy from chip to chip; `None` for one chip or without labels.
    pub accuracy_deviation: Option<f64>,
}

/// How fast a chip computes a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// From the start to the first image's last output, in chip cycles.
    pub first_latency_cycles: Cycles,
    /// The same as time.
    pub first_latency: Time,
    /// Between images once the pipeline is full, in chip cycles.
    pub interval_cycles: Cycles,
    /// The same as time.
    pub interval: Time,
    /// Whether the interval has settled.
    pub steadiness: Steadiness,
    /// The part that is busiest, by its path.
    pub critical: String,
    /// Share of the interval in which it is busy.
    pub critical_busy: f64,
}

/// What a network takes of a chip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allocation {
    /// Arrays.
    pub crossbars: u32,
    /// IMAs with at least one array.
    pub imas: u32,
    /// Tiles with at least one array.
    pub tiles: u32,
    /// Tiles of all chips.
    pub chip_tiles: u32,
    /// Chips, those without an allocated tile too.
    pub chips: u32,
    /// Cells in use among the cells of the allocated arrays, 0 … 1.
    pub utilisation: f64,
}

/// What a network costs on a chip.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Component by component, in the order of the cost table.
    pub components: Vec<Component>,
    /// Name of the ADC's energy model.
    pub adc_model: String,
    /// What the network costs under each model of the cost table, that one among them.
    pub adc_models: Vec<AdcModelCost>,
    /// Power of the allocated tiles at the steady interval, idle parts off.
    pub power_gated: Power,
    /// Power of the whole chip at the steady interval, nothing switched off.
    pub power_always_on: Power,
    /// 10^12 operations a joule over an image, two for each multiply–accumulate, idle parts off.
    pub tops_per_w: f64,
    /// 10^9 operations a second for each square millimetre of the allocated tiles, at the steady interval.
    pub gops_per_mm2: f64,
    /// The chip's peak rate and published power, in the number format of the layer with most work; `None` for a design
    /// without published powers.
    pub peak: Option<Peak>,
    /// What it takes to calibrate the bias once; `None` for a design that doesn't.
    pub calibration: Option<Calibration>,
    /// What it takes to load the network; `None` if the cost table does not say how cells are programmed.
    pub programming: Option<Programming>,
}

/// What a network costs under one model of the ADC.
#[derive(Clone, Debug, PartialEq)]
pub struct AdcModelCost {
    /// The model's name.
    pub name: String,
    /// The resolutions that it covers, such as `4..=10`.
    pub covered_bits: String,
    /// The cost; `None` if the model has no value for the design's converters.
    pub modelled: Option<ModelledCost>,
}

/// The least and the most that a network costs under the models of the ADC that have a value for the design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdcBand {
    /// How many models there are.
    pub n_models: usize,
    /// Least energy of an image, idle parts off.
    pub energy_low: Energy,
    /// Most energy of an image, idle parts off.
    pub energy_high: Energy,
    /// Least 10^12 operations a joule.
    pub tops_per_w_low: f64,
    /// Most 10^12 operations a joule.
    pub tops_per_w_high: f64,
}

/// The figures that a model of the ADC changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelledCost {
    /// Energy of an image with idle parts off.
    pub energy_gated: Energy,
    /// 10^12 operations a joule over an image, two for each multiply–accumulate, idle parts off.
    pub tops_per_w: f64,
    /// Area of the allocated tiles.
    pub area_allocated: Area,
}

/// One component's share.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its name in the cost table.
    pub name: String,
    /// Energy of an image's actions.
    pub dynamic: Energy,
    /// Static energy over a steady interval, allocated tiles only.
    pub static_gated: Energy,
    /// Static energy over a steady interval, whole chip.
    pub static_always_on: Energy,
    /// Area in the allocated tiles.
    pub area_allocated: Area,
    /// Area in the whole chip.
    pub area_chip: Area,
}

impl Cost {
    /// Energy of an image with idle parts off.
    pub fn energy_gated(&self) -> Energy {
        self.components.iter().map(|part| part.dynamic + part.static_gated).sum()
    }

    /// Energy of an image with nothing switched off.
    pub fn energy_always_on(&self) -> Energy {
        self.components.iter().map(|part| part.dynamic + part.static_always_on).sum()
    }

    /// The band over the models of the ADC; without models, what it costs.
    pub fn adc_band(&self) -> AdcBand {
        let energy = self.energy_gated();
        let own = AdcBand {
            n_models: 0,
            energy_low: energy,
            energy_high: energy,
            tops_per_w_low: self.tops_per_w,
            tops_per_w_high: self.tops_per_w,
        };
        self.adc_models.iter().filter_map(|model| model.modelled).fold(own, |band, cost| AdcBand {
            n_models: band.n_models + 1,
            energy_low: if cost.energy_gated < band.energy_low { cost.energy_gated } else { band.energy_low },
            energy_high: if cost.energy_gated > band.energy_high { cost.energy_gated } else { band.energy_high },
            tops_per_w_low: band.tops_per_w_low.min(cost.tops_per_w),
            tops_per_w_high: band.tops_per_w_high.max(cost.tops_per_w),
        })
    }

    /// Area of the allocated tiles.
    pub fn area_allocated(&self) -> Area {
        self.components.iter().map(|part| part.area_allocated).sum()
    }

    /// Area of the whole chip, or of all chips.
    pub fn area_chip(&self) -> Area {
        self.components.iter().map(|part| part.area_chip).sum()
    }
}

/// One layer's share.
#[derive(Clone, Debug)]
pub struct LayerResult {
    /// Its name.
    pub name: String,
    /// Multiply–accumulates of an image.
    pub macs: u64,
    /// Copies of its weights.
    pub replicas: usize,
    /// Arrays of all copies.
    pub crossbars: u32,
    /// Cells in use among the cells of its arrays, 0 … 1.
    pub utilisation: f64,
    /// Energy of its actions in one image.
    pub energy: Energy,
    /// The same component by component, in the order of [`Cost::components`].
    pub energy_by_component: Vec<Energy>,
    /// What its parts did in one image.
    pub counts: Counts,
    /// What its converters lost; `None` without tensors.
    pub conversion: Option<Conversion>,
}

/// Currents of a layer's columns in its reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnCurrent {
    /// The mean.
    pub mean: Current,
    /// The greatest.
    pub max: Current,
}

/// What a layer's converters lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    /// Share of conversions beyond the ADC's range.
    pub clip_rate: f64,
    /// Signal-to-quantisation-noise ratio of the column sums in decibels; `None` when nothing was lost.
    pub signal_to_noise_db: Option<f64>,
    /// Signal-to-noise ratio of the layer's sums against the exact integer network's, for the same inputs, on the first
    /// images and chip, in decibels; `None` when they are equal.
    pub sums_signal_to_noise_db: Option<f64>,
    /// Currents of the columns, on the first images and chip.
    pub column_current: Option<ColumnCurrent>,
    /// How well the node currents of arrays with wires balance, relative to the cells' currents with ideal wires; the
    /// worst array's, 0 with ideal wires.
    pub wire_residual: f64,
}
