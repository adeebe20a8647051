//! Levels of one trained step around a fixed zero: what symmetric codes, LSQ and sign–magnitude have in common.

use burn::tensor::{Device, Tensor};

use super::column;
use crate::formula::rounded;
use crate::parameter::{Parameter, Pass};
use crate::quantise;

/// w = α·(q + β), q = clip(⌊w/α − β + ½⌋, 0, largest).
///
/// Backwards, with I = 1 where w/α − β lies in 0 … largest: ∂w = I·g, ∂α = Σ g·(q + β − I·w/α).
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) alpha: Parameter,
    pub(super) beta: f64,
    /// The largest code.
    pub(super) largest: f64,
}

impl Steps {
    pub(super) fn new(alpha: f64, beta: f64, largest: f64, device: &Device) -> Self {
        Self { alpha: Parameter::step(&[alpha], device), beta, largest }
    }

    pub(super) fn forward(&self, latent: Tensor<2>, alpha: Tensor<1>) -> Tensor<2> {
        let alpha = column(alpha);
        let codes = quantise::codes(latent / alpha.clone() - self.beta, self.largest);
        (codes + self.beta) * alpha
    }

    pub(super) fn trained(&self, pass: Pass) -> Tensor<1> {
        self.alpha.value(pass)
    }

    /// The code of a weight.
    pub(super) fn code(&self, weight: f64) -> f64 {
        rounded(weight / self.alpha.scalar() - self.beta).clamp(0.0, self.largest)
    }
}
