//! Text to values, by the `toml` crate.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::fault::{Fault, Faults, Problem};
use crate::literal;
use crate::source::{Origin, Source};
use crate::value::{Content, Entries, Entry, Value};

/// Tables and arrays within each other. What reads or drops a value calls itself for each level, and must not run out
/// of stack on a hostile text.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// The root table of a text.
///
/// # Errors
///
/// All errors of syntax, or all values that no [`Value`] can hold.
pub(crate) fn root(source: &Source) -> Result<Value, Faults> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let syntax_faults: Vec<Fault> = errors.iter().map(|error| syntax_fault(source, error)).collect();
    if let Some(faults) = Faults::from_vec(syntax_faults) {
        take_apart(DeValue::Table(table.into_inner()));
        return Err(faults);
    }
    let mut walk = Walk { source, faults: Vec::new() };
    let entries = walk.entries(table.into_inner(), "", 0);
    match Faults::from_vec(walk.faults) {
        Some(faults) => Err(faults),
        None => Ok(Value { content: Content::Table(entries), origin: Origin::whole(source) }),
    }
}

fn syntax_fault(source: &Source, error: &toml::de::Error) -> Fault {
    let origin = error.span().map_or_else(|| Origin::whole(source), |span| Origin::at(source, span));
    Fault::new(origin, Problem::new(error.message()))
}

struct Walk<'s> {
    source: &'s Source,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    fn entries(&mut self, table: DeTable<'_>, path: &str, depth: usize) -> Entries {
        let mut pairs: Vec<_> = table.into_iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (Spanned<_>, _)| {
            let key_origin = Origin::at(self.source, key.span());
            let key = String::from(key.into_inner());
            let value = self.value(value, &literal::join(path, &key), depth)?;
            Some((key, Entry { key_origin, value }))
        };
        pairs.into_iter().filter_map(entry).collect()
    }

    fn value(&mut self, value: Spanned<DeValue<'_>>, path: &str, depth: usize) -> Option<Value> {
        let span = value.span();
        let content = match value.into_inner() {
            nested @ (DeValue::Array(_) | DeValue::Table(_)) if depth == DEPTH_LIMIT => {
                take_apart(nested);
                let legal = format!("at most {DEPTH_LIMIT} arrays and tables within each other");
                self.reject(&span, path, Problem::new("nested too deep").legal(legal))
            }
            DeValue::String(string) => Some(Content::String(string.into_owned())),
            DeValue::Boolean(boolean) => Some(Content::Boolean(boolean)),
            DeValue::Integer(integer) => match integer_of(&integer) {
                Some(integer) => Some(Content::Integer(integer)),
                None => {
                    let legal = format!("{}..={}", i64::MIN, i64::MAX);
                    self.reject(&span, path, Problem::new("integer too large").legal(legal))
                }
            },
            DeValue::Float(float) => match float_of(float.as_str()) {
                Some(float) => Some(Content::Float(float)),
                None => self.reject(&span, path, Problem::new("float too large")),
            },
            DeValue::Datetime(_) => {
                let problem = Problem::new("dates and times are not known here").hint("write it as a string");
                self.reject(&span, path, problem)
            }
            DeValue::Array(elements) => {
                let elements = elements.into_iter().enumerate();
                let elements =
                    elements.filter_map(|(idx, element)| self.value(element, &format!("{path}[{idx}]"), depth + 1));
                Some(Content::Array(elements.collect()))
            }
            DeValue::Table(table) => Some(Content::Table(self.entries(table, path, depth + 1))),
        };
        Some(Value { content: content?, origin: Origin::at(self.source, span) })
    }

    fn reject(&mut self, span: &Range<usize>, path: &str, problem: Problem) -> Option<Content> {
        self.faults.push(Fault::new(Origin::at(self.source, span.clone()), problem).at_key(path));
        None
    }
}

/// Drops a value level by level: dotted keys within inline tables nest some thousand levels deep within the parser's
/// limits, which overflows the stack where each level drops the next.
fn take_apart(value: DeValue<'_>) {
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        match value {
            DeValue::Array(elements) => pending.extend(elements.into_iter().map(Spanned::into_inner)),
            DeValue::Table(table) => pending.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
    }
}

fn integer_of(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// `None` if it is written with digits, yet too large for a float.
fn float_of(text: &str) -> Option<f64> {
    let float: f64 = text.parse().ok()?;
    if float.is_nan() {
        // The sign of a NaN says nothing, and is lost when it is written.
        return Some(f64::NAN);
    }
    (float.is_finite() || text.contains("inf")).then_some(float)
}
