//! What a sweep has to do, and how long that takes.

use std::path::Path;
use std::time::Duration;

use rebias_sweep::{Basis, Sweep};

use crate::failure::Failure;

/// Says what has to be done for the points without a row in a folder, and how long it takes on this machine.
pub(crate) fn expectation(sweep: &Sweep, folder: Option<&Path>) -> Result<String, Failure> {
    let expected = sweep.expect(folder)?;
    let work = expected.work;
    let basis = match expected.basis {
        Basis::Nothing => return Ok("nothing to compute".to_owned()),
        Basis::Stored(rows) => format!("by {rows} rows that are there"),
        Basis::Measured(point) => format!("measured on {point}"),
    };
    Ok(format!(
        "to compute: {} points, {} replays, {} emulations, {} programmings of arrays; about {} on {} threads, {basis}",
        work.points,
        work.replays,
        work.emulations,
        work.programmings,
        readable(expected.time),
        rayon::current_num_threads(),
    ))
}

/// A duration in the unit that suits it.
fn readable(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 60.0 => format!("{seconds:.1} s"),
        seconds if seconds < 3600.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}
