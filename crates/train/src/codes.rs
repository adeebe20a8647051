//! Weights as integers and scales: what training leaves and hardware holds.

use ndarray::Array2;

/// A layer's weights, exactly.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Codes {
    /// Bits of a code.
    pub(crate) bits: u32,
    /// q, of a pair q⁺; `[out_channels, rows]`.
    pub(crate) plus: Array2<u16>,
    /// α, of a pair α⁺; one, or one for each output channel.
    pub(crate) alpha: Vec<f64>,
    pub(crate) sides: Sides,
}

/// What stands beside the codes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sides {
    /// w = α·(q + β): β, one or one for each output channel.
    Biased(Vec<f64>),
    /// w = α·(q⁺ − ratio·q⁻), with q⁻ of the shape of q⁺.
    Pair { minus: Array2<u16>, ratio: f64 },
}

impl Codes {
    /// Biased codes of some latent weights: `code` gives that of a weight in an output channel.
    pub(crate) fn biased(
        bits: u32,
        latent: &Array2<f64>,
        (alpha, beta): (Vec<f64>, Vec<f64>),
        code: impl Fn(usize, f64) -> f64,
    ) -> Self {
        let plus = Array2::from_shape_fn(latent.dim(), |(channel, row)| code(channel, latent[[channel, row]]) as u16);
        Self { bits, plus, alpha, sides: Sides::Biased(beta) }
    }

    /// A pair of one scale; `code` gives a weight's signed code.
    pub(crate) fn pair(bits: u32, latent: &Array2<f64>, alpha: f64, code: impl Fn(f64) -> f64) -> Self {
        let signed = latent.mapv(code);
        Self {
            bits,
            plus: signed.mapv(|code| code.max(0.0) as u16),
            alpha: vec![alpha],
            sides: Sides::Pair { minus: signed.mapv(|code| (-code).max(0.0) as u16), ratio: 1.0 },
        }
    }

    /// The real weights, `[out_channels, rows]`.
    pub(crate) fn weights(&self) -> Array2<f64> {
        Array2::from_shape_fn(self.plus.dim(), |(channel, row)| {
            let plus = f64::from(self.plus[[channel, row]]);
            let sum = match &self.sides {
                Sides::Biased(beta) => plus + of_channel(beta, channel),
                Sides::Pair { minus, ratio } => plus - ratio * f64::from(minus[[channel, row]]),
            };
            of_channel(&self.alpha, channel) * sum
        })
    }

    /// β of an output channel; 0 of a pair.
    pub(crate) fn beta_of(&self, channel: usize) -> f64 {
        match &self.sides {
            Sides::Biased(beta) => of_channel(beta, channel),
            Sides::Pair { .. } => 0.0,
        }
    }

    /// The step of an output channel.
    pub(crate) fn alpha_of(&self, channel: usize) -> f64 {
        of_channel(&self.alpha, channel)
    }
}

fn of_channel(values: &[f64], channel: usize) -> f64 {
    if values.len() == 1 { values[0] } else { values[channel] }
}
