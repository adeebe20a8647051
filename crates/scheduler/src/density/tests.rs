//! Expected activity against that of random values.

use ndarray::Array4;
use rebias_arch::testing::toy_with;
use rebias_arch::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource};
use rebias_crossbar::OnOff;
use rebias_emulation::{EmulateOptions, Emulator};
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{Densities, LayerInput, SampleSet, Shape};
use rebias_tile::BiasConverter;

use super::*;

/// How far the expected activity of a random layer may be from the emulated one: bits and levels are independent here,
/// so that only the finite number of values is left.
const TOLERANCE: f64 = 0.02;

/// Enough that the values' own spread stays below the tolerance.
const N_IMAGES: usize = 24;

/// A chip that prices reads by their data.
fn chip(cell_bits: u32, dac_bits: u32, on_off: OnOff) -> Arch {
    toy_with(|chip, mapping| {
        chip.n_tiles = 1000;
        let ima = &mut chip.tile.ima;
        (ima.crossbar.cell.bits, ima.dac.bits, ima.crossbar.cell.on_off) = (cell_bits, dac_bits, on_off);
        ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
        mapping.bias = BiasSource::Columns(BiasColumnsSpec {
            sharing: BiasSharing::Array,
            n: 1,
            level: 1,
            place: BiasColumnPlace::Extra,
            converter: BiasConverter::Own,
            adc_bits: 8,
        });
    })
}

/// Ones among the bits of the images, and the mean slice of the first layer's codes as a share of the greatest.
fn measured(network: &Network, placed: &LayerPlacement, images: &[Vec<u16>]) -> Densities {
    let weighted = network.layer(placed.layer).weighted().expect("only layers with weights are placed");
    let codes = &weighted.tensors.as_ref().expect("a random network has tensors").codes;
    let (slicing, mut level, mut greatest) = (&placed.slicing, 0, 0);
    for slice in 0..slicing.n_weight_slices() {
        level += codes.iter().map(|&code| slicing.weight_slice(code, slice)).sum::<u32>();
        let top = slicing.weight_slice(((1u32 << weighted.weight_bits) - 1) as u16, slice);
        greatest += codes.len() as u32 * top;
    }
    let ones: u32 = images.iter().flatten().map(|code| code.count_ones()).sum();
    let bits = images.iter().flatten().count() as u32 * weighted.input.bits;
    Densities { inputs: f64::from(ones) / f64::from(bits), weights: f64::from(level) / f64::from(greatest) }
}

#[test]
fn the_densities_of_random_values_give_their_activity() {
    let recipe = RandomNetwork {
        input: Shape::new(8, 12, 12),
        input_bits: 2..=8,
        n_convs: 1..=1,
        channels: 12..=16,
        ..RandomNetwork::default()
    };
    for seed in 0..12 {
        for arch in [chip(2, 1, OnOff::Infinite), chip(1, 3, OnOff::Ratio(20.0)), chip(4, 2, OnOff::Ratio(5.0))] {
            let network = random_network(seed, &recipe);
            let placement = map(&network, &arch).expect("a small network fits");
            let placed = &placement.layers()[0];
            assert_eq!(network.layer(placed.layer).input(), LayerInput::Network);
            let images: Vec<_> = (0..N_IMAGES as u64).map(|image| random_image(100 * seed + image, &network)).collect();
            let codes = images.iter().flatten().map(|&code| code as u8).collect();
            let inputs = Array4::from_shape_vec((N_IMAGES, 8, 12, 12), codes).expect("as many codes");
            let samples = SampleSet { inputs, labels: None, expected: None };
            let emulator = Emulator::new(&network, &arch, &placement, None).expect("it can be emulated");
            let options = EmulateOptions { images: None, progress: &|_| {} };
            let emulated = emulator.emulate(&samples, options).expect("they are its images");
            let counted =
                emulated.layers[0].driven_conductance.expect("reads cost by their data") as f64 / N_IMAGES as f64;

            let densities = measured(&network, placed, &images);
            let network = network.clone().with_densities([(placed.layer, densities)]);
            let expected = assumed_read_activity(&arch, &network, placed).expect("reads cost by their data");
            let error = expected / counted - 1.0;
            assert!(error.abs() < TOLERANCE, "seed {seed}: {expected} expected, {counted} counted: {error}");
        }
    }
}
