//! Number representations side by side: what each takes of a chip, and how accurate it is there.

use std::io::Write;

use rebias_mapper::{LayerPlacement, Placement};
use rebias_network::{Network, Representation, Scales};
use rebias_scheduler::RunResult;
use rebias_units::Action;

use crate::Summary;
use crate::summary::rounded;
use crate::text::{percent, table};

/// What a trace takes of a chip, whatever its converters resolve.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    /// The network's name.
    pub network: String,
    /// Representations of its layers, each once, in order.
    pub representation: String,
    /// Bits of the weights' codes, likewise.
    pub weight_bits: String,
    /// Bits of the activations between layers, likewise.
    pub activation_bits: String,
    /// Cells of a weight, the mean over all weights.
    pub cells_per_weight: f64,
    /// Columns with weights, of one copy of each layer.
    pub data_columns: u64,
    /// Columns that sum inputs, of one copy of each layer.
    pub bias_columns: u64,
    /// Arrays of all copies.
    pub crossbars: u32,
    /// Conversions of an image, those of bias columns among them.
    pub conversions: u64,
    /// Accuracy of the exact integer network on all test images, as the trace tells it.
    pub ideal: Option<f64>,
}

/// A point of a comparison: where it was run, and what came out.
#[derive(Clone, Copy, Debug)]
pub struct ComparedPoint<'a> {
    /// What does not depend on where.
    pub footprint: &'a Footprint,
    /// Bits of the ADC.
    pub adc_bits: u32,
    /// Errors of programming, as part of a cell's conductance range.
    pub sigma: f64,
    /// What came out.
    pub summary: &'a Summary,
}

impl Footprint {
    /// The footprint of a network that is placed on a chip and was run there; `ideal` is its exact accuracy.
    pub fn new(network: &Network, placement: &Placement, result: &RunResult, ideal: Option<f64>) -> Self {
        let weighted: Vec<_> = network.weighted_layers().map(|(_, _, weighted)| weighted).collect();
        let layers = placement.layers();
        let weights = |placed: &LayerPlacement| {
            let layer = network.layer(placed.layer);
            (layer.rows() * layer.out_shape().channels) as f64
        };
        let cells: f64 = layers.iter().map(|placed| weights(placed) * f64::from(placed.slicing.n_columns())).sum();
        let arrays_of_copy = |placed: &LayerPlacement| placed.replicas.first().map_or(0, |copy| copy.arrays.len());
        let data = |placed: &LayerPlacement| -> u64 {
            let columns = (0..placed.column_blocks.len()).map(|block| u64::from(placed.data_columns(block)));
            columns.sum::<u64>() * placed.row_blocks.len() as u64
        };
        let bias = |placed: &LayerPlacement| u64::from(placed.bias.n_bias_columns) * arrays_of_copy(placed) as u64;
        let conversions = |layer: &rebias_scheduler::LayerResult| {
            layer.counts[Action::AdcConversion] + layer.counts[Action::BiasConversion]
        };
        Self {
            network: network.name().to_owned(),
            representation: each_once(weighted.iter().map(|layer| name(layer.representation).to_owned())),
            weight_bits: each_once(weighted.iter().map(|layer| layer.weight_bits.to_string())),
            activation_bits: each_once(
                weighted.iter().filter_map(|layer| Some(layer.output.codes()?.bits.to_string())),
            ),
            cells_per_weight: cells / layers.iter().map(weights).sum::<f64>().max(1.0),
            data_columns: layers.iter().map(data).sum(),
            bias_columns: layers.iter().map(bias).sum(),
            crossbars: placement.n_crossbars(),
            conversions: result.layers.iter().map(conversions).sum(),
            ideal,
        }
    }

    /// Columns that sum inputs, as part of those with weights.
    pub fn bias_overhead(&self) -> f64 {
        self.bias_columns as f64 / self.data_columns.max(1) as f64
    }
}

fn name(representation: Representation) -> &'static str {
    match representation {
        Representation::Biased => "biased",
        Representation::Pair(Scales::One) => "pair",
        Representation::Pair(Scales::Two) => "pair-two-scales",
    }
}

/// Words in order of their first coming, parted so that a CSV cell holds them.
fn each_once(words: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.join("/")
}

/// `compare.csv`: a row for each point.
///
/// # Errors
/// What `out` says.
pub fn compare_csv(points: &[ComparedPoint<'_>], out: impl Write) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "network",
        "representation",
        "weight_bits",
        "activation_bits",
        "cells_per_weight",
        "data_columns",
        "bias_columns",
        "bias_overhead",
        "crossbars",
        "conversions",
        "ideal_accuracy",
        "adc_bits",
        "sigma",
        "images",
        "chips",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "agreement",
        "latency_us",
        "interval_us",
        "interval_steady",
        "energy_uj",
        "area_mm2",
    ])?;
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for ComparedPoint { footprint, adc_bits, sigma, summary } in points {
        writer.write_record([
            footprint.network.clone(),
            footprint.representation.clone(),
            footprint.weight_bits.clone(),
            footprint.activation_bits.clone(),
            rounded(footprint.cells_per_weight).to_string(),
            footprint.data_columns.to_string(),
            footprint.bias_columns.to_string(),
            rounded(footprint.bias_overhead()).to_string(),
            footprint.crossbars.to_string(),
            footprint.conversions.to_string(),
            optional(footprint.ideal),
            adc_bits.to_string(),
            sigma.to_string(),
            summary.images.to_string(),
            summary.chips.to_string(),
            optional(summary.accuracy),
            optional(summary.accuracy_low),
            optional(summary.accuracy_high),
            optional(summary.agreement),
            summary.latency_us.to_string(),
            summary.interval_us.to_string(),
            summary.interval_steady.to_string(),
            summary.energy_uj.to_string(),
            summary.area_mm2.to_string(),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

/// The comparison as two tables: what each network takes, and its accuracy at each resolution and error.
pub fn compare_text(points: &[ComparedPoint<'_>]) -> String {
    let header = [
        "network",
        "weights",
        "bits",
        "cells/weight",
        "columns",
        "bias",
        "arrays",
        "conversions",
        "ideal",
        "latency µs",
        "energy µJ",
        "area mm²",
    ];
    let mut footprints = table(&header);
    let mut before = None;
    // The costs shown are those of the last point of each network, which has the finest ADC.
    for (index, point) in points.iter().enumerate() {
        let is_last = points.get(index + 1).is_none_or(|next| next.footprint != point.footprint);
        if !is_last {
            continue;
        }
        let ComparedPoint { footprint, summary, .. } = point;
        footprints.add_row(vec![
            footprint.network.clone(),
            footprint.representation.clone(),
            footprint.weight_bits.clone(),
            format!("{:.2}", footprint.cells_per_weight),
            footprint.data_columns.to_string(),
            percent(footprint.bias_overhead(), 1),
            footprint.crossbars.to_string(),
            footprint.conversions.to_string(),
            footprint.ideal.map_or_else(|| "–".to_owned(), |share| percent(share, 2)),
            format!("{:.2}", summary.latency_us),
            format!("{:.2}", summary.energy_uj),
            format!("{:.3}", summary.area_mm2),
        ]);
    }
    let mut accuracies = table(&["network", "ADC bits", "σ", "accuracy", "95 % interval", "energy µJ"]);
    for ComparedPoint { footprint, adc_bits, sigma, summary } in points {
        let name = if before == Some(&footprint.network) { String::new() } else { footprint.network.clone() };
        before = Some(&footprint.network);
        let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |share| percent(share, 2));
        accuracies.add_row(vec![
            name,
            adc_bits.to_string(),
            percent(*sigma, 0),
            share(summary.accuracy),
            format!("{} … {}", share(summary.accuracy_low), share(summary.accuracy_high)),
            format!("{:.2}", summary.energy_uj),
        ]);
    }
    format!("{footprints}\n\n{accuracies}\n")
}
