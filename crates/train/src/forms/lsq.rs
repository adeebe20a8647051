//! Learned step size, signed codes −2^(k−1) … 2^(k−1) − 1 (S. Esser et al., ICLR 2020): w = α·(q⁺ − q⁻), on pairs of
//! cells. Backwards as the symmetric form, with α's gradient times 1/√(n·(2^(k−1) − 1)), n the number of weights. Starts
//! at α = 2·mean|w|/√(2^(k−1) − 1).

use burn::tensor::{Device, Tensor};
use ndarray::Array2;

use super::step::Steps;
use super::{Rule, mean_of, positive};
use crate::codes::Codes;
use crate::parameter::{Parameter, Pass};
use crate::quantise::max_code;

#[derive(Clone, Debug)]
pub(super) struct Lsq {
    bits: u32,
    steps: Steps,
}

impl Lsq {
    pub(super) fn new(bits: u32, latent: &Array2<f64>, device: &Device) -> Self {
        let below_zero = 0.5 * (max_code(bits) + 1.0);
        let alpha = positive(2.0 * mean_of(latent) / (below_zero - 1.0).sqrt());
        Self { bits, steps: Steps::new(alpha, -below_zero, max_code(bits), device) }
    }
}

impl Rule for Lsq {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        let above_zero = self.steps.largest + self.steps.beta;
        let scale = 1.0 / (latent.shape().num_elements() as f64 * above_zero).sqrt();
        let alpha = self.steps.trained(pass);
        // The value of α, and a part of its gradient.
        let kept = alpha.clone().detach() * (1.0 - scale);
        self.steps.forward(latent, alpha * scale + kept)
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        Codes::pair(self.bits, latent, self.steps.alpha.scalar(), |weight| self.steps.code(weight) + self.steps.beta)
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.steps.alpha]
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
