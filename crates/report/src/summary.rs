//! The one-row summary of a run: the same fields in CSV, JSON and a sweep's results.

use rebias_scheduler::RunResult;
use serde::Serialize;

/// A run in one row. Accuracies are fractions; empty where a trace has no images or no tensors.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// Steady interval between images.
    pub interval_us: f64,
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
    /// Allocated arrays.
    pub crossbars: u32,
    /// Used cells among allocated cells.
    pub utilisation: f64,
    /// Allocated tiles.
    pub tiles: u32,
    /// Model of the ADC's energy and area.
    pub adc_model: String,
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
            energy_uj: rounded(cost.energy_gated().microjoules()),
            energy_always_on_uj: rounded(cost.energy_always_on().microjoules()),
            power_mw: rounded(cost.power_gated.milliwatts()),
            power_always_on_mw: rounded(cost.power_always_on.milliwatts()),
            area_mm2: rounded(cost.area_allocated().square_millimetres()),
            chip_area_mm2: rounded(cost.area_chip().square_millimetres()),
            tops_per_w: rounded(cost.tops_per_w),
            crossbars: result.allocation.crossbars,
            utilisation: rounded(result.allocation.utilisation),
            tiles: result.allocation.tiles,
            adc_model: cost.adc_model.clone(),
            seed: result.seed,
            version: result.version.to_owned(),
        }
    }
}

/// A number to twelve significant digits: what a change of units leaves behind them says nothing.
pub(crate) fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

/// The summary as one JSON object, with the configuration that was really simulated.
pub fn summary_json(result: &RunResult, configuration: &str) -> String {
    let mut object = serde_json::json!(Summary::new(result));
    object["configuration"] = serde_json::Value::from(configuration);
    format!("{object:#}")
}
