//! `rebias sweep`: a sweep in one go, or its steps for many machines.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rebias_sweep::Shard;

use crate::help;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = help::SWEEP)]
pub(crate) struct Sweep {
    #[command(subcommand)]
    pub(crate) step: Option<Step>,
    #[command(flatten)]
    pub(crate) subject: Option<SweepSubject>,
}

/// What is swept, and where to.
#[derive(Debug, Args)]
pub(crate) struct SweepSubject {
    /// The sweep's TOML.
    pub(crate) sweep: PathBuf,
    /// Take the images of this data set's test set instead of the traces' samples (a folder of IDX or CIFAR files).
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Keep rows and write results.csv in this folder; rows that are there already are not computed again.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Step {
    /// Check a sweep and prepare a folder for it, to be run in shards.
    Plan(PlanSweep),
    /// Compute what is missing of a planned sweep, or of one of its shards.
    Run(RunShard),
    /// Have a cluster run a planned sweep, a task for each shard, and collect.
    Submit(Submit),
    /// Tell what is done and what is missing.
    Status(Planned),
    /// Compute on this machine what is missing, and collect.
    Resume(Planned),
    /// Write results.csv from the rows that are there.
    Collect(Planned),
}

#[derive(Debug, Args)]
pub(crate) struct PlanSweep {
    #[command(flatten)]
    pub(crate) subject: SweepSubject,
    /// In how many parts to run it.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) shards: NonZeroU32,
}

/// A folder with a plan.
#[derive(Debug, Args)]
pub(crate) struct Planned {
    /// The folder of a planned sweep.
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RunShard {
    #[command(flatten)]
    pub(crate) planned: Planned,
    /// Which part, such as 2/8 [default: all of it].
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
}

#[derive(Debug, Args)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) planned: Planned,
    /// What runs the shards.
    #[arg(long, value_enum)]
    pub(crate) engine: Engine,
    /// Options of sbatch for the array of shards, after `--`: `-- --partition=short --cpus-per-task=8`.
    #[arg(last = true)]
    pub(crate) options: Vec<String>,
}

/// What runs shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Slurm, by sbatch: an array job, and a job behind it that collects.
    Slurm,
}
