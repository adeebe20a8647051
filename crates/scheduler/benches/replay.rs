//! How many events a second a replay takes on one core, how long an image of networks of the VGG family lasts, and that
//! its cost is linear in the output positions: `items` a second is the same for every size.
//!
//! ```text
//! cargo bench -p rebias-scheduler
//! ```

use divan::Bencher;
use divan::counter::ItemsCount;
use rebias_arch::testing::{isaac, toy_with};
use rebias_mapper::map;
use rebias_network::{
    CodeFormat, LayerDef, LayerId, LayerInput, Network, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window,
};
use rebias_scheduler::{Images, ReplayOptions, replay};

fn main() {
    divan::main();
}

/// Weights and activations of 2 bits, without values.
fn weights(out_channels: usize, output: OutputFormat) -> WeightsDef {
    WeightsDef { out_channels, weight_bits: 2, representation: Representation::Biased, output, tensors: None }
}

fn conv(out_channels: usize) -> OpDef {
    let window = Window { height: 3, width: 3, stride: 1, padding: 1 };
    OpDef::Conv { window, weights: weights(out_channels, OutputFormat::Codes { bits: 2 }) }
}

fn pool() -> OpDef {
    OpDef::MaxPool(Window { height: 2, width: 2, stride: 2, padding: 0 })
}

/// Layers one behind the other.
fn chain(input: Shape, ops: Vec<OpDef>) -> Network {
    let layers = ops.into_iter().enumerate().map(|(index, op)| LayerDef {
        name: format!("layer{index}"),
        input: index.checked_sub(1).map_or(LayerInput::Network, |before| LayerInput::Layer(LayerId(before))),
        op,
    });
    Network::new("vgg", input, CodeFormat::unsigned(8), layers.collect()).expect("a valid network")
}

/// A network of the VGG family: a number is a convolution of so many channels, 0 a pool.
fn vgg(size: usize, layers: &[usize], classifier: &[usize]) -> Network {
    let ops = layers.iter().map(|&channels| if channels == 0 { pool() } else { conv(channels) });
    let (classes, hidden) = classifier.split_last().expect("a classifier");
    let hidden = hidden.iter().map(|&outputs| OpDef::Linear(weights(outputs, OutputFormat::Codes { bits: 2 })));
    let last = OpDef::Linear(weights(*classes, OutputFormat::Logits));
    chain(Shape::new(3, size, size), ops.chain(hidden).chain([last]).collect())
}

const VGG11: [usize; 13] = [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0];
const VGG16: [usize; 18] = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0];

fn bench_events(bencher: Bencher<'_, '_>, network: &Network, options: ReplayOptions) {
    let arch = isaac();
    let placement = map(network, &arch).expect("fits");
    let run = || replay(network, &arch, &placement, &options).expect("it runs");
    bencher.counter(ItemsCount::new(run().n_events)).bench_local(run);
}

/// Events of VGG-11 on 32 × 32 pixels, until its interval is steady.
#[divan::bench]
fn events_of_vgg11_32(bencher: Bencher<'_, '_>) {
    bench_events(bencher, &vgg(32, &VGG11, &[10]), ReplayOptions::DEFAULT);
}

/// Events of an image of VGG-16 on 224 × 224 pixels.
#[divan::bench(sample_count = 3)]
fn events_of_vgg16_224(bencher: Bencher<'_, '_>) {
    let options = ReplayOptions { images: Images::Exactly(1), ..ReplayOptions::DEFAULT };
    bench_events(bencher, &vgg(224, &VGG16, &[4096, 4096, 1000]), options);
}

/// Output positions of two convolutions on one tile.
#[divan::bench(args = [16, 32, 64, 128, 256])]
fn positions_of_two_convolutions(bencher: Bencher<'_, '_>, size: usize) {
    let network = chain(Shape::new(8, size, size), vec![conv(32), conv(32)]);
    let arch = toy_with(|chip, _| chip.tile.edram.capacity = rebias_units::Bytes(1 << 16));
    let placement = map(&network, &arch).expect("fits");
    let run = || replay(&network, &arch, &placement, &ReplayOptions::DEFAULT).expect("it runs");
    bencher.counter(ItemsCount::new(2 * size * size)).bench_local(run);
}
