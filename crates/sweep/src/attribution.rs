//! Which non-ideality costs how much accuracy.
//!
//! A run is a set of non-idealities that are left on; the chip is otherwise ideal. Three questions are asked of each:
//!
//! ```text
//! alone               what the ideal chip loses with it        ideal ─► {it}
//! added to the rest   what is lost as it joins the others      all but it ─► all
//! all together                                                 ideal ─► all
//! ```
//!
//! Both chips of a comparison are the same draw of the same errors, so losses are differences chip by chip, and their
//! intervals are those of the mean difference. Sets that are asked for twice are run once.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rebias_arch::{Arch, Fingerprint};
use rebias_config::{Document, Faults, Problem};
use rebias_emulation::{EmulationError, Emulator, ProgrammedArrays};
use rebias_mapper::map;
use rebias_network::{SampleSet, Trace};
use rebias_scheduler::{ChipQuality, Emulated, Mean, RunError, RunOptions};

use crate::non_ideality::{NON_IDEALITIES, NonIdeality};

/// What one non-ideality, or all of them, cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Which; `None` for all together.
    pub non_ideality: Option<&'static str>,
    /// Mean accuracy of chips that have it alone, with what it needs.
    pub alone: f64,
    /// What it costs an ideal chip that has what it needs.
    pub alone_loss: Mean,
    /// Mean accuracy of chips that have all others, without those that need it; `None` for all together.
    pub all_but: Option<f64>,
    /// What it costs a chip that has these.
    pub added_loss: Option<Mean>,
}

/// Which non-ideality costs how much accuracy.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Chips that each run was emulated on.
    pub chips: usize,
    /// Images run on each chip.
    pub images: usize,
    /// Mean accuracy of ideal chips.
    pub ideal: f64,
    /// What each costs, all together last.
    pub shares: Vec<Share>,
    /// Runs that were emulated, on all chips each.
    pub runs: usize,
}

/// Why accuracy could not be attributed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttributionError {
    /// The chip, or the chip without one of its non-idealities, is not valid.
    #[error(transparent)]
    Arch(#[from] Faults),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Images without labels, or none at all, have no accuracy.
    #[error("the trace has no labelled images, and so no accuracy\nhint: name a data set with `--data`")]
    NoLabels,
}

/// A set of non-idealities.
type On = BTreeSet<&'static str>;

/// Attributes the accuracy that a chip loses to its non-idealities.
///
/// # Errors
/// A chip that is not valid or has no non-ideality, a network that does not fit it, images without labels.
pub fn attribute(arch: &Document, trace: &Trace, options: &RunOptions<'_>) -> Result<Attribution, AttributionError> {
    let present = present(arch)?;
    let questions: Vec<_> = present.iter().map(|one| Question::of(one, &present)).collect();
    let (ideal, all) = (On::new(), present.iter().map(|one| one.name).collect::<On>());
    let asked = questions.iter().flat_map(|it| [&it.base, &it.alone, &it.all_but]).chain([&ideal, &all]);
    let runs = Runs::of((arch, trace, options), &present, asked)?;

    let (ideal, complete) = (runs.accuracies(&ideal), runs.accuracies(&all));
    let mut shares = Vec::new();
    for (one, question) in present.iter().zip(&questions) {
        let [base, alone, all_but] = [&question.base, &question.alone, &question.all_but].map(|on| runs.accuracies(on));
        shares.push(Share {
            non_ideality: Some(one.name),
            alone: average(alone),
            alone_loss: loss(base, alone)?,
            all_but: Some(average(all_but)),
            added_loss: Some(loss(all_but, complete)?),
        });
    }
    shares.push(Share {
        non_ideality: None,
        alone: average(complete),
        alone_loss: loss(ideal, complete)?,
        all_but: None,
        added_loss: None,
    });
    let available = trace.samples.as_ref().map_or(0, SampleSet::len);
    let images = options.images.map_or(available, |images| images.min(available));
    Ok(Attribution { chips: complete.len(), images, ideal: average(ideal), shares, runs: runs.done.len() })
}

/// The runs that tell what one non-ideality costs.
struct Question {
    /// What it needs.
    base: On,
    /// It, with what it needs.
    alone: On,
    /// All others but those that need it.
    all_but: On,
}

impl Question {
    fn of(one: &NonIdeality, present: &[&'static NonIdeality]) -> Self {
        let base: On = present.iter().map(|other| other.name).filter(|name| one.needs == Some(*name)).collect();
        let alone = base.iter().copied().chain([one.name]).collect();
        let others = present.iter().filter(|other| other.name != one.name && other.needs != Some(one.name));
        Self { alone, all_but: others.map(|other| other.name).collect(), base }
    }
}

/// Runs that are emulated for a chip at most: ideal, all, each alone, all but each.
///
/// # Errors
/// As [`attribute`], of the chip.
pub fn max_runs(arch: &Document) -> Result<usize, Faults> {
    Ok(2 + 2 * present(arch)?.len())
}

fn present(arch: &Document) -> Result<Vec<&'static NonIdeality>, Faults> {
    let mut present = Vec::new();
    for one in NON_IDEALITIES {
        if one.is_on(arch)? {
            present.push(one);
        }
    }
    if present.is_empty() {
        let problem = Problem::new("the chip has no non-ideality");
        return Err(Faults::plain(problem.hint("give it programming errors, in `[cell.variation]`, or other errors")));
    }
    Ok(present)
}

fn average(accuracies: &[f64]) -> f64 {
    accuracies.iter().sum::<f64>() / accuracies.len() as f64
}

/// What is lost from one run to another, chip by chip.
fn loss(from: &[f64], to: &[f64]) -> Result<Mean, AttributionError> {
    let differences: Vec<_> = from.iter().zip(to).map(|(from, to)| from - to).collect();
    Mean::of(&differences).ok_or(AttributionError::NoLabels)
}

/// All runs.
struct Runs {
    /// What values depend on.
    keys: BTreeMap<On, Fingerprint>,
    /// The accuracy of each chip.
    done: BTreeMap<Fingerprint, Vec<f64>>,
}

impl Runs {
    /// Emulates the sets that are asked for, those that are the same once, and several at a time.
    fn of<'o>(
        (arch, trace, options): (&Document, &Trace, &RunOptions<'_>),
        present: &[&'static NonIdeality],
        asked: impl Iterator<Item = &'o On>,
    ) -> Result<Self, AttributionError> {
        let (mut keys, mut distinct) = (BTreeMap::new(), BTreeMap::new());
        for on in asked {
            let mut document = arch.clone();
            for one in present.iter().filter(|one| !on.contains(one.name)) {
                document = one.removed(document)?;
            }
            let arch = Arch::parse(&document)?;
            keys.insert(on.clone(), arch.emulation_key());
            distinct.insert(arch.emulation_key(), arch);
        }
        let run = |(key, arch): (&Fingerprint, &Arch)| Ok((*key, emulate(arch, trace, options)?));
        let done: Result<_, AttributionError> = distinct.par_iter().map(run).collect();
        Ok(Self { keys, done: done? })
    }

    /// The accuracy of each chip with these non-idealities and no others, which were asked for.
    fn accuracies(&self, on: &On) -> &[f64] {
        &self.done[&self.keys[on]]
    }
}

fn emulate(arch: &Arch, trace: &Trace, options: &RunOptions<'_>) -> Result<Vec<f64>, AttributionError> {
    let (network, calibration) = (&trace.network, trace.calibration.as_ref());
    let samples = trace.samples.as_ref().filter(|samples| is_labelled(samples));
    let samples = samples.ok_or(AttributionError::NoLabels)?;
    Emulator::check(arch, calibration).map_err(RunError::from)?;
    let placement = map(network, arch).map_err(RunError::from)?;
    let emulated = Emulated::on_chips(arch, samples, options, |chip| {
        let arrays = ProgrammedArrays::of_chip(network, arch, &placement, chip)?;
        Emulator::of_arrays(network, arch, &arrays, calibration)
    });
    let chips = emulated.map_err(|error: EmulationError| RunError::from(error))?.chips();
    let accuracies: Option<Vec<f64>> = chips.iter().map(|chip: &ChipQuality| chip.accuracy).collect();
    accuracies.ok_or(AttributionError::NoLabels)
}

fn is_labelled(samples: &SampleSet) -> bool {
    samples.labels.as_ref().is_some_and(|labels| !labels.is_empty())
}
