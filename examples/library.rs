//! Rebias as a library: how much accuracy and energy does each bit of the ADC buy?
//!
//! ```text
//! cargo run --release --example library
//! ```

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::path::Path;

use rebias_arch::Arch;
use rebias_config::Document;
use rebias_cost::Costs;
use rebias_scheduler::{Chips, ReplayOptions, RunOptions, run};
use rebias_sweep::{read_design, read_trace};

fn main() -> Result<(), Box<dyn Error>> {
    let design = read_design(Path::new("arch-configs/isaac-2016"))?;
    let trace = read_trace(Path::new("traces/fmnist-cnn-w2a2"))?;

    for bits in [8, 6, 5, 4] {
        // Whatever is laid over a design is checked like the design itself.
        let change = Document::parse("change", format!("adc.bits = {bits}"))?;
        let arch = Arch::parse(&design.arch.clone().overlay(change))?;
        let costs = Costs::parse(&design.costs, &arch)?;

        let options = RunOptions {
            images: Some(500),
            seed: 0,
            chips: Chips::FIRST,
            replay: ReplayOptions::DEFAULT,
            progress: &|_| {},
        };
        let result = run(&arch, &costs, &trace, &options)?;
        let accuracy = result.quality.and_then(|quality| quality.accuracy).ok_or("the trace has no labels")?;
        println!(
            "{bits} bits: accuracy {:.3} ({:.3} … {:.3}), {:.3} µJ an image",
            accuracy.share(),
            accuracy.low,
            accuracy.high,
            result.cost.energy_gated().microjoules()
        );
    }
    Ok(())
}
