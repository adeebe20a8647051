//! How many multiply–accumulates a second one core emulates of VGG-11 on 32 × 32 inputs, with 2-bit weights and
//! activations but 8-bit ones in the first and last layer, on arrays of 128 × 128 cells of 2 bits; and how many it
//! makes of the same layers as a float network. All from images to classes, in CPU time. The products of the float
//! network take the widest vectors that the machine has, up to AVX-512. Beside kernels for machines without AVX-512 it runs
//! a second time, with AVX2 as it would there.
//!
//! ```text
//! cargo bench -p rebias-emulation
//! ```
//!
//! With arguments only the cases are run whose names hold one of them; with the argument `vgg19` alone, VGG-19 is
//! programmed with wires, and the process's peak memory told.
#![expect(clippy::print_stdout, reason = "a benchmark tells what it measured")]

mod float;
mod network;

use std::time::Duration;

use rayon::ThreadPoolBuilder;
use rebias_arch::Arch;
use rebias_arch::testing::isaac_with;
use rebias_converter::AdcRange;
use rebias_crossbar::{FaultSpec, OnOff, ReadEnergy, ReadNoiseSpec, VariationSpec};
use rebias_emulation::{EmulateOptions, Emulator};
use rebias_kernels::Kernel;
use rebias_kernels::baseline::Vectors;
use rebias_mapper::map;
use rebias_network::{Network, SampleSet};
use rebias_tile::ImaSpec;
use rebias_units::{Conductance, Resistance};
use rustix::time::{ClockId, clock_gettime};

const IMAGES: usize = 256;
const CALIBRATION_IMAGES: usize = 8;
const ROUNDS: usize = 8;

type Change = fn(&mut ImaSpec);

const DESIGNS: &[(&str, Change)] = &[
    ("ideal cells, lossless-step 8-bit ADC", lossless),
    ("ideal cells, calibrated 6-bit ADC", calibrated),
    ("variation, faults, wires", real),
    ("variation, faults, wires, read noise", noisy),
];

const KERNELS: &[&str] = &["amx", "avx512", "avx2", "portable"];

fn lossless(ima: &mut ImaSpec) {
    ima.adc.bits = 8;
    ima.adc.range = AdcRange::LosslessStep;
}

fn calibrated(ima: &mut ImaSpec) {
    ima.adc.bits = 6;
    ima.adc.range = AdcRange::Calibrated { low_percentile: 0.5, high_percentile: 99.5 };
}

/// Cells of 20 to 1000 kΩ, wires of 2.5 Ω from cell to cell.
fn real(ima: &mut ImaSpec) {
    calibrated(ima);
    let cell = &mut ima.crossbar.cell;
    cell.on_off = OnOff::Ratio(50.0);
    cell.on_conductance = Conductance::from_microsiemens(50.0);
    cell.non_idealities.variation = Some(VariationSpec::GaussianOfRange(0.05));
    cell.non_idealities.faults = Some(FaultSpec { stuck_lrs: 0.001, stuck_hrs: 0.001 });
    ima.crossbar.wiring.segment = Resistance::from_ohms(2.5);
}

fn noisy(ima: &mut ImaSpec) {
    real(ima);
    ima.crossbar.cell.non_idealities.read_noise = Some(ReadNoiseSpec::OfRange(0.01));
}

fn main() {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if wanted == ["vgg19"] {
        return memory();
    }
    let network = network::vgg(&network::VGG11);
    let images = network::images(&network, IMAGES);
    for kernel in KERNELS.iter().filter_map(|name| Kernel::named(name).ok()) {
        for &(name, change) in DESIGNS {
            let title = format!("{name}, {}", kernel.name());
            if wanted.is_empty() || wanted.iter().any(|word| title.contains(word)) {
                measure((&title, change), (&network, kernel), &images);
            }
        }
    }
}

fn measure((title, change): (&str, Change), (network, kernel): (&Network, Kernel), images: &SampleSet) {
    let start = cpu_time();
    let emulator = emulator(network, change, (images, kernel));
    let programming = cpu_time() - start;
    // In turns, so that other work on the machine slows all alike.
    let [float, narrow_float, alone, both] = best([
        &mut || float::run(Vectors::UpTo512Bits, network, IMAGES),
        &mut || {
            if is_for_avx2(kernel) {
                float::run(Vectors::UpTo256Bits, network, IMAGES);
            }
        },
        &mut || on_threads(1, || run(&emulator, images)),
        &mut || on_threads(2, || run(&emulator, images)),
    ]);
    let work = network.macs() as f64 * IMAGES as f64;
    let rate = |taken: &Taken| work / taken.cpu.as_secs_f64() / 1e9;
    let ratio = |float: &Taken| format!("{:.2} × float32 at {:.1}", rate(&alone) / rate(float), rate(float));
    let beside_avx2 = if is_for_avx2(kernel) { format!(", with AVX2 {}", ratio(&narrow_float)) } else { String::new() };
    println!(
        "{title:<48} {:>6.1} GMAC/s = {}{beside_avx2}; two threads {:.2} × one; programmed in {:.1} s",
        rate(&alone),
        ratio(&float),
        alone.wall.as_secs_f64() / both.wall.as_secs_f64(),
        programming.as_secs_f64(),
    );
}

/// Whether machines that have AVX-512 would run another kernel.
fn is_for_avx2(kernel: Kernel) -> bool {
    ["avx2", "portable"].contains(&kernel.name())
}

/// Programs VGG-19 with wires, runs some images, and tells how much memory that took.
fn memory() {
    let network = network::vgg(&network::VGG19);
    let images = network::images(&network, IMAGES);
    let start = cpu_time();
    let emulator = emulator(&network, real, (&images, Kernel::fastest()));
    let programming = cpu_time() - start;
    run(&emulator, &images);
    let status = std::fs::read_to_string("/proc/self/status").expect("a system with /proc");
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("the peak of resident memory");
    println!("vgg19: programmed in {:.1} s of CPU time; {peak}", programming.as_secs_f64());
}

fn arch(change: Change) -> Arch {
    isaac_with(|chip, mapping| {
        let ima = &mut chip.tile.ima;
        ima.crossbar.cell.read_energy = ReadEnergy::Constant;
        mapping.flip_encoding = rebias_arch::FlipEncoding::Off;
        change(ima);
    })
}

fn emulator<'n>(network: &'n Network, change: Change, (images, kernel): (&SampleSet, Kernel)) -> Emulator<'n> {
    let arch = arch(change);
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
