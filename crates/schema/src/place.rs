//! Places in documents, by dotted path.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use rebias_config::{Interval, Question, Wants};
use toml::{Table, Value};

/// The table at a path such as `row[0].fit`.
pub(crate) fn table<'t>(root: &'t Table, path: &str) -> Option<&'t Table> {
    segments(path).try_fold(root, |table, (key, index)| match index {
        None => table.get(key)?.as_table(),
        Some(index) => table.get(key)?.as_array()?.get(index)?.as_table(),
    })
}

/// As [`table`], to change it.
pub(crate) fn table_mut<'t>(root: &'t mut Table, path: &str) -> Option<&'t mut Table> {
    segments(path).try_fold(root, |table, (key, index)| match index {
        None => table.get_mut(key)?.as_table_mut(),
        Some(index) => table.get_mut(key)?.as_array_mut()?.get_mut(index)?.as_table_mut(),
    })
}

/// Keys and indices on the way to a table. No table that a reader opens has a dot in its name.
fn segments(path: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    path.split('.').filter(|segment| !segment.is_empty()).map(|segment| match segment.split_once('[') {
        None => (segment, None),
        Some((key, index)) => (key, index.trim_end_matches(']').parse().ok()),
    })
}

/// Puts a legal value where the question was asked; whether there was none and now is.
pub(crate) fn fill(document: &mut Table, question: &Question) -> bool {
    let place = table_mut(document, &question.table);
    let (Some(table), Some(key), Some(value)) = (place, &question.key, legal_value(&question.wants)) else {
        return false;
    };
    if table.contains_key(key) {
        return false;
    }
    table.insert(key.clone(), value);
    true
}

/// A value that a reader may take; `None` if nothing is known of it.
fn legal_value(wants: &Wants) -> Option<Value> {
    Some(match wants {
        Wants::Any => return None,
        Wants::Integer(legal) | Wants::OneOrMoreIntegers(legal) => Value::Integer(integer(legal)),
        Wants::Number(legal) | Wants::NumberOrWord(legal, _) => Value::Float(number(legal)),
        Wants::String => Value::String("1".to_owned()),
        Wants::Choice(words) => Value::String(words.first()?.clone()),
        Wants::Table => Value::Table(Table::new()),
        Wants::Tables => Value::Array(vec![Value::Table(Table::new())]),
        Wants::Integers(legal) => Value::Array(vec![Value::Integer(integer(legal))]),
        Wants::Numbers(legal) => Value::Array(vec![Value::Float(number(legal))]),
        Wants::Strings => Value::Array(Vec::new()),
    })
}

fn integer(legal: &RangeInclusive<i64>) -> i64 {
    if *legal.start() == i64::MIN { 0.min(*legal.end()) } else { *legal.start() }
}

fn number(legal: &Interval) -> f64 {
    match (legal.start_bound(), legal.end_bound()) {
        (Bound::Included(&number), _) | (Bound::Unbounded, Bound::Included(&number)) => number,
        (Bound::Excluded(&low), Bound::Included(&high) | Bound::Excluded(&high)) => 0.5 * (low + high),
        (Bound::Excluded(&low), Bound::Unbounded) => low + 1.0,
        (Bound::Unbounded, Bound::Excluded(&high)) => high - 1.0,
        (Bound::Unbounded, Bound::Unbounded) => 0.0,
    }
}
