//! One module a command.

pub(crate) mod map;
pub(crate) mod simulate;
pub(crate) mod sweep;
#[cfg(feature = "train")]
pub(crate) mod train;
