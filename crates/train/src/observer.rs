//! How a caller watches a run; this crate itself prints nothing.

use std::fmt;

/// A part of a training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Float training from random weights.
    Pretrain,
    /// Training of the quantised network from the pre-trained weights.
    Quantised,
    /// Training of the float twin from the same weights, with the same budget.
    FloatTwin,
    /// Evaluation on the test set and export.
    Export,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pretrain => "float pre-training",
            Self::Quantised => "quantised fine-tuning",
            Self::FloatTwin => "float fine-tuning",
            Self::Export => "export",
        })
    }
}

/// Watches a run. Every method does nothing by default.
pub trait Observer {
    /// A phase of `steps` steps begins.
    fn phase(&mut self, phase: Phase, steps: usize) {
        let _ = (phase, steps);
    }

    /// The phase goes on from a checkpoint that was written after `step` steps.
    fn resumed(&mut self, step: usize) {
        let _ = step;
    }

    /// A step, counted from 1, is done; `loss` is the mean cross-entropy of its batch in nats.
    fn step(&mut self, step: usize, loss: f64) {
        let _ = (step, loss);
    }

    /// The network after `step` steps was evaluated on the held-out images; `accuracy` is a fraction.
    fn evaluated(&mut self, step: usize, accuracy: f64) {
        let _ = (step, accuracy);
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
