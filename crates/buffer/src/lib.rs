//! Buffers: eDRAM and registers; capacity, ports, bandwidth, occupancy. Knows nothing of who reads them.

mod edram;
mod register;
mod spec;

pub use edram::EdramUnit;
pub use register::RegisterUse;
pub use spec::{EdramSpec, RegisterSpec};
