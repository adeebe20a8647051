//! What is done about the bias: `[mapping.bias]`, and which layers are treated apart: `[mapping.edge_layers]`.

use rebias_config::{Interval, Problem, Table};
use rebias_converter::AdcSpec;
use rebias_crossbar::CellSpec;
use rebias_tile::BiasConverter;
use rebias_units::Time;

use super::converters::{NOISE, NOISE_LSB, check_tabulated};
use crate::{
    BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, EdgeCells, EdgeLayersSpec,
    ReferenceLevel, ReferenceSpec, Remainder,
};

/// Redundant columns if no key says how many.
const DEFAULT_REDUNDANT: u32 = 2;
/// Resolution of calibration reads that are tabulated nowhere.
const MAX_CALIBRATION_BITS: i64 = 16;
/// δ is a whole number of the 1/128 levels that sums are held in.
const MAX_DELTA_BITS: i64 = 7;

#[derive(Clone, Copy)]
enum Kind {
    DigitalCount,
    ColumnPerArray,
    ColumnPerRowBlock,
    RedundantColumns,
    Reference,
}

#[derive(Clone, Copy)]
enum ReferenceKind {
    Level,
    MinusBeta,
}

pub(super) fn bias(table: &Table<'_>, cell: Option<&CellSpec>, adc: Option<&(AdcSpec, u32)>) -> Option<BiasSource> {
    // The keys of all sources are allowed beside each, so that a sweep can switch between them.
    let kinds = [
        ("digital-count", Kind::DigitalCount),
        ("column-per-array", Kind::ColumnPerArray),
        ("column-per-row-block", Kind::ColumnPerRowBlock),
        ("redundant-columns", Kind::RedundantColumns),
        ("reference-column", Kind::Reference),
    ];
    let kind = table.choice("source", &kinds);
    let place =
        table.optional_choice("place", &[("extra", BiasColumnPlace::Extra), ("inside", BiasColumnPlace::Inside)]);
    let columns = columns(table, cell, (adc, place.flatten()));
    let reference = reference(table, cell, place.flatten());
    let redundant = table.optional_integer::<u32>("redundant", 2..=64);
    place?;
    let with = |sharing, n| Some(BiasSource::Columns(BiasColumnsSpec { sharing, n, ..columns? }));
    match kind? {
        Kind::DigitalCount => Some(BiasSource::DigitalCount),
        Kind::ColumnPerArray => with(BiasSharing::Array, 1),
        Kind::ColumnPerRowBlock => with(BiasSharing::RowBlock, 1),
        Kind::RedundantColumns => with(BiasSharing::Array, redundant?.unwrap_or(DEFAULT_REDUNDANT)),
        Kind::Reference => Some(BiasSource::Reference(checked(reference?, table, cell?)?)),
    }
}

fn columns(
    table: &Table<'_>,
    cell: Option<&CellSpec>,
    (adc, place): (Option<&(AdcSpec, u32)>, Option<BiasColumnPlace>),
) -> Option<BiasColumnsSpec> {
    let level = table.optional_integer::<u32>("level", 1..=255);
    let converter =
        table.optional_choice("converter", &[("own", BiasConverter::Own), ("shared", BiasConverter::Shared)]);
    let adc_bits = table.optional_integer::<u32>("adc_bits", 1..=24);
    let noise = table.optional_number_hinted("adc_noise_lsb", NOISE_LSB, NOISE);
    let level = level?.unwrap_or(1);
    let max_level = cell?.max_level();
    if level > max_level && reads_columns(table) {
        table.fault("level", Problem::new("above the cell's highest level").legal(format!("1..={max_level}")));
        return None;
    }
    let converter = converter?.unwrap_or(BiasConverter::Own);
    let adc_bits = match adc_bits? {
        Some(bits) => bits,
        None => adc?.0.bits,
    };
    let noise_of_converter = || match converter {
        BiasConverter::Own => Some(0.0),
        BiasConverter::Shared => Some(noise_at(&adc?.0, adc_bits)),
    };
    let place = place.unwrap_or(BiasColumnPlace::Extra);
    let adc_noise = noise?.or_else(noise_of_converter)?;
    Some(BiasColumnsSpec { sharing: BiasSharing::Array, n: 1, level, place, converter, adc_bits, adc_noise })
}

/// The noise of an array's ADC in steps of another resolution over the same range.
fn noise_at(adc: &AdcSpec, bits: u32) -> f64 {
    adc.errors.input_noise() * (f64::from(bits) - f64::from(adc.bits)).exp2()
}

/// Whether the source of the sum of inputs has bias columns, whose keys then count.
fn reads_columns(table: &Table<'_>) -> bool {
    let source = table.optional_value("source").and_then(|value| value.as_str());
    source.is_some_and(|source| source != "digital-count" && source != "reference-column")
}

fn reference(table: &Table<'_>, cell: Option<&CellSpec>, place: Option<BiasColumnPlace>) -> Option<ReferenceSpec> {
    let kinds = [("level", ReferenceKind::Level), ("minus-beta", ReferenceKind::MinusBeta)];
    let kind = table.optional_choice("reference", &kinds);
    let level = table.optional_number("reference_level", Interval::closed(0.0, 255.0));
    let remainder =
        table.optional_choice("remainder", &[("digital", Remainder::Digital), ("dropped", Remainder::Dropped)]);
    let (kind, level, remainder) = (kind?, level?, remainder?);
    let cell = cell?;
    let max_level = f64::from(cell.max_level());
    let level = match kind.unwrap_or(ReferenceKind::Level) {
        // In the middle of the levels, about where codes are balanced.
        ReferenceKind::Level => ReferenceLevel::All(level.unwrap_or(max_level / 2.0)),
        ReferenceKind::MinusBeta => ReferenceLevel::MinusBeta,
    };
    Some(ReferenceSpec {
        level,
        remainder: remainder.unwrap_or(Remainder::Digital),
        place: place.unwrap_or(BiasColumnPlace::Extra),
        device_step: max_level / f64::from((1u32 << cell.device_bits) - 1),
    })
}

/// A reference that cells can hold.
fn checked(reference: ReferenceSpec, table: &Table<'_>, cell: &CellSpec) -> Option<ReferenceSpec> {
    let ReferenceLevel::All(level) = reference.level else { return Some(reference) };
    let max_level = f64::from(cell.max_level());
    if level <= max_level && reference.columns(level).is_some() {
        return Some(reference);
    }
    let legal = format!("multiples of {} from 0 to {max_level}", reference.device_step / 2.0);
    let problem = Problem::new("no two cells have this mean level").legal(legal).hint(
        "a reference is one column, or two at half gain, at levels that `cell.device_bits` lets a device be programmed to",
    );
    table.fault("reference_level", problem);
    None
}

/// `[mapping.bias.calibration]`.
pub(super) fn calibration(table: &Table<'_>, adc: Option<&(AdcSpec, u32)>) -> Option<Option<BiasCalibrationSpec>> {
    let Some(table) = table.optional_table("calibration")? else { return Some(None) };
    let mode = table.optional_choice("mode", &[("on", true), ("off", false)]);
    let adc_bits = table.optional_integer::<u32>("adc_bits", 1..=MAX_CALIBRATION_BITS);
    let noise = table.optional_number_hinted("adc_noise_lsb", NOISE_LSB, NOISE);
    let full_scale = table.optional_number("full_scale_levels", Interval::open_closed(0.0, 1e6));
    let repeats = table.optional_integer::<u32>("repeats", 1..=65_536);
    let rows_per_read = table.optional_integer::<u32>("rows_per_read", 1..=65_536);
    let fraction_bits = table.optional_integer::<u32>("fraction_bits", 0..=MAX_DELTA_BITS);
    let adc = &adc?.0;
    let adc_bits = adc_bits?.unwrap_or(adc.bits.min(MAX_CALIBRATION_BITS as u32));
    let interval = table.optional_number("recalibration_interval_s", Interval::positive());
    let spec = BiasCalibrationSpec {
        adc_bits,
        adc_noise: noise?.unwrap_or_else(|| noise_at(adc, adc_bits)),
        full_scale: full_scale?,
        repeats: repeats?.unwrap_or(1),
        rows_per_read: rows_per_read?,
        fraction_bits: fraction_bits?.unwrap_or(MAX_DELTA_BITS as u32),
        interval: interval?.map(Time::from_seconds),
    };
    Some(mode?.unwrap_or(true).then_some(spec))
}

/// `[mapping.edge_layers]`.
pub(super) fn edge_layers(table: &Table<'_>, adc: Option<&(AdcSpec, u32)>) -> Option<EdgeLayersSpec> {
    let adc_bits = table.optional_integer::<u32>("adc_bits", 1..=24);
    let cells = table.optional_choice("cells", &[("as-others", EdgeCells::AsOthers), ("ideal", EdgeCells::Ideal)]);
    let adc_bits = adc_bits?;
    if let (Some(bits), Some((adc, _))) = (adc_bits, adc) {
        check_edge_bits(table, bits, adc)?;
    }
    Some(EdgeLayersSpec { adc_bits, cells: cells?.unwrap_or(EdgeCells::AsOthers) })
}

/// Errors of the ADCs are those of the edge layers' too.
fn check_edge_bits(table: &Table<'_>, bits: u32, adc: &AdcSpec) -> Option<()> {
    if !adc.errors.inl.is_empty() && bits != adc.bits {
        let problem =
            Problem::new(format!("the ADCs' errors are those of transitions between codes of {} bits", adc.bits))
                .legal(adc.bits)
                .hint("take out `adc.inl_lsb` and `adc.dnl_lsb`, or give all ADCs these bits");
        table.fault("adc_bits", problem);
        return None;
    }
    check_tabulated(table, "adc_bits", (bits, &adc.errors))
}
