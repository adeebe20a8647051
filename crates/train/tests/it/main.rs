//! Tests of the crate as its callers see it.

mod cifar;
mod images;
mod resume;
mod short_run;
mod study;
