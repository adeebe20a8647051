//! `rebias train`: from a recipe and a data set to a trace.

use std::path::Path;

use indicatif::ProgressBar;
use rebias_train::{DEBIAN_FASHION_MNIST, Observer, Phase, RunFiles, read_recipe};

use crate::args::Train;
use crate::failure::Failure;
use crate::progress;

pub(crate) fn run(args: &Train) -> Result<String, Failure> {
    let recipe = read_recipe(&args.recipe).map_err(Failure::input)?;
    let data = args.data.as_deref().unwrap_or(Path::new(DEBIAN_FASHION_MNIST));
    let command = format!("rebias train {} --out {}", args.recipe.display(), args.out.display());
    let files = RunFiles { data, out: &args.out, command: &command };
    let mut bars = Bars { bar: ProgressBar::hidden() };

    let summary = rebias_train::run(&recipe, &files, &mut bars).map_err(failure)?;
    bars.bar.finish_and_clear();
    Ok(format!(
        "{}: of {} test images\n  integer network          {:.2} %\n  fake-quantised network   {:.2} %, {} classes equal\n  \
         float twin               {:.2} %\n  on held-out images       {:.2} %\nwritten to {}",
        summary.name,
        summary.test_images,
        100.0 * summary.integer_accuracy,
        100.0 * summary.fake_quantised_accuracy,
        summary.agreeing,
        100.0 * summary.float_accuracy,
        100.0 * summary.held_out_accuracy,
        args.out.display(),
    ))
}

/// Training that runs into infinities has failed; everything else is the input's fault.
pub(super) fn failure(error: rebias_train::TrainError) -> Failure {
    if matches!(error, rebias_train::TrainError::Diverged { .. }) {
        Failure::Run(error.to_string())
    } else {
        Failure::input(error)
    }
}

/// A bar for each phase, with the loss beside it.
pub(super) struct Bars {
    pub(super) bar: ProgressBar,
}

impl Observer for Bars {
    fn phase(&mut self, phase: Phase, steps: usize) {
        self.bar.finish_and_clear();
        self.bar = progress::bar(steps, phase.to_string());
    }

    fn resumed(&mut self, step: usize) {
        self.bar.println(format!("goes on after step {step}"));
    }

    fn step(&mut self, step: usize, loss: f64) {
        self.bar.set_position(step as u64);
        self.bar.set_prefix(format!("loss {loss:.4}"));
    }

    fn evaluated(&mut self, step: usize, accuracy: f64) {
        self.bar.println(format!("step {step}: {:.2} % of held-out images", 100.0 * accuracy));
    }
}
