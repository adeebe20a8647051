//! Trained biased codes, decoupled: w = α·(q + β), where the levels of the float weights, α₀ and β₀, go on deciding
//! which code a weight gets, and only what the codes mean is trained. The other reading of the trained biased number
//! representation (Q. Wang, Y. Lin, ACM JETC 2019), after TTQ (C. Zhu et al., ICLR 2017).
//!
//! v = w/α₀ − β₀, q = clip(⌊v + ½⌋, 0, 2^k − 1); I = 1 where 0 ≤ v ≤ 2^k − 1. Backwards: ∂w = I·g·α/α₀,
//! ∂α = Σ g·(q + β), ∂β = α·Σ g.

use burn::tensor::{Device, Tensor, TensorData};
use ndarray::Array2;

use super::biased::Biased;
use super::{Granularity, Rule, column};
use crate::codes::Codes;
use crate::formula::Levels;
use crate::parameter::{Parameter, Pass};
use crate::quantise;

#[derive(Clone, Debug)]
pub(super) struct Decoupled {
    /// α₀ and β₀.
    assigned_by: Vec<Levels>,
    /// α and β.
    trained: Biased,
}

impl Decoupled {
    pub(super) fn new(bits: u32, granularity: Granularity, latent: &Array2<f64>, device: &Device) -> Self {
        let trained = Biased::new(bits, granularity, latent, device);
        Self { assigned_by: trained.levels(), trained }
    }
}

impl Rule for Decoupled {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        let constant = |of: fn(&Levels) -> f64| {
            let values: Vec<f64> = self.assigned_by.iter().map(of).collect();
            let len = values.len();
            column(Tensor::from_data(TensorData::new(values, [len]), (&latent.device(), latent.dtype())))
        };
        let Biased { bits, alpha, beta } = &self.trained;
        let position = latent.clone() / constant(|levels| levels.alpha) - constant(|levels| levels.beta);
        let codes = quantise::codes(position, quantise::max_code(*bits));
        (codes + column(beta.value(pass))) * column(alpha.value(pass))
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        self.trained.codes_by(&self.assigned_by, latent)
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        self.trained.parameters()
    }

    fn freeze(&mut self, fraction_bits: u32) {
        self.trained.freeze(fraction_bits);
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
