//! Models of an ADC's cost, by hand, on ISAAC's table.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use rebias_arch::Arch;
use rebias_arch::testing::isaac_with;
use rebias_config::Document;
use rebias_cost::{Costs, Row};
use rebias_units::Action;

const COSTS: &str = include_str!("../../../arch-configs/isaac-2016/costs.toml");

fn bits(bits: u32) -> Arch {
    isaac_with(|chip, _| chip.tile.ima.adc.bits = bits)
}

fn parse(text: &str, arch: &Arch) -> Result<Costs, rebias_config::Faults> {
    Costs::parse(&Document::parse("costs.toml", text).expect("valid TOML"), arch)
}

/// The table under one of its models; `None` where it has no value.
fn under(name: &str, arch: &Arch) -> Option<Costs> {
    let costs = parse(COSTS, arch).expect("a valid table");
    let model = costs.adc_models().iter().find(|model| model.name == name).expect("a model");
    costs.with_adc_model(model, arch)
}

/// Energy of a conversion with its share of static power at full rate, in picojoules, and area in µm².
fn conversion(costs: &Costs, arch: &Arch, action: Action) -> (f64, f64) {
    let row: &Row = costs.row_of(action).expect("priced");
    let conversions =
        if action == Action::BiasConversion { arch.ima().n_crossbars } else { arch.ima().adc.conversions_per_cycle };
    let standing = row.static_power_of_unit(arch) * arch.chip().cycle_time / f64::from(conversions);
    ((row.energy_per_action(arch) + standing).picojoules(), row.area_of_unit(arch).square_micrometres())
}

#[test]
fn the_scaling_holds_the_published_energy_at_its_reference_and_follows_the_points() {
    for (adc_bits, energy, area) in [(8, 1.5625, 1200.0), (6, 1.5625 * 1.20 / 1.67, 627.0)] {
        let arch = bits(adc_bits);
        let found = conversion(&under("isaac-scaling", &arch).expect("a value"), &arch, Action::AdcConversion);
        assert!((found.0 - energy).abs() < 1e-9 && (found.1 - area).abs() < 1e-6, "{found:?} at {adc_bits} bits");
    }
}

#[test]
fn a_table_has_its_points_and_nothing_between_them() {
    let arch = bits(8);
    let found = conversion(&under("kull-2013", &arch).expect("a value"), &arch, Action::AdcConversion);
    assert!((found.0 - 2.55).abs() < 1e-9 && (found.1 - 1500.0).abs() < 1e-6, "{found:?}");
    assert!(under("kull-2013", &bits(7)).is_none());
}

#[test]
fn a_model_needs_a_value_for_the_bias_columns_converter_too() {
    let arch = isaac_with(|_, mapping| {
        if let rebias_arch::BiasSource::Columns(columns) = &mut mapping.bias {
            columns.adc_bits = 7;
        }
    });
    assert!(under("kull-2013", &arch).is_none());
    let survey = under("survey-regression", &arch).expect("a value");
    let energy = |action| conversion(&survey, &arch, action).0;
    assert!(energy(Action::BiasConversion) < energy(Action::AdcConversion), "seven bits are cheaper than eight");
}

#[test]
fn the_static_share_of_a_row_holds_under_every_model() {
    let arch = bits(8);
    for name in ["isaac-scaling", "survey-regression", "kull-2013"] {
        let costs = under(name, &arch).expect("a value");
        let row = costs.row_of(Action::AdcConversion).expect("priced");
        let share = row.static_power_of_unit(&arch) / row.peak_power_of_unit(&arch);
        assert!((share - 0.1).abs() < 1e-12, "{name}");
        assert_eq!(costs.adc_model(), name);
    }
}

/// ISAAC's table whose ADC has no numbers of its own.
fn without_own_numbers(default: &str) -> String {
    let own = "area_mm2 = 0.0096\npower_mw = 16.0\nstatic_fraction = 0.1\npeak_actions_per_cycle = 1024\n";
    assert!(COSTS.contains(own));
    let text = COSTS.replace(own, "static_fraction = 0.2\n");
    text.replace("default = \"isaac-scaling\"", &format!("default = \"{default}\""))
}

#[test]
fn a_row_without_numbers_of_its_own_takes_a_models() {
    let arch = bits(8);
    let costs = parse(&without_own_numbers("kull-2013"), &arch).expect("a valid table");
    let (energy, area) = conversion(&costs, &arch, Action::AdcConversion);
    assert!((energy - 2.55).abs() < 1e-9 && (area - 1500.0).abs() < 1e-6);
    let row = costs.row_of(Action::AdcConversion).expect("priced");
    assert!((row.energy_per_action(&arch).picojoules() - 0.8 * 2.55).abs() < 1e-9);
}

#[test]
fn a_row_without_numbers_of_its_own_cannot_be_scaled() {
    let told = parse(&without_own_numbers("isaac-scaling"), &bits(8)).expect_err("nothing to scale").to_string();
    assert!(told.contains("the model scales a row's own numbers, and `ADC` has none"), "{told}");
}

#[test]
fn rows_that_follow_the_adc_need_a_model() {
    let start = COSTS.find("[adc]").expect("models");
    let end = COSTS.find("[[row]]").expect("rows");
    let text = format!("{}{}", &COSTS[..start], &COSTS[end..]);
    let told = parse(&text, &bits(8)).expect_err("no model").to_string();
    assert!(told.contains("needs a model of the ADC"), "{told}");
}
