//! Integration tests of the workspace: one binary, one module a subject.

mod attribute;
mod bad_input;
mod chips;
mod commands;
mod compare;
mod costs;
mod mvm;
mod pairs;
mod people;
mod plot;
mod readme;
mod replay;
mod report;
mod support;
mod sweeps;
mod tidy;
mod tutorial;
mod validate;
