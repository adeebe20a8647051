//! The valid architecture: Specs of all parts assembled from TOML, with every fault told at once.
//!
//! Takes a TOML document, with what it extends laid under it; gives an [`Arch`], which exists only when it is valid.
//! Knows nothing of networks and of time.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod arch;
mod bias;
mod fingerprint;
mod keys;
mod mapping;
mod parse;
pub mod testing;

pub use arch::Arch;
pub use bias::{
    BiasCalibrationSpec, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, EdgeCells, EdgeLayersSpec,
    LayerPlace, ReferenceLevel, ReferenceSpec, Remainder,
};
pub use fingerprint::Fingerprint;
pub use mapping::{FlipEncoding, MappingSpec, PairSubtraction, Replication, TilePlacement};
pub use parse::{extends, read_devices};
