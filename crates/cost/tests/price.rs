//! Pricing by hand.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use rebias_arch::Arch;
use rebias_arch::LayerPlace;
use rebias_arch::testing::{isaac_with, on_chips};
use rebias_config::Document;
use rebias_cost::{Costs, LayerCost, LayerUsage, Priced, Usage, price};
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_tile::SystemSpec;
use rebias_units::{Action, Counts, Energy, Time};

fn priced(arch: &Arch, layer: LayerUsage) -> Priced {
    let text = include_str!("../../../arch-configs/isaac-2016/costs.toml");
    let costs = Costs::parse(&Document::parse("costs.toml", text).expect("valid TOML"), arch).expect("valid costs");
    price(arch, &costs, &Usage { layers: &[layer, layer], n_tiles: 5, interval: Time::from_microseconds(1.0) })
}

fn reads(times: u64) -> Counts {
    let mut counts = Counts::ZERO;
    counts.add(Action::CrossbarRead, times);
    counts
}

#[test]
fn a_constant_read_costs_30_picojoules_in_every_layer() {
    let priced = priced(
        &isaac_with(|_, _| {}),
        LayerUsage { counts: reads(10), read_activity: None, place: LayerPlace::Inside },
    );
    let arrays = priced.components.iter().find(|part| part.component == "memristor arrays").expect("a row");
    assert!((arrays.dynamic.picojoules() - 600.0).abs() < 1e-9);
    assert!(priced.layers.iter().all(|layer| (layer.total().picojoules() - 300.0).abs() < 1e-9));
}

#[test]
fn a_data_dependent_read_costs_voltage_squared_times_conductance_times_time() {
    // One cell at its highest level, driven by a slice of the largest code in one read of 100 ns:
    // (0.2 V)² · 10 µS · 100 ns = 0.04 pJ, whatever the on/off ratio and the DAC's bits.
    for (on_off, dac_bits) in [(OnOff::Infinite, 1), (OnOff::Ratio(20.0), 1), (OnOff::Infinite, 3)] {
        let arch = isaac_with(|chip, _| {
            chip.tile.ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
            chip.tile.ima.crossbar.cell.on_off = on_off;
            chip.tile.ima.dac.bits = dac_bits;
        });
        let floor = if on_off == OnOff::Infinite { 0.0 } else { 20.0 };
        let code = f64::from((1 << dac_bits) - 1);
        let activity = (3.0 * 128.0 + floor) * code * code;
        let priced =
            priced(&arch, LayerUsage { counts: reads(1), read_activity: Some(activity), place: LayerPlace::Inside });
        let energy = priced.layers.first().expect("two layers").total().picojoules();
        assert!((energy - 0.04).abs() < 1e-9, "{energy} pJ with {on_off:?} and {dac_bits} bits");
    }
}

#[test]
fn idle_parts_off_leaves_the_allocated_tiles_and_always_on_the_chip() {
    let priced = priced(
        &isaac_with(|_, _| {}),
        LayerUsage { counts: Counts::ZERO, read_activity: None, place: LayerPlace::Inside },
    );
    let part = |name: &str| priced.components.iter().find(|part| part.component == name).expect("a row");
    // 5 and 168 tiles of 12 IMAs with 16 mW of ADCs, a tenth of it static.
    assert!((part("ADC").static_allocated.milliwatts() - 5.0 * 12.0 * 1.6).abs() < 1e-9);
    assert!((part("ADC").static_chip.milliwatts() - 168.0 * 12.0 * 1.6).abs() < 1e-9);
    // Two routers serve five tiles, 42 the chip.
    assert!((part("router").static_allocated.milliwatts() - 2.0 * 0.84).abs() < 1e-9);
    assert!((part("router").area_chip.square_millimetres() - 42.0 * 0.151).abs() < 1e-9);
    // The links to other chips are off with the idle parts.
    assert_eq!(part("HyperTransport").static_allocated.milliwatts(), 0.0);
    assert!((part("HyperTransport").static_chip.watts() - 10.4).abs() < 1e-9);
    assert!((part("ADC").static_gated(Time::from_microseconds(1.0)).picojoules() - 96_000.0).abs() < 1e-3);
}

#[test]
fn every_joule_of_a_layer_is_a_components_and_the_other_way_round() {
    let mut counts = Counts::ZERO;
    for (times, &action) in (1..).zip(Action::ALL) {
        counts.add(action, 1000 * times);
    }
    let arch = isaac_with(|_, _| {});
    let priced = priced(&arch, LayerUsage { counts, read_activity: None, place: LayerPlace::Inside });
    let interval = Time::from_microseconds(1.0);
    let layers: Energy = priced.layers.iter().map(LayerCost::total).sum();
    let standing: Energy = priced.components.iter().map(|part| part.static_gated(interval)).sum();
    let total = priced.energy_gated(interval);
    assert!(((layers + standing) / total - 1.0).abs() < 1e-12);
    for (at, part) in priced.components.iter().enumerate() {
        let of_layers: Energy = priced.layers.iter().filter_map(|layer| layer.by_component.get(at)).copied().sum();
        assert_eq!(of_layers, part.dynamic, "{}", part.component);
    }
}

#[test]
fn a_system_of_two_chips_has_everything_twice() {
    let none = LayerUsage { counts: Counts::ZERO, read_activity: None, place: LayerPlace::Inside };
    let one = priced(&isaac_with(|_, _| {}), none);
    let two = priced(&on_chips(isaac_with(|_, _| {}), SystemSpec { n_chips: 2, chip_link: None }), none);
    for (one, two) in one.components.iter().zip(&two.components) {
        assert_eq!(two.static_chip, one.static_chip * 2.0, "{}", one.component);
        assert_eq!(two.area_chip, one.area_chip * 2.0, "{}", one.component);
        assert_eq!(two.area_allocated, one.area_allocated, "{}", one.component);
    }
}
