//! Number representations: how latent weights become codes and scales, and how gradients come back.
//!
//! A form is one file with its rule and the source of it. All of them are trained alike: latent weights are float, the
//! forward pass uses their quantised values, and what a step function hides from the gradient is passed straight
//! through. Whatever is not said otherwise is differentiated as it is written.

mod biased;
mod bwn;
mod decoupled;
mod dorefa;
mod fixed_point;
mod lsq;
mod offset;
#[cfg(test)]
mod parity;
mod sign_magnitude;
mod step;
mod symmetric;
#[cfg(test)]
mod tests;
mod ttq;
mod twn;

use std::fmt::Debug;

use burn::tensor::{Bool, Device, Tensor};
use ndarray::Array2;
use rebias_recipe::{Form, Granularity};

use crate::codes::Codes;
use crate::parameter::{Parameter, Pass};

/// A layer's quantiser in training.
pub(crate) trait Rule: Debug {
    /// The weights of the forward pass, from latent ones; both `[out_channels, rows]`.
    fn forward(&self, latent: Tensor<2>, pass: Pass) -> Tensor<2>;

    /// The exact codes of latent weights.
    fn codes(&self, latent: &Array2<f64>) -> Codes;

    /// What is trained beside the latent weights.
    fn parameters(&mut self) -> Vec<&mut Parameter> {
        Vec::new()
    }

    /// Rounds what is stored with `fraction_bits` bits after the point, and trains it no further.
    fn freeze(&mut self, _fraction_bits: u32) {}

    /// Numbers beside parameters that it has since [`Rule::freeze`].
    fn stored(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Sets what [`Rule::stored`] told of a quantiser of the same form.
    fn set_stored(&mut self, _stored: &[f64]) {}

    /// A copy.
    fn boxed(&self) -> Box<dyn Rule>;
}

impl Clone for Box<dyn Rule> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The quantiser of a layer with these latent weights, `[out_channels, rows]`.
pub(crate) fn rule(
    form: Form,
    bits: u32,
    granularity: Granularity,
    latent: &Array2<f64>,
    device: &Device,
) -> Box<dyn Rule> {
    match form {
        Form::Biased => Box::new(biased::Biased::new(bits, granularity, latent, device)),
        Form::BiasedDecoupled => Box::new(decoupled::Decoupled::new(bits, granularity, latent, device)),
        Form::OffsetBinary => Box::new(offset::OffsetBinary { bits }),
        Form::Symmetric => Box::new(symmetric::Symmetric::new(bits, latent, device)),
        Form::Lsq => Box::new(lsq::Lsq::new(bits, latent, device)),
        Form::DoReFa if bits == 1 => Box::new(bwn::Bwn { granularity: Granularity::Layer }),
        Form::DoReFa => Box::new(dorefa::DoReFa { bits }),
        Form::FixedPoint => Box::new(fixed_point::FixedPoint { bits }),
        Form::Bwn => Box::new(bwn::Bwn { granularity: Granularity::Channel }),
        Form::Twn => Box::new(twn::Twn),
        Form::Ttq => Box::new(ttq::Ttq::new(latent, device)),
        Form::SignMagnitude => Box::new(sign_magnitude::SignMagnitude::new(bits, latent, device)),
    }
}

/// The groups of latent weights that share a scale.
fn groups(granularity: Granularity, latent: &Array2<f64>) -> Vec<Vec<f64>> {
    match granularity {
        Granularity::Layer => vec![latent.iter().copied().collect()],
        Granularity::Channel => latent.outer_iter().map(|channel| channel.to_vec()).collect(),
    }
}

/// One number for a layer, or one for each channel, so that it meets `[out_channels, rows]`.
fn column(values: Tensor<1>) -> Tensor<2> {
    let [len] = values.dims();
    values.reshape([len, 1])
}

/// The largest magnitude, without gradient, `[1, 1]`.
fn largest(latent: &Tensor<2>) -> Tensor<2> {
    column(latent.clone().detach().abs().max())
}

/// 1 where something holds, 0 elsewhere; without gradient, in the precision of `like`.
fn indicator(like: &Tensor<2>, holds: Tensor<2, Bool>) -> Tensor<2> {
    like.clone().detach().zeros_like().mask_fill(holds, 1.0)
}

fn largest_of(latent: &Array2<f64>) -> f64 {
    latent.iter().fold(0.0, |largest: f64, weight| largest.max(weight.abs()))
}

/// The mean magnitude.
fn mean_of<'a>(weights: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (sum, count) = weights.into_iter().fold((0.0, 0usize), |(sum, count), weight| (sum + weight.abs(), count + 1));
    sum / count.max(1) as f64
}

/// Steps are never 0: a layer whose weights are all 0 gets steps of 1.
fn positive(step: f64) -> f64 {
    if step > 0.0 { step } else { 1.0 }
}
