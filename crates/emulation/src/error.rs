//! What can keep a network from being emulated.

use rebias_crossbar::CrossbarError;
use rebias_kernels::{KernelError, StackError};
use rebias_network::ForwardError;

/// Why a network can't be emulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EmulationError {
    /// The trace has shapes only: it has costs, but no values.
    #[error("layer `{layer}` has no tensors")]
    NoTensors {
        /// Name of the layer.
        layer: String,
    },
    /// The placement is that of another network.
    #[error("layer `{layer}` is not placed as the network has it")]
    OtherPlacement {
        /// Name of the layer.
        layer: String,
    },
    /// A calibrated range needs calibration images in the trace.
    #[error(
        "`adc.range` is `calibrated`, and there are no calibration images\n\
         hint: take a trace with `calibration.safetensors`, or another `adc.range`"
    )]
    NoCalibration,
    /// Sums that leave 64-bit integers; less extreme cells, converters or widths help.
    #[error("layer `{layer}`: {what} may reach {bound}, beyond {limit}")]
    TooLarge {
        /// Name of the layer.
        layer: String,
        /// Which number.
        what: &'static str,
        /// How large it may become.
        bound: u128,
        /// How large it may be.
        limit: u128,
    },
    /// Cells that no kernel can sum; less extreme ones help.
    #[error("layer `{layer}`: {source}")]
    Cells {
        /// Name of the layer.
        layer: String,
        /// What is wrong with them.
        source: StackError,
    },
    /// The kernel that was asked for can't be had.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The currents of no array can be worked out.
    #[error(transparent)]
    Arrays(#[from] CrossbarError),
    /// The currents of an array can't be worked out.
    #[error("layer `{layer}`: {source}")]
    Crossbar {
        /// Name of the layer.
        layer: String,
        /// What is wrong with them.
        source: CrossbarError,
    },
    /// There are no images.
    #[error("no images to emulate")]
    NoImages,
    /// An image is none of the network's.
    #[error("image {index}: {source}")]
    Image {
        /// Its place among the images.
        index: usize,
        /// What is wrong with it.
        source: ForwardError,
    },
}
