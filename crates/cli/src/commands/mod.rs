//! One module a command.

pub(crate) mod attribute;
pub(crate) mod buffers;
mod chart;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod init;
mod kind;
pub(crate) mod map;
pub(crate) mod mvm;
mod picture;
pub(crate) mod plot;
mod provenance;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod simulate;
#[cfg(feature = "train")]
pub(crate) mod study;
#[cfg(not(feature = "train"))]
#[path = "no_study.rs"]
pub(crate) mod study;
pub(crate) mod sweep;
#[cfg(feature = "train")]
pub(crate) mod train;
#[cfg(not(feature = "train"))]
#[path = "no_train.rs"]
pub(crate) mod train;
pub(crate) mod validate;
mod watched;
