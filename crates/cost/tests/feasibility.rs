//! Which reads draw a warning, at the limit and just beyond it.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use expect_test::expect;
use rebias_arch::Arch;
use rebias_arch::testing::isaac_with;
use rebias_config::Document;
use rebias_cost::{Costs, Warning, warnings};
use rebias_units::{Capacitance, Conductance, Resistance, Time, Voltage};

const COSTS: &str = include_str!("../../../arch-configs/isaac-2016/costs.toml");

fn told(arch: &Arch) -> Vec<Warning> {
    let costs = Costs::parse(&Document::parse("costs.toml", COSTS).expect("valid TOML"), arch).expect("valid costs");
    warnings(arch, &costs)
}

/// ISAAC with cells of 20 µS, a read voltage, and word lines that are driven at once.
fn driven(volts: f64, word_lines: u32) -> Arch {
    isaac_with(|chip, _| {
        chip.tile.ima.crossbar.active_word_lines = word_lines;
        let cell = &mut chip.tile.ima.crossbar.cell;
        cell.on_conductance = Conductance::from_microsiemens(20.0);
        cell.read_voltage = Voltage::from_volts(volts);
    })
}

/// ISAAC with wires of 2.5 Ω and 1 fF a cell and a cycle; a line's time constant is 2.5 fs · 128 · 129 / 2 = 20.64 ps.
fn with_cycle(picoseconds: f64) -> Arch {
    isaac_with(|chip, _| {
        let wiring = &mut chip.tile.ima.crossbar.wiring;
        wiring.segment = Resistance::from_ohms(2.5);
        wiring.segment_capacitance = Capacitance::from_femtofarads(1.0);
        chip.cycle_time = Time::from_nanoseconds(1e-3 * picoseconds);
    })
}

#[test]
fn isaac_can_be_read() {
    assert_eq!(told(&isaac_with(|_, _| {})), []);
}

#[test]
fn a_column_may_carry_its_limit_and_no_more() {
    // 128 · 20 µS · 0.1953125 V = 500 µA.
    assert_eq!(told(&driven(0.195_312_4, 128)), []);
    let told = told(&driven(0.2, 128));
    expect![[r#"
        a column may carry 512 µA, above its limit of 500 µA
        hint: drive fewer word lines at once, or lower the read voltage or the on conductance"#]]
    .assert_eq(&told.first().expect("a warning").to_string());
}

#[test]
fn word_lines_that_are_not_driven_carry_nothing() {
    assert_eq!(told(&driven(0.3, 128)).len(), 1);
    assert_eq!(told(&driven(0.3, 64)), []);
}

#[test]
fn a_line_settles_to_half_a_code_or_draws_a_warning() {
    // 8 bits need ln 2⁹ = 6.238 time constants, 128.76 ps.
    assert_eq!(told(&with_cycle(128.8)), []);
    let told = told(&with_cycle(128.7));
    assert!(matches!(told.as_slice(), [Warning::Settling { .. }]), "{told:?}");
    expect![[r#"
        a bit line settles to half a code in 0.129 ns (6.2 time constants), a read takes 0.129 ns
        hint: use shorter bit lines, fewer ADC bits or a longer cycle"#]]
    .assert_eq(&told.first().expect("a warning").to_string());
}
