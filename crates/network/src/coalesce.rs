//! Coalescing: batch norm, bias, ReLU and quantiser become integer thresholds on the sums.
//!
//! After training a channel's output is a = clip(⌊s·y + t + ½⌋, 0, 2^m − 1) with y = P + β·S. As y is a whole number Y of
//! units 2^−F, each code begins at a whole threshold Θ_j; see [`Channel::thresholds`].

use crate::Direction;

/// Batch norm of one channel as it is after training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNorm {
    /// Scale γ, of either sign.
    pub gamma: f64,
    /// Offset.
    pub beta: f64,
    /// Running mean μ.
    pub mean: f64,
    /// Running variance.
    pub variance: f64,
    /// What is added to the variance, ε.
    pub epsilon: f64,
}

impl BatchNorm {
    /// Changes nothing: for layers without batch norm.
    pub const IDENTITY: Self = Self { gamma: 1.0, beta: 0.0, mean: 0.0, variance: 1.0, epsilon: 0.0 };
}

/// What follows the sums of one output channel in floating point: batch norm of α·d_in·y + bias.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    /// Step of the weight codes, α.
    pub alpha: f64,
    /// What an input code of 1 stands for, d_in; 1/255 for raw pixels.
    pub input_step: f64,
    /// The convolution's own bias.
    pub bias: f64,
    /// Batch norm.
    pub batch_norm: BatchNorm,
    /// Fraction bits of β, F.
    pub beta_fraction_bits: u32,
}

/// The quantiser behind the channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiser {
    /// What an output code of 1 stands for, d_out.
    pub step: f64,
    /// Bits of an output code, m; 1 … 16.
    pub bits: u32,
}

/// Why a channel has no integer form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoalesceError {
    /// A trained value is NaN or infinite, or the variance with ε is not positive, so that slope or intercept of the
    /// channel are not finite.
    #[error("the channel's slope or intercept is not finite")]
    NotFinite,
}

impl Channel {
    /// Thresholds of the output codes and the side on which they are passed.
    ///
    /// With s and t of the channel and θ_j = (j − ½ − t)/s: Θ_j = ⌈2^F·θ_j⌉ and a = #{j: Y ≥ Θ_j} for s > 0;
    /// Θ_j = ⌊2^F·θ_j⌋ and a = #{j: Y ≤ Θ_j} for s < 0. With s = 0 the output is a constant, and its thresholds infinite.
    ///
    /// # Errors
    ///
    /// [`CoalesceError::NotFinite`].
    pub fn thresholds(&self, quantiser: Quantiser) -> Result<(Vec<i64>, Direction), CoalesceError> {
        let (slope, intercept) = self.line();
        let slope = finite(slope / quantiser.step)?;
        let intercept = finite(intercept / quantiser.step)?;
        let unit = unit(self.beta_fraction_bits);
        // The largest sums are far below 2^62: what lies beyond is infinite. The cast saturates.
        let steps = (1..1u32 << quantiser.bits).map(f64::from);
        if slope > 0.0 {
            let theta = |step: f64| ((step - 0.5 - intercept) / slope * unit).ceil() as i64;
            Ok((steps.map(theta).collect(), Direction::Rising))
        } else if slope < 0.0 {
            let theta = |step: f64| ((step - 0.5 - intercept) / slope * unit).floor() as i64;
            Ok((steps.map(theta).collect(), Direction::Falling))
        } else {
            let code = (intercept + 0.5).floor();
            let theta = |step: f64| if step <= code { i64::MIN } else { i64::MAX };
            Ok((steps.map(theta).collect(), Direction::Rising))
        }
    }

    /// Scale and offset of a class score: logit = scale·Y + offset.
    ///
    /// # Errors
    ///
    /// [`CoalesceError::NotFinite`].
    pub fn logit(&self) -> Result<(f64, f64), CoalesceError> {
        let (slope, intercept) = self.line();
        Ok((finite(slope / unit(self.beta_fraction_bits))?, finite(intercept)?))
    }

    /// Slope and intercept of the channel's output over y.
    fn line(&self) -> (f64, f64) {
        let BatchNorm { gamma, beta, mean, variance, epsilon } = self.batch_norm;
        let sigma = (variance + epsilon).sqrt();
        (gamma * self.alpha * self.input_step / sigma, beta + gamma * (self.bias - mean) / sigma)
    }
}

/// 2^F.
fn unit(fraction_bits: u32) -> f64 {
    f64::from(fraction_bits).exp2()
}

fn finite(value: f64) -> Result<f64, CoalesceError> {
    if value.is_finite() { Ok(value) } else { Err(CoalesceError::NotFinite) }
}
