//! The one-row summary of a run: the same fields in CSV, JSON and a sweep's results.

use rebias_cost::Warning;
use rebias_scheduler::{AdcModelCost, RunResult, Steadiness};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A run in one row. Accuracies are fractions; empty where a trace has no images or no tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The network's name.
    pub network: String,
    /// The design's name.
    pub architecture: String,
    /// Images run on each chip.
    pub images: usize,
    /// Share of images whose class is the label.
    pub accuracy: Option<f64>,
    /// Lower end of its 95 % interval: Wilson's over images, or Student's over chips if there are several.
    pub accuracy_low: Option<f64>,
    /// Upper end of it.
    pub accuracy_high: Option<f64>,
    /// Share of images whose class is that of the exact integer network.
    pub agreement: Option<f64>,
    /// Chips that values were emulated on; shares are means over them.
    pub chips: usize,
    /// Standard deviation of the accuracy from chip to chip; empty for one chip.
    pub accuracy_deviation: Option<f64>,
    /// First-image latency.
    pub latency_us: f64,
    /// Interval between images.
    pub interval_us: f64,
    /// Whether the stream of images came to repeat itself at that interval; otherwise it is the mean of the later ones.
    pub interval_steady: bool,
    /// Energy of an image, idle parts off.
    pub energy_uj: f64,
    /// Energy of an image, nothing switched off.
    pub energy_always_on_uj: f64,
    /// Power at the steady interval, idle parts off.
    pub power_mw: f64,
    /// Power at the steady interval, nothing switched off.
    pub power_always_on_mw: f64,
    /// Area of the allocated tiles.
    pub area_mm2: f64,
    /// Area of the chip.
    pub chip_area_mm2: f64,
    /// Effective tera-operations a joule.
    pub tops_per_w: f64,
    /// Effective giga-operations a second for each square millimetre of the allocated tiles.
    pub gops_per_mm2: f64,
    /// Tera-operations a joule at the chip's peak; empty for a design without published powers, as the next two.
    pub peak_tops_per_w: Option<f64>,
    /// Giga-operations a second for each square millimetre at the chip's peak.
    pub peak_gops_per_mm2: Option<f64>,
    /// Power of the chip at its peak.
    pub peak_power_w: Option<f64>,
    /// Allocated arrays.
    pub crossbars: u32,
    /// Used cells among allocated cells.
    pub utilisation: f64,
    /// Allocated tiles.
    pub tiles: u32,
    /// Model of the ADC's energy and area.
    pub adc_model: String,
    /// Least energy of an image under any model of the cost table, idle parts off.
    pub energy_low_uj: f64,
    /// Most energy of an image under any model of the cost table, idle parts off.
    pub energy_high_uj: f64,
    /// Least effective tera-operations a joule under any model of the cost table.
    pub tops_per_w_low: f64,
    /// Most effective tera-operations a joule under any model of the cost table.
    pub tops_per_w_high: f64,
    /// Energy to load the network once; empty if the cost table does not say how cells are programmed, as the next two.
    pub programming_uj: Option<f64>,
    /// Time to load the network once.
    pub programming_us: Option<f64>,
    /// Images whose energy, idle parts off, is that of loading the network.
    pub images_to_amortise: Option<u64>,
    /// Energy of the reads that calibrate the bias once; empty for a design without calibrated bias, as the next two.
    pub calibration_uj: Option<f64>,
    /// Time of these reads.
    pub calibration_us: Option<f64>,
    /// Numbers that are kept of them, each in a register.
    pub calibration_registers: Option<u64>,
    /// An image's share of the energy of calibrating again and again, at the steady interval; no part of its energy. Empty
    /// for a design that is calibrated once.
    pub recalibration_uj: Option<f64>,
    /// Why reads are not feasible, one after the other; empty if nothing says so.
    pub warnings: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Version of Rebias.
    pub version: String,
}

impl Summary {
    /// The summary of a run.
    pub fn new(result: &RunResult) -> Self {
        let accuracy = result.quality.and_then(|quality| quality.accuracy);
        let cost = &result.cost;
        let band = cost.adc_band();
        let recalibration = cost.calibration.and_then(|reads| reads.energy_of_image(result.timing.interval));
        Self {
            network: result.network.clone(),
            architecture: result.architecture.clone(),
            images: result.quality.map_or(0, |quality| quality.agreement.images / quality.n_chips),
            accuracy: accuracy.map(|accuracy| accuracy.share()),
            accuracy_low: accuracy.map(|accuracy| accuracy.low),
            accuracy_high: accuracy.map(|accuracy| accuracy.high),
            agreement: result.quality.map(|quality| quality.agreement.share()),
            chips: result.chips.len(),
            accuracy_deviation: result.quality.and_then(|quality| quality.accuracy_deviation).map(rounded),
            latency_us: rounded(result.timing.first_latency.microseconds()),
            interval_us: rounded(result.timing.interval.microseconds()),
            interval_steady: matches!(result.timing.steadiness, Steadiness::Steady { .. }),
            energy_uj: rounded(cost.energy_gated().microjoules()),
            energy_always_on_uj: rounded(cost.energy_always_on().microjoules()),
            power_mw: rounded(cost.power_gated.milliwatts()),
            power_always_on_mw: rounded(cost.power_always_on.milliwatts()),
            area_mm2: rounded(cost.area_allocated().square_millimetres()),
            chip_area_mm2: rounded(cost.area_chip().square_millimetres()),
            tops_per_w: rounded(cost.tops_per_w),
            gops_per_mm2: rounded(cost.gops_per_mm2),
            peak_tops_per_w: cost.peak.map(|peak| rounded(peak.tops_per_w())),
            peak_gops_per_mm2: cost.peak.map(|peak| rounded(peak.gops_per_mm2())),
            peak_power_w: cost.peak.map(|peak| rounded(peak.power.watts())),
            crossbars: result.allocation.crossbars,
            utilisation: rounded(result.allocation.utilisation),
            tiles: result.allocation.tiles,
            adc_model: cost.adc_model.clone(),
            energy_low_uj: rounded(band.energy_low.microjoules()),
            energy_high_uj: rounded(band.energy_high.microjoules()),
            tops_per_w_low: rounded(band.tops_per_w_low),
            tops_per_w_high: rounded(band.tops_per_w_high),
            programming_uj: cost.programming.map(|load| rounded(load.energy.microjoules())),
            programming_us: cost.programming.map(|load| rounded(load.time.microseconds())),
            images_to_amortise: cost.programming.and_then(|load| load.images_to_amortise(cost.energy_gated())),
            calibration_uj: cost.calibration.map(|reads| rounded(reads.energy.microjoules())),
            calibration_us: cost.calibration.map(|reads| rounded(reads.time.microseconds())),
            calibration_registers: cost.calibration.map(|reads| reads.n_corrections),
            recalibration_uj: recalibration.map(|energy| rounded(energy.microjoules())),
            warnings: result.warnings.iter().map(one_line).collect::<Vec<_>>().join("; "),
            seed: result.seed,
            version: result.version.to_owned(),
        }
    }

    /// The figure in a column; `None` for text, for an empty figure, and for what is no column.
    pub fn figure(&self, column: &str) -> Option<f64> {
        json!(self).get(column)?.as_f64()
    }

    /// The columns that hold figures.
    pub fn figure_names() -> Vec<String> {
        let columns = json!(Self::default());
        let is_figure = |value: &serde_json::Value| value.is_number() || value.is_null();
        let columns = columns.as_object().into_iter().flatten().filter(|(_, value)| is_figure(value));
        columns.map(|(name, _)| name.clone()).collect()
    }
}

/// A point of a sweep with what it gave.
#[derive(Clone, Copy, Debug)]
pub struct SweptPoint<'r> {
    /// A value for each axis.
    pub coordinates: &'r [String],
    /// What it gave.
    pub summary: &'r Summary,
    /// Whether no other point is better in one objective and no worse in the others; `None` without objectives.
    pub on_front: Option<bool>,
}

/// A number to twelve significant digits: what a change of units leaves behind them says nothing.
pub(crate) fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

/// What a warning says, without its hint.
fn one_line(warning: &Warning) -> String {
    warning.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The summary as one JSON object, with the cost under each model of the ADC, warnings as a list, and the configuration
/// that was really simulated.
pub fn summary_json(result: &RunResult, configuration: &str) -> String {
    let mut object = json!(Summary::new(result));
    object["adc_models"] = result.cost.adc_models.iter().map(adc_model_json).collect();
    object["warnings"] = result.warnings.iter().map(|warning| json!(warning.to_string())).collect();
    object["configuration"] = serde_json::Value::from(configuration);
    format!("{object:#}")
}

/// A model of the ADC; its figures are null where it has no value for the design.
fn adc_model_json(model: &AdcModelCost) -> serde_json::Value {
    let modelled = model.modelled;
    json!({
        "name": model.name,
        "bits": model.covered_bits,
        "energy_uj": modelled.map(|cost| rounded(cost.energy_gated.microjoules())),
        "tops_per_w": modelled.map(|cost| rounded(cost.tops_per_w)),
        "area_mm2": modelled.map(|cost| rounded(cost.area_allocated.square_millimetres())),
    })
}
