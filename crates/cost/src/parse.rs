//! From TOML to a cost table that prices everything a design can do.

use rebias_arch::{Arch, BiasSource};
use rebias_config::{Document, Faults, Interval, Problem, Table};
use rebias_tile::BiasConverter;
use rebias_units::{Action, Area, Energy, Power, Time};

use crate::model::{BitsTable, Converter, Scaling};
use crate::row::{Confidence, Costs, PeakRate, Row, RowEnergy};
use crate::unit::Unit;

impl Costs {
    /// Reads a cost table and checks it against the architecture that it is for.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once: among it actions that the design can do and that no row or several
    /// rows price, and a resolution that the ADC's model does not cover.
    pub fn parse(document: &Document, arch: &Arch) -> Result<Self, Faults> {
        document.read(|root| {
            let _description = root.optional_string("description");
            let period = root.number("reference_cycle_ns", Interval::positive()).map(Time::from_nanoseconds);
            let rows: Vec<_> = root.tables("row")?.iter().map(|table| row(table, period, arch)).collect();
            let (rows, models): (Vec<_>, Vec<_>) = rows.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
            let covered = check_coverage(root, &rows, arch);
            let adc_model = rows.iter().zip(models).find(|(row, _)| row.unit == Unit::Adc).map(|(_, model)| model);
            covered.then_some(Self { rows, adc_model: adc_model.unwrap_or_default() })
        })
    }
}

/// A row, and the name of its model.
fn row(table: &Table<'_>, period: Option<Time>, arch: &Arch) -> Option<(Row, String)> {
    let component = table.string("component");
    let unit = table.choice("unit", Unit::WORDS);
    let n_units = table.number("units", Interval::positive());
    let area = table.number("area_mm2", Interval::non_negative());
    let energy = row_energy(table, period);
    let actions = actions(table);
    let scaling = scaling(table, arch);
    let source = table.string("source");
    let confidence = table.choice("confidence", Confidence::WORDS);
    let (scaling, model) = scaling?;
    let row = Row {
        component: component?,
        unit: unit?,
        n_units: n_units?,
        area: Area::from_square_millimetres(area?),
        energy: energy?,
        actions: actions?,
        scaling,
        source: source?,
        confidence: confidence?,
    };
    if row.source.trim().is_empty() {
        table.fault("source", Problem::new("says nothing").hint("name the paper and its table, or say `ours` and why"));
        return None;
    }
    let rateless =
        matches!(row.energy, RowEnergy::PeakPower { static_fraction, peak: None, .. } if static_fraction < 1.0);
    if rateless {
        let problem = Problem::new("needed, as part of the power follows the rate of actions")
            .hint("or say `static_fraction = 1.0`");
        table.fault("peak_actions_per_cycle", problem);
        return None;
    }
    Some((row, model))
}

fn row_energy(table: &Table<'_>, period: Option<Time>) -> Option<RowEnergy> {
    let power = table.optional_number("power_mw", Interval::non_negative());
    let static_fraction = table.optional_number("static_fraction", Interval::closed(0.0, 1.0));
    let peak = table.optional_number("peak_actions_per_cycle", Interval::positive());
    let energy = table.optional_number("energy_pj", Interval::non_negative());
    match (power?, energy?) {
        (None, Some(energy)) => Some(RowEnergy::PerAction(Energy::from_picojoules(energy))),
        (Some(power), None) => {
            let Some(static_fraction) = static_fraction? else {
                table.fault(
                    "static_fraction",
                    Problem::new("missing beside `power_mw`").legal(Interval::closed(0.0, 1.0)),
                );
                return None;
            };
            let peak = match peak? {
                Some(actions) => Some(PeakRate { actions, period: period? }),
                None => None,
            };
            Some(RowEnergy::PeakPower { power: Power::from_milliwatts(power), static_fraction, peak })
        }
        (Some(_), Some(_)) | (None, None) => {
            table.fault_here(Problem::new("a row has either `power_mw` at a peak rate or `energy_pj` of an action"));
            None
        }
    }
}

fn actions(table: &Table<'_>) -> Option<Vec<Action>> {
    let names = table.strings("actions")?;
    let found: Vec<_> = names
        .iter()
        .map(|name| {
            let action = Action::ALL.iter().copied().find(|action| action.name() == name);
            if action.is_none() {
                let words: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
                table.fault("actions", Problem::new(format!("no action is named `{name}`")).legal(words.join(", ")));
            }
            action
        })
        .collect();
    found.into_iter().collect()
}

#[derive(Clone, Copy)]
enum ScalingKind {
    Constant,
    ByBits(Converter),
    DacDoubling,
    ByCells,
}

/// How a row follows the architecture, and the name of its model.
fn scaling(table: &Table<'_>, arch: &Arch) -> Option<(Scaling, String)> {
    let kinds = [
        ("constant", ScalingKind::Constant),
        ("by-adc-bits", ScalingKind::ByBits(Converter::Adc)),
        ("by-bias-adc-bits", ScalingKind::ByBits(Converter::BiasAdc)),
        ("by-dac-bits", ScalingKind::DacDoubling),
        ("by-cells", ScalingKind::ByCells),
    ];
    let kind = table.optional_choice("scaling", &kinds)?.unwrap_or(ScalingKind::Constant);
    match kind {
        ScalingKind::Constant => Some((Scaling::Constant, "constant".to_owned())),
        ScalingKind::DacDoubling => Some((Scaling::DacDoubling, "doubling with each bit".to_owned())),
        ScalingKind::ByCells => {
            let reference_cells = table.number("reference_cells", Interval::positive())?;
            Some((Scaling::ByCells { reference_cells }, "by cells".to_owned()))
        }
        ScalingKind::ByBits(of) => {
            let model = table.string("model");
            let bits_table = bits_table(table)?;
            if let Some(bits) = of.bits(arch).filter(|&bits| !bits_table.covers(bits)) {
                let problem = Problem::new(format!("the model has no value for {bits} bits"))
                    .legal(format!("{}..={}", bits_table.first_bits, bits_table.last_bits()))
                    .hint("change `adc.bits` (or `mapping.bias.adc_bits`), or add points to the cost table");
                table.fault("bits", problem);
                return None;
            }
            Some((Scaling::ByBits { of, table: bits_table }, model?))
        }
    }
}

fn bits_table(table: &Table<'_>) -> Option<BitsTable> {
    let bits = table.integers::<u32>("bits", 1..=24);
    let energies = table.numbers("model_energies", Interval::positive());
    let areas = table.numbers("model_areas", Interval::positive());
    let reference_bits = table.integer::<u32>("reference_bits", 1..=24);
    let (bits, energies, areas, reference_bits) = (bits?, energies?, areas?, reference_bits?);
    let first_bits = bits.first().copied().unwrap_or_default();
    let consecutive = !bits.is_empty() && bits.iter().zip(first_bits..).all(|(&bits, wanted)| bits == wanted);
    if !consecutive || energies.len() != bits.len() || areas.len() != bits.len() {
        let problem = Problem::new("needs consecutive resolutions, each with an energy and an area");
        table.fault("bits", problem.hint("`bits`, `model_energies` and `model_areas` have one value for each"));
        return None;
    }
    let found = BitsTable { first_bits, reference_bits, energies, areas };
    if !found.covers(reference_bits) {
        table.fault("reference_bits", Problem::new("is not among `bits`"));
        return None;
    }
    Some(found)
}

/// Whether every action that the design can do has exactly one row.
fn check_coverage(root: &Table<'_>, rows: &[Row], arch: &Arch) -> bool {
    let mut covered = true;
    for &action in Action::ALL {
        let n_rows = rows.iter().filter(|row| row.actions.contains(&action)).count();
        let problem = match n_rows {
            0 if is_possible(action, arch) => format!("no row prices `{}`", action.name()),
            0 | 1 => continue,
            _ => format!("{n_rows} rows price `{}`", action.name()),
        };
        root.fault("row", Problem::new(problem).hint("each action that a design can do has one row"));
        covered = false;
    }
    covered
}

fn is_possible(action: Action, arch: &Arch) -> bool {
    match (action, arch.mapping().bias) {
        (Action::BiasCount, bias) => bias == BiasSource::DigitalCount,
        (Action::BiasConversion, BiasSource::ColumnPerArray { converter, .. }) => converter == BiasConverter::Own,
        (Action::BiasConversion, BiasSource::DigitalCount) => false,
        (Action::ChipLinkByte, _) => arch.system().n_chips > 1,
        _ => true,
    }
}
