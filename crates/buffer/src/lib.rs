//! Buffers: eDRAM and registers; capacity, ports, bandwidth, occupancy. Knows nothing of who reads them.

mod edram;
mod input_register;
mod output_register;
mod register;

pub use edram::{EdramSpec, EdramUnit};
pub use input_register::InputRegisterUnit;
pub use output_register::OutputRegisterUnit;
pub use register::{RegisterSpec, RegisterUse};
