//! Binary weights (M. Rastegari et al., XNOR-Net, ECCV 2016): w = μ·sign(w) with μ the mean magnitude of each output
//! channel's latent weights, and sign(0) = 1; so α = 2μ, β = −½, k = 1. Backwards: the sign's slope is 1 where |w| ≤ 1,
//! and μ is differentiated as the mean that it is.

use burn::tensor::Tensor;
use ndarray::Array2;

use super::{Granularity, Rule, groups, indicator, mean_of, positive};
use crate::codes::Codes;
use crate::parameter::Pass;
use crate::quantise::straight_through;

#[derive(Clone, Debug)]
pub(super) struct Bwn {
    pub(super) granularity: Granularity,
}

impl Rule for Bwn {
    fn forward(&self, latent: Tensor<2>, _pass: Pass) -> Tensor<2> {
        let magnitude = latent.clone().abs();
        let mean = match self.granularity {
            Granularity::Layer => magnitude.mean().reshape([1, 1]),
            Granularity::Channel => magnitude.mean_dim(1),
        };
        let above = indicator(&latent, latent.clone().greater_equal_elem(0.0));
        let sign = straight_through(latent.clamp(-1.0, 1.0), above * 2.0 - 1.0);
        sign * mean
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let groups = groups(self.granularity, latent);
        let alpha = groups.iter().map(|group| positive(2.0 * mean_of(group))).collect();
        Codes::biased(1, latent, (alpha, vec![-0.5]), |_, weight| f64::from(u8::from(weight >= 0.0)))
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
