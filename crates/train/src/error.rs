//! What can go wrong in training.

use std::path::PathBuf;

use rebias_dataset::DatasetError;
use rebias_network::coalesce::CoalesceError;
use rebias_network::{ForwardError, NetworkError};

/// Why a training run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The text of the recipe is at fault, or the trace is not a valid one.
    #[error(transparent)]
    Faults(#[from] rebias_config::Faults),
    /// The trace's folder is there already; remove it or choose another.
    #[error("`{}` exists already", path.display())]
    OutputExists {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why the system refused.
        source: std::io::Error,
    },
    /// The data set cannot be read; replace the file that is named.
    #[error("`{}`: {source}", dir.display())]
    Data {
        /// The folder of the data set.
        dir: PathBuf,
        /// What is wrong with its files.
        source: DatasetError,
    },
    /// The recipe and the data set don't fit, or the two halves of the data set.
    #[error("recipe and data set do not fit: {0}")]
    Mismatch(String),
    /// A run cannot go on from the checkpoint that is there.
    #[error("the checkpoint `{}` {problem}\nhint: remove it to begin again, or name another folder for the trace", path.display())]
    Checkpoint {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A trained channel has no integer form; lower the learning rate.
    #[error("layer `{layer}`, channel {channel}: {source}")]
    Coalesce {
        /// The layer.
        layer: String,
        /// The output channel.
        channel: usize,
        /// What is wrong with it.
        source: CoalesceError,
    },
    /// The recipe's layers make no network that the trace format can hold.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The exported network doesn't run.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// Training diverged; lower the learning rate of the phase.
    #[error(
        "{phase}: the loss is not finite at step {step}; the first non-finite values are {what} of layer `{layer}`"
    )]
    Diverged {
        /// The phase of training.
        phase: crate::Phase,
        /// Step of the phase, from 1.
        step: usize,
        /// The first layer, from the input, that has non-finite values.
        layer: String,
        /// Which of its values they are.
        what: &'static str,
    },
}
