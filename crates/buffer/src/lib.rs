//! Buffers: eDRAM and registers; capacity, ports, bandwidth, occupancy. Knows nothing of who reads them.

mod edram;
mod register;

pub use edram::{EdramSpec, EdramUnit};
pub use register::{RegisterSpec, RegisterUse};
