//! What reads for a calibrated bias cost.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use rebias_arch::testing::{isaac, isaac_with};
use rebias_arch::{Arch, BiasCalibrationSpec};
use rebias_config::Document;
use rebias_cost::{CalibrationReads, Costs, Unit};
use rebias_units::{Action, Counts, Time};

const COSTS: &str = include_str!("../../../arch-configs/isaac-2016/costs.toml");

fn parsed(arch: &Arch) -> Result<Costs, String> {
    let document = Document::parse("costs.toml", COSTS).expect("valid TOML");
    Costs::parse(&document, arch).map_err(|faults| faults.to_string())
}

fn costs(arch: &Arch) -> Costs {
    parsed(arch).expect("valid costs")
}

/// ISAAC with 6-bit ADCs, calibrated with reads of so many bits.
fn calibrated(adc_bits: u32) -> Arch {
    isaac_with(|chip, mapping| {
        chip.tile.ima.adc.bits = 6;
        mapping.calibration = Some(BiasCalibrationSpec {
            adc_bits,
            adc_noise: 0.0,
            full_scale: None,
            repeats: 1,
            rows_per_read: None,
            fraction_bits: 7,
            interval: None,
        });
    })
}

fn reads(actions: &[(Action, u64)]) -> CalibrationReads {
    let mut counts = Counts::ZERO;
    actions.iter().for_each(|&(action, times)| counts.add(action, times));
    CalibrationReads { counts, read_activity: None, cycles: 3, n_corrections: 5 }
}

/// The ADC's row of ISAAC with converters of so many bits.
fn adc_of(bits: u32) -> rebias_cost::Row {
    let arch = isaac_with(|chip, _| chip.tile.ima.adc.bits = bits);
    costs(&arch).row_of(Action::AdcConversion).expect("it prices conversions").clone()
}

#[test]
fn conversions_cost_what_they_do_at_their_own_resolution() {
    for bits in [6, 8] {
        let arch = calibrated(bits);
        let found = costs(&arch).calibration(&arch, &reads(&[(Action::AdcConversion, 10)])).expect("calibrated");
        let expected = adc_of(bits).energy_per_action(&arch) * 10.0;
        assert!((found.energy / expected - 1.0).abs() < 1e-12, "{bits}: {found:?}");
        assert_eq!((found.conversions, found.n_corrections), (10, 5));
        assert_eq!(found.time, arch.chip().cycle_time * 3.0);
        assert_eq!((found.energy_of_image(found.time), found.share_of_time()), (None, None), "once");
    }
}

#[test]
fn calibrating_again_is_shared_by_the_images_in_between() {
    let once = calibrated(8).mapping().calibration.expect("it is calibrated");
    let interval = Some(Time::from_seconds(6e-5));
    let arch = isaac_with(|_, mapping| mapping.calibration = Some(BiasCalibrationSpec { interval, ..once }));
    let found = costs(&arch).calibration(&arch, &reads(&[(Action::AdcConversion, 10)])).expect("calibrated");
    // Three cycles of 100 ns in each 60 µs, in which there are six images.
    assert!((found.share_of_time().expect("it is repeated") - 0.005).abs() < 1e-12);
    let of_image = found.energy_of_image(Time::from_seconds(1e-5)).expect("it is repeated");
    assert!((of_image / found.energy - 1.0 / 6.0).abs() < 1e-12);
}

#[test]
fn reads_are_priced_part_by_part() {
    let arch = calibrated(8);
    let costs = costs(&arch);
    let actions = [(Action::CrossbarRead, 2), (Action::DacDrive, 200), (Action::SampleHold, 7), (Action::ShiftAdd, 7)];
    let found = costs.calibration(&arch, &reads(&actions)).expect("calibrated");
    let price = |(action, times): (Action, u64)| {
        let row = costs.row_of(action).expect("every action has a price");
        row.energy_per_action(&arch).picojoules() * times as f64
    };
    let expected: f64 = actions.into_iter().map(price).sum();
    assert!((found.energy.picojoules() / expected - 1.0).abs() < 1e-12);
    assert_eq!(found.reads, 2);
}

#[test]
fn converters_are_built_for_the_finest_reads() {
    let area = |arch: &Arch| {
        let costs = costs(arch);
        costs.rows().iter().find(|row| row.unit == Unit::Adc).expect("a row").area
    };
    assert_eq!(area(&calibrated(8)), adc_of(8).area);
    assert_eq!(area(&calibrated(5)), adc_of(6).area);
}

#[test]
fn nothing_is_paid_without_calibration_and_unknown_resolutions_are_told() {
    let arch = isaac();
    assert_eq!(costs(&arch).calibration(&arch, &reads(&[(Action::AdcConversion, 10)])), None);
    let told = parsed(&calibrated(16)).expect_err("the default model has no such converter");
    assert!(told.contains("16 bits") && told.contains("calibration"), "{told}");
}
