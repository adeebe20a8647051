//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Accuracy, latency, energy and area of a quantised network on a ReRAM accelerator described in TOML.
#[derive(Debug, Parser)]
#[command(name = "rebias", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Threads to compute with [default: one for each core]; results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

const EXAMPLES: &str = "Examples:
  rebias simulate arch-configs/isaac-2016 traces/fmnist-cnn-w2a2
  rebias simulate arch-configs/isaac-2016 traces/shapes/vgg11-32 --out results
  rebias map arch-configs/isaac-2016 traces/fmnist-cnn-w2a2
  rebias sweep arch-configs/sweeps/cell-adc.toml --out results
  rebias validate

Exit codes: 0 done, 1 the run failed, 2 the input is wrong.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a network on a chip: accuracy, latency, energy, power, area.
    Simulate(Simulate),
    /// Place a network on a chip and show where everything stands.
    Map(Map),
    /// Run a grid of configurations and write one row for each.
    Sweep(Sweep),
    /// Compare published figures of designs with those that come out here.
    Validate(Validate),
    /// Train a quantised network from a recipe and export its trace (in builds with the feature `train`).
    Train(Train),
}

/// What is run on what.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// The chip: a folder with an `arch.toml`, or that file.
    pub(crate) arch: PathBuf,
    /// The network: a folder with a `trace.toml`, or that file.
    pub(crate) trace: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Take the images of this data set's test set instead of the trace's samples (a folder with IDX files).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Run the first N images only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) images: Option<u64>,
    /// Seed of everything random; written into the results.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Write summary.csv, layers.csv, components.csv and energy.csv into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Map {
    #[command(flatten)]
    pub(crate) subject: Subject,
}

#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// The sweep's TOML.
    pub(crate) sweep: PathBuf,
    /// Write results.csv into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Designs: folders with an `expected.toml` [default: all such folders in `arch-configs`].
    pub(crate) designs: Vec<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The recipe's TOML.
    pub(crate) recipe: PathBuf,
    /// The folder with the data set's files [default: where Debian's package dataset-fashion-mnist puts them].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The folder that the trace is written to; it must not exist yet.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for people.
    Text,
    /// One JSON object.
    Json,
}
