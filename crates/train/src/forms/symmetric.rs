//! Symmetric codes: w = α·(q − (2^k − 1)/2), whose levels lie evenly around 0 without containing it. α is trained as in
//! the biased form, β stays; what β's training is worth shows beside this one.

use burn::tensor::{Device, Tensor};
use ndarray::Array2;

use super::Rule;
use super::step::Steps;
use crate::codes::Codes;
use crate::formula::{Origin, least_squares};
use crate::parameter::{Parameter, Pass};
use crate::quantise::max_code;

#[derive(Clone, Debug)]
pub(super) struct Symmetric {
    bits: u32,
    steps: Steps,
}

impl Symmetric {
    pub(super) fn new(bits: u32, latent: &Array2<f64>, device: &Device) -> Self {
        let beta = -0.5 * max_code(bits);
        let values: Vec<_> = latent.iter().copied().collect();
        let alpha = least_squares(&values, bits, Origin::At(beta)).alpha;
        Self { bits, steps: Steps::new(alpha, beta, max_code(bits), device) }
    }
}

impl Rule for Symmetric {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        self.steps.forward(latent, self.steps.trained(pass))
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let scales = (vec![self.steps.alpha.scalar()], vec![self.steps.beta]);
        Codes::biased(self.bits, latent, scales, |_, weight| self.steps.code(weight))
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.steps.alpha]
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
