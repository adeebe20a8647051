//! Cells with errors of their own: against the reference in `f64`, and worked by hand.

use ndarray::Array2;
use proptest::prelude::*;
use rebias_arch::testing::toy_with;
use rebias_arch::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSource, FlipEncoding, MappingSpec};
use rebias_converter::{AdcErrors, AdcRange};
use rebias_crossbar::{ChipSeed, DriftSpec, FaultSpec, NonIdealities, OnOff, ReadNoiseSpec, VariationSpec, WiringSpec};
use rebias_mapper::map;
use rebias_network::testing::SplitMix64;
use rebias_network::{CodeFormat, Network};
use rebias_tile::BiasConverter;
use rebias_units::{Resistance, Time};

use super::{linear, sums};
use crate::{AnalogLayer, Emulator};

const CHIP: ChipSeed = ChipSeed { seed: 7, chip: 2 };

/// Y in levels from the emulator and from the reference.
pub(super) fn both(network: &Network, arch: &Arch, image: &[u16], beta: f64) -> (Vec<f64>, Vec<f64>) {
    let placement = map(network, arch).expect("fits");
    let emulator = Emulator::of_chip(network, arch, &placement, None, CHIP).expect("emulable");
    let emulated = sums(network, image, emulator.mvm())[0].1.iter().map(|&sum| sum as f64 / 128.0).collect();
    let (_, layer, weighted) = network.weighted_layers().next().expect("one layer");
    let analog = AnalogLayer::new((layer, weighted), &placement.layers()[0], arch, CHIP).expect("readable");
    let product = analog.multiply(0, image).expect("a matrix stands for the arrays");
    let reference = product.products.iter().zip(product.input_sums).map(|(product, sum)| product + beta * sum);
    (emulated, reference.collect())
}

fn random_layer(seed: u64, (rows, outputs): (usize, usize), bits: u32) -> (Network, Vec<u16>) {
    let mut random = SplitMix64::new(seed);
    let max = (1 << bits) - 1;
    let codes = (0..rows * outputs).map(|_| random.integer(0..=max) as u16).collect();
    let codes = Array2::from_shape_vec((outputs, rows), codes).expect("a matrix");
    let image = (0..rows).map(|_| random.integer(0..=7) as u16).collect();
    (linear(CodeFormat::unsigned(3), bits, codes, -2), image)
}

fn drift() -> DriftSpec {
    let (time, reference) = (Time::from_seconds(3600.0), Time::from_seconds(1.0));
    DriftSpec { time, reference, exponent_mean: -0.02, exponent_sigma: 0.01 }
}

#[derive(Clone, Debug)]
pub(super) struct Hardware {
    variation: Option<VariationSpec>,
    faults: Option<FaultSpec>,
    drift: Option<DriftSpec>,
    read_noise: Option<ReadNoiseSpec>,
    wiring: WiringSpec,
    on_off: OnOff,
    pub(super) dac_bits: u32,
    active: u32,
    flip: FlipEncoding,
    has_bias_column: bool,
}

pub(super) fn hardware() -> impl Strategy<Value = Hardware> {
    let variation = prop_oneof![
        Just(None),
        Just(Some(VariationSpec::GaussianOfRange(0.1))),
        Just(Some(VariationSpec::GaussianOfTarget(0.1))),
        Just(Some(VariationSpec::Lognormal(0.2))),
    ];
    let faults = prop_oneof![Just(None), Just(Some(FaultSpec { stuck_lrs: 0.05, stuck_hrs: 0.05 }))];
    let drift = prop_oneof![Just(None), Just(Some(drift()))];
    let wiring = prop_oneof![
        Just(WiringSpec::IDEAL),
        Just(WiringSpec { segment: Resistance::from_ohms(20.0), ..WiringSpec::IDEAL }),
        Just(WiringSpec { access: Resistance::from_ohms(2000.0), ..WiringSpec::IDEAL }),
    ];
    let on_off = prop_oneof![Just(OnOff::Infinite), Just(OnOff::Ratio(20.0))];
    let flip = prop_oneof![Just(FlipEncoding::Off), Just(FlipEncoding::On)];
    (variation, faults, drift, wiring, on_off, 1u32..=3, prop_oneof![Just(32u32), Just(9)], flip, any::<bool>())
        .prop_map(|(variation, faults, drift, wiring, on_off, dac_bits, active, flip, has_bias_column)| Hardware {
            variation,
            faults,
            drift,
            read_noise: None,
            wiring,
            on_off,
            dac_bits,
            active,
            flip,
            has_bias_column,
        })
}

/// With an ADC whose steps are 1/16 level and a bias column of 16 bits.
fn arch(hardware: Hardware) -> Arch {
    arch_with(hardware, |_| {})
}

pub(super) fn arch_with(hardware: Hardware, change: impl FnOnce(&mut MappingSpec)) -> Arch {
    toy_with(|chip, mapping| {
        let ima = &mut chip.tile.ima;
        let Hardware { variation, faults, drift, read_noise, .. } = hardware;
        ima.crossbar.cell.non_idealities =
            NonIdealities { variation, faults, drift, read_noise, ..NonIdealities::NONE };
        ima.crossbar.cell.on_off = hardware.on_off;
        ima.crossbar.wiring = hardware.wiring;
        ima.crossbar.active_word_lines = hardware.active;
        ima.dac.bits = hardware.dac_bits;
        ima.adc.bits = 16;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 0.0625 };
        mapping.flip_encoding = hardware.flip;
        if hardware.has_bias_column {
            let (place, converter) = (BiasColumnPlace::Extra, BiasConverter::Own);
            mapping.bias = BiasSource::Columns(BiasColumnsSpec::one(place, converter, 16));
        }
        change(mapping);
    })
}

proptest! {
    #[test]
    fn prop_drawn_cells_give_what_the_reference_gives_but_for_rounding(hardware in hardware(), seed in any::<u64>()) {
        let (rows, bits) = (70, 4);
        let (network, image) = random_layer(seed, (rows, 20), bits);
        let dac_bits = hardware.dac_bits;
        // Estimates of a bias column are whole numbers: a rounded cell may turn one over to the next.
        let per_read = if hardware.has_bias_column { 3.0 + 1.0 } else { 0.0 };
        let (emulated, reference) = both(&network, &arch(hardware), &image, -2.0);
        // A cell is off by at most half a unit, g₀ too, and a conversion by a step; for inputs up to 7 and weights of
        // two slices worth 1 and 4. A read of the array has at least 9 of the rows and each slice of the inputs.
        let inputs: f64 = image.iter().map(|&code| f64::from(code)).sum();
        let reads = (rows as f64 / 9.0).ceil() + 3.0;
        let slices: f64 = (0..3u32.div_ceil(dac_bits)).map(|slice| f64::from(1 << (slice * dac_bits))).sum();
        let bound = 5.0 * (2.0 * inputs / 256.0 + reads * slices * (0.0625 + per_read)) + 2.0 * per_read * reads * slices;
        for (emulated, reference) in emulated.iter().zip(&reference) {
            prop_assert!((emulated - reference).abs() <= bound, "{} {} within {}", emulated, reference, bound);
        }
    }
}

#[test]
fn errors_change_sums_as_much_as_they_should() {
    let sigma = 0.1;
    let arch = arch(Hardware {
        variation: Some(VariationSpec::GaussianOfTarget(sigma)),
        read_noise: None,
        faults: None,
        drift: None,
        wiring: WiringSpec::IDEAL,
        on_off: OnOff::Infinite,
        dac_bits: 3,
        active: 32,
        flip: FlipEncoding::Off,
        has_bias_column: false,
    });
    // 400 outputs of one slice, the same weights and inputs: errors of their own.
    let n_outputs = 400;
    let codes = Array2::from_elem((n_outputs, 30), 2);
    let network = linear(CodeFormat::unsigned(3), 2, codes, 0);
    let placement = map(&network, &arch).expect("fits");
    let emulator = Emulator::of_chip(&network, &arch, &placement, None, CHIP).expect("emulable");
    let sums = sums(&network, &[5; 30], emulator.mvm());
    let errors: Vec<_> = sums[0].1.iter().map(|&sum| sum as f64 / 128.0 - 300.0).collect();
    // Each cell's error has the deviation σ·2, times 5, over 30 cells.
    let expected = sigma * 2.0 * 5.0 * 30f64.sqrt();
    let variance = errors.iter().map(|error| error * error).sum::<f64>() / n_outputs as f64;
    // Four deviations of the mean of n squares: √(2/n).
    let bound = 4.0 * (2.0 / n_outputs as f64).sqrt();
    assert!((variance / expected.powi(2) - 1.0).abs() < bound, "{variance}");
}

#[test]
fn cells_stuck_at_their_ends_give_the_sum_of_the_inputs() {
    let stuck = |stuck_lrs, stuck_hrs| {
        let arch = toy_with(|chip, _| {
            let faults = Some(FaultSpec { stuck_lrs, stuck_hrs });
            chip.tile.ima.crossbar.cell.non_idealities.faults = faults;
        });
        let network = linear(CodeFormat::unsigned(1), 2, ndarray::array![[1, 2, 0, 3], [0, 0, 0, 0]], 0);
        let placement = map(&network, &arch).expect("fits");
        let emulator = Emulator::new(&network, &arch, &placement, None).expect("emulable");
        sums(&network, &[1, 1, 0, 1], emulator.mvm())[0].1.clone()
    };
    assert_eq!(stuck(1.0, 0.0), [9 * 128, 9 * 128]);
    assert_eq!(stuck(0.0, 1.0), [0, 0]);
    assert_eq!(stuck(0.0, 0.0), [6 * 128, 0]);
}

#[test]
fn an_adc_with_errors_displaces_codes() {
    let sum = |errors: AdcErrors, codes: [u16; 4]| {
        let arch = toy_with(|chip, _| {
            chip.tile.ima.adc.bits = 3;
            chip.tile.ima.adc.errors = errors.clone();
        });
        let codes = Array2::from_shape_vec((1, 4), codes.to_vec()).expect("one output");
        let network = linear(CodeFormat::unsigned(1), 2, codes, 0);
        let emulator = super::emulator(&network, &arch).expect("emulable");
        sums(&network, &[1; 4], emulator.mvm())[0].1[0] / 128
    };
    assert_eq!(sum(AdcErrors::NONE, [1, 2, 1, 0]), 4);
    assert_eq!(sum(AdcErrors { offset: -1.5, ..AdcErrors::NONE }, [1, 2, 1, 0]), 3, "2.5 steps are code 3");
    assert_eq!(sum(AdcErrors { gain: 0.5, ..AdcErrors::NONE }, [1, 2, 1, 0]), 6);
    // The fourth transition moves from 3.5 to 4.25.
    let inl = vec![0.0, 0.0, 0.0, 0.75, 0.0, 0.0, 0.0];
    assert_eq!(sum(AdcErrors { inl, ..AdcErrors::NONE }, [1, 2, 1, 0]), 3);
}

#[test]
fn chips_of_a_seed_differ_and_each_is_the_same_again() {
    let arch = toy_with(|chip, _| {
        chip.tile.ima.crossbar.cell.non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.1));
    });
    let (network, image) = random_layer(1, (40, 4), 4);
    let placement = map(&network, &arch).expect("fits");
    let chip = |seed, chip| {
        let emulator = Emulator::of_chip(&network, &arch, &placement, None, ChipSeed { seed, chip }).expect("emulable");
        sums(&network, &image, emulator.mvm())
    };
    assert_eq!(chip(1, 1), chip(1, 1));
    assert_ne!(chip(1, 1), chip(1, 2));
    assert_ne!(chip(1, 1), chip(2, 1));
}

#[test]
fn read_noise_has_the_deviation_of_the_driven_cells() {
    let sigma = 0.05;
    let arch = arch(Hardware {
        variation: None,
        read_noise: Some(ReadNoiseSpec::OfRange(sigma)),
        faults: None,
        drift: None,
        wiring: WiringSpec::IDEAL,
        on_off: OnOff::Infinite,
        dac_bits: 1,
        active: 32,
        flip: FlipEncoding::Off,
        has_bias_column: false,
    });
    let n_outputs = 1000;
    let network = linear(CodeFormat::unsigned(3), 2, Array2::from_elem((n_outputs, 30), 2), 0);
    let placement = map(&network, &arch).expect("fits");
    let emulator = Emulator::of_chip(&network, &arch, &placement, None, CHIP).expect("emulable");
    let errors = |emulator: &Emulator<'_>| -> Vec<f64> {
        let sums = sums(&network, &[5; 30], emulator.mvm());
        sums[0].1.iter().map(|&sum| sum as f64 / 128.0 - 300.0).collect()
    };
    let found = errors(&emulator);
    // In reads worth 1 and 4, deviation 0.05·3 of each of 30 cells; and of the ADC's steps of 1/16.
    let of_read = 0.15f64.powi(2) * 30.0 + 0.0625f64.powi(2) / 12.0;
    let expected = of_read * (1.0 + 16.0);
    let variance = found.iter().map(|error| error * error).sum::<f64>() / n_outputs as f64;
    let mean = found.iter().sum::<f64>() / n_outputs as f64;
    // Four deviations of the mean of n squares, √(2/n), and of n numbers.
    let n = n_outputs as f64;
    assert!((variance / expected - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{variance} {expected}");
    assert!(mean.abs() < 4.0 * (expected / n).sqrt(), "{mean}");
    assert_eq!(found, errors(&emulator), "the same read of the same image");
    let other = ChipSeed { chip: 3, ..CHIP };
    let other = Emulator::of_chip(&network, &arch, &placement, None, other).expect("emulable");
    assert_ne!(found, errors(&other));
}
