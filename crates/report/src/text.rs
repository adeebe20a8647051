//! A run as tables for people.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use rebias_cost::{Calibration, Peak, Programming};
use rebias_scheduler::{Cost, Proportion, RunResult, Steadiness};

use crate::SweptPoint;

/// The run's summary, its energy by component, and its layers.
pub fn result_text(result: &RunResult) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    let _ = writeln!(text, "{} on {}\n", result.network, result.architecture);
    let _ = writeln!(text, "{}\n", summary_table(result).trim_fmt());
    for warning in &result.warnings {
        let _ = writeln!(text, "warning: {warning}\n");
    }
    let _ = writeln!(text, "{}\n", component_table(result));
    let _ = writeln!(text, "{}", layer_table(result));
    let _ = writeln!(text, "\nrebias {}, seed {}", result.version, result.seed);
    text
}

/// A sweep's points with their main figures.
pub fn results_text<'r>(axes: &[&str], points: impl IntoIterator<Item = SweptPoint<'r>>) -> String {
    let header: Vec<&str> = axes
        .iter()
        .copied()
        .chain(["accuracy", "agreement", "interval µs", "energy µJ", "TOPS/W", "crossbars"])
        .collect();
    let mut table = table(&header);
    for SweptPoint { coordinates, summary, .. } in points {
        let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| percent(share, 2));
        table.add_row(coordinates.iter().cloned().chain([
            share(summary.accuracy),
            share(summary.agreement),
            format!("{:.2}", summary.interval_us),
            format!("{:.3}", summary.energy_uj),
            format!("{:.3}", summary.tops_per_w),
            summary.crossbars.to_string(),
        ]));
    }
    table.to_string()
}

/// A table whose first column is text and whose other columns are numbers.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn summary_table(result: &RunResult) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut row = |name: &str, value: String| {
        table.add_row(vec![name.to_owned(), value]);
    };
    match result.quality {
        Some(quality) => {
            if let Some(accuracy) = quality.accuracy {
                row("accuracy", proportion(&accuracy, quality.n_chips));
            }
            if let Some(deviation) = quality.accuracy_deviation {
                row("", format!("standard deviation from chip to chip {}", percent(deviation, 2)));
            }
            let share = percent(quality.agreement.share(), 2);
            row("agreement", format!("{share} with the exact integer network"));
        }
        None => row("accuracy", "none: the trace has no tensors or no images".to_owned()),
    }
    let timing = &result.timing;
    row(
        "first-image latency",
        format!("{:.2} µs ({} cycles)", timing.first_latency.microseconds(), timing.first_latency_cycles.0),
    );
    row(
        "steady interval",
        format!(
            "{:.2} µs ({} cycles); busiest: {} ({})",
            timing.interval.microseconds(),
            timing.interval_cycles.0,
            timing.critical,
            percent(timing.critical_busy, 1),
        ),
    );
    if let Steadiness::Unsteady { images } = timing.steadiness {
        row("", format!("not steady after {images} images: the mean of the later half"));
    }
    let cost = &result.cost;
    let (whole, of_whole) = match result.allocation.chips {
        1 => ("the whole chip".to_owned(), "the chip".to_owned()),
        n_chips => (format!("all {n_chips} chips"), format!("all {n_chips} chips")),
    };
    row(
        "energy of an image",
        format!(
            "{:.3} µJ with idle parts off, {:.1} µJ with {whole} on",
            cost.energy_gated().microjoules(),
            cost.energy_always_on().microjoules()
        ),
    );
    row(
        "power",
        format!(
            "{:.1} mW with idle parts off, {:.0} mW with {whole} on",
            cost.power_gated.milliwatts(),
            cost.power_always_on.milliwatts()
        ),
    );
    row(
        "area",
        format!(
            "{:.3} mm² in allocated tiles, {:.2} mm² {of_whole}",
            cost.area_allocated().square_millimetres(),
            cost.area_chip().square_millimetres()
        ),
    );
    let at_peak = |value: fn(&Peak) -> String| cost.peak.as_ref().map_or_else(String::new, value);
    let peak = at_peak(|peak| format!(", {:.3} at the chip's peak of {:.1} W", peak.tops_per_w(), peak.power.watts()));
    row("TOPS/W", format!("{:.3} effective{peak}", cost.tops_per_w));
    let peak = at_peak(|peak| format!(", {:.1} at the chip's peak", peak.gops_per_mm2()));
    row("GOPS/s/mm²", format!("{:.1} effective{peak}", cost.gops_per_mm2));
    let allocation = &result.allocation;
    row(
        "crossbars",
        format!(
            "{} in {} IMAs of {} of {} tiles; {} of their cells used",
            allocation.crossbars,
            allocation.imas,
            allocation.tiles,
            allocation.chip_tiles,
            percent(allocation.utilisation, 1)
        ),
    );
    let residual = result.layers.iter().filter_map(|layer| layer.conversion).map(|it| it.wire_residual);
    let residual = residual.fold(0.0, f64::max);
    if residual > 0.0 {
        row("wires", format!("solved to a relative residual of {residual:.1e}"));
    }
    row("ADC model", adc_model(cost));
    if let Some(load) = &cost.programming {
        row("weights", programming(load, cost));
    }
    if let Some(reads) = &cost.calibration {
        row("calibrated bias", calibration(reads));
        if let Some(again) = recalibration(reads, result) {
            row("recalibration", again);
        }
    }
    table
}

/// The model of the ADC, and the band over all that have a value.
fn adc_model(cost: &Cost) -> String {
    let band = cost.adc_band();
    if band.n_models < 2 {
        return cost.adc_model.clone();
    }
    format!(
        "{}; over {} models {:.3} … {:.3} µJ, {:.3} … {:.3} TOPS/W",
        cost.adc_model,
        band.n_models,
        band.energy_low.microjoules(),
        band.energy_high.microjoules(),
        band.tops_per_w_low,
        band.tops_per_w_high
    )
}

fn programming(load: &Programming, cost: &Cost) -> String {
    let images = load.images_to_amortise(cost.energy_gated());
    let images = images.map_or_else(String::new, |images| {
        let noun = if images == 1 { "image" } else { "images" };
        format!("; amortised by {images} {noun}")
    });
    format!(
        "{:.3} mJ and {:.2} ms to load {} cells{images}",
        load.energy.millijoules(),
        load.time.milliseconds(),
        load.cells
    )
}

fn calibration(reads: &Calibration) -> String {
    format!(
        "{:.3} µJ and {:.2} µs for {} reads and {} conversions; {} registers",
        reads.energy.microjoules(),
        reads.time.microseconds(),
        reads.reads,
        reads.conversions,
        reads.n_corrections
    )
}

/// What calibrating again and again takes beside images; `None` for a chip that is calibrated once.
fn recalibration(reads: &Calibration, result: &RunResult) -> Option<String> {
    let of_image = reads.energy_of_image(result.timing.interval)?;
    Some(format!(
        "each {} s: {:.3e} µJ an image, {:.1e} of its energy; {:.1e} of the time",
        reads.interval?.seconds(),
        of_image.microjoules(),
        of_image / result.cost.energy_gated(),
        reads.share_of_time()?
    ))
}

fn component_table(result: &RunResult) -> Table {
    let mut table = table(&["component", "dynamic nJ", "static nJ", "share", "area mm²"]);
    let total = result.cost.energy_gated();
    for part in &result.cost.components {
        let energy = part.dynamic + part.static_gated;
        table.add_row(vec![
            part.name.clone(),
            nanojoules(part.dynamic.microjoules()),
            nanojoules(part.static_gated.microjoules()),
            percent(energy / total, 1),
            format!("{:.5}", part.area_allocated.square_millimetres()),
        ]);
    }
    table
}

fn layer_table(result: &RunResult) -> Table {
    let header = ["layer", "MAC", "copies", "crossbars", "used", "conversions", "clipped", "SNR dB", "energy nJ"];
    let mut table = table(&header);
    for layer in &result.layers {
        let (clipped, noise) = match layer.conversion {
            Some(conversion) => (
                percent(conversion.clip_rate, 2),
                conversion.signal_to_noise_db.map_or_else(|| "∞".to_owned(), |db| format!("{db:.1}")),
            ),
            None => ("–".to_owned(), "–".to_owned()),
        };
        table.add_row(vec![
            layer.name.clone(),
            layer.macs.to_string(),
            layer.replicas.to_string(),
            layer.crossbars.to_string(),
            percent(layer.utilisation, 1),
            layer.counts[rebias_units::Action::AdcConversion].to_string(),
            clipped,
            noise,
            nanojoules(layer.energy.microjoules()),
        ]);
    }
    table
}

fn proportion(accuracy: &Proportion, n_chips: usize) -> String {
    let chips = if n_chips == 1 { String::new() } else { format!(", the mean of {n_chips} chips") };
    format!(
        "{} of {} images{chips}, 95 % interval {} … {}",
        percent(accuracy.share(), 2),
        accuracy.images / n_chips,
        percent(accuracy.low, 2),
        percent(accuracy.high, 2),
    )
}

pub(crate) fn percent(share: f64, digits: usize) -> String {
    format!("{:.digits$} %", 100.0 * share)
}

fn nanojoules(microjoules: f64) -> String {
    format!("{:.2}", 1e3 * microjoules)
}
