//! TOML in which every value knows where it stands, and the collector of all faults of a document.
//!
//! Takes named texts; returns what a reader made of them, or *all* faults at once, each with file, line, a caret into
//! the text, dotted key, value, legal range and hint. Knows nothing of what is configured.
//!
//! ```
//! use rebias_config::{Document, Interval};
//!
//! struct Adc {
//!     bits: u32,
//!     cycle_time_ns: f64,
//! }
//!
//! let document = Document::parse("arch.toml", "[adc]\nbits = 8\ncycle_time_ns = 0.78")?;
//! let adc = document.read(|root| {
//!     let adc = root.table("adc")?;
//!     // Ask for every key before the first `?`, so that all faults are found.
//!     let bits = adc.integer("bits", 1..=16);
//!     let cycle_time_ns = adc.number("cycle_time_ns", Interval::positive());
//!     Some(Adc { bits: bits?, cycle_time_ns: cycle_time_ns? })
//! })?;
//! assert_eq!((adc.bits, adc.cycle_time_ns), (8, 0.78));
//!
//! let faults = document.read(|root| root.table("adc")?.integer::<u32>("bits", 1..=6)).unwrap_err();
//! assert_eq!(faults.iter().count(), 2); // out of range, and `cycle_time_ns` is unknown to this reader
//! # Ok::<(), rebias_config::Faults>(())
//! ```
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod collect;
mod convert;
mod document;
mod fault;
mod interval;
mod literal;
mod parse;
mod record;
mod render;
mod similar;
mod source;
mod table;
mod value;

pub use document::Document;
pub use fault::{Fault, Faults, Problem};
pub use interval::Interval;
pub use record::{Need, Question, Recorder, Wants};
pub use source::Source;
pub use table::Table;
pub use value::{Kind, Value};

#[cfg(test)]
mod tests;
