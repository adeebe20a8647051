//! How many multiply–accumulates a second one core emulates of VGG-11 on 32 × 32 inputs, with 2-bit weights and
//! activations but 8-bit ones in the first and last layer, on arrays of 128 × 128 cells of 2 bits; and how many it
//! makes of the same layers as a float network. All from images to classes, in CPU time.
//!
//! ```text
//! cargo bench -p rebias-emulation
//! ```
//!
//! With arguments only the cases are run whose names hold one of them.
#![expect(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod float;
mod network;

use std::time::Duration;

use rayon::ThreadPoolBuilder;
use rebias_arch::Arch;
use rebias_arch::testing::isaac_with;
use rebias_converter::AdcRange;
use rebias_crossbar::{OnOff, ReadEnergy};
use rebias_emulation::{EmulateOptions, Emulator};
use rebias_kernels::Kernel;
use rebias_mapper::map;
use rebias_network::{Network, SampleSet};
use rebias_tile::ImaSpec;
use rustix::time::{ClockId, clock_gettime};

const IMAGES: usize = 256;
const CALIBRATION_IMAGES: usize = 8;
const ROUNDS: usize = 8;

struct Case {
    name: &'static str,
    kernel: &'static str,
    change: fn(&mut ImaSpec),
}

const CASES: &[Case] = &[
    Case { name: "ideal cells, lossless-step 8-bit ADC", kernel: "avx512", change: lossless },
    Case { name: "ideal cells, calibrated 6-bit ADC", kernel: "avx512", change: calibrated },
    Case { name: "cells in 1/128 level, calibrated 6-bit ADC", kernel: "avx512", change: real },
    Case { name: "ideal cells, lossless-step 8-bit ADC", kernel: "avx2", change: lossless },
    Case { name: "ideal cells, calibrated 6-bit ADC", kernel: "avx2", change: calibrated },
    Case { name: "ideal cells, lossless-step 8-bit ADC", kernel: "portable", change: lossless },
    Case { name: "ideal cells, calibrated 6-bit ADC", kernel: "portable", change: calibrated },
];

fn lossless(ima: &mut ImaSpec) {
    ima.adc.bits = 8;
    ima.adc.range = AdcRange::LosslessStep;
}

fn calibrated(ima: &mut ImaSpec) {
    ima.adc.bits = 6;
    ima.adc.range = AdcRange::Calibrated { low_percentile: 0.5, high_percentile: 99.5 };
}

/// A finite ratio makes each cell a conductance of its own, like variation and wires.
fn real(ima: &mut ImaSpec) {
    calibrated(ima);
    ima.crossbar.cell.on_off = OnOff::Ratio(50.0);
}

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let network = network::vgg11();
    let images = network::images(&network, IMAGES);
    let work = network.macs() as f64 * IMAGES as f64;
    for case in CASES {
        let title = format!("{}, {}", case.name, case.kernel);
        let Ok(kernel) = Kernel::named(case.kernel) else { continue };
        if !wanted.is_empty() && !wanted.iter().any(|word| title.contains(word)) {
            continue;
        }
        let emulator = emulator(&network, case, (&images, kernel));
        // In turns, so that other work on the machine slows all alike.
        let [float, alone, both] = best([
            &mut || float::run(&network, IMAGES),
            &mut || on_threads(1, || run(&emulator, &images)),
            &mut || on_threads(2, || run(&emulator, &images)),
        ]);
        let rate = |taken: &Taken| work / taken.cpu.as_secs_f64() / 1e9;
        println!(
            "{title:<58} {:>6.1} GMAC/s = {:.2} × float32 at {:.1}; two threads {:.2} × one",
            rate(&alone),
            rate(&alone) / rate(&float),
            rate(&float),
            alone.wall.as_secs_f64() / both.wall.as_secs_f64()
        );
    }
}

fn arch(change: fn(&mut ImaSpec)) -> Arch {
    isaac_with(|chip, mapping| {
        let ima = &mut chip.tile.ima;
        ima.crossbar.cell.read_energy = ReadEnergy::Constant;
        mapping.flip_encoding = rebias_arch::FlipEncoding::Off;
        change(ima);
    })
}

fn emulator<'n>(network: &'n Network, case: &Case, (images, kernel): (&SampleSet, Kernel)) -> Emulator<'n> {
    let arch = arch(case.change);
    let placement = map(network, &arch).expect("fits");
    let calibration = network::first(images, CALIBRATION_IMAGES);
    Emulator::with_kernel(network, &arch, &placement, (Some(&calibration), kernel)).expect("emulable")
}

fn run(emulator: &Emulator<'_>, images: &SampleSet) {
    let result = emulator.emulate(images, EmulateOptions { images: None, progress: &|_| {} });
    assert_eq!(result.expect("images of the network").n_images(), IMAGES);
}

fn on_threads(n_threads: usize, task: impl FnOnce() + Send) {
    ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads").install(task);
}

/// What a run took.
struct Taken {
    cpu: Duration,
    wall: Duration,
}

/// The least that each task takes in some rounds: other work on the machine only adds.
fn best<const N: usize>(mut tasks: [&mut dyn FnMut(); N]) -> [Taken; N] {
    let mut least = [const { Taken { cpu: Duration::MAX, wall: Duration::MAX } }; N];
    for _ in 0..ROUNDS {
        for (task, least) in tasks.iter_mut().zip(&mut least) {
            let (cpu, wall) = (cpu_time(), std::time::Instant::now());
            task();
            least.cpu = least.cpu.min(cpu_time() - cpu);
            least.wall = least.wall.min(wall.elapsed());
        }
    }
    least
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
