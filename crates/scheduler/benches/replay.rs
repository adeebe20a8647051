//! How many events a second a replay takes on one core, and that its cost is linear in the output positions: positions a
//! second are the same for every size.
//!
//! ```text
//! cargo bench -p rebias-scheduler              # all cases
//! cargo bench -p rebias-scheduler -- events    # those whose names hold a word
//! cargo bench -p rebias-scheduler -- events 5  # in so many rounds
//! ```
//!
//! Times are CPU time, plan included, the least of some rounds: other work on the machine only adds. An event is what the
//! event queue hands out. As a change of the simulator may also change how many of these an image takes, the time of an
//! image is told beside.

#![expect(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::time::Duration;

use rebias_arch::testing::{isaac, toy_with};
use rebias_mapper::map;
use rebias_network::{
    CodeFormat, LayerDef, LayerId, LayerInput, Network, OpDef, OutputFormat, Representation, Shape, WeightsDef, Window,
};
use rebias_scheduler::{Images, ReplayOptions, ReplayResult, Steadiness, replay};
use rustix::time::{ClockId, clock_gettime};

/// Rounds of each case.
const ROUNDS: usize = 10;

/// One image, alone on the chip.
const ONE_IMAGE: ReplayOptions = ReplayOptions { images: Images::Exactly(1), ..ReplayOptions::DEFAULT };

/// Sizes of the maps whose positions are counted.
const SIZES: [usize; 5] = [16, 32, 64, 128, 256];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let rounds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let words: Vec<_> = args.iter().filter(|arg| arg.parse::<usize>().is_err()).collect();
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(*word));
    for (name, network, options) in [
        ("events of vgg11-32", vgg(32, &VGG11, &[10]), ReplayOptions::DEFAULT),
        ("events of vgg16-224", vgg(224, &VGG16, &[4096, 4096, 1000]), ONE_IMAGE),
    ] {
        if is_wanted(name) {
            events(name, &network, options, rounds);
        }
    }
    for size in SIZES {
        let name = format!("positions of two convolutions, {size} x {size}");
        if is_wanted(&name) {
            positions(&name, size, rounds);
        }
    }
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

/// Events of a network on ISAAC's chip.
fn events(name: &str, network: &Network, options: ReplayOptions, rounds: usize) {
    let arch = isaac();
    let placement = map(network, &arch).expect("fits");
    let (took, result) = least(rounds, || replay(network, &arch, &placement, &options).expect("it runs"));
    let seconds = took.as_secs_f64();
    println!(
        "{name:<44} {:>6.2} M events/s: {} events in {:.1} ms",
        result.n_events as f64 / seconds / 1e6,
        result.n_events,
        seconds * 1e3,
    );
}

/// Output positions of two convolutions on one tile, those of all images replayed.
fn positions(name: &str, size: usize, rounds: usize) {
    let network = chain(Shape::new(8, size, size), vec![conv(32), conv(32)]);
    let arch = toy_with(|chip, _| chip.tile.edram.capacity = rebias_units::Bytes(1 << 16));
    let placement = map(&network, &arch).expect("fits");
    let (took, result) =
        least(rounds, || replay(&network, &arch, &placement, &ReplayOptions::DEFAULT).expect("it runs"));
    // How many images it takes until the interval is steady differs from size to size.
    let (Steadiness::Steady { images: n_images } | Steadiness::Unsteady { images: n_images }) = result.steadiness;
    let n_positions = f64::from(n_images) * (2 * size * size) as f64;
    println!(
        "{name:<44} {:>6.0} k positions/s: {n_images} images; {:.1} ns an event, {:.2} events a position",
        n_positions / took.as_secs_f64() / 1e3,
        took.as_secs_f64() * 1e9 / result.n_events as f64,
        result.n_events as f64 / n_positions,
    );
}

/// The least CPU time that a replay takes in some rounds.
fn least(rounds: usize, mut run: impl FnMut() -> ReplayResult) -> (Duration, ReplayResult) {
    let mut took = || {
        let start = cpu_time();
        let result = run();
        (cpu_time() - start, result)
    };
    (1..rounds).fold(took(), |least, _| std::cmp::min_by_key(least, took(), |(took, _)| *took))
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
