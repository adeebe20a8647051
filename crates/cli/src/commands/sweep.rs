//! `rebias sweep`: many configurations, one row each.

use std::sync::atomic::AtomicBool;

use rebias_sweep::{OutputFolder, Shard, Sweep, SweepControl};

use crate::args;
use crate::failure::Failure;
use crate::progress;

/// The file that a sweep writes.
const RESULTS: &str = "results.csv";

pub(crate) fn run(args: &args::Sweep) -> Result<String, Failure> {
    let sweep = Sweep::read_with_data(&args.sweep, args.data.as_deref()).map_err(Failure::input)?;
    let out = OutputFolder::create(&args.out)?;

    let bar = progress::bar(sweep.n_points(), "points");
    let control = SweepControl { shard: Shard::WHOLE, stop: &AtomicBool::new(false), done: &|| bar.inc(1) };
    sweep.run(out.path(), &control).map_err(Failure::input)?;
    bar.finish_and_clear();

    let results = sweep.results(out.path())?;
    out.write(&[(RESULTS, results.to_csv().map_err(|error| Failure::Run(error.to_string()))?)])?;
    Ok(format!("{}\n\n{} points in {}", results.to_text(), sweep.n_points(), out.path().join(RESULTS).display()))
}
