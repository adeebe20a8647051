//! Converters of bias columns, of calibrations and of edge layers.

use expect_test::expect;
use rebias_units::Time;

use super::faults::check_toy_over;
use super::toy_over;
use crate::testing::toy_with;

/// The noise of a bias column's converter of so many bits beside an 8-bit ADC with 0.25 LSB.
fn noise_of_column(keys: &str) -> f64 {
    let arch = toy_over(&format!(
        "[adc]\nnoise_lsb = 0.25\n[mapping.bias]\nsource = \"column-per-array\"\nadc_bits = 6\n{keys}"
    ));
    arch.mapping().bias.columns().map_or(f64::NAN, |columns| columns.adc_noise)
}

#[test]
fn a_bias_columns_converter_is_as_noisy_as_what_it_is() {
    assert_eq!(noise_of_column("converter = \"own\""), 0.0);
    assert_eq!(noise_of_column("converter = \"own\"\nadc_noise_lsb = 0.5"), 0.5);
    // A quarter of the ADC's steps of 8 bits.
    assert_eq!(noise_of_column("converter = \"shared\""), 0.0625);
    assert_eq!(noise_of_column("converter = \"shared\"\nadc_noise_lsb = 0.5"), 0.5);
}

#[test]
fn calibrations_are_read_with_the_noise_of_the_adc() {
    let calibration = |keys: &str| {
        let arch = toy_over(&format!("[adc]\nnoise_lsb = 0.25\n[mapping.bias.calibration]\n{keys}"));
        arch.mapping().calibration.expect("it is calibrated")
    };
    assert_eq!((calibration("").adc_bits, calibration("").adc_noise), (8, 0.25));
    assert_eq!(calibration("adc_bits = 10").adc_noise, 1.0);
    assert_eq!(calibration("adc_noise_lsb = 0.5").adc_noise, 0.5);
    assert_eq!(calibration("").interval, None);
    assert_eq!(calibration("recalibration_interval_s = 60").interval, Some(Time::from_seconds(60.0)));
}

#[test]
fn cells_that_drift_are_read_as_long_ago_as_the_interval_says() {
    let age = |interval: &str| {
        let arch = toy_over(&format!(
            "[cell.drift]\ntime_s = 100\nreference_time_s = 1\nexponent_mean = -0.1\nexponent_sigma = 0\n\
             [mapping.bias.calibration]\nadc_bits = 8\n{interval}"
        ));
        let at_reads = arch.of_calibration().expect("it is calibrated");
        at_reads.ima().crossbar.cell.non_idealities.drift.expect("it drifts").time.seconds()
    };
    assert_eq!(age(""), 100.0, "just before the images");
    assert_eq!(age("recalibration_interval_s = 30"), 70.0);
    assert_eq!(age("recalibration_interval_s = 99.5"), 1.0, "not before they were written");
    assert_eq!(age("recalibration_interval_s = 1e9"), 1.0);
    assert!(toy_with(|_, _| {}).of_calibration().is_none());
}

#[test]
fn an_interval_without_length_is_told() {
    check_toy_over(
        "[mapping.bias.calibration]\nrecalibration_interval_s = 0",
        expect![[r#"
            error: `mapping.bias.calibration.recalibration_interval_s = 0`: out of range
             --> change.toml:2:28
              |
            2 | recalibration_interval_s = 0
              |                            ^
              |
              = legal: 0 < x
        "#]],
    );
}

#[test]
fn edge_layers_have_the_errors_of_all_adcs() {
    let inl = "[adc]\nbits = 2\ninl_lsb = [0, 0.25, 0]\n[mapping.edge_layers]\nadc_bits =";
    assert_eq!(toy_over(&format!("{inl} 2")).of_edge_layers().ima().adc.bits, 2);
    check_toy_over(
        &format!("{inl} 8"),
        expect![[r#"
            error: `mapping.edge_layers.adc_bits = 8`: the ADCs' errors are those of transitions between codes of 2 bits
             --> change.toml:5:12
              |
            5 | adc_bits = 8
              |            ^
              |
              = legal: 2
              = hint: take out `adc.inl_lsb` and `adc.dnl_lsb`, or give all ADCs these bits
        "#]],
    );
    check_toy_over(
        "[adc]\noffset_lsb = 0.5\n[mapping.edge_layers]\nadc_bits = 20",
        expect![[r#"
            error: `mapping.edge_layers.adc_bits = 20`: too many codes for an ADC with offset, gain error, INL or DNL
             --> change.toml:4:12
              |
            4 | adc_bits = 20
              |            ^^
              |
              = legal: 1..=16
              = hint: take fewer bits, or take these errors out of `[adc]`
        "#]],
    );
}
