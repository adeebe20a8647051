//! IMA, tile, chip, network: how the parts are wired, and what happens in a cycle.
//!
//! A Spec says what a part is and how many there are, a Unit when it works. Knows nothing of tensors' values and of
//! joules.

mod digital;
mod ima;
mod noc;
mod spec;

pub use digital::{TileBusy, TileUnit};
pub use ima::{Accepted, ArrayShape, ImaEvent, ImaUnit, InputSum, MvmShape, MvmTiming};
pub use noc::{
    Direction, LinkName, LinkUse, Mesh, MeshEvent, MeshNotice, MeshUnit, Message, NocSpec, Place, PortUnit, Route,
};
pub use spec::{BiasConverter, BusSpec, ChipSpec, ImaSpec, TileSpec};
