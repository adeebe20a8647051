//! `[cell]`: the cells and how they differ from their levels.

use rebias_config::{Interval, Problem, Table, Wants};
use rebias_crossbar::{
    CellModel, CellSpec, CurrentVoltageSpec, DriftSpec, FaultSpec, NonIdealities, OnOff, ReadEnergy, ReadNoiseSpec,
    VariationSpec,
};
use rebias_units::{Conductance, Time, Voltage};

use super::devices::{self, Device};

/// Deviations beyond this are no cells any more, and numbers would leave their integers.
const SIGMA: Interval = Interval::closed(0.0, 10.0);
const DEVIATION: &str = "a standard deviation as a share: 0.05 is 5 %, and 0 none; `model = \"none\"` leaves it out";

pub(super) fn cell(table: &Table<'_>) -> Option<CellSpec> {
    let bits = table.integer::<u32>("bits", 1..=8);
    let device_bits = table.integer::<u32>("device_bits", 1..=8);
    let on_off = on_off(table);
    let on_conductance = table.number("on_conductance_microsiemens", Interval::positive());
    let read_voltage = table.number("read_voltage_v", Interval::positive());
    let read_energy = table
        .choice("read_energy", &[("constant", ReadEnergy::Constant), ("data-dependent", ReadEnergy::DataDependent)]);
    let headroom = table.number_or("headroom_levels", Interval::closed(0.0, 256.0), 0.0);
    let non_idealities = non_idealities(table, bits);
    let (bits, device_bits) = (bits?, device_bits?);
    if bits > device_bits {
        let problem = Problem::new(format!("more bits than the device's {device_bits}"))
            .legal(format!("1..={device_bits}"))
            .hint("store fewer bits in a cell, or raise `cell.device_bits` if the device can be programmed finer");
        table.fault("bits", problem);
        return None;
    }
    let spec = CellSpec {
        bits,
        device_bits,
        on_off: on_off?,
        on_conductance: Conductance::from_microsiemens(on_conductance?),
        read_voltage: Voltage::from_volts(read_voltage?),
        read_energy: read_energy?,
        headroom: headroom?,
        non_idealities: non_idealities?,
    };
    check_lowest(table, &spec)?;
    check_measured(table, &spec)?;
    Some(spec)
}

fn on_off(table: &Table<'_>) -> Option<OnOff> {
    // A ratio so near 1 that all levels look alike has no use, and g₀ would not fit its integers.
    let legal = Interval::closed(1.01, 1e9);
    let value = table.value_as("on_off_ratio", Wants::NumberOrWord(legal, vec!["infinite".to_owned()]))?;
    if value.as_str() == Some("infinite") {
        return Some(OnOff::Infinite);
    }
    let ratio = value.as_number().filter(|&ratio| legal.contains(ratio));
    if ratio.is_none() {
        let problem = Problem::new("not an on/off ratio")
            .legal(format!("`infinite`, {legal}"))
            .hint("the ratio of the highest to the lowest conductance of the device, such as 20 for 1 kΩ and 20 kΩ");
        table.fault("on_off_ratio", problem);
    }
    ratio.map(OnOff::Ratio)
}

fn non_idealities(table: &Table<'_>, bits: Option<u32>) -> Option<NonIdealities> {
    let lowest = table.number_or("floor_microsiemens", Interval::non_negative(), 0.0);
    let variation = section(table, "variation", variation);
    let faults = section(table, "faults", faults);
    let drift = section(table, "drift", |table| drift(table).map(Some));
    let read_noise = section(table, "read_noise", read_noise);
    let current_voltage = current_voltage(table, bits);
    Some(NonIdealities {
        lowest: Conductance::from_microsiemens(lowest?),
        variation: variation?,
        faults: faults?,
        drift: drift?,
        read_noise: read_noise?,
        current_voltage: current_voltage?,
    })
}

/// What an optional table says, which may be that there is nothing.
fn section<T>(table: &Table<'_>, key: &str, read: impl FnOnce(&Table<'_>) -> Option<Option<T>>) -> Option<Option<T>> {
    match table.optional_table(key)? {
        Some(table) => read(&table),
        None => Some(None),
    }
}

#[derive(Clone, Copy)]
enum VariationKind {
    None,
    GaussianOfRange,
    GaussianOfTarget,
    Lognormal,
    Measured,
}

fn variation(table: &Table<'_>) -> Option<Option<VariationSpec>> {
    let kinds = [
        ("none", VariationKind::None),
        ("gaussian-of-range", VariationKind::GaussianOfRange),
        ("gaussian-of-target", VariationKind::GaussianOfTarget),
        ("lognormal", VariationKind::Lognormal),
        ("measured", VariationKind::Measured),
    ];
    // Keys of other models are allowed beside the chosen one, so that a sweep can switch between models.
    let sigma = table.optional_number_hinted("sigma", SIGMA, DEVIATION);
    let device = devices::device(table);
    let kind = table.choice("model", &kinds)?;
    let sigma = || needed(table, "sigma", sigma);
    Some(match kind {
        VariationKind::None => None,
        VariationKind::GaussianOfRange => Some(VariationSpec::GaussianOfRange(sigma()?)),
        VariationKind::GaussianOfTarget => Some(VariationSpec::GaussianOfTarget(sigma()?)),
        VariationKind::Lognormal => Some(VariationSpec::Lognormal(sigma()?)),
        VariationKind::Measured => match needed(table, "device", device)? {
            Device::Known(measured) => Some(VariationSpec::Measured(measured)),
            Device::Unknown => return None,
        },
    })
}

/// A key that the chosen model needs.
fn needed<T>(table: &Table<'_>, key: &str, found: Option<Option<T>>) -> Option<T> {
    let found = found?;
    if found.is_none() {
        table.fault(key, Problem::new("missing key").legal("a value, which this `model` needs"));
    }
    found
}

fn faults(table: &Table<'_>) -> Option<Option<FaultSpec>> {
    let stuck_lrs = table.number("stuck_lrs", Interval::closed(0.0, 1.0));
    let stuck_hrs = table.number("stuck_hrs", Interval::closed(0.0, 1.0));
    let (stuck_lrs, stuck_hrs) = (stuck_lrs?, stuck_hrs?);
    if stuck_lrs + stuck_hrs > 1.0 {
        let problem = Problem::new(format!("with `stuck_lrs` = {stuck_lrs}, more than all cells are stuck"))
            .legal(format!("0 <= x <= {}", 1.0 - stuck_lrs))
            .hint("both are shares of all cells, such as 0.0175 and 0.0904");
        table.fault("stuck_hrs", problem);
        return None;
    }
    Some(Some(FaultSpec { stuck_lrs, stuck_hrs }))
}

fn drift(table: &Table<'_>) -> Option<DriftSpec> {
    let time = table.number("time_s", Interval::positive());
    let reference = table.number("reference_time_s", Interval::positive());
    let exponent_mean = table.number("exponent_mean", Interval::closed(-10.0, 10.0));
    let exponent_sigma = table.number("exponent_sigma", SIGMA);
    Some(DriftSpec {
        time: Time::from_seconds(time?),
        reference: Time::from_seconds(reference?),
        exponent_mean: exponent_mean?,
        exponent_sigma: exponent_sigma?,
    })
}

#[derive(Clone, Copy)]
enum ReadNoiseKind {
    None,
    OfRange,
    OfConductance,
}

fn read_noise(table: &Table<'_>) -> Option<Option<ReadNoiseSpec>> {
    let sigma = table.optional_number_hinted("sigma", SIGMA, DEVIATION);
    let kinds = [
        ("none", ReadNoiseKind::None),
        ("gaussian-of-range", ReadNoiseKind::OfRange),
        ("gaussian-of-conductance", ReadNoiseKind::OfConductance),
    ];
    let kind = table.choice("model", &kinds)?;
    let sigma = || needed(table, "sigma", sigma);
    Some(match kind {
        ReadNoiseKind::None => None,
        ReadNoiseKind::OfRange => Some(ReadNoiseSpec::OfRange(sigma()?)),
        ReadNoiseKind::OfConductance => Some(ReadNoiseSpec::OfConductance(sigma()?)),
    })
}

/// `[[cell.current_voltage]]`: a polynomial for each level, from level 0 up, or one for all.
fn current_voltage(table: &Table<'_>, bits: Option<u32>) -> Option<Option<CurrentVoltageSpec>> {
    let Some(levels) = table.optional_tables("current_voltage")? else { return Some(None) };
    let read: Vec<_> = levels.iter().map(|level| level.numbers("coefficients", Interval::closed(-1e3, 1e3))).collect();
    let mut coefficients: Vec<Vec<f64>> = read.into_iter().collect::<Option<_>>()?;
    for (level, polynomial) in levels.iter().zip(&coefficients) {
        if polynomial.iter().sum::<f64>() < 0.0 {
            let problem = Problem::new("the current at the read voltage is below 0")
                .legal("coefficients a1, a2, … of u, u², … whose sum is at least 0")
                .hint("the polynomial is the current relative to that of an ohmic cell at the read voltage; a1 = 1 alone is ohmic");
            level.fault("coefficients", problem);
            return None;
        }
    }
    let n_levels = 1 << bits?;
    if let [of_all] = coefficients.as_slice() {
        coefficients = vec![of_all.clone(); n_levels];
    }
    if coefficients.len() != n_levels {
        let problem = Problem::new(format!("{} polynomials for {n_levels} levels", coefficients.len()))
            .legal(format!("one for each of the {n_levels} levels, from level 0 up, or one for all"));
        table.fault("current_voltage", problem);
        return None;
    }
    Some(Some(CurrentVoltageSpec { coefficients }))
}

/// No error leaves cells where level 0 can't be.
fn check_lowest(table: &Table<'_>, spec: &CellSpec) -> Option<()> {
    let model = CellModel::new(spec);
    let level_0 = (model.level() * model.offset()).microsiemens();
    let lowest = spec.non_idealities.lowest.microsiemens();
    if lowest <= level_0 {
        return Some(());
    }
    let problem = Problem::new(format!("above level 0, which conducts {level_0:.4} µS"))
        .legal(format!("0 <= x <= {level_0:.4}"))
        .hint("raise `cell.headroom_levels` to lift level 0, or lower `cell.on_off_ratio`");
    table.fault("floor_microsiemens", problem);
    None
}

/// A measured deviation is known where the cell's levels are.
fn check_measured(table: &Table<'_>, spec: &CellSpec) -> Option<()> {
    let Some(VariationSpec::Measured(measured)) = &spec.non_idealities.variation else { return Some(()) };
    let model = CellModel::new(spec);
    let lowest = (model.level() * model.offset()).microsiemens();
    let highest = spec.on_conductance.microsiemens();
    let (from, to) = (measured.from.microsiemens(), measured.to.microsiemens());
    // Typed decimals are not exact.
    let tolerance = 1e-9 * to;
    if from - tolerance <= lowest && highest <= to + tolerance {
        return Some(());
    }
    let text = format!("measured from {from} to {to} µS, and the cell's levels conduct {lowest:.4} to {highest:.4} µS");
    let hint = if from > 0.0 {
        format!("`cell.on_conductance_microsiemens = {to}` with `cell.on_off_ratio = {}` spans it", to / from)
    } else {
        format!("`cell.on_conductance_microsiemens` is at most {to}")
    };
    let problem = Problem::new(text).legal("levels within what was measured").hint(hint);
    table.table("variation")?.fault("device", problem);
    None
}
