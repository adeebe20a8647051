//! What each kind of TOML may hold: for editors as JSON Schema, for people as a reference, for beginners as a template.
//!
//! Takes a [`Kind`]; gives its [`Shape`], which is found by asking the very reader that reads such files, and what the
//! comments of its template say of each key. So whatever a reader learns to read is in the schema by itself.

mod comments;
mod explore;
mod facts;
mod json;
mod kind;
mod place;
mod reference;
mod shape;
mod unit;

pub use comments::{Comments, Explained, Standing};
pub use json::json_schema;
pub use kind::Kind;
pub use reference::reference;
pub use shape::{Case, KeyShape, Shape, TableShape};

#[cfg(test)]
mod tests;
