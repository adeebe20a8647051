//! IMA, tile, chip, network: how the parts are wired, and what happens in a cycle.
//!
//! A Spec says what a part is and how many there are, a Unit when it works. Knows nothing of tensors' values and of
//! joules.

mod activation;
mod bus;
mod chip;
mod chip_link;
mod ima;
mod interconnect;
mod max_pool;
mod noc;
mod shift_add;
mod tile;

pub use activation::ActivationUnit;
pub use bus::{BusSpec, BusUnit};
pub use chip::{ChipSpec, SystemSpec};
pub use chip_link::{ChipLinkSpec, ChipLinkUnit};
pub use ima::{Accepted, ArrayShape, BiasConverter, ImaEvent, ImaSpec, ImaUnit, InputSum, MvmShape, MvmTiming};
pub use interconnect::{Interconnect, InterconnectEvent, InterconnectPart, InterconnectUnit, TileAddress};
pub use max_pool::MaxPoolUnit;
pub use noc::{
    Direction, LinkName, LinkUse, Listener, Mesh, MeshEvent, MeshUnit, Message, NocSpec, Notice, Place, Route,
};
pub use shift_add::ShiftAddUnit;
pub use tile::{TileBusy, TileSpec, TileUnit};
