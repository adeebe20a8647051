//! Integration tests of the workspace: one binary, one module a subject.

mod bad_input;
mod chips;
mod commands;
mod costs;
mod mvm;
mod pairs;
mod plot;
mod readme;
mod replay;
mod support;
mod tidy;
mod validate;
