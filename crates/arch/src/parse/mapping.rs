//! How networks are placed: `[mapping]`.

use rebias_config::{Problem, Table};
use rebias_converter::AdcSpec;
use rebias_crossbar::CellSpec;
use rebias_tile::BiasConverter;

use super::MAX_CROSSBARS;
use crate::{BiasColumnPlace, BiasSource, FlipEncoding, MappingSpec, Replication, TilePlacement};

pub(super) fn mapping(table: &Table<'_>, cell: Option<&CellSpec>, adc: Option<&(AdcSpec, u32)>) -> Option<MappingSpec> {
    let flip_encoding = table.choice("flip_encoding", &[("off", FlipEncoding::Off), ("on", FlipEncoding::On)]);
    let replication = replication(table);
    let placements = [("in-order", TilePlacement::InOrder), ("by-traffic", TilePlacement::ByTraffic)];
    let placement = table.choice_or_first("placement", &placements);
    let bias = table.table("bias").and_then(|table| bias(&table, cell, adc));
    Some(MappingSpec { bias: bias?, flip_encoding: flip_encoding?, replication: replication?, placement: placement? })
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

#[derive(Clone, Copy)]
enum BiasKind {
    DigitalCount,
    ColumnPerArray,
}

fn bias(table: &Table<'_>, cell: Option<&CellSpec>, adc: Option<&(AdcSpec, u32)>) -> Option<BiasSource> {
    // A bias column's keys are allowed beside `digital-count`, so that a sweep can switch between the two.
    let level = table.optional_integer::<u32>("level", 1..=255);
    let place =
        table.optional_choice("place", &[("extra", BiasColumnPlace::Extra), ("inside", BiasColumnPlace::Inside)]);
    let converter =
        table.optional_choice("converter", &[("own", BiasConverter::Own), ("shared", BiasConverter::Shared)]);
    let adc_bits = table.optional_integer::<u32>("adc_bits", 1..=24);
    let kinds = [("digital-count", BiasKind::DigitalCount), ("column-per-array", BiasKind::ColumnPerArray)];
    match table.choice("source", &kinds)? {
        BiasKind::DigitalCount => Some(BiasSource::DigitalCount),
        BiasKind::ColumnPerArray => {
            let level = level?.unwrap_or(1);
            let max_level = cell?.max_level();
            if level > max_level {
                table.fault("level", Problem::new("above the cell's highest level").legal(format!("1..={max_level}")));
                return None;
            }
            Some(BiasSource::ColumnPerArray {
                level,
                place: place?.unwrap_or(BiasColumnPlace::Extra),
                converter: converter?.unwrap_or(BiasConverter::Own),
                adc_bits: match adc_bits? {
                    Some(bits) => bits,
                    None => adc?.0.bits,
                },
            })
        }
    }
}
