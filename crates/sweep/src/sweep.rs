//! A sweep: every point of its grid validated first, then run in parallel, each once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use rebias_arch::Fingerprint;
use rebias_config::Faults;
use rebias_scheduler::RunError;

use crate::point::PlannedPoint;
use crate::results::Results;
use crate::share::{Shared, Work};
use crate::store::{Rows, ShardWriter};
use crate::trace::FingerprintedTrace;
use crate::workers::Workers;
use crate::{DesignFiles, FileError, Grid, Shard, read_design, read_document, run_fault};

/// A sweep that is known to be valid in all of its points.
#[derive(Debug)]
pub struct Sweep {
    pub(crate) grid: Grid,
    pub(crate) base: DesignFiles,
    traces: BTreeMap<String, FingerprintedTrace>,
    /// In the grid's order.
    pub(crate) points: Vec<PlannedPoint>,
}

/// Why a sweep could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file is missing or wrong.
    #[error(transparent)]
    File(#[from] FileError),
    /// Points whose architecture or costs are not valid; the first of them with all its faults.
    #[error(
        "{invalid} of {points} points are not valid; the first is {coordinates}:\n{faults}\n\
         hint: `[[exclude]]` leaves points out"
    )]
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
    /// Rows of the cost table are swept that it doesn't have.
    #[error("the cost table has no row with the component {}", .components.join(", "))]
    NoSuchComponent {
        /// The components, in backticks.
        components: Vec<String>,
    },
    /// Valid points that could not be run; all others have been.
    #[error(
        "{failed} points cannot be run; the first is {coordinates}:\n{faults}\nhint: `[[exclude]]` leaves points out"
    )]
    Run {
        /// How many.
        failed: usize,
        /// The first one's coordinates.
        coordinates: String,
        /// Why not.
        faults: Faults,
    },
    /// The sweep, or something that it reads, is no longer what was planned.
    #[error(
        "the sweep is not the one that was planned: its files have changed\nhint: plan it again; rows of points that are the same are kept"
    )]
    Changed,
}

/// How a sweep is run.
#[derive(Clone, Copy)]
pub struct SweepControl<'c> {
    /// Which part of it.
    pub shard: Shard,
    /// Once it is set, points in hand are finished and no others begun.
    pub stop: &'c AtomicBool,
    /// Called after each point, from any thread.
    pub done: &'c (dyn Fn() + Sync),
}

/// What running a sweep came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What was done.
    pub work: Work,
    /// Points of the shard that still have no row, as the run was stopped.
    pub missing: usize,
}

impl Sweep {
    /// Reads a sweep with all that it names; its paths are relative to its own folder.
    ///
    /// # Errors
    /// A file that is missing or wrong, and points that are not valid.
    pub fn read(path: &Path) -> Result<Self, SweepError> {
        Self::read_with_data(path, None)
    }

    /// As [`read`](Sweep::read); with a data set, its test images are in place of the traces' samples.
    ///
    /// # Errors
    /// As [`read`](Sweep::read), and a data set that is missing or whose images are no inputs of a network.
    pub fn read_with_data(path: &Path, data: Option<&Path>) -> Result<Self, SweepError> {
        let grid = Grid::parse(&read_document(path)?).map_err(FileError::from)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let base = read_design(&folder.join(&grid.architecture))?;
        let missing = grid.missing_components(&base.costs);
        if !missing.is_empty() {
            let components = missing.iter().map(|component| format!("`{component}`")).collect();
            return Err(SweepError::NoSuchComponent { components });
        }
        let mut traces = BTreeMap::new();
        for name in grid.traces() {
            traces.insert(name.to_owned(), FingerprintedTrace::read(&folder.join(name), data)?);
        }
        let mut sweep = Self { grid, base, traces, points: Vec::new() };
        sweep.points = sweep.planned()?;
        Ok(sweep)
    }

    fn planned(&self) -> Result<Vec<PlannedPoint>, SweepError> {
        let indices: Vec<_> = self.grid.indices().collect();
        let planned: Vec<_> = indices.par_iter().map(|&index| PlannedPoint::new(self, index)).collect();
        let invalid = planned.iter().filter(|point| point.is_err()).count();
        let points = planned.len();
        planned
            .into_iter()
            .zip(indices)
            .map(|(point, index)| {
                point.map_err(|faults| SweepError::InvalidPoints {
                    invalid,
                    points,
                    coordinates: self.coordinates(index),
                    faults,
                })
            })
            .collect()
    }

    pub(crate) fn trace(&self, name: &str) -> &FingerprintedTrace {
        &self.traces[name]
    }

    /// Points of the grid.
    pub fn n_points(&self) -> usize {
        self.points.len()
    }

    /// Hash of the points, in their order.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.points.iter().map(|point| point.key.to_string()))
    }

    /// Coordinates with the names of their axes.
    pub(crate) fn coordinates(&self, index: usize) -> String {
        let coordinates = self.grid.coordinates(index);
        let named: Vec<_> =
            self.grid.axis_names().zip(coordinates).map(|(axis, value)| format!("{axis} = {value}")).collect();
        named.join(", ")
    }

    /// Points of a shard, each once: in the grid's order, but those that share programmed arrays, emulation or replay one
    /// after the other, so that nothing need be kept for long or made in two shards.
    pub(crate) fn shard(&self, shard: Shard) -> Vec<&PlannedPoint> {
        let (mut arrays, mut emulations, mut replays) = (Ranks::default(), Ranks::default(), Ranks::default());
        let mut seen = HashSet::new();
        let mut rank = |point: &PlannedPoint| {
            let values = point.values.map(|keys| (arrays.of(keys.arrays), emulations.of(keys.emulation)));
            (values, replays.of(point.replay))
        };
        let distinct = self.points.iter().filter(|point| seen.insert(point.key));
        let mut ranked: Vec<_> = distinct.map(|point| (rank(point), point)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked[shard.range(ranked.len())].iter().map(|(_, point)| *point).collect()
    }

    /// Those that have no row.
    fn missing(&self, shard: Shard, stored: &Rows) -> Vec<&PlannedPoint> {
        self.shard(shard).into_iter().filter(|point| stored.get(point.key).is_none()).collect()
    }

    /// How many points of a shard have no row in a folder.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn n_missing(&self, folder: &Path, shard: Shard) -> Result<usize, FileError> {
        Ok(self.missing(shard, &Rows::read(folder)?).len())
    }

    /// Runs what is missing of a shard, and keeps its rows in a folder.
    ///
    /// # Errors
    /// Points that cannot be run, once all others are done; a folder that cannot be written to, at once.
    pub fn run(&self, folder: &Path, control: &SweepControl<'_>) -> Result<Progress, SweepError> {
        let writer = ShardWriter::open(folder, control.shard)?;
        let todo = self.missing(control.shard, &Rows::read(folder)?);
        if todo.is_empty() {
            return Ok(Progress { work: Work::default(), missing: 0 });
        }
        let shared = Shared::new(self, &todo).map_err(|error| self.failed(1, todo[0], error.into()))?;
        Workers::new(self, shared, (&todo, control)).run(writer)
    }

    pub(crate) fn failed(&self, failed: usize, first: &PlannedPoint, error: RunError) -> SweepError {
        let faults = run_fault(&error, &self.grid.point(first.index, &self.base).arch);
        SweepError::Run { failed, coordinates: self.coordinates(first.index), faults }
    }

    /// The rows that are there, in the grid's order.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn results(&self, folder: &Path) -> Result<Results, FileError> {
        Ok(Results::new(self, &Rows::read(folder)?))
    }
}

/// Numbers what it is asked for in the order of the first times.
#[derive(Default)]
struct Ranks(HashMap<Fingerprint, usize>);

impl Ranks {
    fn of(&mut self, key: Fingerprint) -> usize {
        let next = self.0.len();
        *self.0.entry(key).or_insert(next)
    }
}
