//! Noise of converters: against the normal distribution, and against the reference in `f64`.

use ndarray::Array2;
use rayon::ThreadPoolBuilder;
use rebias_arch::testing::toy_with;
use rebias_arch::{
    Arch, BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSource, FlipEncoding, MappingSpec, ReferenceLevel,
    ReferenceSpec, Remainder,
};
use rebias_converter::{AdcErrors, AdcRange};
use rebias_crossbar::{ChipSeed, OnOff, ReadNoiseSpec};
use rebias_kernels::Kernel;
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, random_network};
use rebias_network::{CodeFormat, Network};
use rebias_tile::{BiasConverter, ImaSpec};

use super::{emulator, linear, random_samples, sums};
use crate::{AnalogLayer, EmulateOptions, Emulator, Fidelity};

/// 32 × 32 cells of 2 bits, and an ADC of 16 codes in steps of four levels.
fn with(change: impl FnOnce(&mut ImaSpec, &mut MappingSpec)) -> Arch {
    toy_with(|chip, mapping| {
        chip.n_tiles = 1000;
        let ima = &mut chip.tile.ima;
        ima.adc.bits = 4;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 4.0 };
        change(ima, mapping);
    })
}

fn noise(noise: f64) -> AdcErrors {
    AdcErrors { noise, ..AdcErrors::NONE }
}

/// Rows of the same 37 levels in every column.
const ROWS: usize = 30;
const N_OUTPUTS: usize = 4000;

fn same_columns() -> Network {
    let code = |(_, row): (usize, usize)| if row < 7 { 2 } else { 1 };
    linear(CodeFormat::unsigned(1), 2, Array2::from_shape_fn((N_OUTPUTS, ROWS), code), 0)
}

/// What converters should give: the place of the sum in steps above code 0, its deviation, and INL.
struct Expected {
    place: f64,
    sigma: f64,
    inl: Vec<f64>,
}

/// Compares how many columns get at least each code with the normal distribution.
fn check(arch: &Arch, code: impl Fn(f64) -> f64, expected: &Expected) {
    let network = same_columns();
    let sums = sums(&network, &[1; ROWS], emulator(&network, arch).expect("emulable").mvm());
    let codes: Vec<_> = sums[0].1.iter().map(|&sum| code(sum as f64 / 128.0)).collect();
    let n = N_OUTPUTS as f64;
    for k in 1..=15u32 {
        let found = codes.iter().filter(|&&code| code >= f64::from(k)).count() as f64 / n;
        let transition = f64::from(k) - 0.5 + expected.inl.get(k as usize - 1).unwrap_or(&0.0);
        let distance = (expected.place - transition) / expected.sigma;
        let share = 0.5 * (1.0 + libm::erf(distance / std::f64::consts::SQRT_2));
        // Four deviations of a share, and what kernels' samples are off the normal distribution.
        let bound = 4.0 * (share * (1.0 - share) / n).sqrt() + 4e-3;
        assert!((found - share).abs() < bound, "code {k}: {found} {share}");
    }
}

#[test]
fn codes_are_distributed_as_noise_has_it() {
    // 37 levels are 9.25 steps.
    for sigma in [0.1, 0.4, 2.0] {
        let expected = Expected { place: 9.25, sigma, inl: Vec::new() };
        check(&with(|ima, _| ima.adc.errors = noise(sigma)), |sum| sum / 4.0, &expected);
    }
}

#[test]
fn noise_adds_to_that_of_cells() {
    let arch = with(|ima, _| {
        ima.adc.errors = noise(0.3);
        ima.crossbar.cell.non_idealities.read_noise = Some(ReadNoiseSpec::OfRange(0.1));
    });
    // Thirty cells of 0.3 levels each, in steps of 4.
    let of_cells = 0.3 * 30f64.sqrt() / 4.0;
    check(&arch, |sum| sum / 4.0, &Expected { place: 9.25, sigma: of_cells.hypot(0.3), inl: Vec::new() });
}

#[test]
fn noise_is_added_behind_the_gain_and_before_displaced_transitions() {
    let inl: Vec<_> = (0..15).map(|k| if k == 10 { 0.4 } else { 0.0 }).collect();
    let errors = AdcErrors { offset: -0.5, gain: 0.25, inl: inl.clone(), noise: 0.5 };
    let arch = with(|ima, _| ima.adc.errors = errors);
    check(&arch, |sum| sum / 4.0, &Expected { place: 9.25 * 1.25 - 0.5, sigma: 0.5, inl });
}

#[test]
fn signed_converters_are_noisy_too() {
    let arch = with(|ima, mapping| {
        ima.adc.errors = noise(0.4);
        mapping.bias = BiasSource::Reference(ReferenceSpec {
            level: ReferenceLevel::All(1.5),
            remainder: Remainder::Digital,
            place: BiasColumnPlace::Extra,
            device_step: 1.0,
        });
    });
    // 37 − 1.5·30 = −8 levels, counted from −8 steps; 45 are given back.
    check(&arch, |sum| (sum - 45.0) / 4.0 + 8.0, &Expected { place: 6.0, sigma: 0.4, inl: Vec::new() });
}

/// 8-bit converters in steps of a level over noisy cells with a floor: 70 rows on three arrays, some columns complemented.
fn mixed(dac_bits: u32, change: impl FnOnce(&mut MappingSpec)) -> Arch {
    with(|ima, mapping| {
        ima.adc.bits = 8 + dac_bits;
        ima.adc.range = AdcRange::Fixed { low: -8.0, step: 1.0 };
        ima.adc.errors = noise(1.5);
        ima.dac.bits = dac_bits;
        ima.crossbar.cell.on_off = OnOff::Ratio(7.0);
        ima.crossbar.cell.non_idealities.read_noise = Some(ReadNoiseSpec::OfConductance(0.05));
        mapping.flip_encoding = FlipEncoding::On;
        change(mapping);
    })
}

fn bias_column(adc_noise: f64) -> BiasSource {
    let column = BiasColumnsSpec::one(BiasColumnPlace::Extra, BiasConverter::Own, 6);
    BiasSource::Columns(BiasColumnsSpec { adc_noise, ..column })
}

/// Mean and variance of each output's Y over chips whose cells are alike.
fn moments(n_chips: u32, of_chip: impl Fn(ChipSeed) -> Vec<f64>) -> Vec<(f64, f64)> {
    let chips: Vec<_> = (0..n_chips).map(|chip| of_chip(ChipSeed { seed: 5, chip })).collect();
    let n = f64::from(n_chips);
    let moments = |output: usize| {
        let mean = chips.iter().map(|chip| chip[output]).sum::<f64>() / n;
        (mean, chips.iter().map(|chip| (chip[output] - mean).powi(2)).sum::<f64>() / (n - 1.0))
    };
    (0..chips[0].len()).map(moments).collect()
}

fn compare_with_reference(arch: &Arch) {
    let rows = 70;
    let codes = Array2::from_shape_fn((6, rows), |(output, row)| ((output + 2) * (row + 3) % 11 % 4) as u16);
    let network = linear(CodeFormat::unsigned(3), 2, codes, -1);
    let image: Vec<_> = (0..rows).map(|row| (row * 5 % 8) as u16).collect();
    let placement = map(&network, arch).expect("fits");
    let (_, layer, weighted) = network.weighted_layers().next().expect("one layer");
    let n_chips = 600;
    let found = moments(n_chips, |chip| {
        let emulator = Emulator::of_chip(&network, arch, &placement, None, chip).expect("emulable");
        sums(&network, &image, emulator.mvm())[0].1.iter().map(|&sum| sum as f64 / 128.0).collect()
    });
    let expected = moments(n_chips, |chip| {
        let analog = AnalogLayer::new((layer, weighted), &placement.layers()[0], arch, chip).expect("readable");
        let product = analog.multiply(0, &image).expect("a matrix stands for the arrays");
        product.products.iter().zip(product.input_sums).map(|(product, sum)| product - sum).collect()
    });
    for ((mean, variance), (expected_mean, expected)) in found.iter().zip(&expected) {
        // Four deviations of the difference of two means of n numbers, and of the ratio of two variances; a percent for
        // deviations that are rounded.
        let n = f64::from(n_chips);
        assert!((mean - expected_mean).abs() < 4.0 * (2.0 * expected / n).sqrt(), "{mean} {expected_mean}");
        assert!((variance / expected - 1.0).abs() < 4.0 * (4.0 / n).sqrt() + 0.02, "{variance} {expected}");
    }
}

#[test]
fn the_reference_has_the_same_moments() {
    for dac_bits in [1, 2, 3] {
        compare_with_reference(&mixed(dac_bits, |_| {}));
    }
}

#[test]
fn the_reference_has_the_same_moments_with_noisy_bias_columns() {
    for dac_bits in [1, 2] {
        compare_with_reference(&mixed(dac_bits, |mapping| mapping.bias = bias_column(0.7)));
    }
    // Bias columns of exact cells alone are noisy.
    let alone = with(|ima, mapping| {
        ima.adc.bits = 8;
        ima.adc.range = AdcRange::LosslessStep;
        ima.crossbar.cell.on_off = OnOff::Ratio(7.0);
        mapping.flip_encoding = FlipEncoding::On;
        mapping.bias = bias_column(0.7);
    });
    compare_with_reference(&alone);
}

#[test]
fn noise_makes_a_lossless_converter_lossy() {
    let fidelity = |noise_lsb| {
        let arch = with(|ima, _| {
            ima.adc.bits = 8;
            ima.adc.range = AdcRange::LosslessStep;
            ima.adc.errors = noise(noise_lsb);
        });
        let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((4, 30), 1), 0);
        let emulator = emulator(&network, &arch).expect("emulable");
        let options = EmulateOptions { images: None, progress: &|_| {} };
        emulator.emulate(&random_samples(&network, 3), options).expect("images").layers[0].fidelity
    };
    assert_eq!(fidelity(0.0), Fidelity::Lossless);
    assert!(matches!(fidelity(0.1), Fidelity::Lossy(loss) if loss.error_power > 0));
}

#[test]
fn noise_is_the_same_in_every_kernel_and_for_any_threads() {
    let network = random_network(3, &RandomNetwork { n_convs: 2..=2, ..RandomNetwork::default() });
    let samples = random_samples(&network, 70);
    for arch in [mixed(1, |_| {}), mixed(2, |mapping| mapping.bias = bias_column(0.7))] {
        let placement = map(&network, &arch).expect("fits");
        let run = |kernel, n_threads| {
            let pool = ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
            let options = EmulateOptions { images: None, progress: &|_| {} };
            let emulator = Emulator::with_kernel(&network, &arch, &placement, (None, kernel)).expect("emulable");
            let result = pool.install(|| emulator.emulate(&samples, options)).expect("images");
            (result.classes, result.layers)
        };
        let alone = run(Kernel::SCALAR, 1);
        for kernel in Kernel::available() {
            assert_eq!(run(kernel, 3), alone, "{}", kernel.name());
        }
    }
}

#[test]
fn a_calibrating_converter_has_noise_of_its_own() {
    let variance = |adc_noise, repeats| {
        let arch = with(|ima, mapping| {
            ima.adc.bits = 8;
            ima.adc.range = AdcRange::LosslessStep;
            mapping.calibration = Some(BiasCalibrationSpec {
                adc_bits: 16,
                adc_noise,
                full_scale: None,
                repeats,
                rows_per_read: None,
                fraction_bits: 7,
                interval: None,
            });
        });
        let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((1000, 30), 2), 0);
        let emulator = emulator(&network, &arch).expect("emulable");
        let blocks = emulator.layers()[0].arrays.column_blocks.iter();
        let deltas: Vec<_> = blocks.flat_map(|block| &block.corrections).map(|&delta| delta as f64).collect();
        deltas.iter().map(|delta| delta.powi(2)).sum::<f64>() / deltas.len() as f64
    };
    assert_eq!(variance(0.0, 1), 0.0);
    // Steps of a unit, as 3·30 levels are fewer than 2^16; over 30 rows; δ is rounded to units.
    let expected = |repeats: f64| (900.0f64 / 30.0).powi(2) / repeats + 1.0 / 12.0;
    let bound = 4.0 * (2.0f64 / 1000.0).sqrt();
    assert!((variance(900.0, 1) / expected(1.0) - 1.0).abs() < bound);
    assert!((variance(900.0, 4) / expected(4.0) - 1.0).abs() < bound);
}
