//! Reading a table, and collecting what is wrong with it.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::collect::Collector;
use crate::convert;
use crate::fault::{Fault, Problem};
use crate::interval::Interval;
use crate::literal;
use crate::record::{Need, Question, Wants};
use crate::source::Origin;
use crate::value::{Entries, Kind, Value};

/// A table being read; it remembers which keys were asked for.
///
/// Methods return `None` after they recorded a fault. A reader asks for every key of a table before the first `?`, so
/// that all faults are found and no key is taken for unknown. Where a [`choice`](Table::choice) decides which keys
/// there are, it may give up at once: if the choice fails, other keys of the table are not judged. Nor are, beside
/// other faults, the keys of a table of which nothing was asked.
#[derive(Clone)]
pub struct Table<'d> {
    path: String,
    entries: &'d Entries,
    origin: &'d Origin,
    collector: &'d Collector,
}

/// Keys that must be there.
impl<'d> Table<'d> {
    /// An integer within `legal`, which should be no wider than `T`.
    pub fn integer<T: TryFrom<i64>>(&self, key: &str, legal: RangeInclusive<i64>) -> Option<T> {
        let shown = convert::shown_range(&legal);
        self.required(key, shown, self.optional_integer(key, legal))
    }

    /// A finite number within `legal`; an integer is a number too.
    pub fn number(&self, key: &str, legal: Interval) -> Option<f64> {
        self.required(key, legal, self.optional_number(key, legal))
    }

    /// A string.
    pub fn string(&self, key: &str) -> Option<String> {
        self.required(key, Kind::String, self.optional_string(key))
    }

    /// One of the words, as what it stands for.
    pub fn choice<T: Clone>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let words = convert::listed(choices.iter().map(|(word, _)| *word));
        let chosen = self.required(key, words, self.optional_choice(key, choices));
        if chosen.is_none() {
            self.collector.shape_is_unknown(&self.path);
        }
        chosen
    }

    /// A table.
    pub fn table(&self, key: &str) -> Option<Table<'d>> {
        self.required(key, Kind::Table, self.optional_table(key))
    }

    /// An array of tables (`[[key]]`); it may be empty.
    pub fn tables(&self, key: &str) -> Option<Vec<Table<'d>>> {
        self.required(key, "an array of tables", self.optional_tables(key))
    }

    /// An array of integers, each within `legal`.
    pub fn integers<T: TryFrom<i64>>(&self, key: &str, legal: RangeInclusive<i64>) -> Option<Vec<T>> {
        let shown = format!("integers, each {}", convert::shown_range(&legal));
        self.required(key, shown, self.optional_integers(key, legal))
    }

    /// An array of finite numbers, each within `legal`.
    pub fn numbers(&self, key: &str, legal: Interval) -> Option<Vec<f64>> {
        self.required(key, format!("numbers, each {legal}"), self.optional_numbers(key, legal))
    }

    /// An array of strings.
    pub fn strings(&self, key: &str) -> Option<Vec<String>> {
        self.required(key, "an array of strings", self.optional_strings(key))
    }

    /// Whatever stands there; keys within it are not judged.
    pub fn value(&self, key: &str) -> Option<&'d Value> {
        self.value_as(key, Wants::Any)
    }

    /// What stands there, which the reader judges by itself; `wants` says what it takes.
    pub fn value_as(&self, key: &str, wants: Wants) -> Option<&'d Value> {
        self.required(key, "any value", Some(self.optional_value_as(key, wants)))
    }

    fn required<T>(&self, key: &str, legal: impl Display, found: Option<Option<T>>) -> Option<T> {
        self.collector.needs(&self.path, key, || Need::Required);
        let found = found?;
        if found.is_none() {
            self.fault(key, Problem::new("missing key").legal(legal));
        }
        found
    }
}

/// Keys that may be absent and have a value all the same.
impl<'d> Table<'d> {
    /// As [`integer`](Table::integer), `default` if absent.
    pub fn integer_or<T: TryFrom<i64> + Display>(
        &self,
        key: &str,
        legal: RangeInclusive<i64>,
        default: T,
    ) -> Option<T> {
        let found = self.optional_integer(key, legal);
        self.collector.needs(&self.path, key, || Need::Default(default.to_string()));
        Some(found?.unwrap_or(default))
    }

    /// As [`number`](Table::number), `default` if absent.
    pub fn number_or(&self, key: &str, legal: Interval, default: f64) -> Option<f64> {
        let found = self.optional_number(key, legal);
        self.collector.needs(&self.path, key, || Need::Default(format!("{default:?}")));
        Some(found?.unwrap_or(default))
    }

    /// As [`choice`](Table::choice), the first of them if absent.
    pub fn choice_or_first<T: Clone>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let found = self.optional_choice(key, choices);
        let (word, first) = choices.first()?;
        self.collector.needs(&self.path, key, || Need::Default(literal::quoted(word)));
        Some(found?.unwrap_or_else(|| first.clone()))
    }
}

/// Keys that may be absent: `None` is a fault, `Some(None)` absence.
impl<'d> Table<'d> {
    /// As [`integer`](Table::integer).
    pub fn optional_integer<T: TryFrom<i64>>(&self, key: &str, legal: RangeInclusive<i64>) -> Option<Option<T>> {
        self.note(key, || Wants::Integer(legal.clone()));
        self.optional(key, |value| convert::integer(value, &legal))
    }

    /// As [`number`](Table::number).
    pub fn optional_number(&self, key: &str, legal: Interval) -> Option<Option<f64>> {
        self.note(key, || Wants::Number(legal));
        self.optional(key, |value| convert::number(value, legal))
    }

    /// As [`optional_number`](Table::optional_number), with a hint for a number that is out of range.
    pub fn optional_number_hinted(&self, key: &str, legal: Interval, hint: &str) -> Option<Option<f64>> {
        self.note(key, || Wants::Number(legal));
        self.optional(key, |value| convert::number(value, legal).map_err(|problem| problem.hint(hint)))
    }

    /// As [`string`](Table::string).
    pub fn optional_string(&self, key: &str) -> Option<Option<String>> {
        self.note(key, || Wants::String);
        self.optional(key, convert::string)
    }

    /// As [`choice`](Table::choice).
    pub fn optional_choice<T: Clone>(&self, key: &str, choices: &[(&str, T)]) -> Option<Option<T>> {
        self.note(key, || Wants::Choice(choices.iter().map(|(word, _)| (*word).to_owned()).collect()));
        let chosen = self.optional(key, |value| convert::choice(value, choices));
        if chosen.is_none() {
            self.collector.shape_is_unknown(&self.path);
        }
        chosen
    }

    /// As [`table`](Table::table).
    pub fn optional_table(&self, key: &str) -> Option<Option<Table<'d>>> {
        self.note(key, || Wants::Table);
        self.within(key, |value| self.open(value, self.path_of(key)))
    }

    /// What `read` makes of a table that may be absent: `None` for faults, `Some(None)` where it is absent.
    pub fn optional_table_as<T>(&self, key: &str, read: impl FnOnce(&Table<'d>) -> Option<T>) -> Option<Option<T>> {
        match self.optional_table(key)? {
            Some(table) => read(&table).map(Some),
            None => Some(None),
        }
    }

    /// As [`tables`](Table::tables).
    pub fn optional_tables(&self, key: &str) -> Option<Option<Vec<Table<'d>>>> {
        self.note(key, || Wants::Tables);
        self.elements(key, |element, path| self.open(element, path))
    }

    /// As [`integers`](Table::integers).
    pub fn optional_integers<T: TryFrom<i64>>(&self, key: &str, legal: RangeInclusive<i64>) -> Option<Option<Vec<T>>> {
        self.note(key, || Wants::Integers(legal.clone()));
        self.elements(key, |element, path| self.accept(element, &path, convert::integer(element, &legal)))
    }

    /// As [`numbers`](Table::numbers).
    pub fn optional_numbers(&self, key: &str, legal: Interval) -> Option<Option<Vec<f64>>> {
        self.note(key, || Wants::Numbers(legal));
        self.elements(key, |element, path| self.accept(element, &path, convert::number(element, legal)))
    }

    /// As [`strings`](Table::strings).
    pub fn optional_strings(&self, key: &str) -> Option<Option<Vec<String>>> {
        self.note(key, || Wants::Strings);
        self.elements(key, |element, path| self.accept(element, &path, convert::string(element)))
    }

    /// As [`value`](Table::value).
    pub fn optional_value(&self, key: &str) -> Option<&'d Value> {
        self.optional_value_as(key, Wants::Any)
    }

    /// As [`value_as`](Table::value_as).
    pub fn optional_value_as(&self, key: &str, wants: Wants) -> Option<&'d Value> {
        self.note(key, || wants);
        self.get(key)
    }

    fn get(&self, key: &str) -> Option<&'d Value> {
        self.collector.ask(&self.path, key);
        self.entries.get(key).map(|entry| &entry.value)
    }

    fn note(&self, key: &str, wants: impl FnOnce() -> Wants) {
        self.collector.note(|| Question {
            table: self.path.clone(),
            key: Some(key.to_owned()),
            wants: wants(),
            need: Need::Optional,
        });
    }

    fn optional<T>(&self, key: &str, convert: impl FnOnce(&Value) -> Result<T, Problem>) -> Option<Option<T>> {
        self.within(key, |value| self.accept(value, &self.path_of(key), convert(value)))
    }

    fn within<T>(&self, key: &str, read: impl FnOnce(&'d Value) -> Option<T>) -> Option<Option<T>> {
        match self.get(key) {
            Some(value) => read(value).map(Some),
            None => Some(None),
        }
    }

    /// Reads every element, the later ones too if an earlier one is at fault.
    fn elements<T>(&self, key: &str, read: impl Fn(&'d Value, String) -> Option<T>) -> Option<Option<Vec<T>>> {
        self.within(key, |value| {
            let path = self.path_of(key);
            let elements = value.as_array().ok_or_else(|| convert::wrong_kind(value, Kind::Array));
            let elements = self.accept(value, &path, elements)?.iter().enumerate();
            let read: Vec<_> = elements.map(|(idx, element)| read(element, format!("{path}[{idx}]"))).collect();
            read.into_iter().collect()
        })
    }

    fn open(&self, value: &'d Value, path: String) -> Option<Table<'d>> {
        let entries = value.entries().ok_or_else(|| convert::wrong_kind(value, Kind::Table));
        let entries = self.accept(value, &path, entries)?;
        Some(Table::new(path, entries, &value.origin, self.collector))
    }

    fn accept<T>(&self, value: &Value, path: &str, outcome: Result<T, Problem>) -> Option<T> {
        outcome.map_err(|problem| self.collector.record(Fault::of_value(path, value, problem))).ok()
    }
}

/// What is there, and faults of meaning.
impl<'d> Table<'d> {
    /// Whether the key is there; this does not ask for it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// All keys in the order of the text, for a reader that takes any key; this does not ask for them.
    pub fn keys(&self) -> Vec<&'d str> {
        let any_key = || Question { table: self.path.clone(), key: None, wants: Wants::Any, need: Need::Optional };
        self.collector.note(any_key);
        self.entries.keys().map(String::as_str).collect()
    }

    /// Asks for every key, where nothing can be said of what they mean.
    pub fn disregard(&self) {
        for key in self.entries.keys() {
            self.collector.ask(&self.path, key);
        }
    }

    /// The dotted path of this table, such as `layers[2]`; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Records a fault of meaning at `key`, with the caret at its value, or at the table's header if it is absent.
    pub fn fault(&self, key: &str, problem: impl Into<Problem>) {
        self.collector.ask(&self.path, key);
        let path = self.path_of(key);
        let fault = match self.entries.get(key) {
            Some(entry) => Fault::of_value(&path, &entry.value, problem.into()),
            None => Fault::new(self.origin.clone(), problem.into()).at_key(path),
        };
        self.collector.record(fault);
    }

    /// Records a fault of meaning at `value`, which stands at or within `key`, such as an element of an array.
    pub fn fault_at(&self, key: &str, value: &Value, problem: impl Into<Problem>) {
        self.collector.ask(&self.path, key);
        self.collector.record(Fault::of_value(&self.path_of(key), value, problem.into()));
    }

    /// Records a fault of meaning of the table as a whole, with the caret at its header.
    pub fn fault_here(&self, problem: impl Into<Problem>) {
        let fault = Fault::new(self.origin.clone(), problem.into());
        self.collector.record(if self.path.is_empty() { fault } else { fault.at_key(&self.path) });
    }

    pub(crate) fn root(entries: &'d Entries, origin: &'d Origin, collector: &'d Collector) -> Table<'d> {
        Table::new(String::new(), entries, origin, collector)
    }

    fn new(path: String, entries: &'d Entries, origin: &'d Origin, collector: &'d Collector) -> Table<'d> {
        collector.open(&path);
        Table { path, entries, origin, collector }
    }

    fn path_of(&self, key: &str) -> String {
        literal::join(&self.path, key)
    }
}
