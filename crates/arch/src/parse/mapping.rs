//! How networks are placed: `[mapping]`.

use rebias_config::{Problem, Table};
use rebias_converter::AdcSpec;
use rebias_crossbar::CellSpec;

use super::MAX_CROSSBARS;
use super::bias::{bias, calibration, edge_layers};
use crate::{BiasSource, EdgeLayersSpec, FlipEncoding, MappingSpec, PairSubtraction, Replication, TilePlacement};

/// The difference of two cells has a sign, and is held in 8 bits.
const MAX_ANALOG_PAIR_BITS: u32 = 7;

pub(super) fn mapping(table: &Table<'_>, cell: Option<&CellSpec>, adc: Option<&(AdcSpec, u32)>) -> Option<MappingSpec> {
    let flip_encoding = table.choice("flip_encoding", &[("off", FlipEncoding::Off), ("on", FlipEncoding::On)]);
    let pairs = pairs(table, cell);
    let replication = replication(table);
    let placements = [("in-order", TilePlacement::InOrder), ("by-traffic", TilePlacement::ByTraffic)];
    let placement = table.choice_or_first("placement", &placements);
    let bias_table = table.table("bias");
    let bias = bias_table.as_ref().and_then(|table| bias(table, cell, adc));
    let calibration = bias_table.as_ref().and_then(|table| calibration(table, adc));
    let edge_layers = table.optional_table("edge_layers").and_then(|table| match table {
        Some(table) => edge_layers(&table, adc),
        None => Some(EdgeLayersSpec::AS_OTHERS),
    });
    if let (Some(BiasSource::Reference(_)), Some(FlipEncoding::On)) = (bias, flip_encoding) {
        let problem = Problem::new("columns with a reference are not complemented")
            .legal("off")
            .hint("what is left of a heavy column is negative, which its signed ADC converts");
        table.fault("flip_encoding", problem);
        return None;
    }
    Some(MappingSpec {
        bias: bias?,
        calibration: calibration?,
        edge_layers: edge_layers?,
        flip_encoding: flip_encoding?,
        pairs: pairs?,
        replication: replication?,
        placement: placement?,
    })
}

fn pairs(table: &Table<'_>, cell: Option<&CellSpec>) -> Option<PairSubtraction> {
    let kinds = [("digital", PairSubtraction::Digital), ("analog", PairSubtraction::Analog)];
    let pairs = table.choice_or_first("pairs", &kinds)?;
    if pairs == PairSubtraction::Analog && cell.is_some_and(|cell| cell.bits > MAX_ANALOG_PAIR_BITS) {
        let problem = Problem::new("pairs of such cells are not subtracted before conversion")
            .legal(format!("`cell.bits` of at most {MAX_ANALOG_PAIR_BITS}, or \"digital\""));
        table.fault("pairs", problem);
        return None;
    }
    Some(pairs)
}

#[derive(Clone, Copy)]
enum ReplicationKind {
    None,
    Balanced,
    Target,
}

fn replication(table: &Table<'_>) -> Option<Replication> {
    let kinds =
        [("none", ReplicationKind::None), ("balanced", ReplicationKind::Balanced), ("target", ReplicationKind::Target)];
    // The target is allowed beside other rules, so that a sweep can switch between them.
    let target = table.optional_integer::<u64>("target_crossbars", 1..=MAX_CROSSBARS as i64);
    match table.choice("replication", &kinds)? {
        ReplicationKind::None => Some(Replication::None),
        ReplicationKind::Balanced => Some(Replication::Balanced),
        ReplicationKind::Target => {
            let crossbars = target?;
            if crossbars.is_none() {
                let problem =
                    Problem::new("missing key").legal("a number of crossbars, which this `replication` needs");
                table.fault("target_crossbars", problem);
            }
            crossbars.map(|crossbars| Replication::Target { crossbars })
        }
    }
}
