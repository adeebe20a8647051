//! Values to what a reader wants, or what is wrong with them.

use std::fmt;
use std::ops::RangeInclusive;

use crate::fault::Problem;
use crate::interval::Interval;
use crate::similar;
use crate::value::{Kind, Value};

/// An integer within `legal`.
pub(crate) fn integer<T: TryFrom<i64>>(value: &Value, legal: &RangeInclusive<i64>) -> Result<T, Problem> {
    let shown = shown_range(legal);
    let integer = value.as_integer().ok_or_else(|| wrong_kind(value, Kind::Integer).legal(&shown))?;
    let legal_integer = Some(integer).filter(|integer| legal.contains(integer));
    legal_integer.and_then(|integer| T::try_from(integer).ok()).ok_or_else(|| Problem::new("out of range").legal(shown))
}

/// A finite number within `legal`; integers are numbers too.
pub(crate) fn number(value: &Value, legal: Interval) -> Result<f64, Problem> {
    let number = value.as_number().ok_or_else(|| expected("a number", value).legal(legal))?;
    if legal.contains(number) {
        Ok(number)
    } else if number.is_finite() {
        Err(Problem::new("out of range").legal(legal))
    } else {
        Err(Problem::new("not a finite number").legal(legal))
    }
}

/// Any string.
pub(crate) fn string(value: &Value) -> Result<String, Problem> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong_kind(value, Kind::String))
}

/// What the word stands for.
pub(crate) fn choice<T: Clone>(value: &Value, choices: &[(&str, T)]) -> Result<T, Problem> {
    let words = || choices.iter().map(|(word, _)| *word);
    let word = value.as_str().ok_or_else(|| wrong_kind(value, Kind::String).legal(listed(words())))?;
    if let Some((_, chosen)) = choices.iter().find(|(known, _)| *known == word) {
        return Ok(chosen.clone());
    }
    let problem = Problem::new("unknown word").legal(listed(words()));
    Err(match similar::nearest(word, words()) {
        Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
        None => problem,
    })
}

/// That `value` is not of the kind that is wanted.
pub(crate) fn wrong_kind(value: &Value, wanted: Kind) -> Problem {
    expected(wanted, value)
}

fn expected(wanted: impl fmt::Display, value: &Value) -> Problem {
    Problem::new(format!("expected {wanted}, found {}", value.kind()))
}

/// `1..=8`, or `1..` where there is no upper limit.
pub(crate) fn shown_range(legal: &RangeInclusive<i64>) -> String {
    match (*legal.start(), *legal.end()) {
        (i64::MIN, i64::MAX) => "any integer".to_owned(),
        (i64::MIN, end) => format!("..={end}"),
        (start, i64::MAX) => format!("{start}.."),
        (start, end) => format!("{start}..={end}"),
    }
}

/// The words in backticks, with commas.
pub(crate) fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
