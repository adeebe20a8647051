//! DoReFa (S. Zhou et al., 2016): r = tanh w / (2·max|tanh w|) + ½, q = ⌊(2^k − 1)·r + ½⌋, w = 2·q/(2^k − 1) − 1, which
//! is α·(q + β) with α = 2/(2^k − 1), β = −(2^k − 1)/2. Backwards through tanh, with the largest value as a constant.
//! For k = 1 it is, as its authors have it, the sign times the layer's mean magnitude (see `bwn`).

use burn::tensor::Tensor;
use ndarray::Array2;

use super::{Rule, largest, largest_of, positive};
use crate::codes::Codes;
use crate::formula::rounded;
use crate::parameter::Pass;
use crate::quantise::{self, max_code};

#[derive(Clone, Debug)]
pub(super) struct DoReFa {
    pub(super) bits: u32,
}

impl Rule for DoReFa {
    fn forward(&self, latent: Tensor<2>, _pass: Pass) -> Tensor<2> {
        let max = max_code(self.bits);
        let bent = latent.tanh();
        let scale = largest(&bent) * 2.0;
        let codes = quantise::codes((bent / scale + 0.5) * max, max);
        codes * (2.0 / max) - 1.0
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let max = max_code(self.bits);
        let bent = latent.mapv(f64::tanh);
        let scale = 2.0 * positive(largest_of(&bent));
        let scales = (vec![2.0 / max], vec![-0.5 * max]);
        Codes::biased(self.bits, &bent, scales, |_, bent| rounded((bent / scale + 0.5) * max).clamp(0.0, max))
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
