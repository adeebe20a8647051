//! Sign and magnitude: a sign and k − 1 bits, w = α·(q⁺ − q⁻) on pairs of cells of k − 1 bits, of which one is 0. Levels
//! −(2^(k−1) − 1) … 2^(k−1) − 1, with 0; α is trained as in the symmetric form.

use burn::tensor::{Device, Tensor};
use ndarray::Array2;

use super::Rule;
use super::step::Steps;
use crate::codes::Codes;
use crate::formula::{Origin, least_squares};
use crate::parameter::{Parameter, Pass};
use crate::quantise::max_code;

#[derive(Clone, Debug)]
pub(super) struct SignMagnitude {
    magnitude_bits: u32,
    steps: Steps,
}

impl SignMagnitude {
    pub(super) fn new(bits: u32, latent: &Array2<f64>, device: &Device) -> Self {
        let magnitude_bits = bits - 1;
        // Magnitudes have the same best step as signed weights whose levels are those and their opposites.
        let magnitudes: Vec<_> = latent.iter().map(|weight| weight.abs()).collect();
        let alpha = least_squares(&magnitudes, magnitude_bits, Origin::At(0.0)).alpha;
        let largest = max_code(magnitude_bits);
        Self { magnitude_bits, steps: Steps::new(alpha, -largest, 2.0 * largest, device) }
    }
}

impl Rule for SignMagnitude {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        self.steps.forward(latent, self.steps.trained(pass))
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let code = |weight| self.steps.code(weight) + self.steps.beta;
        Codes::pair(self.magnitude_bits, latent, self.steps.alpha.scalar(), code)
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.steps.alpha]
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
