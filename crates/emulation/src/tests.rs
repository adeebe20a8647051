//! Properties of whole emulated networks, and tiny ones worked by hand.

mod bias;
mod by_hand;
mod calibrated;
mod drawn;
mod exactness;
mod noise;
mod pairs;
mod reference;
mod results;

use ndarray::{Array2, Array4};
use rebias_arch::Arch;
use rebias_mapper::map;
use rebias_network::testing::random_image;
use rebias_network::{
    CodeFormat, ExactMvm, LayerDef, LayerId, LayerInput, Mvm, Network, OpDef, OutputFormat, OutputTensors,
    Representation, SampleSet, Shape, Tensors, WeightsDef, forward_observed,
};

use crate::{EmulationError, Emulator};

/// The sums of every weighted layer, in units of 1/128.
fn sums(network: &Network, image: &[u16], mut mvm: impl Mvm) -> Vec<(LayerId, Vec<i64>)> {
    let mut seen = Vec::new();
    let observe = |layer, sums: &[i64], fraction_bits| {
        seen.push((layer, sums.iter().map(|sum| sum << (7 - fraction_bits)).collect()));
    };
    forward_observed(network, image, &mut mvm, observe).expect("a valid image");
    seen
}

fn exact_sums(network: &Network, image: &[u16]) -> Vec<(LayerId, Vec<i64>)> {
    sums(network, image, ExactMvm::new(network).expect("tensors"))
}

fn emulated_sums(network: &Network, arch: &Arch, image: &[u16]) -> Vec<(LayerId, Vec<i64>)> {
    sums(network, image, emulator(network, arch).expect("emulable").mvm())
}

fn emulator<'n>(network: &'n Network, arch: &Arch) -> Result<Emulator<'n>, EmulationError> {
    Emulator::new(network, arch, &map(network, arch).expect("fits"), None)
}

/// A linear layer of 2^F = 1 and one β, with the codes `[out][row]`.
fn linear(input: CodeFormat, weight_bits: u32, codes: Array2<u16>, beta: i32) -> Network {
    let (out_channels, rows) = codes.dim();
    let tensors = Tensors {
        minus: None,
        codes,
        alpha: vec![1.0],
        beta: vec![beta],
        beta_fraction_bits: 0,
        output: OutputTensors::Logits { scale: vec![1.0; out_channels], offset: vec![0.0; out_channels] },
    };
    let weights = WeightsDef {
        out_channels,
        weight_bits,
        representation: Representation::Biased,
        output: OutputFormat::Logits,
        tensors: Some(tensors),
    };
    let layer = LayerDef { name: "only".to_owned(), input: LayerInput::Network, op: OpDef::Linear(weights) };
    Network::new("linear", Shape::new(rows, 1, 1), input, vec![layer]).expect("a valid network")
}

/// Random images of a network whose inputs have at most 8 bits.
fn random_samples(network: &Network, n_images: usize) -> SampleSet {
    let Shape { channels, height, width } = network.input_shape();
    let codes = (0..n_images as u64).flat_map(|seed| random_image(seed, network)).map(|code| code as u8).collect();
    let inputs = Array4::from_shape_vec((n_images, channels, height, width), codes).expect("images of the shape");
    SampleSet { inputs, labels: None, expected: None }
}
