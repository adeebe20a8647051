//! From TOML to a cost table that prices everything a design can do.

use rebias_arch::Arch;
use rebias_config::{Document, Faults, Interval, Problem, Table};
use rebias_tile::BiasConverter;
use rebias_units::{Action, Area, Energy, Power, Time};

use crate::adc::{AdcCostModel, Basis, Converter, ConverterRow};
use crate::row::{Confidence, Costs, PeakRate, Row, RowEnergy};
use crate::scaling::Scaling;
use crate::unit::Unit;

mod adc;
mod circuit;

use adc::{AdcModels, adc_models};

impl Costs {
    /// Reads a cost table and checks it against the architecture that it is for.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once: among it actions that the design can do and that no row or several
    /// rows price, and a resolution that the default model of the ADC does not cover.
    pub fn parse(document: &Document, arch: &Arch) -> Result<Self, Faults> {
        document.read(|root| {
            let _description = root.optional_string("description");
            let period = root.number("reference_cycle_ns", Interval::positive()).map(Time::from_nanoseconds);
            let adc_table = root.optional_table("adc");
            let adc = adc_table.as_ref().map(|table| table.as_ref().map(adc_models));
            let programming = optional(root, "programming", circuit::programming);
            let limits = optional(root, "limits", circuit::limits);
            let tables = root.tables("row")?;
            let read: Vec<_> = tables.iter().map(|table| row(table, period)).collect();
            let read = read.into_iter().collect::<Option<Vec<_>>>()?;
            let rows: Vec<_> = read.iter().map(|read| read.row.clone()).collect();
            let covered = check_coverage(root, &rows, arch);
            let converters: Vec<_> = read.into_iter().enumerate().filter_map(|(at, read)| read.converter(at)).collect();
            let unmodelled = Self {
                inside: rows.clone(),
                at_edges: rows.clone(),
                at_calibration: rows.clone(),
                rows,
                converters,
                adc_models: Vec::new(),
                adc_model: "constant".to_owned(),
                programming: programming?,
                limits: limits?,
            };
            let costs = match (adc?, adc_table?) {
                (Some(adc), Some(table)) => unmodelled.under(adc?, &table, arch),
                _ => without_models(unmodelled, &tables),
            };
            costs.filter(|_| covered)
        })
    }

    /// The table under its default model.
    fn under(self, adc: AdcModels, table: &Table<'_>, arch: &Arch) -> Option<Self> {
        let costs = Self { adc_models: adc.models, ..self };
        let priced = costs.with_adc_model(&adc.default, arch);
        if priced.is_none() {
            let (at_edges, at_calibration) = (arch.of_edge_layers(), arch.of_calibration());
            for arch in [Some(arch), Some(&*at_edges), at_calibration.as_ref()].into_iter().flatten() {
                let lacks = |converter: &&ConverterRow| converter.under(&adc.default, arch).is_none();
                for converter in costs.converters.iter().filter(lacks) {
                    table.fault("default", no_value(converter, &adc.default, arch));
                }
            }
        }
        priced
    }
}

/// A part of the table that may be absent.
fn optional<T>(root: &Table<'_>, key: &str, read: impl Fn(&Table<'_>) -> Option<T>) -> Option<Option<T>> {
    match root.optional_table(key)? {
        Some(table) => read(&table).map(Some),
        None => Some(None),
    }
}

/// A table without models, in which no row may need one.
fn without_models(costs: Costs, tables: &[Table<'_>]) -> Option<Costs> {
    for table in costs.converters.iter().filter_map(|converter| tables.get(converter.place)) {
        let problem = Problem::new("needs a model of the ADC, and there is none");
        table.fault("scaling", problem.hint("add `[adc]` with `default` and at least one `[[adc.model]]`"));
    }
    costs.converters.is_empty().then_some(costs)
}

/// Why a model has no value for a converter.
fn no_value(converter: &ConverterRow, model: &AdcCostModel, arch: &Arch) -> Problem {
    let component = &converter.row.component;
    match converter.converter.bits(arch).filter(|&bits| !model.covers(bits)) {
        Some(bits) => Problem::new(format!("the model has no value for the {bits} bits of `{component}`"))
            .legal(format!("{} bits", model.covered()))
            .hint("change `adc.bits` (or `adc_bits` in `mapping.bias` and its `calibration`) of the architecture, or name another model"),
        None => Problem::new(format!("the model scales a row's own numbers, and `{component}` has none"))
            .hint("give the row power or energy and area, or name a model of another kind"),
    }
}

/// A row as it was read.
struct ReadRow {
    row: Row,
    follows: Follows,
    basis: Basis,
}

impl ReadRow {
    /// What a model of the ADC is to be applied to; `None` for a row that follows none.
    fn converter(self, place: usize) -> Option<ConverterRow> {
        match self.follows {
            Follows::Alone(_) => None,
            Follows::Model(converter) => Some(ConverterRow { place, row: self.row, converter, basis: self.basis }),
        }
    }
}

fn row(table: &Table<'_>, period: Option<Time>) -> Option<ReadRow> {
    let component = table.string("component");
    let unit = table.choice("unit", Unit::WORDS);
    let n_units = table.number("units", Interval::positive());
    let actions = actions(table);
    let follows = scaling(table);
    let numbers = follows.and_then(|follows| numbers(table, period, follows));
    let source = source(table);
    let confidence = table.choice("confidence", Confidence::WORDS);
    let (follows, numbers) = (follows?, numbers?);
    let row = Row {
        component: component?,
        unit: unit?,
        n_units: n_units?,
        area: numbers.area,
        energy: numbers.energy,
        actions: actions?,
        scaling: match follows {
            Follows::Alone(scaling) => scaling,
            Follows::Model(_) => Scaling::Constant,
        },
        source: source?,
        confidence: confidence?,
    };
    Some(ReadRow { row, follows, basis: numbers.basis })
}

/// Where numbers are from.
fn source(table: &Table<'_>) -> Option<String> {
    let source = table.string("source")?;
    if source.trim().is_empty() {
        table.fault("source", Problem::new("says nothing").hint("name the paper and its table, or say `ours` and why"));
        return None;
    }
    Some(source)
}

/// What a row says of energy and area.
struct Numbers {
    area: Area,
    energy: RowEnergy,
    basis: Basis,
}

fn numbers(table: &Table<'_>, period: Option<Time>, follows: Follows) -> Option<Numbers> {
    let own = ["power_mw", "energy_pj", "area_mm2"].iter().any(|key| table.has(key));
    match follows {
        Follows::Model(_) if !own => {
            let static_fraction = table.number("static_fraction", Interval::closed(0.0, 1.0))?;
            let energy = RowEnergy::PerAction(Energy::ZERO);
            Some(Numbers { area: Area::ZERO, energy, basis: Basis::ModelOnly { static_fraction } })
        }
        Follows::Model(_) | Follows::Alone(_) => {
            let area = table.number("area_mm2", Interval::non_negative());
            let energy = row_energy(table, period);
            let area = Area::from_square_millimetres(area?);
            Some(Numbers { area, energy: energy?, basis: Basis::Published })
        }
    }
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
                None if static_fraction < 1.0 => {
                    let problem = Problem::new("needed, as part of the power follows the rate of actions");
                    table.fault("peak_actions_per_cycle", problem.hint("or say `static_fraction = 1.0`"));
                    return None;
                }
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
    Converter(Converter),
    DacDoubling,
    ByCells,
}

/// How a row follows the architecture.
#[derive(Clone, Copy)]
enum Follows {
    /// By itself.
    Alone(Scaling),
    /// By a model of the ADC.
    Model(Converter),
}

fn scaling(table: &Table<'_>) -> Option<Follows> {
    let kinds = [
        ("constant", ScalingKind::Constant),
        ("by-adc-bits", ScalingKind::Converter(Converter::Adc)),
        ("by-bias-adc-bits", ScalingKind::Converter(Converter::BiasAdc)),
        ("by-dac-bits", ScalingKind::DacDoubling),
        ("by-cells", ScalingKind::ByCells),
    ];
    match table.choice_or_first("scaling", &kinds)? {
        ScalingKind::Constant => Some(Follows::Alone(Scaling::Constant)),
        ScalingKind::DacDoubling => Some(Follows::Alone(Scaling::DacDoubling)),
        ScalingKind::ByCells => {
            let reference_cells = table.number("reference_cells", Interval::positive())?;
            Some(Follows::Alone(Scaling::ByCells { reference_cells }))
        }
        ScalingKind::Converter(converter) => Some(Follows::Model(converter)),
    }
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
    if action == Action::BiasCount {
        return arch.mapping().counts_inputs();
    }
    if action == Action::BiasConversion {
        return arch.mapping().bias.columns().is_some_and(|columns| columns.converter == BiasConverter::Own);
    }
    action != Action::ChipLinkByte || arch.system().n_chips > 1
}
