//! The mapper: network × architecture → [`Placement`].
//!
//! Which code slice stands in which cell, where bias columns stand, how many copies a layer has, and which arrays,
//! IMAs and tiles hold it. Knows nothing of cycles and joules.

mod arrange;
mod bias;
mod calibration;
mod error;
mod map;
mod placement;
mod replication;
mod slicing;
mod traffic;

pub use bias::{BiasPlacement, DigitalRest, Reference};
pub use error::MapError;
pub use map::map;
pub use placement::{CellAddress, ImaId, LayerPlacement, PlacedArray, Placement, Replica, TileId, WeightSlice};
pub use slicing::{InputSlice, Sides, Slicing};
pub use traffic::TrafficMatrix;
