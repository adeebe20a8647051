//! ISAAC's published sums, and the faults of cost tables.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use expect_test::expect;
use rebias_arch::Arch;
use rebias_arch::testing::{isaac, isaac_with};
use rebias_config::Document;
use rebias_cost::{Confidence, Costs, PeakFormat, Row, Unit, peak};
use rebias_units::Action;

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
    let format = PeakFormat { n_weight_slices: 8, n_input_slices: 16 };
    let peak = peak(&arch, &costs(&arch), format).expect("published powers");
    assert!((peak.ops_per_second / 1e9 - 41_288.0).abs() < 1.0, "{}", peak.ops_per_second);
    assert!((peak.power.watts() - 65.8).abs() < 0.05, "{}", peak.power.watts());
    assert!((peak.area.square_millimetres() - 85.4).abs() < 0.05, "{}", peak.area.square_millimetres());
    assert!((1e3 * peak.tops_per_w() / 627.5 - 1.0).abs() < 0.005, "{}", peak.tops_per_w());
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
fn a_smaller_array_costs_less_to_read() {
    let arch = isaac_with(|chip, _| chip.tile.ima.crossbar.word_lines = 64);
    let read = costs(&arch).row_of(Action::CrossbarRead).expect("priced").energy_per_action(&arch);
    assert!((read.picojoules() - 15.0).abs() < 1e-9);
}

#[test]
fn a_resolution_beyond_the_model_is_a_fault() {
    let arch = isaac_with(|chip, _| chip.tile.ima.adc.bits = 3);
    let document = Document::parse("costs.toml", COSTS).expect("valid TOML");
    let told = Costs::parse(&document, &arch).expect_err("not covered").to_string();
    for part in ["no value for 3 bits", "4..=10", "adc.bits"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn faults_of_a_table_are_told() {
    expect![[r#"
        error: `row[11].actions = ["crossbar.reed"]`: no action is named `crossbar.reed`
           --> costs.toml:153:11
            |
        153 | actions = ["crossbar.reed"]
            |           ^^^^^^^^^^^^^^^^^
            |
            = legal: dac.drive, crossbar.read, sample-hold.hold, adc.conversion, bias-adc.conversion, bias-counter.add, bias-multiplier.multiply, shift-add.add, input-register.write, input-register.read, output-register.write, output-register.read, edram.read, edram.write, bus.transfer, tile-shift-add.add, tile-output-register.write, activation.apply, max-pool.compare, router.byte, link.byte, chip-link.byte"#]].assert_eq(&faults("\"crossbar.read\"", "\"crossbar.reed\""));
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
        ("reference_bits = 8", "reference_bits = 20", "reference_bits"),
        ("[4, 5, 6, 7, 8, 9, 10]", "[4, 5, 6, 8, 9, 10, 11]", "consecutive"),
    ] {
        let found = faults(old, new);
        assert!(found.contains(told), "`{told}` is missing in:\n{found}");
    }
}
