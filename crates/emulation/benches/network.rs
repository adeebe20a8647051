//! How many multiply–accumulates a second one core emulates of a convolution with 2-bit weights and inputs, from packing
//! to sums, on arrays of 128 × 128 cells of 2 bits.
//!
//! ```text
//! cargo bench -p rebias-emulation
//! ```

use divan::Bencher;
use divan::counter::ItemsCount;
use rebias_arch::testing::isaac_with;
use rebias_converter::AdcRange;
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_emulation::Emulator;
use rebias_mapper::map;
use rebias_network::testing::{RandomNetwork, random_image, random_network};
use rebias_network::{Network, Shape, forward};
use rebias_tile::ImaSpec;

fn main() {
    divan::main();
}

/// A convolution of 128 to 128 channels on 14 × 14 positions, and a small linear layer.
fn network() -> Network {
    let recipe = RandomNetwork {
        input: Shape::new(128, 14, 14),
        input_bits: 2..=2,
        input_signs: vec![rebias_network::Sign::Unsigned],
        weight_bits: 2..=2,
        activation_bits: 2..=2,
        n_residuals: 0..=0,
        n_convs: 1..=1,
        channels: 128..=128,
        classes: 1,
        beta_fraction_bits: 8..=8,
    };
    let is_wanted = |network: &Network| network.layers()[0].rows() == 9 * 128 && network.layers().len() == 2;
    (0..).map(|seed| random_network(seed, &recipe)).find(is_wanted).expect("3 × 3 windows are drawn sooner or later")
}

fn bench(bencher: Bencher<'_, '_>, change: impl FnOnce(&mut ImaSpec)) {
    let network = network();
    let arch = isaac_with(|chip, _| {
        let ima = &mut chip.tile.ima;
        ima.crossbar.cell.read_energy = ReadEnergy::Constant;
        change(ima);
    });
    let placement = map(&network, &arch).expect("fits");
    let emulator = Emulator::new(&network, &arch, &placement, None).expect("emulable");
    let mut mvm = emulator.mvm();
    let image = random_image(1, &network);
    bencher
        .counter(ItemsCount::new(network.macs()))
        .bench_local(|| forward(&network, &image, &mut mvm).expect("an image of the network"));
}

#[divan::bench]
fn lossless(bencher: Bencher<'_, '_>) {
    bench(bencher, |ima| {
        ima.adc.bits = 9;
        ima.adc.range = AdcRange::LosslessStep;
    });
}

#[divan::bench]
fn data_dependent_energy(bencher: Bencher<'_, '_>) {
    bench(bencher, |ima| {
        ima.adc.bits = 9;
        ima.adc.range = AdcRange::LosslessStep;
        ima.crossbar.cell.read_energy = ReadEnergy::DataDependent;
    });
}

#[divan::bench]
fn clipping(bencher: Bencher<'_, '_>) {
    bench(bencher, |ima| {
        ima.adc.bits = 6;
        ima.adc.range = AdcRange::LosslessStep;
    });
}

#[divan::bench]
fn full_scale(bencher: Bencher<'_, '_>) {
    bench(bencher, |ima| {
        ima.adc.bits = 6;
        ima.adc.range = AdcRange::FullScale;
    });
}

#[divan::bench]
fn finite_ratio(bencher: Bencher<'_, '_>) {
    bench(bencher, |ima| {
        ima.adc.bits = 6;
        ima.adc.range = AdcRange::FullScale;
        ima.crossbar.cell.on_off = OnOff::Ratio(50.0);
    });
}
