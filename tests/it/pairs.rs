//! Two parts of the program that know nothing of each other must say the same.

use ndarray::Array4;
use rebias_arch::testing::toy_with;
use rebias_arch::{
    Arch, BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, FlipEncoding, MappingSpec,
    PairSubtraction, ReferenceLevel, ReferenceSpec, Remainder, Replication,
};
use rebias_emulation::{EmulateOptions, Emulator};
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{Network, Representation, SampleSet, Scales};
use rebias_scheduler::{LayerReplay, ReplayOptions, replay};
use rebias_sweep::{read_design, read_trace};
use rebias_tile::{BiasConverter, ChipSpec};
use rebias_units::Action;

use crate::support::root;

/// Images that are run.
const IMAGES: usize = 2;

/// What both count: everything on the arrays' side.
const ARRAY_SIDE: [Action; 9] = [
    Action::DacDrive,
    Action::CrossbarRead,
    Action::SampleHold,
    Action::AdcConversion,
    Action::BiasConversion,
    Action::BiasCount,
    Action::BiasMultiply,
    Action::ShiftAdd,
    Action::Activation,
];

/// Toy chips that differ in all that changes what is counted.
fn chips() -> Vec<Arch> {
    let spec = |place, converter| BiasColumnsSpec::one(place, converter, 8);
    let column = |place, converter| BiasSource::Columns(spec(place, converter));
    let shared = spec(BiasColumnPlace::Extra, BiasConverter::Shared);
    let reference = |level, remainder| {
        let place = BiasColumnPlace::Inside;
        BiasSource::Reference(ReferenceSpec { level, remainder, place, device_step: 0.2 })
    };
    let calibration = BiasCalibrationSpec {
        adc_bits: 8,
        adc_noise: 0.0,
        full_scale: None,
        repeats: 2,
        rows_per_read: None,
        fraction_bits: 6,
        interval: None,
    };
    let chip = |change: &dyn Fn(&mut ChipSpec, &mut MappingSpec)| {
        toy_with(|chip, mapping| {
            chip.n_tiles = 64;
            change(chip, mapping);
        })
    };
    vec![
        chip(&|_, _| {}),
        chip(&|chip, _| chip.tile.ima.crossbar.active_word_lines = 5),
        chip(&|chip, _| (chip.tile.ima.dac.bits, chip.tile.ima.crossbar.cell.bits) = (3, 1)),
        chip(&|_, mapping| mapping.bias = column(BiasColumnPlace::Extra, BiasConverter::Own)),
        chip(&|_, mapping| mapping.bias = column(BiasColumnPlace::Inside, BiasConverter::Shared)),
        chip(&|_, mapping| {
            mapping.bias = BiasSource::Columns(BiasColumnsSpec { sharing: BiasSharing::RowBlock, ..shared });
        }),
        chip(&|_, mapping| mapping.bias = BiasSource::Columns(BiasColumnsSpec { n: 3, ..shared })),
        chip(&|_, mapping| mapping.bias = reference(ReferenceLevel::All(1.5), Remainder::Digital)),
        chip(&|_, mapping| mapping.bias = reference(ReferenceLevel::MinusBeta, Remainder::Dropped)),
        chip(&|_, mapping| mapping.calibration = Some(calibration)),
        chip(&|_, mapping| mapping.pairs = PairSubtraction::Analog),
        chip(&|chip, mapping| {
            chip.tile.ima.crossbar.cell.bits = 1;
            (mapping.pairs, mapping.bias) = (PairSubtraction::Analog, BiasSource::Columns(shared));
        }),
        chip(&|_, mapping| {
            (mapping.pairs, mapping.calibration) = (PairSubtraction::Analog, Some(calibration));
            mapping.bias = BiasSource::Columns(shared);
        }),
        chip(&|_, mapping| {
            (mapping.flip_encoding, mapping.replication) = (FlipEncoding::On, Replication::Balanced);
        }),
    ]
}

fn samples(network: &Network, n_images: usize) -> SampleSet {
    let shape = network.input_shape();
    let codes = (0..n_images as u64).flat_map(|seed| random_image(seed, network)).map(|code| code as u8).collect();
    let inputs = Array4::from_shape_vec((n_images, shape.channels, shape.height, shape.width), codes);
    SampleSet { inputs: inputs.expect("as many codes as the shape has"), labels: None, expected: None }
}

#[test]
fn pair_emulation_and_replay_count_the_same_in_every_layer() {
    for arch in chips() {
        for seed in 0..12 {
            let representation = match (arch.mapping().pairs, seed % 4) {
                (PairSubtraction::Analog, _) => Representation::Pair(Scales::One),
                (PairSubtraction::Digital, 3) => Representation::Pair(Scales::Two),
                (PairSubtraction::Digital, _) => Representation::Biased,
            };
            let recipe =
                RandomNetwork { n_residuals: 0..=(seed % 3) as usize, representation, ..RandomNetwork::default() };
            let network = random_network(seed, &recipe);
            let samples = samples(&network, IMAGES);
            let of = format!("seed {seed}, {arch:?}");
            assert_counted_alike((&network, None), &arch, &samples, &of);
        }
    }
}

#[test]
fn emulation_and_replay_count_the_same_of_the_shipped_network_on_each_design_that_holds_it() {
    let trace = read_trace(&root().join("traces/fmnist-cnn-w2a2")).expect("shipped");
    let samples = trace.samples.expect("it has images");
    for design in ["isaac-2016", "puma-2019", "raella-2023", "generic-1t1r", "generic-1t1r-aged", "generic-1t1r-hidden"]
    {
        let files = read_design(&root().join("arch-configs").join(design)).expect("shipped");
        let arch = Arch::parse(&files.arch).expect("valid");
        assert_counted_alike((&trace.network, trace.calibration.as_ref()), &arch, &samples, design);
    }
}

/// Emulates and replays some images, and compares what both have counted for one, layer by layer.
fn assert_counted_alike(
    (network, calibration): (&Network, Option<&SampleSet>),
    arch: &Arch,
    samples: &SampleSet,
    of: &str,
) {
    let placement = rebias_mapper::map(network, arch).expect("it fits");
    let emulator = Emulator::new(network, arch, &placement, calibration).expect("a network with tensors");
    let options = EmulateOptions { images: Some(IMAGES), progress: &|_| {} };
    let emulated = emulator.emulate(samples, options).expect("images of the network");
    let replayed = replay(network, arch, &placement, &ReplayOptions::DEFAULT).expect("buffers are large enough");
    let weighted = |cycles: &&LayerReplay| network.layer(cycles.layer).weighted().is_some();
    let with_arrays: Vec<_> = replayed.layers.iter().filter(weighted).collect();
    assert_eq!(emulated.layers.len(), with_arrays.len());
    for (values, cycles) in emulated.layers.iter().zip(with_arrays) {
        assert_eq!(values.layer, cycles.layer);
        let of_image = values.counts_of_image(IMAGES);
        for action in ARRAY_SIDE {
            let name = network.layer(values.layer).name();
            assert_eq!(of_image[action], cycles.counts[action], "{action:?} of {name}, {of}");
        }
        assert_eq!(cycles.sent, cycles.received, "bytes are conserved");
    }
}
