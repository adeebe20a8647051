//! The work of points, shared where they agree.
//!
//! ```text
//! points ─┬─ same replay key ───► one placement, one replay ─────────┐
//!         ├─ same array key ────► one programming of each chip ─┐    ├─► price ─► summary
//!         └─ same emulation key ► one emulation ◄───────────────┘ ───┘
//! ```

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rebias_arch::Fingerprint;
use rebias_emulation::{EmulationError, Emulator, ProgrammedArrays, exact_classes};
use rebias_mapper::Placement;
use rebias_network::{SampleSet, Trace};
use rebias_report::Summary;
use rebias_scheduler::{
    ChipSeed, Chips, Emulated, ReplayOptions, ReplayResult, RunError, RunOptions, Stages, conclude, replay,
};

use crate::Sweep;
use crate::memo::{Memo, locked};
use crate::point::{PlannedPoint, ValidPoint, ValueKeys, n_images};

/// Points on more chips than this program the arrays of each by themselves: kept for others, they would take too much
/// memory.
pub(crate) const MAX_KEPT_CHIPS: u32 = 16;

/// Work that was done for points, as distinct from what was shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Points computed.
    pub points: usize,
    /// Placements of a network, each with the replay of its cycles.
    pub replays: usize,
    /// Times that a network was programmed into the arrays of a chip.
    pub programmings: usize,
    /// Times that images were run through arrays, over all chips of a point.
    pub emulations: usize,
}

/// Where a network stands and how fast it is.
struct Placed {
    placement: Placement,
    replayed: ReplayResult,
}

/// Runs points, and keeps what others will need.
pub(crate) struct Shared<'s> {
    sweep: &'s Sweep,
    /// Of each trace, the images that are run, with the classes that the integer network finds.
    samples: BTreeMap<String, SampleSet>,
    placed: Memo<Fingerprint, Placed>,
    arrays: Memo<(Fingerprint, u32), ProgrammedArrays>,
    emulated: Memo<Fingerprint, Emulated>,
    /// Time spent on replays and on emulations.
    spent: Mutex<(Duration, Duration)>,
}

impl<'s> Shared<'s> {
    /// For some points of a sweep.
    pub(crate) fn new(sweep: &'s Sweep, points: &[&PlannedPoint]) -> Result<Self, EmulationError> {
        let keys = || points.iter().filter_map(|point| point.values);
        let mut emulations: Vec<ValueKeys> = keys().collect();
        emulations.sort_unstable_by_key(|keys| keys.emulation);
        emulations.dedup_by_key(|keys| keys.emulation);
        let kept = emulations.iter().filter(|keys| keys.chips <= MAX_KEPT_CHIPS);
        let chips = kept.flat_map(|keys| (0..keys.chips).map(|chip| (keys.arrays, chip)));
        Ok(Self {
            sweep,
            samples: samples(sweep, points)?,
            placed: Memo::new(points.iter().map(|point| point.replay)),
            arrays: Memo::new(chips),
            emulated: Memo::new(keys().map(|keys| keys.emulation)),
            spent: Mutex::default(),
        })
    }

    /// Time spent on replays and on emulations, those that points have shared counted once.
    pub(crate) fn spent(&self) -> (Duration, Duration) {
        *locked(&self.spent)
    }

    /// What has been done.
    pub(crate) fn work(&self, points: usize) -> Work {
        let (replays, emulations) = (self.placed.n_made(), self.emulated.n_made());
        Work { points, replays, programmings: self.arrays.n_made(), emulations }
    }

    /// Runs a point.
    pub(crate) fn run(&self, point: &PlannedPoint) -> Result<Summary, RunError> {
        let valid = point.resolve(self.sweep);
        let trace = &self.sweep.trace(&valid.run.trace).trace;
        if point.values.is_some() {
            Emulator::check(&valid.arch, trace.calibration.as_ref())?;
        }
        let placed = self.placed.take(&point.replay, || {
            let start = Instant::now();
            let placed = place(&valid, trace);
            locked(&self.spent).0 += start.elapsed();
            placed
        })?;
        let emulate = |keys: ValueKeys| {
            self.emulated.take(&keys.emulation, || {
                let start = Instant::now();
                let emulated = self.emulate((&valid, trace), &placed.placement, keys);
                locked(&self.spent).1 += start.elapsed();
                emulated
            })
        };
        let emulated = point.values.map(emulate).transpose()?;
        let stages = Stages {
            placement: &placed.placement,
            replayed: placed.replayed.clone(),
            emulated: emulated.as_deref(),
            seed: valid.run.seed,
        };
        Ok(Summary::new(&conclude(&valid.arch, &valid.costs, &trace.network, stages)))
    }

    fn emulate(
        &self,
        (ValidPoint { arch, run, .. }, trace): (&ValidPoint, &Trace),
        placement: &Placement,
        keys: ValueKeys,
    ) -> Result<Emulated, EmulationError> {
        let samples = self.samples.get(run.trace.as_str()).ok_or(EmulationError::NoImages)?;
        let program = |chip: ChipSeed| {
            let program = || ProgrammedArrays::of_chip(&trace.network, arch, placement, chip);
            let arrays = self.arrays.take(&(keys.arrays, chip.chip), program)?;
            Emulator::of_arrays(&trace.network, arch, &arrays, trace.calibration.as_ref())
        };
        let options = RunOptions {
            images: run.images,
            seed: run.seed,
            chips: Chips { first: 0, count: run.chips },
            replay: ReplayOptions::DEFAULT,
            progress: &|_| {},
        };
        Emulated::on_chips(arch, samples, &options, program)
    }
}

fn place(ValidPoint { arch, .. }: &ValidPoint, trace: &Trace) -> Result<Placed, RunError> {
    let placement = rebias_mapper::map(&trace.network, arch)?;
    let mut replayed = replay(&trace.network, arch, &placement, &ReplayOptions::DEFAULT)?;
    // Rows say nothing of single parts, of which a chip has thousands.
    replayed.units.clear();
    replayed.buffers.clear();
    Ok(Placed { placement, replayed })
}

/// The images that points run, no more, each with its class by the integer network: found once, not for each point.
fn samples(sweep: &Sweep, points: &[&PlannedPoint]) -> Result<BTreeMap<String, SampleSet>, EmulationError> {
    let mut most = BTreeMap::<String, usize>::new();
    for point in points.iter().filter(|point| point.values.is_some()) {
        let run = sweep.grid.run_settings(point.index);
        let images = n_images(&run, sweep.trace(&run.trace)).unwrap_or_default();
        let most = most.entry(run.trace).or_default();
        *most = images.max(*most);
    }
    let set = |(name, n_images): (String, usize)| {
        let trace = &sweep.trace(&name).trace;
        let all = trace.samples.as_ref().ok_or(EmulationError::NoImages)?;
        let mut samples = all.first(n_images);
        if samples.expected.is_none() {
            samples.expected = Some(exact_classes(&trace.network, &samples, samples.len())?);
        }
        Ok((name, samples))
    };
    most.into_iter().map(set).collect()
}
