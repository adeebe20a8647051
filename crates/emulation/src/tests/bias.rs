//! Sources of the bias: references, columns of bias, calibrated bias.

use ndarray::{Array2, array};
use proptest::prelude::*;
use rebias_arch::testing::toy_with;
use rebias_arch::{
    Arch, BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, EdgeCells, EdgeLayersSpec,
    FlipEncoding, MappingSpec, ReferenceLevel, ReferenceSpec, Remainder,
};
use rebias_converter::AdcRange;
use rebias_crossbar::{ChipSeed, DriftSpec, NonIdealities, OnOff, ReadNoiseSpec, VariationSpec};
use rebias_mapper::map;
use rebias_network::CodeFormat;
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_tile::{BiasConverter, ImaSpec};
use rebias_units::{Action, Time};

use super::exactness::{Hardware, hardware};
use super::{emulated_sums, emulator, exact_sums, linear, random_samples, sums};
use crate::{EmulateOptions, Emulator};

const CALIBRATION: BiasCalibrationSpec = BiasCalibrationSpec {
    adc_bits: 16,
    adc_noise: 0.0,
    full_scale: None,
    repeats: 1,
    rows_per_read: None,
    fraction_bits: 7,
    interval: None,
};

const COLUMNS: BiasColumnsSpec = BiasColumnsSpec::one(BiasColumnPlace::Extra, BiasConverter::Own, 8);

fn reference(level: ReferenceLevel, remainder: Remainder) -> BiasSource {
    // A device of 3 levels of 4, as `cell.device_bits` is 2.
    BiasSource::Reference(ReferenceSpec { level, remainder, place: BiasColumnPlace::Extra, device_step: 1.0 })
}

/// Y in levels of one output with 2-bit weights for inputs of 0 and 1.
fn sum(arch: &Arch, codes: [u16; 4], beta: i32, image: [u16; 4]) -> f64 {
    let codes = Array2::from_shape_vec((1, 4), codes.to_vec()).expect("one output of four rows");
    let network = linear(CodeFormat::unsigned(1), 2, codes, beta);
    emulated_sums(&network, arch, &image)[0].1[0] as f64 / 128.0
}

fn with(change: impl FnOnce(&mut ImaSpec, &mut MappingSpec)) -> Arch {
    toy_with(|chip, mapping| change(&mut chip.tile.ima, mapping))
}

#[test]
fn a_reference_is_subtracted_before_a_signed_converter() {
    // Codes −4 … 3 of 2.5 levels.
    let arch = with(|ima, mapping| {
        ima.adc.bits = 3;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
        mapping.bias = reference(ReferenceLevel::All(1.5), Remainder::Digital);
    });
    // 6 − 1.5·4 = 0 is exact, whatever the step.
    assert_eq!(sum(&arch, [3, 2, 1, 0], 0, [1; 4]), 6.0);
    // 10 − 6 = 4 is 1.6 steps: 5, and 6 again.
    assert_eq!(sum(&arch, [3, 3, 3, 1], 0, [1; 4]), 11.0);
    // 1 − 6 = −5 is −2 steps.
    assert_eq!(sum(&arch, [0, 0, 0, 1], 0, [1; 4]), 1.0);
    // Of two inputs: 6 − 3 = 3 is 1.2 steps; and β = −1.
    assert_eq!(sum(&arch, [3, 3, 3, 1], -1, [1, 1, 0, 0]), 2.5 + 3.0 - 2.0);
}

#[test]
fn a_signed_converter_clips_on_both_sides() {
    let arch = with(|ima, mapping| {
        ima.adc.bits = 2;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
        mapping.bias = reference(ReferenceLevel::All(1.5), Remainder::Digital);
    });
    // ±6 beside codes −2 … 1.
    assert_eq!(sum(&arch, [3; 4], 0, [1; 4]), 2.5 + 6.0);
    assert_eq!(sum(&arch, [0; 4], 0, [1; 4]), -5.0 + 6.0);
}

#[test]
fn a_reference_takes_the_floor_of_cells_away() {
    // g₀ = 1 level in every cell, those of the reference too.
    let arch = with(|ima, mapping| {
        ima.crossbar.cell.on_off = OnOff::Ratio(4.0);
        ima.adc.bits = 3;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
        mapping.bias = reference(ReferenceLevel::All(1.5), Remainder::Digital);
    });
    assert_eq!(sum(&arch, [3, 3, 3, 1], 0, [1; 4]), 11.0);
}

#[test]
fn a_reference_at_minus_beta_leaves_nothing_to_count() {
    let arch = with(|_, mapping| mapping.bias = reference(ReferenceLevel::MinusBeta, Remainder::Digital));
    let counts = |beta| {
        let network = linear(CodeFormat::unsigned(1), 2, array![[3, 2, 1, 0]], beta);
        let placement = map(&network, &arch).expect("fits");
        let emulator = Emulator::new(&network, &arch, &placement, None).expect("emulable");
        let options = EmulateOptions { images: None, progress: &|_| {} };
        emulator.emulate(&random_samples(&network, 1), options).expect("an image").layers[0].counts
    };
    for beta in [-2, -1, 0] {
        assert_eq!(sum(&arch, [3, 2, 1, 0], beta, [1, 1, 0, 1]), f64::from(5 + 3 * beta));
        let counts = counts(beta);
        assert_eq!((counts[Action::BiasCount], counts[Action::BiasMultiply]), (0, 0), "{beta}");
    }
    // No level is above 3: what is left of 5 is digital.
    assert_eq!(sum(&arch, [3, 2, 1, 0], -5, [1, 1, 0, 1]), -10.0);
    let counts = counts(-5);
    assert_eq!((counts[Action::BiasCount], counts[Action::BiasMultiply]), (4, 1));
}

#[test]
fn what_a_reference_leaves_may_be_dropped() {
    let arch = with(|_, mapping| mapping.bias = reference(ReferenceLevel::All(1.5), Remainder::Dropped));
    // Of β = −2 the half that is left of it.
    assert_eq!(sum(&arch, [3, 2, 1, 0], -2, [1, 1, 0, 1]), 5.0 - 1.5 * 3.0);
}

/// All cells lose half of their conductance.
pub(super) fn halved() -> NonIdealities {
    let (time, reference) = (Time::from_seconds(4.0), Time::from_seconds(1.0));
    let drift = DriftSpec { time, reference, exponent_mean: -0.5, exponent_sigma: 0.0 };
    NonIdealities { drift: Some(drift), ..NonIdealities::NONE }
}

#[test]
fn the_mean_error_of_a_column_is_taken_off_for_each_input() {
    let calibrated = |calibration| {
        with(|ima, mapping| {
            ima.crossbar.cell.non_idealities = halved();
            ima.adc.bits = 16;
            ima.adc.range = AdcRange::Fixed { low: 0.0, step: 1.0 / 128.0 };
            mapping.calibration = calibration;
        })
    };
    let codes = [3, 2, 1, 0];
    assert_eq!(sum(&calibrated(None), codes, 0, [1; 4]), 3.0);
    // δ = (3 − 6)/4.
    let arch = calibrated(Some(CALIBRATION));
    assert_eq!(sum(&arch, codes, 0, [1; 4]), 6.0);
    assert_eq!(sum(&arch, codes, 0, [1, 0, 0, 0]), 1.5 + 0.75);
    // Without fraction bits δ = ⌊−0.75 + ½⌋.
    let coarse = calibrated(Some(BiasCalibrationSpec { fraction_bits: 0, ..CALIBRATION }));
    assert_eq!(sum(&coarse, codes, 0, [1; 4]), 3.0 + 4.0);
    // A read of one bit is 0 or the full scale of 12: 3 is 0, and δ = −6/4.
    let blind = calibrated(Some(BiasCalibrationSpec { adc_bits: 1, rows_per_read: Some(4), ..CALIBRATION }));
    assert_eq!(sum(&blind, codes, 0, [1; 4]), 3.0 + 6.0);
    // Read two rows at a time, 2.5 and 0.5 of 6: 0 and 0 again.
    let apart = BiasCalibrationSpec { adc_bits: 1, rows_per_read: Some(2), ..CALIBRATION };
    assert_eq!(sum(&calibrated(Some(apart)), codes, 0, [1; 4]), 3.0 + 6.0);
    // 3 of a range up to 2 is 2: δ = (2 − 6)/4.
    let narrow = BiasCalibrationSpec { adc_bits: 1, adc_noise: 0.0, full_scale: Some(2.0), ..CALIBRATION };
    assert_eq!(sum(&calibrated(Some(narrow)), codes, 0, [1; 4]), 3.0 + 4.0);
}

#[test]
fn a_calibration_takes_off_what_cells_had_lost_when_they_were_read() {
    // Cells lose half of their conductance in 4 s, a quarter in (4/3)² s; t₀ is 1 s.
    let calibrated = |interval: Option<f64>| {
        with(|ima, mapping| {
            ima.crossbar.cell.non_idealities = halved();
            ima.adc.bits = 16;
            ima.adc.range = AdcRange::Fixed { low: 0.0, step: 1.0 / 128.0 };
            let interval = interval.map(Time::from_seconds);
            mapping.calibration = Some(BiasCalibrationSpec { interval, ..CALIBRATION });
        })
    };
    // Of 6 levels 3 are left; cells that are read just before have their whole loss taken off.
    assert_eq!(sum(&calibrated(None), [3, 2, 1, 0], 0, [1; 4]), 6.0);
    // Read after 16/9 s they had lost 6/4.
    let found = sum(&calibrated(Some(4.0 - 16.0 / 9.0)), [3, 2, 1, 0], 0, [1; 4]);
    assert!((found - 4.5).abs() < 4.0 / 128.0, "{found}");
    // First read at t₀, they had lost nothing.
    for interval in [3.0, 3.5, 1e9] {
        assert_eq!(sum(&calibrated(Some(interval)), [3, 2, 1, 0], 0, [1; 4]), 3.0, "{interval}");
    }
}

#[test]
fn flipped_columns_and_references_are_calibrated_too() {
    let arch = |source, flip| {
        with(|ima, mapping| {
            ima.crossbar.cell.non_idealities = halved();
            ima.adc.bits = 16;
            ima.adc.range = AdcRange::Fixed { low: 0.0, step: 1.0 / 128.0 };
            (mapping.bias, mapping.flip_encoding) = (source, flip);
            mapping.calibration = Some(CALIBRATION);
        })
    };
    let flipped = arch(BiasSource::DigitalCount, FlipEncoding::On);
    assert_eq!(sum(&flipped, [3, 3, 2, 1], 0, [1; 4]), 9.0);
    let referred = arch(reference(ReferenceLevel::All(1.5), Remainder::Digital), FlipEncoding::Off);
    assert_eq!(sum(&referred, [3, 3, 2, 1], 0, [1; 4]), 9.0);
    // Σ(q − 1.5) of the first two is 3, half of it 1.5; δ = (1.5 − 3)/4 for each of two inputs.
    assert_eq!(sum(&referred, [3, 3, 2, 1], 0, [1, 1, 0, 0]), 1.5 + 0.75 + 3.0);
}

#[test]
fn repeated_reads_average_their_noise() {
    let delta_error = |repeats| {
        let arch = with(|ima, mapping| {
            ima.crossbar.cell.non_idealities.read_noise = Some(ReadNoiseSpec::OfRange(0.2));
            mapping.calibration = Some(BiasCalibrationSpec { repeats, ..CALIBRATION });
        });
        let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((400, 30), 2), 0);
        let emulator = emulator(&network, &arch).expect("emulable");
        let blocks = emulator.layers()[0].arrays.column_blocks.iter();
        let squares: Vec<_> =
            blocks.flat_map(|block| &block.corrections).map(|&delta| (delta as f64).powi(2)).collect();
        squares.iter().sum::<f64>() / squares.len() as f64
    };
    // Deviation 0.2·3·√30/30 levels; the rounding of δ to units adds 1/12.
    let once = (0.6f64 * 128.0).powi(2) / 30.0;
    let bound = 4.0 * (2.0f64 / 400.0).sqrt();
    assert!((delta_error(1) / (once + 1.0 / 12.0) - 1.0).abs() < bound);
    assert!((delta_error(16) / (once / 16.0 + 1.0 / 12.0) - 1.0).abs() < bound);
}

#[test]
fn redundant_columns_halve_the_deviation_of_the_sum_of_inputs() {
    let error = |n| {
        let arch = with(|ima, mapping| {
            ima.crossbar.cell.non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.5));
            mapping.bias = BiasSource::Columns(BiasColumnsSpec { n, adc_bits: 16, ..COLUMNS });
        });
        let network = linear(CodeFormat::unsigned(1), 2, Array2::zeros((1, 32)), 1);
        let placement = map(&network, &arch).expect("fits");
        let square = |chip| {
            let chip = ChipSeed { seed: 3, chip };
            let emulator = Emulator::of_chip(&network, &arch, &placement, None, chip).expect("emulable");
            // Cells of level 0 that fall below 0 are cut off, and add to the sum: two networks differ by β·Ŝ alone.
            let with_beta = sums(&network, &[1; 32], emulator.mvm())[0].1[0];
            let without = linear(CodeFormat::unsigned(1), 2, Array2::zeros((1, 32)), 0);
            let emulator = Emulator::of_chip(&without, &arch, &placement, None, chip).expect("emulable");
            let estimate = (with_beta - sums(&without, &[1; 32], emulator.mvm())[0].1[0]) / 128;
            (estimate - 32) as f64
        };
        let errors: Vec<_> = (0..300).map(square).collect();
        let mean = errors.iter().sum::<f64>() / 300.0;
        errors.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / 300.0
    };
    let (one, four) = (error(1), error(4));
    assert!((2.5..6.0).contains(&(one / four)), "{one} {four}");
}

#[test]
fn edge_layers_have_converters_and_cells_of_their_own() {
    let edge = |cells, adc_bits| {
        with(|ima, mapping| {
            ima.crossbar.cell.non_idealities = halved();
            ima.adc.bits = 1;
            mapping.edge_layers = EdgeLayersSpec { adc_bits, cells };
        })
    };
    // The only layer is an edge: 2 of its 4 levels are left, of which a bit holds one.
    assert_eq!(sum(&edge(EdgeCells::AsOthers, None), [1, 1, 1, 1], 0, [1; 4]), 1.0);
    assert_eq!(sum(&edge(EdgeCells::AsOthers, Some(4)), [1, 1, 1, 1], 0, [1; 4]), 2.0);
    assert_eq!(sum(&edge(EdgeCells::Ideal, Some(4)), [1, 1, 1, 1], 0, [1; 4]), 4.0);
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Columns { sharing: BiasSharing, n: u32 },
    Reference { is_minus_beta: bool, half_steps: u32 },
}

fn source() -> impl Strategy<Value = Source> {
    let sharing = prop_oneof![Just(BiasSharing::Array), Just(BiasSharing::RowBlock)];
    prop_oneof![
        (sharing, 1u32..=3).prop_map(|(sharing, n)| Source::Columns { sharing, n }),
        (any::<bool>(), 0u32..=510)
            .prop_map(|(is_minus_beta, half_steps)| Source::Reference { is_minus_beta, half_steps }),
    ]
}

fn arch(hardware: &Hardware, (source, is_calibrated): (Source, bool)) -> Arch {
    hardware.arch_with(|ima, mapping| {
        mapping.calibration = is_calibrated.then_some(CALIBRATION);
        mapping.bias = match source {
            Source::Columns { sharing, n } => {
                BiasSource::Columns(BiasColumnsSpec { sharing, n, adc_bits: 24, ..COLUMNS })
            }
            Source::Reference { is_minus_beta, half_steps } => {
                mapping.flip_encoding = FlipEncoding::Off;
                ima.adc.range = AdcRange::LosslessStep;
                let device_step = f64::from(ima.crossbar.cell.max_level()) / 255.0;
                let level = match is_minus_beta {
                    true => ReferenceLevel::MinusBeta,
                    false => ReferenceLevel::All(f64::from(half_steps) * device_step / 2.0),
                };
                let (remainder, place) = (Remainder::Digital, BiasColumnPlace::Extra);
                BiasSource::Reference(ReferenceSpec { level, remainder, place, device_step })
            }
        };
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn prop_ideal_sources_of_the_bias_give_the_integer_networks_sums(
        hardware in hardware(),
        source in source(),
        seed: u64,
    ) {
        let is_reference = matches!(source, Source::Reference { .. });
        // Uneven references leave sums in 1/128 of a level, of which 24 bits with a sign count 2²³.
        prop_assume!(!is_reference || hardware.max_column_sum() * 128 < 1 << 23);
        let network = random_network(seed, &RandomNetwork::default());
        let image = random_image(seed, &network);
        let arch = arch(&hardware, (source, false));
        prop_assert_eq!(emulated_sums(&network, &arch, &image), exact_sums(&network, &image));
    }
}
