//! `rebias sweep`: many configurations, one row each; in one go, or in steps for many machines.

mod expectation;
mod submit;

use std::num::NonZeroU32;
use std::path::Path;

use rebias_sweep::{OutputFolder, Plan, Shard, Sweep, SweepControl, SweepError};

use crate::args::sweep::{PlanSweep, Planned, RunShard, Step, SweepSubject};
use crate::failure::Failure;
use crate::{args, interrupt, progress};

pub(crate) use self::expectation::expectation;

/// The file that a sweep writes.
const RESULTS: &str = "results.csv";
/// The same with types, in builds that can.
#[cfg(feature = "parquet")]
const TYPED_RESULTS: &str = "results.parquet";

pub(crate) fn run(args: &args::sweep::Sweep) -> Result<String, Failure> {
    match (&args.step, &args.subject) {
        (Some(Step::Plan(args)), _) => plan(args),
        (Some(Step::Run(args)), _) => run_shard(args),
        (Some(Step::Submit(args)), _) => submit::run(args),
        (Some(Step::Status(args)), _) => status(args),
        (Some(Step::Resume(args)), _) => resume(args),
        (Some(Step::Collect(args)), _) => collect(&Plan::read(&args.folder)?.read_sweep()?, &args.folder),
        (None, Some(subject)) => in_one_go(subject),
        (None, None) => Err(Failure::Input("a sweep's TOML or a step is missing\nhint: `rebias sweep --help`".into())),
    }
}

/// Runs a sweep to its end; returns all its rows.
pub(super) fn run_whole(subject: &SweepSubject) -> Result<rebias_sweep::Results, Failure> {
    let sweep = prepare(subject, None)?;
    compute(&sweep, &subject.out, Shard::WHOLE)?;
    write_results(&sweep, &subject.out)
}

fn in_one_go(subject: &SweepSubject) -> Result<String, Failure> {
    let sweep = prepare(subject, None)?;
    compute(&sweep, &subject.out, Shard::WHOLE)?;
    collect(&sweep, &subject.out)
}

/// Reads the sweep, and writes its plan; without a number of shards, a plan of the same points is left as it is.
fn prepare(subject: &SweepSubject, shards: Option<NonZeroU32>) -> Result<Sweep, Failure> {
    let source = (subject.sweep.as_path(), subject.data.as_deref());
    let sweep = Sweep::read_with_data(source.0, source.1)?;
    let out = OutputFolder::create(&subject.out)?;
    let planned = if Plan::exists(out.path()) { Some(Plan::read(out.path())?) } else { None };
    let n_shards = shards.or(planned.as_ref().map(|plan| plan.shards)).unwrap_or(NonZeroU32::MIN);
    let plan = Plan::new(&sweep, source, n_shards)?;
    if planned.as_ref() != Some(&plan) {
        plan.write(&out)?;
    }
    Ok(sweep)
}

fn plan(args: &PlanSweep) -> Result<String, Failure> {
    let sweep = prepare(&args.subject, Some(args.shards))?;
    let folder = args.subject.out.display();
    let status = sweep.status(&args.subject.out, args.shards)?;
    Ok(format!(
        "{} points, {} of them different and {} without a row, in {} shards\n\
         rebias sweep run {folder} --shard I/{}    for I from 1 to {}\nrebias sweep collect {folder}",
        status.points,
        status.distinct,
        status.missing(),
        args.shards,
        args.shards,
        args.shards,
    ))
}

fn run_shard(args: &RunShard) -> Result<String, Failure> {
    let folder = &args.planned.folder;
    let sweep = Plan::read(folder)?.read_sweep()?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let n_done = compute(&sweep, folder, shard)?;
    Ok(format!("shard {shard}: {n_done} points computed"))
}

fn resume(args: &Planned) -> Result<String, Failure> {
    let sweep = Plan::read(&args.folder)?.read_sweep()?;
    compute(&sweep, &args.folder, Shard::WHOLE)?;
    collect(&sweep, &args.folder)
}

/// Computes what is missing of a shard; returns how many points that was. Results of the others are written even where
/// some points fail.
fn compute(sweep: &Sweep, folder: &Path, shard: Shard) -> Result<usize, Failure> {
    let stop = interrupt::requested()?;
    let bar = progress::bar(sweep.n_missing(folder, shard)?, "points");
    let control = SweepControl { shard, stop: &stop, done: &|| bar.inc(1) };
    let outcome = sweep.run(folder, &control);
    bar.finish_and_clear();
    match outcome {
        Ok(progress) if progress.missing > 0 => Err(Failure::Interrupted(format!(
            "interrupted: {} points computed, {} missing\nhint: `rebias sweep resume {}` goes on",
            progress.work.points,
            progress.missing,
            folder.display()
        ))),
        Ok(progress) => Ok(progress.work.points),
        Err(error @ SweepError::Run { .. }) => {
            write_results(sweep, folder)?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes the results that are there.
fn write_results(sweep: &Sweep, folder: &Path) -> Result<rebias_sweep::Results, Failure> {
    let results = sweep.results(folder)?;
    let csv = results.to_csv().map_err(|error| Failure::Run(error.to_string()))?;
    let files = vec![
        (RESULTS, csv),
        #[cfg(feature = "parquet")]
        (TYPED_RESULTS, results.to_parquet().map_err(|error| Failure::Run(error.to_string()))?),
    ];
    OutputFolder::create(folder)?.write(&files)?;
    Ok(results)
}

fn collect(sweep: &Sweep, folder: &Path) -> Result<String, Failure> {
    let results = write_results(sweep, folder)?;
    let file = folder.join(RESULTS);
    let output = format!("{}\n\n{} points in {}", results.to_text(), results.rows().len(), file.display());
    match results.n_missing() {
        0 => Ok(output),
        n_missing => {
            let (points, folder) = (sweep.n_points(), folder.display());
            let hint = format!("`rebias sweep resume {folder}` computes them");
            Err(Failure::Results { output, told: format!("{n_missing} of {points} points are missing\nhint: {hint}") })
        }
    }
}

fn status(args: &Planned) -> Result<String, Failure> {
    let plan = Plan::read(&args.folder)?;
    let sweep = plan.read_sweep()?;
    let status = sweep.status(&args.folder, plan.shards)?;
    let mut lines = vec![format!(
        "{}: {} points, {} of them different; {} done, {} missing",
        plan.sweep().display(),
        status.points,
        status.distinct,
        status.done(),
        status.missing(),
    )];
    if status.done() > 0 && status.missing() > 0 {
        lines.push(expectation(&sweep, Some(&args.folder))?);
    }
    let notes = [
        (status.torn, "lines were cut by a crash and are ignored"),
        (status.foreign, "rows are of other points, from before the sweep was changed"),
    ];
    lines.extend(notes.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    lines.push(format!("\n{:>9}{:>10}{:>10}{:>10}", "shard", "points", "done", "missing"));
    lines.extend(
        status.shards.iter().map(|(shard, points, done)| {
            format!("{:>9}{points:>10}{done:>10}{:>10}", shard.to_string(), points - done)
        }),
    );
    Ok(lines.join("\n"))
}
