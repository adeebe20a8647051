//! Quantities with their units, and the actions that hardware is counted in.
//!
//! A physical quantity is an `f64` newtype in SI units; what is countable is a `u64` newtype and never a float.
//! Only products that mean something exist: `Power * Time` is an `Energy`, `Power + Energy` does not compile.
//! Units appear as words at the borders only: `Energy::from_picojoules`, `energy.microjoules()`.

mod action;
mod count;
mod quantity;

pub use action::{Action, Counts};
pub use count::{Bits, Bytes, Cycles};
pub use quantity::{Area, Capacitance, Conductance, Current, Energy, Power, Resistance, Time, Voltage};
