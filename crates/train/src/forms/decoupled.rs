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
    bits: u32,
    /// α₀ and β₀.
    assigned_by: Vec<Levels>,
    alpha: Parameter,
    beta: Parameter,
}

impl Decoupled {
    pub(super) fn new(bits: u32, granularity: Granularity, latent: &Array2<f64>, device: &Device) -> Self {
        let assigned_by = Biased::new(bits, granularity, latent, device).levels();
        let (alpha, beta): (Vec<_>, Vec<_>) = assigned_by.iter().map(|levels| (levels.alpha, levels.beta)).unzip();
        Self { bits, assigned_by, alpha: Parameter::step(&alpha, device), beta: Parameter::shift(&beta, device) }
    }
}

impl Rule for Decoupled {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        let constant = |of: fn(&Levels) -> f64| {
            let values: Vec<f64> = self.assigned_by.iter().map(of).collect();
            let len = values.len();
            column(Tensor::from_data(TensorData::new(values, [len]), (&latent.device(), latent.dtype())))
        };
        let position = latent.clone() / constant(|levels| levels.alpha) - constant(|levels| levels.beta);
        let codes = quantise::codes(position, quantise::max_code(self.bits));
        (codes + column(self.beta.value(pass))) * column(self.alpha.value(pass))
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let by = &self.assigned_by;
        let of = |channel: usize| if by.len() == 1 { by[0] } else { by[channel] };
        let scales = (self.alpha.exact_values(), self.beta.exact_values());
        Codes::biased(self.bits, latent, scales, |channel, weight| of(channel).code(weight))
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        vec![&mut self.alpha, &mut self.beta]
    }

    fn freeze(&mut self, fraction_bits: u32) {
        self.beta.fix_rounded(fraction_bits);
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
