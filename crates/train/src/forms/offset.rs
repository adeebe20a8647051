//! Offset binary of a fixed range, as ISAAC stores weights (A. Shafiee et al., ISCA 2016): w = α·(q − 2^(k−1)) with
//! α = max|w|/2^(k−1), taken anew from the latent weights in each step. Nothing is trained but these. Backwards: ∂w = g
//! inside the range, α counts as a constant.

use burn::tensor::Tensor;
use ndarray::Array2;

use super::{Rule, largest, largest_of, positive};
use crate::codes::Codes;
use crate::formula::Levels;
use crate::parameter::Pass;
use crate::quantise::{self, max_code};

#[derive(Clone, Debug)]
pub(super) struct OffsetBinary {
    pub(super) bits: u32,
}

impl OffsetBinary {
    /// 2^(k−1).
    fn zero(&self) -> f64 {
        0.5 * (max_code(self.bits) + 1.0)
    }
}

impl Rule for OffsetBinary {
    fn forward(&self, latent: Tensor<2>, _pass: Pass) -> Tensor<2> {
        let alpha = largest(&latent) / self.zero();
        let beta = alpha.clone().zeros_like() - self.zero();
        quantise::weights(latent, alpha, beta, self.bits)
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let (alpha, beta) = (positive(largest_of(latent) / self.zero()), -self.zero());
        let levels = Levels { bits: self.bits, alpha, beta };
        Codes::biased(self.bits, latent, (vec![alpha], vec![beta]), |_, weight| levels.code(weight))
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
