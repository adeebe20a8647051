//! The command line.

pub(crate) mod sweep;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    attribute::Attribute, check::Check, completions::Completions, init::Init, plot::Plot, report::Report,
    schema::Schema,
};
use crate::help;

/// Accuracy, latency, energy and area of a quantised network on a ReRAM accelerator described in TOML.
#[derive(Debug, Parser)]
#[command(name = "rebias", version, propagate_version = true, after_help = help::REBIAS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Threads to compute with [default: one for each core]; results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a network on a chip: accuracy, latency, energy, power, area.
    Simulate(Simulate),
    /// Place a network on a chip and show where everything stands.
    Map(Map),
    /// Find the smallest buffers with which a network runs on a chip, and with which it loses no time.
    Buffers(Buffers),
    /// Multiply one matrix with vectors on the arrays of a chip, in double precision.
    Mvm(Mvm),
    /// Run many configurations and write one row for each.
    Sweep(sweep::Sweep),
    /// Tell which non-ideality of a chip costs how much accuracy.
    Attribute(Attribute),
    /// Set networks side by side on a chip: representations, bits, arrays, conversions, accuracy, energy.
    Compare(Compare),
    /// Draw a table of results: lines, a map, bars, a front.
    Plot(Plot),
    /// Make one HTML page of what a run, a sweep or an attribution has written.
    Report(Report),
    /// Compare published figures of designs with those that come out here.
    Validate(Validate),
    /// Train a quantised network from a recipe and export its trace (in builds with the feature `train`).
    Train(Train),
    /// Train a recipe in several number representations and compare them (in builds with the feature `train`).
    Study(Study),
    /// Write commented files to start from: a chip, its costs, a network, a sweep.
    Init(Init),
    /// Read files and tell everything that is wrong with them.
    Check(Check),
    /// Write what a kind of file may hold: JSON Schema for editors, a reference for people.
    Schema(Schema),
    /// Write what a shell needs to complete commands.
    Completions(Completions),
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
#[command(after_help = help::SIMULATE)]
pub(crate) struct Simulate {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Take the images of this data set's test set instead of the trace's samples (a folder of IDX or CIFAR files).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Run the first N images only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) images: Option<u64>,
    /// Seed of everything random; written into the results.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Run on so many chips, each with errors of its own: mean accuracy, deviation and interval over chips.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) chips: NonZeroU32,
    /// Index of the chip, or of the first of several; the same index of the same seed is the same chip.
    #[arg(long, value_name = "INDEX", default_value_t = 0)]
    pub(crate) chip: u32,
    /// Which layers work at the same time.
    #[arg(long, value_enum, default_value_t = Schedule::InterLayer)]
    pub(crate) schedule: Schedule,
    /// Replay the cycles of exactly N images [default: as many as it takes until their interval is steady].
    #[arg(long, value_name = "N")]
    pub(crate) stream: Option<NonZeroU32>,
    /// Write what parts do as a timeline in Chrome's trace format (JSON), which Perfetto reads; of long replays a sample.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// Write what buffers hold, whenever that changes (CSV); of long replays a sample.
    #[arg(long, value_name = "FILE")]
    pub(crate) occupancy: Option<PathBuf>,
    /// Write summary, layers, components, energy, parts, buffers and chips (CSV) into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = help::MAP)]
pub(crate) struct Map {
    #[command(flatten)]
    pub(crate) subject: Subject,
}

#[derive(Debug, Args)]
#[command(after_help = help::BUFFERS)]
pub(crate) struct Buffers {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Which layers work at the same time.
    #[arg(long, value_enum, default_value_t = Schedule::InterLayer)]
    pub(crate) schedule: Schedule,
}

#[derive(Debug, Args)]
#[command(after_help = help::MVM)]
pub(crate) struct Mvm {
    /// The chip: a folder with an `arch.toml`, or that file.
    #[arg(long)]
    pub(crate) arch: PathBuf,
    /// Codes of the weights, an NPY file `[output, input]` of whole numbers from 0.
    #[arg(long, value_name = "NPY")]
    pub(crate) weights: PathBuf,
    /// Codes of w⁻, of the same shape: each weight is then the difference of a pair, `--weights` being w⁺.
    #[arg(long, value_name = "NPY", conflicts_with = "beta")]
    pub(crate) minus: Option<PathBuf>,
    /// Codes of the inputs, an NPY file `[vector, input]` of whole numbers.
    #[arg(long, value_name = "NPY")]
    pub(crate) inputs: PathBuf,
    /// Write the products here, an NPY file `[vector, output]` of doubles.
    #[arg(long, value_name = "NPY")]
    pub(crate) out: PathBuf,
    /// Write every code of the ADCs here, an NPY file `[vector, input slice, read, column]`.
    #[arg(long, value_name = "NPY")]
    pub(crate) trace_adc: Option<PathBuf>,
    /// Bits of a weight [default: as few as hold all of them].
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) weight_bits: Option<u32>,
    /// Bits of an input [default: as few as hold all of them].
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) input_bits: Option<u32>,
    /// Inputs are two's complement.
    #[arg(long)]
    pub(crate) signed_inputs: bool,
    /// A weight stands for its code plus this number.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) beta: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Which chip's cells.
    #[arg(long, default_value_t = 0)]
    pub(crate) chip: u32,
}

#[derive(Debug, Args)]
#[command(after_help = help::VALIDATE)]
pub(crate) struct Validate {
    /// Designs: folders with an `expected.toml` [default: all such folders in `arch-configs`].
    pub(crate) designs: Vec<PathBuf>,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = help::TRAIN)]
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

#[derive(Debug, Args)]
#[command(after_help = help::COMPARE)]
pub(crate) struct Compare {
    /// The chip: a folder with an `arch.toml`, or that file.
    pub(crate) arch: PathBuf,
    /// The networks: folders with a `trace.toml`.
    #[arg(required = true, value_name = "TRACE")]
    pub(crate) traces: Vec<PathBuf>,
    /// Resolutions of the ADC [default: the chip's own].
    #[arg(long, value_name = "BITS", value_delimiter = ',')]
    pub(crate) adc_bits: Vec<u32>,
    /// Errors of programming: standard deviations in per cent of a cell's conductance range.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_value = "0")]
    pub(crate) sigma: Vec<f64>,
    /// Let the ADCs of each layer span the sums that calibration images made.
    #[arg(long)]
    pub(crate) calibrated: bool,
    /// Run on so many chips, each with errors of its own.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) chips: NonZeroU32,
    /// Run the first N images only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) images: Option<u64>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Take the images of this data set's test set instead of the traces' samples (a folder of IDX or CIFAR files).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The folder for compare.csv, the sweep that was run, and its rows.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = help::STUDY)]
pub(crate) struct Study {
    /// The study's TOML.
    pub(crate) study: PathBuf,
    /// The folder with the data set's files [default: where Debian's package dataset-fashion-mnist puts them].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The folder that gets a trace for each run, and tables; runs that are there already are not done again.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only these of its seeds, as on one of several machines.
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    pub(crate) seeds: Vec<u64>,
}

/// Which layers work at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schedule {
    /// All, as a pipeline.
    InterLayer,
    /// One; images one after the other.
    LayerByLayer,
}

impl From<Schedule> for rebias_scheduler::Schedule {
    fn from(schedule: Schedule) -> Self {
        match schedule {
            Schedule::InterLayer => Self::InterLayer,
            Schedule::LayerByLayer => Self::LayerByLayer,
        }
    }
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for people.
    Text,
    /// One JSON object.
    Json,
}
