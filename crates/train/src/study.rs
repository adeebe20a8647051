//! A study: the same recipe in several forms and with several seeds, and what can be said of the difference.
//!
//! All forms of a seed start from the same float network and see the same batches, so that they are compared in pairs.
//! Each run leaves a trace; one that is there already is not run again, so an interrupted study goes on where it was.

mod statistics;
mod tables;

use std::fs;
use std::path::Path;

use rebias_config::Document;
use rebias_network::{Trace, TraceFiles};
use rebias_recipe::{Recipe, Study};

use crate::fit::Watch;
use crate::output::OutputFolder;
use crate::run::{Division, Pair, RunFiles, check_size, export, float_pair, quantised, read_test, read_training};
use crate::{Observer, Phase, TrainError};

pub use statistics::{Comparison, FormSummary, Interval, compare};
pub use tables::{text_table, write_tables};

/// What one run of a study gave; accuracies are fractions of the test images.
#[derive(Clone, Debug, PartialEq)]
pub struct StudyRow {
    /// The form, as recipes name it.
    pub form: &'static str,
    /// Bits of hidden weights.
    pub weight_bits: u32,
    /// The seed.
    pub seed: u64,
    /// Accuracy of the float twin.
    pub float: f64,
    /// Accuracy of the integer network.
    pub integer: f64,
}

/// Runs what is missing in `files.out` of a study of `recipe`, and returns all its runs: seed by seed, forms in the
/// study's order.
///
/// # Errors
/// As [`crate::run`], and a folder that is no trace where a run's should be.
pub fn run_study(
    study: &Study,
    recipe: &Document,
    files: &RunFiles<'_>,
    observer: &mut dyn Observer,
) -> Result<Vec<StudyRow>, TrainError> {
    let mut rows = Vec::new();
    for &seed in &study.seeds {
        let runs = study.runs(recipe, seed)?;
        let folder = |run: &Recipe| files.out.join(&run.name);
        let missing: Vec<&Recipe> = runs.iter().filter(|run| !folder(run).exists()).collect();
        if !missing.is_empty() {
            run_missing(&missing, files, observer)?;
        }
        for (run, &(form, _)) in runs.iter().zip(&study.forms) {
            let (float, integer) = accuracies(&folder(run))?;
            rows.push(StudyRow { form, weight_bits: run.quantisation.weight_bits, seed, float, integer });
        }
    }
    Ok(rows)
}

/// Runs recipes that differ only in their quantisation.
fn run_missing(recipes: &[&Recipe], files: &RunFiles<'_>, observer: &mut dyn Observer) -> Result<(), TrainError> {
    let Some(first) = recipes.first() else { return Ok(()) };
    let set = read_training(files.data, first)?;
    check_size(first, &set)?;
    let test = read_test(files.data, first, &set)?;
    let division = Division::new(first, &set)?;
    // Runs that are there are kept; within one, nothing is.
    let mut watch = Watch { observer, checkpoints: None };
    let floats = float_pair(first, &set, &division, &mut watch)?;
    for recipe in recipes {
        let output = OutputFolder::reserve(&files.out.join(&recipe.name))?;
        let quantised = quantised(recipe, &set, &division, &floats, &mut watch)?;
        watch.observer.phase(Phase::Export, 0);
        let pair = Pair { quantised, float: floats.twin_outcome(&set) };
        let (trace, _) = export(recipe, files.command, &pair, [&set, &test], &division)?;
        output.publish(trace.render()?)?;
    }
    Ok(())
}

/// What a run's trace tells of the accuracies of the float twin and of the integer network.
fn accuracies(folder: &Path) -> Result<(f64, f64), TrainError> {
    let files = TraceFiles::fetch(&folder.display().to_string(), |file| fs::read(folder.join(file)))?;
    let trace = Trace::parse(&files)?;
    let told = trace.provenance.accuracies.and_then(|told| told.float.zip(told.integer));
    told.ok_or_else(|| TrainError::Mismatch(format!("`{}` tells no accuracies", folder.display())))
}
