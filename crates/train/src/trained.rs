//! A trained network as plain numbers: what evaluation and export read.

use ndarray::Array2;

use crate::codes::Codes;
use crate::formula::Levels;

/// A trained network, float or quantised.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trained {
    /// Channels, rows and columns of input images.
    pub(crate) shape: [usize; 3],
    /// In order.
    pub(crate) stages: Vec<TrainedStage>,
}

/// A part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TrainedStage {
    /// 3 × 3 convolution, padding 1, with batch norm.
    Conv { weights: TrainedWeights, norm: Norm },
    /// 2 × 2 max-pool.
    Pool,
    /// Unsigned levels for the output of the last convolution, β = 0; plain ReLU without.
    Activation(Option<Levels>),
    /// Linear layer at the end.
    Linear { weights: TrainedWeights, bias: Vec<f64> },
}

/// The weights of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrainedWeights {
    pub(crate) name: String,
    /// Before quantisation, `[out_channels, rows]`.
    pub(crate) latent: Array2<f64>,
    /// Codes with what is stored beside them; none in a float network.
    pub(crate) codes: Option<Codes>,
}

/// Batch norm with its running statistics; one value for each output channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Norm {
    pub(crate) gamma: Vec<f64>,
    pub(crate) beta: Vec<f64>,
    pub(crate) mean: Vec<f64>,
    pub(crate) variance: Vec<f64>,
    pub(crate) epsilon: f64,
}

impl TrainedWeights {
    /// The weights that the forward pass uses.
    pub(crate) fn effective(&self) -> Array2<f64> {
        self.codes.as_ref().map_or_else(|| self.latent.clone(), Codes::weights)
    }
}

impl Norm {
    /// The normalised value of `sum` in channel `channel`.
    pub(crate) fn apply(&self, channel: usize, sum: f64) -> f64 {
        let deviation = (self.variance[channel] + self.epsilon).sqrt();
        self.gamma[channel] * (sum - self.mean[channel]) / deviation + self.beta[channel]
    }
}
