//! What cells, wires and converters may have wrong with them.

use expect_test::{Expect, expect};
use rebias_converter::AdcErrors;
use rebias_crossbar::{NonIdealities, ReadNoiseSpec, VariationSpec, WiringSpec};
use rebias_units::{Conductance, Resistance};

use super::{TOY, over, toy_over};
use crate::Arch;
use crate::testing::toy;

/// The first lines of what is told: the faults without their places.
fn check(change: &str, shown: Expect) {
    let faults = Arch::parse(&over(TOY, change)).expect_err("something is wrong with it").to_string();
    let told = faults.lines().filter(|line| line.starts_with("error") || line.contains("= "));
    let told: Vec<_> = told.filter(|line| !line.contains(" | ")).map(str::trim_start).collect();
    shown.assert_eq(&format!("{}\n", told.join("\n")));
}

fn variation(change: &str) -> Option<VariationSpec> {
    toy_over(&format!("[cell.variation]\n{change}")).ima().crossbar.cell.non_idealities.variation.clone()
}

#[test]
fn nothing_is_wrong_by_default() {
    let ima = toy().ima().clone();
    assert_eq!(ima.crossbar.cell.non_idealities, NonIdealities::NONE);
    assert_eq!(ima.crossbar.wiring, WiringSpec::IDEAL);
    assert_eq!(ima.adc.errors, AdcErrors::NONE);
    assert!(ima.dac.inl.is_empty());
}

#[test]
fn every_variation_can_be_had() {
    let of_range = "model = \"gaussian-of-range\"\nsigma = 0.05\ndevice = \"wan-2022\"";
    assert_eq!(variation(of_range), Some(VariationSpec::GaussianOfRange(0.05)), "a device may stand beside it");
    let of_target = "model = \"gaussian-of-target\"\nsigma = 0.05";
    assert_eq!(variation(of_target), Some(VariationSpec::GaussianOfTarget(0.05)));
    assert_eq!(variation("model = \"lognormal\"\nsigma = 0.1"), Some(VariationSpec::Lognormal(0.1)));
    assert_eq!(variation("model = \"none\"\nsigma = 0.1"), None);
    let milo = toy_over(
        "[cell]\non_conductance_microsiemens = 225\non_off_ratio = 4.5\n\
         [cell.variation]\nmodel = \"measured\"\ndevice = \"milo-2021\"",
    );
    let Some(VariationSpec::Measured(measured)) = &milo.ima().crossbar.cell.non_idealities.variation else {
        unreachable!("it is measured")
    };
    assert_eq!(measured.coefficients, [4.782, -0.009107]);
}

#[test]
fn other_errors_of_cells_can_be_had() {
    let arch = toy_over(
        "[cell]\nheadroom_levels = 0.5\nfloor_microsiemens = 0.1\n\
         [cell.faults]\nstuck_lrs = 0.0904\nstuck_hrs = 0.0175\n\
         [cell.drift]\ntime_s = 3600\nreference_time_s = 1\nexponent_mean = -0.1\nexponent_sigma = 0.05\n\
         [cell.read_noise]\nmodel = \"gaussian-of-range\"\nsigma = 0.01\n\
         [[cell.current_voltage]]\ncoefficients = [0.9, 0.0, 0.1]\n\
         [crossbar]\nwire_resistance_ohm = 2.5\naccess_resistance_ohm = 1000\n",
    );
    let crossbar = &arch.ima().crossbar;
    let cell = &crossbar.cell;
    assert_eq!((cell.headroom, cell.non_idealities.lowest), (0.5, Conductance::from_microsiemens(0.1)));
    assert_eq!(cell.non_idealities.read_noise, Some(ReadNoiseSpec::OfRange(0.01)));
    let curve = cell.non_idealities.current_voltage.as_ref().expect("given");
    assert_eq!(curve.coefficients, vec![vec![0.9, 0.0, 0.1]; 4], "one for all levels");
    let (segment, access) = (Resistance::from_ohms(2.5), Resistance::from_ohms(1000.0));
    assert_eq!(crossbar.wiring, WiringSpec { segment, access, ..WiringSpec::IDEAL });
}

#[test]
fn errors_of_converters_can_be_had() {
    let arch = toy_over(
        "[adc]\nbits = 2\noffset_lsb = 0.5\ngain_error = -0.02\ndnl_lsb = [0.25, -0.5, 0.25]\nsndr_db = 10\n\
         [dac]\nbits = 2\ninl_lsb = [0, 0.1, -0.1, 0]",
    );
    let errors = &arch.ima().adc.errors;
    assert_eq!((errors.offset, errors.gain, errors.inl.as_slice()), (0.5, -0.02, [0.25, -0.25, 0.0].as_slice()));
    // 16/8/10 − 1/12.
    assert!((errors.noise.powi(2) - (0.2 - 1.0 / 12.0)).abs() < 1e-12);
    assert_eq!(arch.ima().dac.level(2), 1.9);
}

#[test]
fn deviations_are_not_negative() {
    check(
        "[cell.variation]\nmodel = \"lognormal\"\nsigma = -0.1\n[cell.read_noise]\nmodel = \"gaussian-of-range\"\nsigma = -1",
        expect![[r#"
            error: `cell.variation.sigma = -0.1`: out of range
            = legal: 0 <= x <= 10
            = hint: a standard deviation as a share: 0.05 is 5 %, and 0 none; `model = "none"` leaves it out
            error: `cell.read_noise.sigma = -1`: out of range
            = legal: 0 <= x <= 10
            = hint: a standard deviation as a share: 0.05 is 5 %, and 0 none; `model = "none"` leaves it out
        "#]],
    );
    check(
        "[adc]\nnoise_lsb = -0.5\n[mapping.bias]\nadc_noise_lsb = -1\n[mapping.bias.calibration]\nadc_noise_lsb = -2",
        expect![[r#"
            error: `adc.noise_lsb = -0.5`: out of range
            = legal: 0 <= x <= 10000
            = hint: a standard deviation in steps of the converter: 0.5 is half a step, and 0 none
            error: `mapping.bias.adc_noise_lsb = -1`: out of range
            = legal: 0 <= x <= 10000
            = hint: a standard deviation in steps of the converter: 0.5 is half a step, and 0 none
            error: `mapping.bias.calibration.adc_noise_lsb = -2`: out of range
            = legal: 0 <= x <= 10000
            = hint: a standard deviation in steps of the converter: 0.5 is half a step, and 0 none
        "#]],
    );
}

#[test]
fn a_model_needs_its_keys() {
    check(
        "[cell.variation]\nmodel = \"lognormal\"",
        expect![[r#"
        error: `cell.variation.sigma`: missing key
        = legal: a value, which this `model` needs
    "#]],
    );
    check(
        "[cell.variation]\nmodel = \"measured\"",
        expect![[r#"
        error: `cell.variation.device`: missing key
        = legal: a value, which this `model` needs
    "#]],
    );
    check(
        "[cell.variation]\nmodel = \"measured\"\ndevice = \"milo\"",
        expect![[r#"
        error: `cell.variation.device = "milo"`: not a device that was measured
        = legal: `milo-2021`, `wan-2022`
    "#]],
    );
    check(
        "[cell.drift]\ntime_s = 10",
        expect![[r#"
        error: `cell.drift.reference_time_s`: missing key
        = legal: 0 < x
        error: `cell.drift.exponent_mean`: missing key
        = legal: -10 <= x <= 10
        error: `cell.drift.exponent_sigma`: missing key
        = legal: 0 <= x <= 10
    "#]],
    );
}

#[test]
fn levels_outside_the_measured_range_are_refused() {
    check(
        "[cell.variation]\nmodel = \"measured\"\ndevice = \"milo-2021\"",
        expect![[r#"
        error: `cell.variation.device = "milo-2021"`: measured from 50 to 225 µS, and the cell's levels conduct 0.0000 to 10.0000 µS
        = legal: levels within what was measured
        = hint: `cell.on_conductance_microsiemens = 225` with `cell.on_off_ratio = 4.5` spans it
    "#]],
    );
}

#[test]
fn no_more_than_all_cells_are_stuck() {
    check(
        "[cell.faults]\nstuck_lrs = 0.6\nstuck_hrs = 0.5",
        expect![[r#"
        error: `cell.faults.stuck_hrs = 0.5`: with `stuck_lrs` = 0.6, more than all cells are stuck
        = legal: 0 <= x <= 0.4
        = hint: both are shares of all cells, such as 0.0175 and 0.0904
    "#]],
    );
    check(
        "[cell.faults]\nstuck_lrs = 1.5\nstuck_hrs = 0",
        expect![[r#"
        error: `cell.faults.stuck_lrs = 1.5`: out of range
        = legal: 0 <= x <= 1
    "#]],
    );
}

#[test]
fn a_floor_above_level_0_is_refused() {
    check(
        "[cell]\nfloor_microsiemens = 2",
        expect![[r#"
        error: `cell.floor_microsiemens = 2`: above level 0, which conducts 0.0000 µS
        = legal: 0 <= x <= 0.0000
        = hint: raise `cell.headroom_levels` to lift level 0, or lower `cell.on_off_ratio`
    "#]],
    );
}

#[test]
fn wires_that_make_the_array_unreadable_are_refused() {
    check(
        "[cell]\non_conductance_microsiemens = 1000\n[crossbar]\nwire_resistance_ohm = 20",
        expect![[r#"
        error: `crossbar.wire_resistance_ohm = 20`: the wires to the farthest cell have 1280.0000 Ω, more than a cell of the highest level
        = legal: 0 <= x <= 15.6250 for 32 word lines, 32 bit lines and these cells
        = hint: such an array can't be read: take smaller arrays, wider wires or less conductive cells
    "#]],
    );
}

#[test]
fn tables_have_as_many_numbers_as_codes() {
    check(
        "[adc]\nbits = 2\ninl_lsb = [0, 0]",
        expect![[r#"
        error: `adc.inl_lsb = [0, 0]`: 2 errors for 3 transitions
        = legal: 3 numbers, one for each transition between codes of 2 bits
    "#]],
    );
    check(
        "[adc]\nbits = 2\ninl_lsb = [0, 0, 0]\ndnl_lsb = [0, 0, 0]",
        expect![[r#"
        error: `adc.dnl_lsb = [0, 0, 0]`: given beside `adc.inl_lsb`
        = hint: each follows from the other: keep one
    "#]],
    );
    check(
        "[adc]\nbits = 20\noffset_lsb = 1",
        expect![[r#"
        error: `adc.bits = 20`: too many codes for an ADC with offset, gain error, INL or DNL
        = legal: 1..=16
        = hint: take fewer bits, or take these errors out of `[adc]`
    "#]],
    );
    check(
        "[adc]\nbits = 8\nsndr_db = 60",
        expect![[r#"
        error: `adc.sndr_db = 60`: more than quantisation to 8 bits leaves
        = legal: -20 <= x <= 49.93
        = hint: leave the key out for a converter without noise
    "#]],
    );
    check(
        "[adc]\nbits = 8\nsndr_db = 40\nnoise_lsb = 1",
        expect![[r#"
        error: `adc.sndr_db = 40`: given beside `adc.noise_lsb`
        = hint: each says how much noise there is: keep one
    "#]],
    );
    check(
        "[dac]\nbits = 2\ninl_lsb = [0, 0]",
        expect![[r#"
        error: `dac.inl_lsb = [0, 0]`: 2 errors for 4 codes
        = legal: 4 numbers, one for each code of 2 bits
    "#]],
    );
    check(
        "[dac]\nbits = 1\ninl_lsb = [0.1, 0]",
        expect![[r#"
        error: `dac.inl_lsb = [0.1, 0]`: code 0 has an error
        = legal: 0 as the first number
        = hint: code 0 leaves a word line at rest; take the error of code 0 off all others
    "#]],
    );
    check(
        "[[cell.current_voltage]]\ncoefficients = [1]\n[[cell.current_voltage]]\ncoefficients = [1]",
        expect![[r#"
        error: `cell.current_voltage = [{ coefficients = [1] }, { coefficients …`: 2 polynomials for 4 levels
        = legal: one for each of the 4 levels, from level 0 up, or one for all
    "#]],
    );
    check(
        "[[cell.current_voltage]]\ncoefficients = [-1]",
        expect![[r#"
        error: `cell.current_voltage[0].coefficients = [-1]`: the current at the read voltage is below 0
        = legal: coefficients a1, a2, … of u, u², … whose sum is at least 0
        = hint: the polynomial is the current relative to that of an ohmic cell at the read voltage; a1 = 1 alone is ohmic
    "#]],
    );
}

#[test]
fn the_documented_keys_are_read() {
    let document = include_str!("../../../../../docs/non-idealities.md");
    let example = document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let arch = toy_over(example.expect("an example of all keys"));
    let non_idealities = &arch.ima().crossbar.cell.non_idealities;
    assert!(non_idealities.variation.is_some() && non_idealities.faults.is_some() && non_idealities.drift.is_some());
    assert!(non_idealities.read_noise.is_some() && non_idealities.current_voltage.is_some());
    assert!(!arch.ima().crossbar.wiring.has_no_drops() && arch.ima().adc.errors != AdcErrors::NONE);
}
