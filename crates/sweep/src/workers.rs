//! Threads that run the points of a shard.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rebias_scheduler::RunError;

use crate::memo::locked;
use crate::point::PlannedPoint;
use crate::share::Shared;
use crate::store::{Row, ShardWriter};
use crate::{FileError, Progress, Sweep, SweepControl, SweepError};

/// Threads that run points. They are none of rayon's: a thread that waits for what another makes must not be one that
/// the other needs.
pub(crate) struct Workers<'w> {
    sweep: &'w Sweep,
    shared: Shared<'w>,
    todo: &'w [&'w PlannedPoint],
    control: &'w SweepControl<'w>,
    next: AtomicUsize,
}

/// What workers have come to.
struct Outcome {
    writer: ShardWriter,
    n_done: usize,
    /// Points that cannot be run, by their place among those to do.
    failed: Vec<(usize, RunError)>,
    /// Why rows can't be kept.
    unwritten: Option<FileError>,
}

impl<'w> Workers<'w> {
    pub(crate) fn new(
        sweep: &'w Sweep,
        shared: Shared<'w>,
        (todo, control): (&'w [&'w PlannedPoint], &'w SweepControl<'w>),
    ) -> Self {
        Self { sweep, shared, todo, control, next: AtomicUsize::new(0) }
    }

    /// Runs the points, and keeps their rows.
    pub(crate) fn run(&self, writer: ShardWriter) -> Result<Progress, SweepError> {
        let outcome = Mutex::new(Outcome { writer, n_done: 0, failed: Vec::new(), unwritten: None });
        std::thread::scope(|scope| {
            for _ in 0..rayon::current_num_threads().min(self.todo.len()) {
                scope.spawn(|| while self.step(&outcome) {});
            }
        });
        let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = outcome.unwritten {
            return Err(error.into());
        }
        outcome.writer.sync()?;
        outcome.failed.sort_by_key(|(place, _)| *place);
        let n_failed = outcome.failed.len();
        if let Some((place, error)) = outcome.failed.into_iter().next() {
            return Err(self.sweep.failed(n_failed, self.todo[place], error));
        }
        Ok(Progress { work: self.shared.work(outcome.n_done), missing: self.todo.len() - outcome.n_done })
    }

    /// Runs a point; false if there is nothing more to do.
    fn step(&self, outcome: &Mutex<Outcome>) -> bool {
        if self.control.stop.load(Ordering::Relaxed) || locked(outcome).unwritten.is_some() {
            return false;
        }
        let place = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(point) = self.todo.get(place) else { return false };
        let start = Instant::now();
        let summary = self.shared.run(point);
        let seconds = start.elapsed().as_secs_f64();
        let mut outcome = locked(outcome);
        match summary {
            Ok(summary) => match outcome.writer.append(Row { point: point.key.to_string(), seconds, summary }) {
                Ok(()) => outcome.n_done += 1,
                Err(error) => outcome.unwritten = Some(error),
            },
            Err(error) => outcome.failed.push((place, error)),
        }
        (self.control.done)();
        true
    }
}
