//! Trained biased codes, coupled: w = α·(q + β), with the levels that α and β span also deciding which code a weight
//! gets. This is the trained biased number representation (Q. Wang, Y. Lin, ACM JETC 2019) as we read its abstract, and
//! LSQ+'s asymmetric quantiser (Y. Bhalgat et al., CVPR Workshops 2020).
//!
//! v = w/α − β, q = clip(⌊v + ½⌋, 0, 2^k − 1); I = 1 where 0 ≤ v ≤ 2^k − 1. Backwards: ∂w = I·g,
//! ∂α = Σ g·(q + β − I·w/α), ∂β = α·Σ g·(1 − I). Starts from the least-squares levels of the float weights.

use burn::tensor::{Device, Tensor};
use ndarray::Array2;

use super::{Granularity, Rule, column, groups};
use crate::codes::Codes;
use crate::formula::{Levels, Origin, least_squares};
use crate::parameter::{Parameter, Pass};
use crate::quantise;

#[derive(Clone, Debug)]
pub(super) struct Biased {
    pub(super) bits: u32,
    pub(super) alpha: Parameter,
    pub(super) beta: Parameter,
}

impl Biased {
    pub(super) fn new(bits: u32, granularity: Granularity, latent: &Array2<f64>, device: &Device) -> Self {
        let groups = groups(granularity, latent);
        let levels = groups.iter().map(|group| least_squares(group, bits, Origin::Free));
        let (alpha, beta): (Vec<_>, Vec<_>) = levels.map(|levels| (levels.alpha, levels.beta)).unzip();
        Self { bits, alpha: Parameter::step(&alpha, device), beta: Parameter::shift(&beta, device) }
    }

    /// The levels of each channel, or of all.
    pub(super) fn levels(&self) -> Vec<Levels> {
        let pairs = self.alpha.exact_values().into_iter().zip(self.beta.exact_values());
        pairs.map(|(alpha, beta)| Levels { bits: self.bits, alpha, beta }).collect()
    }

    /// The codes that some levels, one or one for each channel, give latent weights.
    pub(super) fn codes_by(&self, levels: &[Levels], latent: &Array2<f64>) -> Codes {
        let of = |channel: usize| if levels.len() == 1 { levels[0] } else { levels[channel] };
        let scales = (self.alpha.exact_values(), self.beta.exact_values());
        Codes::biased(self.bits, latent, scales, |channel, weight| of(channel).code(weight))
    }
}

impl Rule for Biased {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        quantise::weights(latent, column(self.alpha.value(pass)), column(self.beta.value(pass)), self.bits)
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        self.codes_by(&self.levels(), latent)
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
