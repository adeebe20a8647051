//! Ranges from calibration images.

use ndarray::{Array2, Array4};
use rebias_arch::Arch;
use rebias_arch::testing::toy_with;
use rebias_converter::AdcRange;
use rebias_crossbar::OnOff;
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{CodeFormat, Network, SampleSet};

use super::{exact_sums, linear, random_samples, sums};
use crate::{EmulateOptions, EmulationError, EmulationResult, Emulator, Fidelity};

fn calibrated(bits: u32, (low_percentile, high_percentile): (f64, f64), on_off: OnOff) -> Arch {
    toy_with(|chip, _| {
        chip.n_tiles = 1000;
        let ima = &mut chip.tile.ima;
        ima.adc.bits = bits;
        ima.adc.range = AdcRange::Calibrated { low_percentile, high_percentile };
        ima.crossbar.cell.on_off = on_off;
    })
}

fn deep_network(seed: u64) -> Network {
    random_network(seed, &RandomNetwork { n_convs: 3..=3, ..RandomNetwork::default() })
}

fn emulate(network: &Network, arch: &Arch, images: &SampleSet) -> EmulationResult {
    let placement = map(network, arch).expect("fits");
    let emulator = Emulator::new(network, arch, &placement, Some(images)).expect("emulable");
    emulator.emulate(images, EmulateOptions { images: None, progress: &|_| {} }).expect("images")
}

/// Where a layer's input depends on several layers before it.
fn residual_network(seed: u64) -> Network {
    random_network(seed, &RandomNetwork { n_convs: 1..=1, n_residuals: 2..=2, ..RandomNetwork::default() })
}

#[test]
fn ends_are_percentiles_of_the_column_sums() {
    // One column; images with 1, 2, 3 and 4 rows driven give 3, 6, 9 and 12 levels.
    let network = linear(CodeFormat::unsigned(1), 2, Array2::from_elem((1, 4), 3), 0);
    let inputs = Array4::from_shape_fn((4, 4, 1, 1), |(image, row, _, _)| u8::from(row <= image));
    let images = SampleSet { inputs, labels: None, expected: None };
    // From the second to the third of them, 6 … 9, in steps of 3 levels, and then of 1.
    for (bits, decoded) in [(1, [6, 6, 9, 9]), (2, [6, 6, 9, 9])] {
        let arch = calibrated(bits, (30.0, 75.0), OnOff::Infinite);
        let emulator = Emulator::new(&network, &arch, &map(&network, &arch).expect("fits"), Some(&images));
        let mvm = emulator.as_ref().expect("emulable").mvm();
        let found = [0, 1, 2, 3].map(|image| sums(&network, &images.image(image), mvm.clone())[0].1[0] / 128);
        assert_eq!(found, decoded, "{bits}");
    }
}

#[test]
fn the_whole_range_with_enough_bits_loses_nothing_on_the_calibration_images() {
    for network in (0..4).flat_map(|seed| [deep_network(seed), residual_network(seed)]) {
        let images = random_samples(&network, 3);
        let arch = calibrated(16, (0.0, 100.0), OnOff::Infinite);
        let emulator = Emulator::new(&network, &arch, &map(&network, &arch).expect("fits"), Some(&images));
        let emulator = emulator.expect("emulable");
        for image in (0..3).map(|seed| random_image(seed, &network)) {
            assert_eq!(sums(&network, &image, emulator.mvm()), exact_sums(&network, &image));
        }
    }
}

/// Holds only if a layer is calibrated on what the calibrated layers before it give.
#[test]
fn the_whole_range_never_clips_on_the_calibration_images_however_few_the_bits() {
    let (mut lossy, mut errors) = (0, 0);
    for (seed, on_off) in [(1, OnOff::Infinite), (2, OnOff::Ratio(10.0)), (3, OnOff::Infinite)] {
        let network = deep_network(seed);
        let images = random_samples(&network, 4);
        for layer in emulate(&network, &calibrated(2, (0.0, 100.0), on_off), &images).layers {
            if let Fidelity::Lossy(loss) = layer.fidelity {
                lossy += 1;
                assert_eq!((loss.clipped_below, loss.clipped_above), (0, 0));
                errors += loss.error_power;
            }
        }
    }
    assert!(lossy > 6 && errors > 0, "{lossy} layers with losses");
}

#[test]
fn percentiles_bound_what_is_clipped() {
    let network = deep_network(5);
    let images = random_samples(&network, 4);
    let result = emulate(&network, &calibrated(6, (10.0, 80.0), OnOff::Ratio(10.0)), &images);
    let mut clipped = 0.0;
    for layer in &result.layers {
        assert!(layer.fidelity.clip_rate() <= 0.3, "{:?}", layer.fidelity);
        clipped += layer.fidelity.clip_rate();
    }
    assert!(clipped > 0.0);
}

#[test]
fn without_calibration_images_there_is_no_range() {
    let network = deep_network(1);
    let arch = calibrated(8, (0.0, 100.0), OnOff::Infinite);
    let found = Emulator::new(&network, &arch, &map(&network, &arch).expect("fits"), None);
    assert_eq!(found.err(), Some(EmulationError::NoCalibration));
}
