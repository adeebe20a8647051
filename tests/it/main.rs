//! Integration tests of the workspace: one binary, one module a subject.

mod bad_input;
mod commands;
mod costs;
mod pairs;
mod readme;
mod support;
mod tidy;
mod validate;
