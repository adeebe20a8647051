//! Quantised networks: layers, tensors, the exact integer network, and the trace format.
//!
//! Takes trained codes (from `rebias-train`, or any trainer that writes the trace format) and gives every other
//! crate one valid [`Network`]. Knows nothing of hardware and touches no files: traces are parsed from and
//! rendered to bytes.
//!
//! ```
//! use rebias_network::{ExactMvm, Trace, TraceFiles, classify, forward};
//!
//! fn class_of(files: &TraceFiles, image: &[u16]) -> Result<u16, Box<dyn std::error::Error>> {
//!     let trace = Trace::parse(files)?;
//!     let mut mvm = ExactMvm::new(&trace.network)?;
//!     Ok(classify(&forward(&trace.network, image, &mut mvm)?))
//! }
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod activate;
mod build;
pub mod coalesce;
mod error;
mod exact;
mod feature_map;
mod forward;
mod layer;
mod live;
mod network;
mod shape;
mod tensors;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod trace;

pub use activate::logits;
pub use error::{ForwardError, LayerFault, NetworkError, TensorFault};
pub use exact::ExactMvm;
pub use feature_map::FeatureMap;
pub use forward::{Mvm, classify, forward, forward_observed};
pub use layer::{
    Add, Densities, Direction, Layer, LayerId, LayerInput, Minus, Op, OutputFormat, OutputTensors, Representation,
    Scales, Tensors, Weighted, Window,
};
pub use live::LiveMaps;
pub use network::{LayerDef, Network, OpDef, WeightsDef};
pub use shape::{CodeFormat, Shape, Sign};
pub use trace::{
    Accuracies, CALIBRATION_FILE, FORMAT_VERSION, Named, Provenance, SAMPLES_FILE, SampleSet, TENSORS_FILE, TRACE_FILE,
    Trace, TraceFiles,
};

#[cfg(test)]
mod tests;
