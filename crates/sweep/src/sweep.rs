//! A sweep: every point of its grid validated first, then run in parallel.

use std::path::Path;

use rayon::prelude::*;
use rebias_arch::Arch;
use rebias_config::Faults;
use rebias_cost::Costs;
use rebias_network::Trace;
use rebias_scheduler::{Chips, ReplayOptions, RunError, RunOptions, RunResult, run};

use crate::{FileError, Grid, read_design, read_document, read_trace};

/// A sweep that is known to be valid in all of its points.
#[derive(Debug)]
pub struct Sweep {
    grid: Grid,
    trace: Trace,
    points: Vec<ValidPoint>,
}

#[derive(Debug)]
struct ValidPoint {
    coordinates: Vec<String>,
    seed: u64,
    arch: Arch,
    costs: Costs,
}

/// Why a sweep could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file is missing or wrong.
    #[error(transparent)]
    File(#[from] FileError),
    /// Points whose architecture or costs are not valid; the first of them with all its faults.
    #[error("{invalid} of {points} points are not valid; the first is {coordinates}:\n{faults}")]
    InvalidPoints {
        /// How many.
        invalid: usize,
        /// Of how many.
        points: usize,
        /// The first one's coordinates.
        coordinates: String,
        /// What is wrong with it.
        faults: Faults,
    },
    /// A valid point that could not be run.
    #[error("the point {coordinates} cannot be run: {error}")]
    Run {
        /// The point's coordinates.
        coordinates: String,
        /// Why not.
        error: RunError,
    },
}

impl Sweep {
    /// Reads a sweep with all that it names; its paths are relative to its own folder.
    ///
    /// # Errors
    /// A file that is missing or wrong, and points that are not valid.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        let grid = Grid::parse(&read_document(path)?).map_err(FileError::from)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let design = read_design(&folder.join(&grid.architecture))?;
        let trace = read_trace(&folder.join(&grid.trace))?;

        let mut points = Vec::new();
        let mut invalid = Vec::new();
        for point in grid.points(&design.arch) {
            let valid =
                Arch::parse(&point.arch).and_then(|arch| Costs::parse(&design.costs, &arch).map(|costs| (arch, costs)));
            match valid {
                Ok((arch, costs)) => {
                    points.push(ValidPoint { coordinates: point.coordinates, seed: point.seed, arch, costs });
                }
                Err(faults) => invalid.push((point.coordinates, faults)),
            }
        }
        let n_invalid = invalid.len();
        match invalid.into_iter().next() {
            None => Ok(Self { grid, trace, points }),
            Some((coordinates, faults)) => Err(SweepError::InvalidPoints {
                invalid: n_invalid,
                points: n_invalid + points.len(),
                coordinates: named(&grid, &coordinates),
                faults,
            }),
        }
    }

    /// Points of the grid.
    pub fn n_points(&self) -> usize {
        self.points.len()
    }

    /// Runs all points in parallel; `done` is called after each. Rows are in the grid's order, whatever the threads do.
    ///
    /// # Errors
    /// The first point in that order that cannot be run.
    pub fn run(&self, done: &(dyn Fn() + Sync)) -> Result<Results, SweepError> {
        let outcomes: Vec<_> = self
            .points
            .par_iter()
            .map(|point| {
                let chips = Chips { first: 0, count: self.grid.chips };
                let replay = ReplayOptions::DEFAULT;
                let options =
                    RunOptions { images: self.grid.images, seed: point.seed, chips, replay, progress: &|_| {} };
                let outcome = run(&point.arch, &point.costs, &self.trace, &options);
                done();
                outcome.map_err(|error| SweepError::Run { coordinates: named(&self.grid, &point.coordinates), error })
            })
            .collect();
        let rows = self
            .points
            .iter()
            .zip(outcomes)
            .map(|(point, outcome)| Ok((point.coordinates.clone(), outcome?)))
            .collect::<Result<_, SweepError>>()?;
        Ok(Results { axes: self.grid.axis_names().map(str::to_owned).collect(), rows })
    }
}

/// Coordinates with the names of their axes.
fn named(grid: &Grid, coordinates: &[String]) -> String {
    let named: Vec<_> = grid.axis_names().zip(coordinates).map(|(axis, value)| format!("{axis} = {value}")).collect();
    named.join(", ")
}

/// What a sweep gives: a result for each point.
#[derive(Debug)]
pub struct Results {
    axes: Vec<String>,
    rows: Vec<(Vec<String>, RunResult)>,
}

impl Results {
    /// The rows: coordinates and result, in the grid's order.
    pub fn rows(&self) -> &[(Vec<String>, RunResult)] {
        &self.rows
    }

    /// `results.csv`.
    ///
    /// # Errors
    /// None that a `Vec` causes; the type is the CSV writer's.
    pub fn to_csv(&self) -> csv::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        rebias_report::results_csv(&self.axis_names(), self.borrowed_rows(), &mut bytes)?;
        Ok(bytes)
    }

    /// A table for people.
    pub fn to_text(&self) -> String {
        rebias_report::results_text(&self.axis_names(), self.borrowed_rows())
    }

    fn axis_names(&self) -> Vec<&str> {
        self.axes.iter().map(String::as_str).collect()
    }

    fn borrowed_rows(&self) -> impl Iterator<Item = (&[String], &RunResult)> {
        self.rows.iter().map(|(coordinates, result)| (coordinates.as_slice(), result))
    }
}
