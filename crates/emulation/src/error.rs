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
        "`adc.range` is found from calibration images, and there are none\n\
         hint: take a trace with `calibration.safetensors`, or `full-scale`, `lossless-step` or `fixed` as `adc.range`"
    )]
    NoCalibration,
    /// Sums that leave 64-bit integers; less extreme cells, converters or widths help.
    #[error(
        "layer `{layer}`: {what} may reach {bound}, beyond {limit}\n\
         hint: take fewer bits a cell or a DAC, a wider step of the ADC, or less variation of the cells"
    )]
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
    #[error(
        "layer `{layer}`: {source}\n\
         hint: take less variation or noise, fewer word lines at a time (`crossbar.active_word_lines`) or fewer bits of the DAC"
    )]
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

impl EmulationError {
    /// The keys of an architecture that it may be a matter of, the likeliest first; none if it is one of the network.
    pub fn keys(&self) -> Vec<&'static str> {
        match self {
            Self::NoCalibration => vec!["adc.range"],
            Self::Arrays(source) | Self::Crossbar { source, .. } => vec![source.key()],
            Self::Cells { source: StackError::Noise { .. }, .. } => {
                vec!["cell.read_noise.sigma", "adc.noise_lsb", "adc.sndr_db"]
            }
            Self::Cells { .. } | Self::TooLarge { .. } => vec!["cell.variation.sigma", "cell.bits"],
            Self::NoTensors { .. }
            | Self::OtherPlacement { .. }
            | Self::Kernel(_)
            | Self::NoImages
            | Self::Image { .. } => Vec::new(),
        }
    }
}
