//! Pairs whose currents are subtracted before conversion.

use ndarray::{Array2, array};
use proptest::prelude::*;
use rebias_arch::testing::toy_with;
use rebias_arch::{
    Arch, BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSource, FlipEncoding, MappingSpec, PairSubtraction,
};
use rebias_converter::AdcRange;
use rebias_crossbar::{NonIdealities, OnOff, ReadNoiseSpec, VariationSpec};
use rebias_kernels::Kernel;
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, SplitMix64, random_image, random_network};
use rebias_network::{
    CodeFormat, LayerDef, LayerInput, Minus, Network, OpDef, OutputFormat, OutputTensors, Representation, Scales,
    Shape, Tensors, WeightsDef,
};
use rebias_tile::{BiasConverter, ImaSpec};
use rebias_units::Action;

use super::drawn::{self, both};
use super::exactness::hardware;
use super::{emulated_sums, exact_sums, random_samples, sums};
use crate::{EmulateOptions, Emulator};

/// A linear layer of pairs of codes, each side `[out][row]`.
fn linear(input: CodeFormat, weight_bits: u32, plus: Array2<u16>, minus: Array2<u16>) -> Network {
    let (out_channels, rows) = plus.dim();
    let tensors = Tensors {
        codes: plus,
        minus: Some(Minus { codes: minus, ratio: vec![1] }),
        alpha: vec![1.0],
        beta: vec![0],
        beta_fraction_bits: 0,
        output: OutputTensors::Logits { scale: vec![1.0; out_channels], offset: vec![0.0; out_channels] },
    };
    let weights = WeightsDef {
        out_channels,
        weight_bits,
        representation: Representation::Pair(Scales::One),
        output: OutputFormat::Logits,
        tensors: Some(tensors),
    };
    let layer = LayerDef { name: "only".to_owned(), input: LayerInput::Network, op: OpDef::Linear(weights) };
    Network::new("pairs", Shape::new(rows, 1, 1), input, vec![layer]).expect("a valid network")
}

fn with(change: impl FnOnce(&mut ImaSpec, &mut MappingSpec)) -> Arch {
    toy_with(|chip, mapping| {
        mapping.pairs = PairSubtraction::Analog;
        change(&mut chip.tile.ima, mapping);
    })
}

/// Y in levels of one output with 2-bit sides for inputs of 0 and 1.
fn sum(arch: &Arch, plus: [u16; 4], minus: [u16; 4], image: [u16; 4]) -> f64 {
    let side = |codes: [u16; 4]| Array2::from_shape_vec((1, 4), codes.to_vec()).expect("one output of four rows");
    let network = linear(CodeFormat::unsigned(1), 2, side(plus), side(minus));
    emulated_sums(&network, arch, &image)[0].1[0] as f64 / 128.0
}

fn coarse(bits: u32) -> Arch {
    with(|ima, _| {
        ima.adc.bits = bits;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
    })
}

#[test]
fn one_signed_conversion_is_made_of_a_difference() {
    // Codes −4 … 3 of 2.5 levels. 6 − 6 = 0 is exact, where each side would be rounded to 5.
    assert_eq!(sum(&coarse(3), [3, 2, 1, 0], [0, 1, 2, 3], [1; 4]), 0.0);
    // 6 − 2 = 4 is 1.6 steps; the other way round −1.6, and both are rounded to the nearest.
    assert_eq!(sum(&coarse(3), [3, 3, 0, 0], [0, 0, 2, 0], [1; 4]), 5.0);
    assert_eq!(sum(&coarse(3), [0, 0, 2, 0], [3, 3, 0, 0], [1; 4]), -5.0);
    // ±12 beside codes −2 … 1.
    assert_eq!(sum(&coarse(2), [3; 4], [0; 4], [1; 4]), 2.5);
    assert_eq!(sum(&coarse(2), [0; 4], [3; 4], [1; 4]), -5.0);
}

#[test]
fn the_floor_of_cells_cancels() {
    // g₀ = 1 level in every cell.
    let arch = with(|ima, _| {
        ima.crossbar.cell.on_off = OnOff::Ratio(4.0);
        ima.adc.bits = 3;
        ima.adc.range = AdcRange::Fixed { low: 0.0, step: 2.5 };
    });
    assert_eq!(sum(&arch, [3, 3, 0, 0], [0, 0, 2, 0], [1; 4]), 5.0);
}

#[test]
fn conversions_are_halved_and_no_inputs_counted() {
    let codes = || Array2::from_elem((3, 5), 1);
    let network = linear(CodeFormat::unsigned(2), 4, codes(), codes());
    let counts = |pairs, source| {
        let arch = with(|_, mapping| (mapping.pairs, mapping.bias) = (pairs, source));
        let emulator = Emulator::new(&network, &arch, &map(&network, &arch).expect("fits"), None).expect("emulable");
        let options = EmulateOptions { images: None, progress: &|_| {} };
        let counts = emulator.emulate(&random_samples(&network, 1), options).expect("an image").layers[0].counts;
        [Action::AdcConversion, Action::SampleHold, Action::ShiftAdd, Action::BiasConversion, Action::BiasCount]
            .map(|action| counts[action])
    };
    let column = BiasSource::Columns(BiasColumnsSpec::one(BiasColumnPlace::Extra, BiasConverter::Own, 8));
    // Two reads of three outputs with two slices on either side.
    let n = 2 * 3 * 2 * 2;
    assert_eq!(counts(PairSubtraction::Digital, column), [n, n + 2, n + 2, 2, 0]);
    for source in [column, BiasSource::DigitalCount] {
        assert_eq!(counts(PairSubtraction::Analog, source), [n / 2, n / 2, n / 2, 0, 0]);
    }
}

#[test]
fn the_mean_error_of_a_difference_is_taken_off() {
    let calibration = BiasCalibrationSpec {
        adc_bits: 16,
        adc_noise: 0.0,
        full_scale: None,
        repeats: 1,
        rows_per_read: None,
        fraction_bits: 7,
        interval: None,
    };
    let column = BiasSource::Columns(BiasColumnsSpec::one(BiasColumnPlace::Extra, BiasConverter::Own, 8));
    let arch = |source| {
        with(|ima, mapping| {
            ima.crossbar.cell.non_idealities = super::bias::halved();
            ima.adc.bits = 16;
            ima.adc.range = AdcRange::Fixed { low: 0.0, step: 1.0 / 128.0 };
            (mapping.calibration, mapping.bias) = (Some(calibration), source);
        })
    };
    let sum = |source, image| sum(&arch(source), [3, 2, 1, 0], [0, 0, 2, 0], image);
    assert_eq!(sum(BiasSource::DigitalCount, [1; 4]), 4.0);
    // Half of 3, and for one of four inputs a quarter of the 2 that are lost.
    assert_eq!(sum(BiasSource::DigitalCount, [1, 0, 0, 0]), 1.5 + 0.5);
    // The cells of a bias column have lost half as well: it sees 2 of 4 inputs.
    assert_eq!(sum(column, [1; 4]), 2.0 + 2.0 * 0.5);
}

/// A layer of random pairs for inputs of 3 bits.
fn random_pairs(seed: u64, (rows, outputs): (usize, usize), bits: u32) -> (Network, Vec<u16>) {
    let mut random = SplitMix64::new(seed);
    let mut side = || {
        let codes = (0..rows * outputs).map(|_| random.integer(0..=(1 << bits) - 1) as u16).collect();
        Array2::from_shape_vec((outputs, rows), codes).expect("a matrix")
    };
    let network = linear(CodeFormat::unsigned(3), bits, side(), side());
    let image = (0..rows).map(|_| random.integer(0..=7) as u16).collect();
    (network, image)
}

#[test]
fn every_kernel_gives_the_same_of_noisy_pairs() {
    let arch = with(|ima, _| {
        let non_idealities = &mut ima.crossbar.cell.non_idealities;
        non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.1));
        non_idealities.read_noise = Some(ReadNoiseSpec::OfRange(0.05));
        ima.adc.bits = 5;
        ima.adc.range = AdcRange::FullScale;
    });
    let (network, image) = random_pairs(3, (70, 9), 4);
    let placement = map(&network, &arch).expect("fits");
    let of = |kernel| {
        let emulator = Emulator::with_kernel(&network, &arch, &placement, (None, kernel)).expect("emulable");
        sums(&network, &image, emulator.mvm())
    };
    for kernel in Kernel::available() {
        assert_eq!(of(kernel), of(Kernel::SCALAR), "{kernel:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn prop_pairs_subtracted_before_conversion_give_the_integer_networks_sums(
        mut hardware in hardware(),
        variation in prop_oneof![Just(None), Just(Some(VariationSpec::GaussianOfRange(0.0)))],
        seed: u64,
    ) {
        // 24 bits with a sign count 2²³.
        prop_assume!(hardware.cell_bits <= 7 && hardware.max_column_sum() < 1 << 23);
        let recipe = RandomNetwork { representation: Representation::Pair(Scales::One), ..RandomNetwork::default() };
        let network = random_network(seed, &recipe);
        let image = random_image(seed, &network);
        hardware.bit_lines += 16;
        let arch = hardware.arch_with(|ima, mapping| {
            ima.adc.range = AdcRange::LosslessStep;
            // Drawn cells whose errors are none go another way.
            ima.crossbar.cell.non_idealities = NonIdealities { variation, ..NonIdealities::NONE };
            mapping.pairs = PairSubtraction::Analog;
        });
        prop_assert_eq!(emulated_sums(&network, &arch, &image), exact_sums(&network, &image));
    }
}

proptest! {
    #[test]
    fn prop_drawn_pairs_give_what_the_reference_gives_but_for_rounding(
        hardware in drawn::hardware(),
        seed in any::<u64>(),
    ) {
        let rows = 70;
        let (network, image) = random_pairs(seed, (rows, 9), 4);
        let dac_bits = hardware.dac_bits;
        let arch = drawn::arch_with(hardware, |mapping| mapping.pairs = PairSubtraction::Analog);
        let (emulated, reference) = both(&network, &arch, &image, 0.0);
        // Two cells are off by half a unit each, and a conversion by a step; otherwise as for single cells.
        let inputs: f64 = image.iter().map(|&code| f64::from(code)).sum();
        let reads = (rows as f64 / 9.0).ceil() + 3.0;
        let slices: f64 = (0..3u32.div_ceil(dac_bits)).map(|slice| f64::from(1 << (slice * dac_bits))).sum();
        let bound = 5.0 * (2.0 * inputs / 256.0 + reads * slices * 0.0625);
        for (emulated, reference) in emulated.iter().zip(&reference) {
            prop_assert!((emulated - reference).abs() <= bound, "{} {} within {}", emulated, reference, bound);
        }
    }
}

#[test]
fn columns_of_pairs_are_not_complemented() {
    let arch = with(|ima, mapping| {
        ima.crossbar.cell.non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.01));
        mapping.flip_encoding = FlipEncoding::On;
    });
    let network = linear(CodeFormat::unsigned(1), 2, array![[3, 3, 3, 3]], array![[3, 3, 3, 2]]);
    let (emulated, reference) = both(&network, &arch, &[1; 4], 0.0);
    assert_eq!((emulated[0].round(), reference[0].round()), (1.0, 1.0));
}
