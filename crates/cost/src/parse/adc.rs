//! The `[adc]` of a cost table: models of what a conversion costs.

use rebias_config::{Interval, Problem, Table};
use rebias_units::{Area, Energy};

use crate::adc::{AdcCostKind, AdcCostModel, AreaFit, Conversion, EnergyFit, Points, SurveyRegression};
use crate::row::Confidence;

/// The models of a table, and which of them prices.
pub(super) struct AdcModels {
    pub(super) models: Vec<AdcCostModel>,
    pub(super) default: AdcCostModel,
}

pub(super) fn adc_models(table: &Table<'_>) -> Option<AdcModels> {
    let default = table.string("default");
    let read: Vec<_> = table.tables("model")?.iter().map(model).collect();
    let models = read.into_iter().collect::<Option<Vec<_>>>()?;
    let default = default?;
    let names: Vec<_> = models.iter().map(|model| model.name.as_str()).collect();
    let repeated = |name: &&&str| names.iter().filter(|other| other == name).count() > 1;
    if let Some(name) = names.iter().find(repeated) {
        table.fault("model", Problem::new(format!("two models are named `{name}`")));
        return None;
    }
    let Some(found) = models.iter().find(|model| model.name == default) else {
        table.fault("default", Problem::new("no `[[adc.model]]` has this name").legal(names.join(", ")));
        return None;
    };
    Some(AdcModels { default: found.clone(), models })
}

#[derive(Clone, Copy)]
enum Kind {
    Scaling,
    SurveyRegression,
    Table,
}

fn model(table: &Table<'_>) -> Option<AdcCostModel> {
    let name = table.string("name");
    let source = super::source(table);
    let confidence = table.choice("confidence", Confidence::WORDS);
    let kinds = [("scaling", Kind::Scaling), ("survey-regression", Kind::SurveyRegression), ("table", Kind::Table)];
    let kind = match table.choice("kind", &kinds)? {
        Kind::Scaling => scaling(table),
        Kind::SurveyRegression => survey_regression(table).map(AdcCostKind::SurveyRegression),
        Kind::Table => points(table).map(AdcCostKind::Table),
    };
    Some(AdcCostModel { name: name?, source: source?, confidence: confidence?, kind: kind? })
}

fn scaling(table: &Table<'_>) -> Option<AdcCostKind> {
    let reference_bits = table.integer::<u32>("reference_bits", 1..=24);
    let points = points(table)?;
    let Some(reference) = points.at(reference_bits?) else {
        table.fault("reference_bits", Problem::new("is not among `bits`"));
        return None;
    };
    Some(AdcCostKind::Scaling { reference, points })
}

fn points(table: &Table<'_>) -> Option<Points> {
    let bits = table.integers::<u32>("bits", 1..=24);
    let energies = table.numbers("energies_pj", Interval::positive());
    let areas = table.numbers("areas_um2", Interval::positive());
    let (bits, energies, areas) = (bits?, energies?, areas?);
    let ascending = !bits.is_empty() && bits.is_sorted_by(|low, high| low < high);
    if !ascending || energies.len() != bits.len() || areas.len() != bits.len() {
        let problem = Problem::new("needs ascending resolutions, each with an energy and an area");
        table.fault("bits", problem.hint("`bits`, `energies_pj` and `areas_um2` have one value for each"));
        return None;
    }
    let conversions = energies.into_iter().zip(areas).map(|(energy, area)| Conversion {
        energy: Energy::from_picojoules(energy),
        area: Area::from_square_micrometres(area),
    });
    Some(Points(bits.into_iter().zip(conversions).collect()))
}

fn survey_regression(table: &Table<'_>) -> Option<SurveyRegression> {
    let technology_nm = table.number("technology_nm", Interval::closed(1.0, 1000.0));
    let min_bits = table.integer::<u32>("min_bits", 1..=24);
    let max_bits = table.integer::<u32>("max_bits", 1..=24);
    let fom_by_rate = line(table, "fom_by_rate_db");
    let fom_by_bits = line(table, "fom_by_bits_db");
    let energy = table.table("energy_fit").and_then(|fit| energy_fit(&fit));
    let area = table.table("area_fit").and_then(|fit| area_fit(&fit));
    let (min_bits, max_bits) = (min_bits?, max_bits?);
    if min_bits > max_bits {
        table.fault("max_bits", Problem::new("below `min_bits`").legal(format!("{min_bits}..=24")));
        return None;
    }
    Some(SurveyRegression {
        technology_nm: technology_nm?,
        min_bits,
        max_bits,
        fom_by_rate: fom_by_rate?,
        fom_by_bits: fom_by_bits?,
        energy: energy?,
        area: area?,
    })
}

/// Intercept and slope of a line.
fn line(table: &Table<'_>, key: &str) -> Option<(f64, f64)> {
    let numbers = table.numbers(key, COEFFICIENT)?;
    let &[intercept, slope] = numbers.as_slice() else {
        table.fault(key, Problem::new("needs an intercept and a slope").legal("two numbers"));
        return None;
    };
    Some((intercept, slope))
}

fn energy_fit(table: &Table<'_>) -> Option<EnergyFit> {
    let number = |key| table.number(key, COEFFICIENT);
    let (intercept, ln_nm, ln_bits, offset) =
        (number("intercept"), number("ln_nm"), number("ln_bits"), number("offset"));
    Some(EnergyFit { intercept: intercept?, ln_nm: ln_nm?, ln_bits: ln_bits?, offset: offset? })
}

fn area_fit(table: &Table<'_>) -> Option<AreaFit> {
    let number = |key| table.number(key, COEFFICIENT);
    let (intercept, ln_nm, ln_rate, ln_pj) = (number("intercept"), number("ln_nm"), number("ln_rate"), number("ln_pj"));
    Some(AreaFit { intercept: intercept?, ln_nm: ln_nm?, ln_rate: ln_rate?, ln_pj: ln_pj? })
}

/// What a coefficient may be: energies stay far from what a double cannot hold.
const COEFFICIENT: Interval = Interval::closed(-1e3, 1e3);
