//! `rebias sweep`: a grid of configurations, one row each.

use rebias_sweep::{OutputFolder, Sweep};

use crate::args;
use crate::failure::Failure;
use crate::progress;

/// The file that a sweep writes.
const RESULTS: &str = "results.csv";

pub(crate) fn run(args: &args::Sweep) -> Result<String, Failure> {
    let sweep = Sweep::read(&args.sweep).map_err(Failure::input)?;
    let out = OutputFolder::create(&args.out)?;

    let bar = progress::bar(sweep.n_points(), "points");
    let rows = sweep.run(&|| bar.inc(1)).map_err(Failure::input)?;
    bar.finish_and_clear();

    out.write(&[(RESULTS, rows.to_csv().map_err(|error| Failure::Run(error.to_string()))?)])?;
    Ok(format!("{}\n\n{} points in {}", rows.to_text(), sweep.n_points(), out.path().join(RESULTS).display()))
}
