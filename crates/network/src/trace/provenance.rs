//! Where a network comes from.

use serde::Serialize;

/// Where a network comes from: the `[provenance]` of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Provenance {
    /// The data set it was trained on, and that its images come from.
    pub data_set: Option<String>,
    /// Licence of the data set.
    pub licence: Option<String>,
    /// The command that made the trace.
    pub command: Option<String>,
    /// Settings of the training, such as the text of its recipe.
    pub recipe: Option<String>,
    /// Seed of the training; at most 2^63 − 1.
    pub seed: Option<u64>,
    /// Anything else.
    pub notes: Option<String>,
    /// What the trainer measured.
    pub accuracies: Option<Accuracies>,
}

/// Parts of the test images whose class is found, as the trainer measured them; 0 … 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracies {
    /// Number of test images.
    pub images: u64,
    /// Of the network in floating point.
    pub float: Option<f64>,
    /// Of the network with quantisers, in floating point.
    pub fake_quantised: Option<f64>,
    /// Of the integer network.
    pub integer: Option<f64>,
}
