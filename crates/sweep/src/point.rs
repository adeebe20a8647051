//! Points that are known to be valid, and what tells them apart.

use rebias_arch::{Arch, Fingerprint};
use rebias_config::Faults;
use rebias_cost::Costs;

use crate::Sweep;
use crate::grid::{Point, RunSettings};
use crate::trace::FingerprintedTrace;

/// A point that is known to be valid: its place, and the hashes of what its work depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedPoint {
    /// Its place in the grid.
    pub(crate) index: usize,
    /// Of all that determines it.
    pub(crate) key: Fingerprint,
    /// Of its placement and replay.
    pub(crate) replay: Fingerprint,
    /// `None` for a trace without tensors or images.
    pub(crate) values: Option<ValueKeys>,
}

/// What the values of a point depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueKeys {
    /// Of the cells of each of its chips.
    pub(crate) arrays: Fingerprint,
    /// Of what they make of its images.
    pub(crate) emulation: Fingerprint,
    /// Chips that it is emulated on.
    pub(crate) chips: u32,
}

/// A point as it is run.
pub(crate) struct ValidPoint {
    pub(crate) arch: Arch,
    pub(crate) costs: Costs,
    pub(crate) run: RunSettings,
}

impl PlannedPoint {
    /// Checks a point of the grid.
    pub(crate) fn new(sweep: &Sweep, index: usize) -> Result<Self, Faults> {
        let point = sweep.grid.point(index, &sweep.base);
        let ValidPoint { arch, run, .. } = ValidPoint::parse(&point)?;
        let trace = sweep.trace(&run.trace);
        let values = n_images(&run, trace).map(|images| {
            let cells = [trace.fingerprint.to_string(), run.seed.to_string()];
            let settings = [images.to_string(), run.chips.to_string()];
            let with = |key: Fingerprint, settings: &[String]| {
                Fingerprint::of([key.to_string()].iter().chain(&cells).chain(settings))
            };
            ValueKeys {
                arrays: with(arch.array_key(), &[]),
                emulation: with(arch.emulation_key(), &settings),
                chips: run.chips.get(),
            }
        });
        Ok(Self {
            index,
            key: key(&point, trace),
            replay: Fingerprint::of([trace.fingerprint.to_string(), arch.replay_key().to_string()]),
            values,
        })
    }

    /// The point with its parts.
    pub(crate) fn resolve(&self, sweep: &Sweep) -> ValidPoint {
        match ValidPoint::parse(&sweep.grid.point(self.index, &sweep.base)) {
            Ok(valid) => valid,
            Err(faults) => unreachable!("a planned point is valid:\n{faults}"),
        }
    }
}

impl ValidPoint {
    fn parse(point: &Point) -> Result<Self, Faults> {
        let arch = Arch::parse(&point.arch)?;
        let costs = Costs::parse(&point.costs, &arch)?;
        Ok(Self { arch, costs, run: point.run.clone() })
    }
}

/// Images that a point runs; `None` for a trace without tensors or images.
pub(crate) fn n_images(run: &RunSettings, trace: &FingerprintedTrace) -> Option<usize> {
    trace.samples().map(|samples| run.images.unwrap_or(usize::MAX).min(samples.len()))
}

/// The hash of all that determines a point: resolved configuration, costs, trace, settings of the run, version.
fn key(point: &Point, trace: &FingerprintedTrace) -> Fingerprint {
    let run = &point.run;
    Fingerprint::of([
        point.arch.to_toml(),
        point.costs.to_toml(),
        trace.fingerprint.to_string(),
        n_images(run, trace).map_or_else(String::new, |images| images.to_string()),
        run.chips.to_string(),
        run.seed.to_string(),
        env!("CARGO_PKG_VERSION").to_owned(),
    ])
}
