//! What emulation counts and reports.

use ndarray::{Array2, array};
use rayon::ThreadPoolBuilder;
use rebias_arch::testing::toy_with;
use rebias_arch::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource};
use rebias_converter::AdcRange;
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, random_network};
use rebias_network::{CodeFormat, Network, SampleSet, Shape};
use rebias_tile::BiasConverter;
use rebias_units::Action;

use super::{emulator, linear, random_samples};
use crate::{EmulateOptions, EmulationError, EmulationResult, Fidelity};

const ALL: EmulateOptions<'_> = EmulateOptions { images: None, progress: &|_| {} };

fn emulate(network: &Network, arch: &Arch, images: &SampleSet) -> EmulationResult {
    emulator(network, arch).and_then(|emulator| emulator.emulate(images, ALL)).expect("emulable")
}

/// Few bits, so that something is lost.
fn lossy() -> Arch {
    toy_with(|chip, _| {
        chip.n_tiles = 1000;
        chip.tile.ima.adc.bits = 3;
        chip.tile.ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
    })
}

#[test]
fn results_are_the_same_for_any_number_of_threads() {
    let network = random_network(11, &RandomNetwork { n_convs: 2..=2, ..RandomNetwork::default() });
    let images = random_samples(&network, 23);
    let on_threads = |n| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
        pool.install(|| emulate(&network, &lossy(), &images))
    };
    let alone = on_threads(1);
    assert_eq!(on_threads(4), alone);
    assert!(alone.layers.iter().any(|layer| matches!(layer.fidelity, Fidelity::Lossy(_))));
}

/// 40 rows on 32 word lines, 16 at a time; 5 outputs of 2 slices on 8 bit lines: two arrays of 4 outputs and 1 in each
/// of two row blocks. Input slices: 3 bits over a 2-bit DAC.
#[test]
fn counts_of_a_small_layer_worked_by_hand() {
    let network = linear(CodeFormat::unsigned(3), 4, Array2::from_elem((5, 40), 9), 1);
    let images = random_samples(&network, 3);
    let with = |bias| {
        let arch = toy_with(|chip, mapping| {
            let ima = &mut chip.tile.ima;
            ima.crossbar.active_word_lines = 16;
            ima.crossbar.bit_lines = 8;
            ima.dac.bits = 2;
            mapping.bias = bias;
        });
        emulate(&network, &arch, &images).layers[0].counts_of_image(3)
    };
    let place = BiasColumnPlace::Extra;
    let column = |converter| BiasSource::Columns(BiasColumnsSpec::one(place, converter, 8));

    // Reads of a position: 2 slices · 2 arrays · (2 reads of 16 + 1 of 8).
    let counts = with(BiasSource::DigitalCount);
    assert_eq!(counts[Action::CrossbarRead], 2 * 2 * 3);
    assert_eq!(counts[Action::DacDrive], 2 * 2 * 40);
    assert_eq!(counts[Action::BiasCount], 2 * 2 * 40);
    assert_eq!(counts[Action::SampleHold], 2 * 3 * (8 + 2));
    assert_eq!(counts[Action::AdcConversion], 2 * 3 * (8 + 2));
    assert_eq!(counts[Action::ShiftAdd], 2 * 3 * (8 + 2));
    assert_eq!(counts[Action::BiasConversion], 0);
    assert_eq!(counts[Action::BiasMultiply], 5);
    assert_eq!(counts[Action::Activation], 0, "logits");

    let counts = with(column(BiasConverter::Own));
    assert_eq!(counts[Action::SampleHold], 2 * 3 * (9 + 3));
    assert_eq!(counts[Action::AdcConversion], 2 * 3 * (8 + 2));
    assert_eq!(counts[Action::BiasConversion], 2 * 3 * 2);
    assert_eq!(counts[Action::ShiftAdd], 2 * 3 * (9 + 3));
    assert_eq!(counts[Action::BiasCount], 0);

    let counts = with(column(BiasConverter::Shared));
    assert_eq!(counts[Action::AdcConversion], 2 * 3 * (9 + 3));
    assert_eq!(counts[Action::BiasConversion], 0);
}

#[test]
fn layers_with_codes_count_activations_at_every_position() {
    let network = random_network(3, &RandomNetwork { n_convs: 1..=1, ..RandomNetwork::default() });
    let images = random_samples(&network, 2);
    let result = emulate(&network, &lossy(), &images);
    let conv = network.layers()[0].out_shape().len() as u64;
    let counts = result.layers[0].counts_of_image(2);
    assert_eq!(counts[Action::Activation], conv);
    assert_eq!(counts[Action::BiasMultiply], conv);
}

#[test]
fn driven_conductance_is_the_sum_over_driven_cells() {
    let network = linear(CodeFormat::unsigned(2), 2, array![[3, 1], [0, 2]], 0);
    let images = SampleSet {
        inputs: ndarray::arr1(&[3u8, 2]).into_shape_with_order((1, 2, 1, 1)).expect("one image"),
        labels: None,
        expected: None,
    };
    let with = |dac_bits| {
        let arch = toy_with(|chip, mapping| {
            let ima = &mut chip.tile.ima;
            ima.dac.bits = dac_bits;
            ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
            // g₀ = 1 level.
            ima.crossbar.cell.on_off = OnOff::Ratio(4.0);
            let (place, converter) = (BiasColumnPlace::Extra, BiasConverter::Own);
            mapping.bias = BiasSource::Columns(BiasColumnsSpec {
                sharing: BiasSharing::Array,
                n: 1,
                level: 2,
                place,
                converter,
                adc_bits: 8,
                adc_noise: 0.0,
            });
        });
        emulate(&network, &arch, &images).layers[0].driven_conductance
    };
    // Word line 0 has cells of 4 + 1 + 3 levels, word line 1 of 2 + 3 + 3.
    assert_eq!(with(2), Some(128 * (8 * 9 + 8 * 4)));
    // Slices 1 and 1 of the first input, 0 and 1 of the second.
    assert_eq!(with(1), Some(128 * (8 + 8 + 8)));
}

#[test]
fn a_clipping_adc_tells_how_much_it_clips() {
    // Column sums 4·3 and 4·1 of one image, 3 bits: the first is clipped to 7.
    let network = linear(CodeFormat::unsigned(1), 2, array![[3, 3, 3, 3], [1, 1, 1, 1]], 0);
    let inputs = ndarray::Array4::from_elem((1, 4, 1, 1), 1);
    let result = emulate(&network, &lossy(), &SampleSet { inputs, labels: Some(vec![0]), expected: Some(vec![1]) });
    let Fidelity::Lossy(loss) = result.layers[0].fidelity else { unreachable!("12 is above 7") };
    assert_eq!((loss.conversions, loss.clipped_above), (2, 1));
    assert_eq!(loss.signal_power, 128 * 128 * (144 + 16));
    assert_eq!(loss.error_power, 128 * 128 * 25);
    assert_eq!((result.n_correct(), result.n_agreeing()), (Some(1), 0));
}

#[test]
fn agreement_is_with_the_integer_network_even_if_nobody_ran_it() {
    let network = random_network(4, &RandomNetwork::default());
    let images = random_samples(&network, 5);
    let lossless = toy_with(|chip, _| chip.n_tiles = 1000);
    let result = emulate(&network, &lossless, &images);
    assert_eq!((result.n_agreeing(), result.n_correct()), (5, None));
}

#[test]
fn only_the_first_images_are_run_when_asked() {
    let network = random_network(4, &RandomNetwork::default());
    let images = random_samples(&network, 5);
    let done = std::sync::atomic::AtomicUsize::new(0);
    let progress = |images| {
        done.fetch_add(images, std::sync::atomic::Ordering::Relaxed);
    };
    let emulator = emulator(&network, &lossy()).expect("emulable");
    let result = emulator.emulate(&images, EmulateOptions { images: Some(2), progress: &progress });
    assert_eq!(result.map(|result| result.n_images()), Ok(2));
    assert_eq!(done.into_inner(), 2);
    let none = emulator.emulate(&images, EmulateOptions { images: Some(0), progress: &|_| {} });
    assert_eq!(none, Err(EmulationError::NoImages));
}

#[test]
fn images_of_another_network_are_refused() {
    let network = random_network(4, &RandomNetwork::default());
    let other = random_network(4, &RandomNetwork { input: Shape::new(1, 7, 6), ..RandomNetwork::default() });
    let found = emulator(&network, &lossy()).expect("emulable").emulate(&random_samples(&other, 1), ALL);
    assert!(matches!(found, Err(EmulationError::Image { index: 0, .. })), "{found:?}");
}

#[test]
fn a_placement_of_another_network_is_refused() {
    let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((2, 40), 1), 0);
    let other = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((2, 41), 1), 0);
    let placement = map(&other, &lossy()).expect("fits");
    let found = crate::Emulator::new(&network, &lossy(), &placement, None);
    assert_eq!(found.err(), Some(EmulationError::OtherPlacement { layer: "only".to_owned() }));
}

#[test]
fn sums_beyond_64_bits_are_refused() {
    let network = linear(CodeFormat::unsigned(16), 16, Array2::from_elem((2, 8), 1), i32::MAX);
    let arch = toy_with(|chip, _| {
        chip.tile.ima.adc.bits = 24;
        chip.tile.ima.adc.range = AdcRange::Fixed { low: 1e6, step: 1e6 };
        chip.tile.ima.crossbar.cell.on_off = OnOff::Ratio(1.000_000_1);
    });
    let found = emulator(&network, &arch).err();
    assert!(matches!(found, Some(EmulationError::TooLarge { .. })), "{found:?}");
}
