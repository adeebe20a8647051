//! The CSV files: one header row, units in the header, stable order.

use std::io::Write;

use rebias_scheduler::{ColumnCurrent, RunResult};
use rebias_units::{Action, Current};

use crate::summary::rounded;
use crate::{Summary, SweptPoint};

/// `summary.csv`: one row for the run.
///
/// # Errors
/// What `out` says.
pub fn summary_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.serialize(Summary::new(result))?;
    writer.flush()?;
    Ok(())
}

/// `chips.csv`: one row for each chip that values were emulated on.
///
/// # Errors
/// What `out` says.
pub fn chips_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["chip", "accuracy", "agreement"])?;
    for chip in &result.chips {
        let accuracy = chip.accuracy.map(|accuracy| accuracy.to_string());
        writer.write_record([chip.chip.to_string(), accuracy.unwrap_or_default(), chip.agreement.to_string()])?;
    }
    writer.flush()?;
    Ok(())
}

/// `layers.csv`: one row for each weighted layer; counts are for one image.
///
/// # Errors
/// What `out` says.
pub fn layers_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let fixed = [
        "layer",
        "macs",
        "replicas",
        "crossbars",
        "utilisation",
        "energy_uj",
        "adc_clip_rate",
        "adc_snr_db",
        "sums_snr_db",
        "column_current_mean_ua",
        "column_current_max_ua",
        "wire_residual",
    ];
    let counts = Action::ALL.iter().map(|action| action.name());
    writer.write_record(fixed.into_iter().chain(counts))?;
    for layer in &result.layers {
        let clip_rate = layer.conversion.map(|conversion| conversion.clip_rate.to_string());
        let noise = layer.conversion.and_then(|conversion| conversion.signal_to_noise_db).map(|db| db.to_string());
        let sums_noise = layer.conversion.and_then(|conversion| conversion.sums_signal_to_noise_db);
        let sums_noise = sums_noise.map(|db| rounded(db).to_string());
        let current = |of: fn(ColumnCurrent) -> Current| {
            let current = layer.conversion.and_then(|conversion| conversion.column_current);
            current.map(|current| rounded(of(current).microamperes()).to_string()).unwrap_or_default()
        };
        let residual = layer.conversion.map(|conversion| format!("{:e}", rounded(conversion.wire_residual)));
        let fixed = [
            layer.name.clone(),
            layer.macs.to_string(),
            layer.replicas.to_string(),
            layer.crossbars.to_string(),
            rounded(layer.utilisation).to_string(),
            rounded(layer.energy.microjoules()).to_string(),
            clip_rate.unwrap_or_default(),
            noise.unwrap_or_default(),
            sums_noise.unwrap_or_default(),
            current(|current| current.mean),
            current(|current| current.max),
            residual.unwrap_or_default(),
        ];
        writer.write_record(fixed.into_iter().chain(layer.counts.iter().map(|(_, times)| times.to_string())))?;
    }
    writer.flush()?;
    Ok(())
}

/// `components.csv`: one row for each component of the chip.
///
/// # Errors
/// What `out` says.
pub fn components_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "component",
        "dynamic_uj",
        "static_gated_uj",
        "static_always_on_uj",
        "area_allocated_mm2",
        "area_chip_mm2",
    ])?;
    for part in &result.cost.components {
        writer.write_record([
            part.name.clone(),
            rounded(part.dynamic.microjoules()).to_string(),
            rounded(part.static_gated.microjoules()).to_string(),
            rounded(part.static_always_on.microjoules()).to_string(),
            rounded(part.area_allocated.square_millimetres()).to_string(),
            rounded(part.area_chip.square_millimetres()).to_string(),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

/// `energy.csv`: one row for each layer and component with the energy of its actions in one image, then one for each
/// component, of no layer, with its static energy over a steady interval, idle parts off. All rows together are the
/// energy of an image.
///
/// # Errors
/// What `out` says.
pub fn energy_csv(result: &RunResult, out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["layer", "component", "energy_uj"])?;
    let components = &result.cost.components;
    let of_layers = result.layers.iter().flat_map(|layer| {
        let energies = components.iter().zip(&layer.energy_by_component);
        energies.map(|(part, &energy)| (layer.name.as_str(), part, energy))
    });
    let standing = components.iter().map(|part| ("", part, part.static_gated));
    for (layer, part, energy) in of_layers.chain(standing) {
        writer.write_record([layer, &part.name, &rounded(energy.microjoules()).to_string()])?;
    }
    writer.flush()?;
    Ok(())
}

/// A sweep's `results.csv`: the coordinates of each point, then its summary, and with objectives `pareto`: whether it is
/// on the front.
///
/// # Errors
/// What `out` says.
pub fn results_csv<'r>(
    axes: &[&str],
    points: impl IntoIterator<Item = SweptPoint<'r>>,
    out: impl Write,
) -> csv::Result<()> {
    // Headers come from the summary's own fields, so that the two files cannot drift apart.
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    let mut headed = false;
    for point in points {
        let summary = summary_fields(point.summary)?;
        if !headed {
            let names = summary.iter().map(|(name, _)| name.as_str());
            writer.write_record(axes.iter().copied().chain(names).chain(point.on_front.map(|_| "pareto")))?;
            headed = true;
        }
        let values = summary.iter().map(|(_, value)| value.as_str());
        let on_front = point.on_front.map(|on_front| if on_front { "true" } else { "false" });
        writer.write_record(point.coordinates.iter().map(String::as_str).chain(values).chain(on_front))?;
    }
    writer.flush()?;
    Ok(())
}

/// The summary's header and values as text, as `summary.csv` has them.
fn summary_fields(summary: &Summary) -> csv::Result<Vec<(String, String)>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(summary)?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let mut records = reader.records();
    let names = records.next().transpose()?.unwrap_or_default();
    let values = records.next().transpose()?.unwrap_or_default();
    Ok(names.iter().map(str::to_owned).zip(values.iter().map(str::to_owned)).collect())
}
