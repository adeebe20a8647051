//! Trained ternary weights (C. Zhu et al., TTQ, ICLR 2017): α⁺, 0 or −α⁻, with the threshold Δ = 0.05·max|w| and both
//! scales trained; on pairs of 1-bit cells, subtracted digitally. Backwards: ∂α⁺ = Σ g over the weights above Δ,
//! ∂α⁻ = −Σ g over those below −Δ, ∂w = g times the scale of its side, or g between the thresholds. The paper decays
//! scales with the weights; here they are not decayed.

use burn::tensor::{Device, Tensor};
use ndarray::Array2;

use super::{Rule, column, indicator, largest, largest_of, mean_of, positive};
use crate::codes::{Codes, Sides};
use crate::parameter::{Parameter, Pass};

/// The threshold in largest magnitudes.
const THRESHOLD: f64 = 0.05;

#[derive(Clone, Debug)]
pub(super) struct Ttq {
    plus: Parameter,
    minus: Minus,
}

/// The scale of negative weights.
#[derive(Clone, Debug)]
enum Minus {
    Trained(Box<Parameter>),
    /// So many times that of positive ones: what hardware stores.
    Ratio(f64),
}

impl Ttq {
    pub(super) fn new(latent: &Array2<f64>, device: &Device) -> Self {
        let threshold = THRESHOLD * largest_of(latent);
        let plus = positive(mean_of(latent.iter().filter(|&&weight| weight > threshold)));
        let minus = positive(mean_of(latent.iter().filter(|&&weight| weight < -threshold)));
        Self {
            plus: Parameter::step(&[plus], device),
            minus: Minus::Trained(Box::new(Parameter::step(&[minus], device))),
        }
    }

    fn ratio(&self) -> f64 {
        match &self.minus {
            Minus::Trained(minus) => minus.scalar() / self.plus.scalar(),
            Minus::Ratio(ratio) => *ratio,
        }
    }
}

impl Rule for Ttq {
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2> {
        let fixed = latent.clone().detach();
        let threshold = largest(&latent) * THRESHOLD;
        let above = indicator(&fixed, fixed.clone().greater(threshold.clone()));
        let below = indicator(&fixed, fixed.clone().lower(threshold.neg()));
        let plus = column(self.plus.value(pass));
        let minus = match &self.minus {
            Minus::Trained(minus) => column(minus.value(pass)),
            Minus::Ratio(ratio) => plus.clone() * *ratio,
        };
        let slope = above.clone() * plus.clone().detach()
            + below.clone() * minus.clone().detach()
            + (above.clone() + below.clone() - 1.0).neg();
        let sloped = latent * slope;
        above * plus - below * minus + (sloped.clone() - sloped.detach())
    }

    fn codes(&self, latent: &Array2<f64>) -> Codes {
        let threshold = THRESHOLD * largest_of(latent);
        Codes {
            bits: 1,
            plus: latent.mapv(|weight| u16::from(weight > threshold)),
            alpha: vec![self.plus.scalar()],
            sides: Sides::Pair { minus: latent.mapv(|weight| u16::from(weight < -threshold)), ratio: self.ratio() },
        }
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        let minus = match &mut self.minus {
            Minus::Trained(minus) => Some(minus.as_mut()),
            Minus::Ratio(_) => None,
        };
        [&mut self.plus].into_iter().chain(minus).collect()
    }

    /// Rounds the ratio of the scales.
    fn freeze(&mut self, fraction_bits: u32) {
        let one = f64::from(1u32 << fraction_bits);
        self.minus = Minus::Ratio((self.ratio() * one).round().max(1.0) / one);
    }

    fn stored(&self) -> Vec<f64> {
        match &self.minus {
            Minus::Trained(_) => Vec::new(),
            Minus::Ratio(ratio) => vec![*ratio],
        }
    }

    fn set_stored(&mut self, stored: &[f64]) {
        if let [ratio] = stored {
            self.minus = Minus::Ratio(*ratio);
        }
    }

    fn boxed(&self) -> Box<dyn Rule> {
        Box::new(self.clone())
    }
}
