//! Ternary weights (F. Li, B. Liu, 2016): −α, 0 or α, with the threshold Δ = 0.7·mean|w| and α the mean magnitude of the
//! weights beyond it; as codes 0 … 2 with β = −1. Backwards: ∂w = g, as in the paper; α counts as a constant.

use burn::tensor::Tensor;
use ndarray::Array2;

use super::{Rule, indicator, mean_of, positive};
use crate::codes::Codes;
use crate::parameter::Pass;
use crate::quantise::straight_through;

/// The threshold in mean magnitudes (the paper's approximation of the best one).
const THRESHOLD: f64 = 0.7;

#[derive(Clone, Debug)]
pub(super) struct Twn;

impl Rule for Twn {
    fn forward(&self, latent: Tensor<2>, _pass: Pass) -> Tensor<2> {
        let fixed = latent.clone().detach();
        let magnitude = fixed.clone().abs();
        let threshold = (magnitude.clone().mean() * THRESHOLD).reshape([1, 1]);
        let beyond = indicator(&fixed, magnitude.clone().greater(threshold));
        let count = beyond.clone().sum().clamp_min(1.0);
        let alpha = ((magnitude * beyond.clone()).sum() / count).reshape([1, 1]);
        straight_through(latent, fixed.sign() * beyond * alpha)
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let threshold = THRESHOLD * mean_of(latent);
        let alpha = positive(mean_of(latent.iter().filter(|weight| weight.abs() > threshold)));
        Codes::biased(2, latent, (vec![alpha], vec![-1.0]), |_, weight| {
            1.0 + if weight.abs() > threshold { weight.signum() } else { 0.0 }
        })
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
