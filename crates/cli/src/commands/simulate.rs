//! `rebias simulate`: one network on one chip.

use std::path::Path;

use ndarray::Array4;
use rebias_arch::Arch;
use rebias_cost::Costs;
use rebias_dataset::Split;
use rebias_network::{SampleSet, Shape, Trace};
use rebias_report::{components_csv, energy_csv, layers_csv, result_text, summary_csv, summary_json};
use rebias_scheduler::{RunOptions, RunResult, run as run_network};
use rebias_sweep::{OutputFolder, read_data, read_design, read_trace};

use crate::args::{Format, Simulate};
use crate::failure::Failure;
use crate::progress;

pub(crate) fn run(args: &Simulate) -> Result<String, Failure> {
    let files = read_design(&args.subject.arch)?;
    let arch = Arch::parse(&files.arch)?;
    let costs = Costs::parse(&files.costs, &arch)?;
    let mut trace = read_trace(&args.subject.trace)?;
    if let Some(data) = &args.data {
        take_test_set(&mut trace, data)?;
    }
    let out = args.out.as_deref().map(OutputFolder::create).transpose()?;

    let result = simulate(args, &arch, &costs, &trace)?;
    let configuration = files.arch.to_toml();
    if let Some(out) = out {
        write(&out, &result, configuration.clone())?;
    }
    Ok(match args.format {
        Format::Text => result_text(&result),
        Format::Json => summary_json(&result, &configuration),
    })
}

/// Puts the data set's test images in place of the trace's samples.
fn take_test_set(trace: &mut Trace, folder: &Path) -> Result<(), Failure> {
    let images = read_data(folder, Split::Test)?;
    let [channels, height, width] = images.shape();
    let (given, wanted) = (Shape::new(channels, height, width), trace.network.input_shape());
    if given != wanted {
        let told = format!("the images in `{}` are {given}, and the network takes {wanted}", folder.display());
        return Err(Failure::Input(told));
    }
    let inputs = Array4::from_shape_vec((images.len(), channels, height, width), images.pixels().to_vec());
    let inputs = inputs.map_err(Failure::input)?;
    let labels = images.labels().iter().map(|&label| u16::from(label)).collect();
    trace.samples = Some(SampleSet { inputs, labels: Some(labels), expected: None });
    Ok(())
}

fn simulate(args: &Simulate, arch: &Arch, costs: &Costs, trace: &Trace) -> Result<RunResult, Failure> {
    let wanted = args.images.map(|images| usize::try_from(images).unwrap_or(usize::MAX));
    let available = trace.samples.as_ref().map_or(0, |samples| samples.len());
    let bar = progress::bar(wanted.map_or(available, |wanted| wanted.min(available)), "images");
    let options = RunOptions { images: wanted, seed: args.seed, progress: &|images| bar.inc(images as u64) };
    let result = run_network(arch, costs, trace, &options).map_err(Failure::input)?;
    bar.finish_and_clear();
    Ok(result)
}

fn write(out: &OutputFolder, result: &RunResult, configuration: String) -> Result<(), Failure> {
    let (mut summary, mut layers, mut components, mut energy) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    summary_csv(result, &mut summary).map_err(|error| Failure::Run(error.to_string()))?;
    layers_csv(result, &mut layers).map_err(|error| Failure::Run(error.to_string()))?;
    components_csv(result, &mut components).map_err(|error| Failure::Run(error.to_string()))?;
    energy_csv(result, &mut energy).map_err(|error| Failure::Run(error.to_string()))?;
    out.write(&[
        ("summary.csv", summary),
        ("layers.csv", layers),
        ("components.csv", components),
        ("energy.csv", energy),
        ("configuration.toml", configuration.into_bytes()),
    ])?;
    Ok(())
}
