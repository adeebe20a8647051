//! Kinds of files as arguments.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rebias_schema::Kind;

/// Reads the name of a kind.
pub(super) fn parser() -> impl TypedValueParser<Value = Kind> {
    let known = Kind::ALL.iter().map(|kind| PossibleValue::new(kind.name()).help(kind.title()));
    PossibleValuesParser::new(known).try_map(|name| Kind::from_name(&name).ok_or("no such kind"))
}
