//! How far a sweep is, and how long the rest will take.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};

use rebias_arch::Fingerprint;

use crate::point::PlannedPoint;
use crate::share::{MAX_KEPT_CHIPS, Shared};
use crate::store::Rows;
use crate::{FileError, Shard, Sweep, SweepError, Work};

/// How far a sweep is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Points of the grid.
    pub points: usize,
    /// Points that differ from all others; each is computed once.
    pub distinct: usize,
    /// Each shard with its points and how many of them have a row.
    pub shards: Vec<(Shard, usize, usize)>,
    /// Rows of points that are none of this sweep's, as it was another when they were computed.
    pub foreign: usize,
    /// Lines that crashes have cut.
    pub torn: usize,
}

impl Status {
    /// Points that have a row.
    pub fn done(&self) -> usize {
        self.shards.iter().map(|(_, _, done)| done).sum()
    }

    /// Points that have none.
    pub fn missing(&self) -> usize {
        self.distinct - self.done()
    }
}

/// What there is to do, and how long it will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// What has to be done for the points that have no row.
    pub work: Work,
    /// How long that takes on this machine.
    pub time: Duration,
    /// Where the time is from.
    pub basis: Basis,
}

/// What an expected time is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// There is nothing to do.
    Nothing,
    /// The mean of so many stored rows.
    Stored(usize),
    /// The first point without a row, which has been run; these are its coordinates.
    Measured(String),
}

impl Sweep {
    /// How far the sweep is in a folder.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn status(&self, folder: &Path, shards: NonZeroU32) -> Result<Status, FileError> {
        let rows = Rows::read(folder)?;
        let distinct = self.shard(Shard::WHOLE);
        let is_done = |point: &&&PlannedPoint| rows.get(point.key).is_some();
        let shards = Shard::all(shards).map(|shard| {
            let points = &distinct[shard.range(distinct.len())];
            (shard, points.len(), points.iter().filter(is_done).count())
        });
        let shards: Vec<_> = shards.collect();
        let done: usize = shards.iter().map(|(_, _, done)| done).sum();
        let (points, distinct) = (self.n_points(), distinct.len());
        Ok(Status { points, distinct, shards, foreign: rows.len() - done, torn: rows.n_torn })
    }

    /// What there is to do, and how long it will take: by the rows in the folder, or else by running one point.
    ///
    /// # Errors
    /// A folder that cannot be read, a point that cannot be run.
    pub fn expect(&self, folder: Option<&Path>) -> Result<Expectation, SweepError> {
        let rows = folder.map(Rows::read).transpose()?.unwrap_or_default();
        let points = self.shard(Shard::WHOLE);
        let (stored, todo): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| rows.get(point.key).is_some());
        let work = work(&todo);
        let threads = rayon::current_num_threads() as f64;
        let stored: Vec<_> = stored.iter().filter_map(|point| Some(rows.get(point.key)?.seconds)).collect();
        let (seconds, basis) = match (todo.first(), stored.len()) {
            (None, _) => (0.0, Basis::Nothing),
            (Some(first), 0) => (self.measured(first, &work)?, Basis::Measured(self.coordinates(first.index))),
            (Some(_), n) => {
                let mean = stored.iter().sum::<f64>() / n as f64;
                (mean * work.points as f64 / threads, Basis::Stored(n))
            }
        };
        Ok(Expectation { work, time: Duration::from_secs_f64(seconds), basis })
    }

    /// How long some work takes if all points are like one of them. Images keep all threads busy, and so do points.
    fn measured(&self, point: &PlannedPoint, work: &Work) -> Result<f64, SweepError> {
        let failed = |error| self.failed(1, point, error);
        let start = Instant::now();
        let shared = Shared::new(self, &[point]).map_err(|error| failed(error.into()))?;
        let once = start.elapsed();
        shared.run(point).map_err(failed)?;
        let (replay, emulation) = shared.spent();
        let rest = start.elapsed().saturating_sub(once + replay + emulation);
        let by_thread = work.replays as f64 * replay.as_secs_f64() + work.points as f64 * rest.as_secs_f64();
        let by_all = once.as_secs_f64() + work.emulations as f64 * emulation.as_secs_f64();
        Ok(by_all + by_thread / rayon::current_num_threads() as f64)
    }
}

/// What has to be done for some points.
fn work(points: &[&PlannedPoint]) -> Work {
    let replays: HashSet<Fingerprint> = points.iter().map(|point| point.replay).collect();
    let values = || points.iter().filter_map(|point| point.values);
    let chips = values().flat_map(|keys| {
        let alone = (keys.chips > MAX_KEPT_CHIPS).then_some(keys.emulation);
        (0..keys.chips).map(move |chip| (keys.arrays, alone, chip))
    });
    Work {
        points: points.len(),
        replays: replays.len(),
        programmings: chips.collect::<HashSet<_>>().len(),
        emulations: values().map(|keys| keys.emulation).collect::<HashSet<_>>().len(),
    }
}
