//! `rebias attribute`: which non-ideality costs how much accuracy.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use rebias_arch::Fingerprint;
use rebias_plot::{Spec, Wanted};
use rebias_scheduler::{Chips, ReplayOptions, RunOptions};
use rebias_sweep::{AttributionError, FingerprintedTrace, OutputFolder, attribute, max_runs, read_design};

use super::{chart, provenance};
use crate::args::Subject;
use crate::failure::Failure;
use crate::{help, progress};

/// What is run on what.
#[derive(Debug, Args)]
#[command(after_help = help::ATTRIBUTE)]
pub(crate) struct Attribute {
    #[command(flatten)]
    subject: Subject,
    /// Take the images of this data set's test set instead of the trace's samples (a folder of IDX or CIFAR files).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Run the first N images only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    images: Option<u64>,
    /// Chips that each run is emulated on; intervals need at least two.
    #[arg(long, value_name = "N", default_value = "5")]
    chips: NonZeroU32,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write attribution.csv and attribution.svg into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Attribute) -> Result<String, Failure> {
    let design = read_design(&args.subject.arch)?;
    let FingerprintedTrace { trace, fingerprint } =
        FingerprintedTrace::read(&args.subject.trace, args.data.as_deref())?;
    let out = args.out.as_deref().map(OutputFolder::create).transpose()?;

    let images = args.images.map(|images| usize::try_from(images).unwrap_or(usize::MAX));
    let available = trace.samples.as_ref().map_or(0, |samples| samples.len());
    let n_images = images.map_or(available, |images| images.min(available));
    let chips = Chips { first: 0, count: args.chips };
    let work = n_images.saturating_mul(args.chips.get() as usize).saturating_mul(max_runs(&design.arch)?);
    let bar = progress::bar(work, "images");
    let progress = |images: usize| bar.inc(images as u64);
    let options = RunOptions { images, seed: args.seed, chips, replay: ReplayOptions::DEFAULT, progress: &progress };
    let attribution = attribute(&design.arch, &trace, &options).map_err(|error| {
        if let AttributionError::Run(error) = &error {
            return Failure::of_run(error, &design.arch);
        }
        Failure::input(error)
    })?;
    bar.finish_and_clear();

    if let Some(out) = out {
        let csv = attribution.to_csv().map_err(|error| Failure::Run(error.to_string()))?;
        let svg = chart::svg(&csv, |table| Spec::suited(table, &Wanted::default()))?;
        let configuration = design.arch.to_toml();
        let hashes = [("configuration", Fingerprint::of([&configuration])), ("network", fingerprint)];
        out.write(&[
            ("attribution.csv", csv),
            ("attribution.svg", svg.into_bytes()),
            ("configuration.toml", configuration.into_bytes()),
            (provenance::FILE, provenance::toml(args.seed, &hashes)),
        ])?;
    }
    Ok(attribution.to_text())
}
