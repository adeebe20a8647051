//! Tests of the crate as its callers see it.

mod images;
mod recipe_errors;
mod short_run;
mod study;
