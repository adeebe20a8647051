//! Dynamic fixed point: two's-complement codes with a power of two as their step, chosen for each layer so that no weight
//! overflows (P. Gysel et al., Ristretto, 2016): w = α·(q − 2^(k−1)), α = 2^⌈log₂ max|w|⌉ / 2^(k−1), taken anew from the
//! latent weights in each step. Backwards: ∂w = g inside the range.

use burn::tensor::Tensor;
use ndarray::Array2;

use super::{Rule, largest, largest_of, positive};
use crate::codes::Codes;
use crate::formula::Levels;
use crate::parameter::Pass;
use crate::quantise::{self, max_code};

#[derive(Clone, Debug)]
pub(super) struct FixedPoint {
    pub(super) bits: u32,
}

impl FixedPoint {
    /// 2^(k−1).
    fn zero(&self) -> f64 {
        0.5 * (max_code(self.bits) + 1.0)
    }

    /// The step for weights up to a magnitude.
    fn step(&self, largest: f64) -> f64 {
        positive(largest).log2().ceil().exp2() / self.zero()
    }
}

impl Rule for FixedPoint {
    fn forward(&self, latent: Tensor<2>, _pass: Pass) -> Tensor<2> {
        let largest = largest(&latent);
        let (alpha, beta) = (largest.zeros_like() + self.step(largest.into_scalar()), -self.zero());
        let beta = alpha.zeros_like() + beta;
        quantise::weights(latent, alpha, beta, self.bits)
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let (alpha, beta) = (self.step(largest_of(latent)), -self.zero());
        let levels = Levels { bits: self.bits, alpha, beta };
        Codes::biased(self.bits, latent, (vec![alpha], vec![beta]), |_, weight| levels.code(weight))
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
