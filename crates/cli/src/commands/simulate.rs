//! `rebias simulate`: one network on one chip.

use rebias_arch::{Arch, Fingerprint};
use rebias_config::Document;
use rebias_cost::Costs;
use rebias_network::Trace;
use rebias_report::{
    buffers_csv, chips_csv, components_csv, energy_csv, layers_csv, parts_csv, result_text, summary_csv, summary_json,
};
use rebias_scheduler::{Chips, Images, ReplayOptions, RunOptions, RunResult, run as run_network, run_recorded};
use rebias_sweep::{FingerprintedTrace, OutputFolder, read_design};

use super::provenance;
use super::watched::Watched;
use crate::args::{Format, Simulate};
use crate::failure::Failure;
use crate::progress;

pub(crate) fn run(args: &Simulate) -> Result<String, Failure> {
    let files = read_design(&args.subject.arch)?;
    let arch = Arch::parse(&files.arch)?;
    let costs = Costs::parse(&files.costs, &arch)?;
    let FingerprintedTrace { trace, fingerprint } =
        FingerprintedTrace::read(&args.subject.trace, args.data.as_deref())?;
    let out = args.out.as_deref().map(OutputFolder::create).transpose()?;

    let result = simulate(args, (&files.arch, &arch, &costs), &trace)?;
    let configuration = files.arch.to_toml();
    if let Some(out) = out {
        let hashes = [
            ("configuration", Fingerprint::of([&configuration])),
            ("costs", Fingerprint::of([files.costs.to_toml()])),
            ("network", fingerprint),
        ];
        let provenance = provenance::toml(args.seed, &hashes);
        write(&out, (&result, &trace), [configuration.clone().into_bytes(), provenance])?;
    }
    Ok(match args.format {
        Format::Text => result_text(&result),
        Format::Json => summary_json(&result, &configuration),
    })
}

fn simulate(
    args: &Simulate,
    (document, arch, costs): (&Document, &Arch, &Costs),
    trace: &Trace,
) -> Result<RunResult, Failure> {
    let wanted = args.images.map(|images| usize::try_from(images).unwrap_or(usize::MAX));
    let available = trace.samples.as_ref().map_or(0, |samples| samples.len());
    let chips = Chips { first: args.chip, count: args.chips };
    let images = wanted.map_or(available, |wanted| wanted.min(available));
    let bar = progress::bar(images.saturating_mul(chips.count.get() as usize), "images");
    let progress = |images: usize| bar.inc(images as u64);
    let replay = ReplayOptions {
        schedule: args.schedule.into(),
        images: args.stream.map_or(ReplayOptions::DEFAULT.images, |images| Images::Exactly(images.get())),
    };
    let options = RunOptions { images: wanted, seed: args.seed, chips, replay, progress: &progress };
    let failed = |error| Failure::of_run(&error, document);
    let result = match Watched::new(args, arch) {
        None => run_network(arch, costs, trace, &options).map_err(failed)?,
        Some(mut watched) => {
            let result = run_recorded(arch, costs, trace, &options, &mut watched).map_err(failed)?;
            watched.write(arch, &trace.network)?;
            result
        }
    };
    bar.finish_and_clear();
    Ok(result)
}

fn write(out: &OutputFolder, (result, trace): (&RunResult, &Trace), texts: [Vec<u8>; 2]) -> Result<(), Failure> {
    let [configuration, provenance] = texts;
    let table = |write: &dyn Fn(&mut Vec<u8>) -> csv::Result<()>| {
        let mut bytes = Vec::new();
        write(&mut bytes).map_err(|error| Failure::Run(error.to_string()))?;
        Ok::<_, Failure>(bytes)
    };
    out.write(&[
        ("summary.csv", table(&|out| summary_csv(result, out))?),
        ("layers.csv", table(&|out| layers_csv(result, out))?),
        ("components.csv", table(&|out| components_csv(result, out))?),
        ("energy.csv", table(&|out| energy_csv(result, out))?),
        ("parts.csv", table(&|out| parts_csv(result, out))?),
        ("buffers.csv", table(&|out| buffers_csv(result, &trace.network, out))?),
        ("chips.csv", table(&|out| chips_csv(result, out))?),
        ("configuration.toml", configuration),
        (provenance::FILE, provenance),
    ])?;
    Ok(())
}
