//! ISAAC's published sums, and the faults of cost tables.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use rebias_arch::Arch;
use rebias_arch::testing::{isaac, isaac_with};
use rebias_config::Document;
use rebias_cost::{Confidence, Costs, PeakFormat, Row, Unit, peak};
use rebias_units::{Action, Bytes};

const COSTS: &str = include_str!("../../../arch-configs/isaac-2016/costs.toml");

fn costs(arch: &Arch) -> Costs {
    Costs::parse(&Document::parse("costs.toml", COSTS).expect("valid TOML"), arch).expect("valid costs")
}

/// What is told of a cost table in which `old` became `new`.
fn faults(old: &str, new: &str) -> String {
    assert!(COSTS.contains(old), "`{old}` is not in the table");
    let document = Document::parse("costs.toml", COSTS.replacen(old, new, 1)).expect("valid TOML");
    Costs::parse(&document, &isaac()).expect_err("a faulty table").to_string()
}

/// Parts of an IMA; the other published parts belong to a tile, a router or the chip.
fn is_in_ima(unit: Unit) -> bool {
    [
        Unit::Adc,
        Unit::Dac,
        Unit::SampleHold,
        Unit::Cell,
        Unit::ShiftAdd,
        Unit::InputRegisterByte,
        Unit::OutputRegisterByte,
    ]
    .contains(&unit)
}

/// Published power in milliwatts and area in square millimetres of some rows, each `n_units` as the table prints it.
fn sums(rows: &[&Row], arch: &Arch) -> (f64, f64) {
    let power = rows.iter().map(|row| (row.peak_power_of_unit(arch) * row.n_units).milliwatts()).sum();
    let area = rows.iter().map(|row| (row.area_of_unit(arch) * row.n_units).square_millimetres()).sum();
    (power, area)
}

#[test]
fn val_isaac_component_sums_are_table_1_to_the_printed_digits() {
    let arch = isaac();
    let costs = costs(&arch);
    let published: Vec<_> = costs.rows().iter().filter(|row| row.confidence != Confidence::Ours).collect();
    let (ima_rows, others): (Vec<_>, Vec<_>) = published.into_iter().partition(|row| is_in_ima(row.unit));
    let (chip_rows, tile_rows): (Vec<_>, Vec<_>) = others.into_iter().partition(|row| row.unit == Unit::Chip);
    let (router_rows, tile_rows): (Vec<_>, Vec<_>) = tile_rows.into_iter().partition(|row| row.unit == Unit::Router);

    let (ima_power, ima_area) = sums(&ima_rows, &arch);
    assert_eq!(format!("{:.0} {:.3}", 12.0 * ima_power, 12.0 * ima_area), "289 0.157");
    let (router_power, router_area) = sums(&router_rows, &arch);
    let (rest_power, rest_area) = sums(&tile_rows, &arch);
    let (tile_power, tile_area) = (rest_power + router_power / 4.0, rest_area + router_area / 4.0);
    // The paper rounds 40.85 mW up, which no double is exactly.
    assert_eq!(format!("{:.1} {:.3}", tile_power + 1e-9, tile_area), "40.9 0.215");
    let (tile_power, tile_area) = (tile_power + 12.0 * ima_power, tile_area + 12.0 * ima_area);
    assert_eq!(format!("{tile_power:.0} {tile_area:.3}"), "330 0.372");
    assert_eq!(format!("{:.1} {:.1}", 168.0 * tile_power / 1e3, 168.0 * tile_area), "55.4 62.5");
    let (link_power, link_area) = sums(&chip_rows, &arch);
    let chip = format!("{:.1} {:.1}", (168.0 * tile_power + link_power) / 1e3, 168.0 * tile_area + link_area);
    assert_eq!(chip, "65.8 85.4");
}

#[test]
fn val_isaac_peak_is_the_published_one() {
    let arch = isaac();
    let format = PeakFormat { n_weight_slices: 8, n_conversions: 8, n_input_slices: 16 };
    let peak = peak(&arch, &costs(&arch), format).expect("published powers");
    assert!((peak.ops_per_second / 1e9 - 41_288.0).abs() < 1.0, "{}", peak.ops_per_second);
    assert!((peak.power.watts() - 65.8).abs() < 0.05, "{}", peak.power.watts());
    assert!((peak.area.square_millimetres() - 85.4).abs() < 0.05, "{}", peak.area.square_millimetres());
    assert!((1e3 * peak.tops_per_w() / 627.5 - 1.0).abs() < 0.005, "{}", peak.tops_per_w());
    assert!((peak.gops_per_mm2() / 478.95 - 1.0).abs() < 0.01, "{}", peak.gops_per_mm2());
}

#[test]
fn half_the_converters_halve_the_peak_rate() {
    let format = PeakFormat { n_weight_slices: 8, n_conversions: 8, n_input_slices: 16 };
    let rate = |arch: &Arch| peak(arch, &costs(arch), format).expect("published powers").ops_per_second;
    let (full, half) = (rate(&isaac()), rate(&isaac_with(|chip, _| chip.tile.ima.n_adcs = 4)));
    assert!((half / full - 0.5).abs() < 1e-12);
    // More converters than columns change nothing.
    let twice = rate(&isaac_with(|chip, _| chip.tile.ima.n_adcs = 16));
    assert!((twice / full - 1.0).abs() < 1e-12);
}

#[test]
fn val_an_isaac_conversion_costs_1_5625_picojoules_and_a_read_30() {
    let arch = isaac();
    let costs = costs(&arch);
    let energy = |action| costs.row_of(action).expect("priced").energy_per_action(&arch).picojoules();
    // The published power holds a static share; both together make the published energy at peak rate.
    let adc = costs.row_of(Action::AdcConversion).expect("priced");
    let standing = adc.static_power_of_unit(&arch) * arch.chip().cycle_time / 128.0;
    assert!((energy(Action::AdcConversion) + standing.picojoules() - 1.5625).abs() < 1e-9);
    assert!((energy(Action::CrossbarRead) - 30.0).abs() < 1e-9);
}

#[test]
fn an_adcs_energy_and_area_follow_its_bits() {
    let energies: Vec<_> = (4..=10)
        .map(|bits| {
            let arch = isaac_with(|chip, _| chip.tile.ima.adc.bits = bits);
            let costs = costs(&arch);
            let adc = costs.row_of(Action::AdcConversion).expect("priced");
            (adc.energy_per_action(&arch).picojoules(), adc.area_of_unit(&arch).square_millimetres())
        })
        .collect();
    assert!(energies.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{energies:?}");
    assert!((energies[4].1 - 0.0012).abs() < 1e-12);
}

#[test]
fn val_a_dac_doubles_with_each_bit() {
    // Area in µm² and power in µW of one converter.
    for (bits, area, power) in [(1, 0.166, 3.9), (2, 0.332, 7.8), (4, 1.328, 31.2)] {
        let arch = isaac_with(|chip, _| chip.tile.ima.dac.bits = bits);
        let costs = costs(&arch);
        let dac = costs.row_of(Action::DacDrive).expect("priced");
        assert!((dac.area_of_unit(&arch).square_micrometres() / area - 1.0).abs() < 0.002, "{bits} bits");
        assert!((dac.peak_power_of_unit(&arch).milliwatts() * 1e3 / power - 1.0).abs() < 0.002, "{bits} bits");
    }
}

#[test]
fn refresh_is_static_power_in_proportion_to_the_buffer() {
    let power = |kib: u64| {
        let arch = isaac_with(|chip, _| chip.tile.edram.capacity = Bytes(kib * 1024));
        let costs = costs(&arch);
        let row = costs.rows().iter().find(|row| row.component == "eDRAM refresh").expect("a row");
        assert_eq!(row.energy_per_action(&arch).joules(), 0.0);
        row.static_power_of_unit(&arch).milliwatts() * (kib * 1024) as f64
    };
    assert!((power(64) - 1.0).abs() < 1e-12 && (power(128) - 2.0).abs() < 1e-12);
}

#[test]
fn a_smaller_array_costs_less_to_read() {
    let arch = isaac_with(|chip, _| chip.tile.ima.crossbar.word_lines = 64);
    let read = costs(&arch).row_of(Action::CrossbarRead).expect("priced").energy_per_action(&arch);
    assert!((read.picojoules() - 15.0).abs() < 1e-9);
}

#[test]
fn a_resolution_beyond_the_default_model_is_a_fault() {
    let arch = isaac_with(|chip, _| chip.tile.ima.adc.bits = 3);
    let document = Document::parse("costs.toml", COSTS).expect("valid TOML");
    let told = Costs::parse(&document, &arch).expect_err("not covered").to_string();
    for part in ["adc.default", "no value for the 3 bits of `ADC`", "4..=10 bits", "adc.bits"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_fault_tells_where_it_is_and_what_is_legal() {
    let line = COSTS.lines().position(|line| line.contains("\"crossbar.read\"")).expect("a row of arrays") + 1;
    let told = faults("\"crossbar.read\"", "\"crossbar.reed\"");
    for part in
        ["no action is named `crossbar.reed`", &format!("costs.toml:{line}:11"), "legal: dac.drive, crossbar.read"]
    {
        assert!(told.contains(part), "`{part}` is missing in:\n{told}");
    }
}

#[test]
fn faults_name_what_is_wrong() {
    for (old, new, told) in [
        ("static_fraction = 0.051", "static_fraction = 1.5", "static_fraction"),
        ("power_mw = 20.7", "power_mw = -1.0", "power_mw"),
        ("confidence = \"B\"", "confidence = \"Z\"", "confidence"),
        ("actions = [\"bus.transfer\"]", "actions = []", "no row prices `bus.transfer`"),
        ("actions = [\"bus.transfer\"]", "actions = [\"edram.read\"]", "2 rows price `edram.read`"),
        ("peak_actions_per_cycle = 1024\n", "", "peak_actions_per_cycle"),
        ("pulses_per_cell = 8.5", "pulses_per_cell = 0.0", "programming.pulses_per_cell"),
        ("cells_in_parallel = 128", "cells_at_once = 128", "cells_in_parallel"),
        ("column_current_ua = 500.0", "column_current_ua = -1.0", "limits.column_current_ua"),
        ("reference_bits = 8", "reference_bits = 20", "reference_bits"),
        ("[4, 5, 6, 7, 8, 9, 10]", "[4, 5, 6, 8, 7, 9, 10]", "ascending"),
        ("default = \"isaac-scaling\"", "default = \"isaac\"", "isaac-scaling, survey-regression, kull-2013"),
        ("name = \"kull-2013\"", "name = \"isaac-scaling\"", "two models are named `isaac-scaling`"),
        ("min_bits = 4", "min_bits = 13", "below `min_bits`"),
        ("fom_by_rate_db = [213.78, -2.872]", "fom_by_rate_db = [213.78]", "an intercept and a slope"),
        ("kind = \"table\"", "kind = \"tables\"", "adc.model[2].kind"),
    ] {
        let found = faults(old, new);
        assert!(found.contains(told), "`{told}` is missing in:\n{found}");
    }
}
