//! Documents: parsed, laid over each other, read.

use crate::collect::Collector;
use crate::fault::{Fault, Faults, Problem};
use crate::literal;
use crate::parse;
use crate::record::Recorder;
use crate::source::Source;
use crate::table::Table;
use crate::value::{Content, Entries, Entry, Value};

/// A TOML document, possibly laid over others; every value knows its source and place. Equality compares what is said.
#[derive(Clone, Debug)]
pub struct Document {
    /// Always a table.
    root: Value,
    /// Told what readers ask.
    recorder: Option<Recorder>,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Document {
    /// Reads `text`, which goes by `name` in faults.
    ///
    /// # Errors
    ///
    /// All faults of syntax; numbers beyond 64 bits; dates, which have no use here.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Document, Faults> {
        let source = Source::new(name, text);
        Ok(Document { root: parse::root(&source)?, recorder: None })
    }

    /// The document, whose readers' questions go to `recorder`.
    pub fn recorded_by(self, recorder: &Recorder) -> Document {
        Document { recorder: Some(recorder.clone()), ..self }
    }

    /// `over` wins key by key; tables merge, all else is replaced.
    pub fn overlay(mut self, over: Document) -> Document {
        lay_over(&mut self.root, over.root);
        self
    }

    /// Sets a dotted key such as `adc.bits` to `value`, which keeps its own source and place.
    ///
    /// Missing tables on the way are made; what stands in the way is replaced. Quotes have no meaning in `dotted`.
    pub fn set(&mut self, dotted: &str, value: Value) {
        set_below(&mut self.root, dotted, value);
    }

    /// As [`set`](Document::set), within that element of the array of tables `array`, a key of the root, in which the
    /// string at `name_key` is `name`. Returns whether there is one.
    pub fn set_in(&mut self, array: &str, (name_key, name): (&str, &str), dotted: &str, value: Value) -> bool {
        let Content::Table(entries) = &mut self.root.content else { return false };
        let Some(Content::Array(elements)) = entries.get_mut(array).map(|entry| &mut entry.value.content) else {
            return false;
        };
        let is_named = |element: &&mut Value| element.get(name_key).and_then(Value::as_str) == Some(name);
        let Some(element) = elements.iter_mut().find(is_named) else { return false };
        set_below(element, dotted, value);
        true
    }

    /// The value at a dotted key, tables only on the way.
    pub fn get(&self, dotted: &str) -> Option<&Value> {
        dotted.split('.').try_fold(&self.root, Value::get)
    }

    /// Takes out the value at a dotted key, tables only on the way, such as `extends` before an overlay.
    pub fn remove(&mut self, dotted: &str) -> Option<Value> {
        remove_below(&mut self.root, dotted)
    }

    /// Reads the document with `read`, which should ask for every key before it gives up on any.
    ///
    /// # Errors
    ///
    /// All faults that were collected, among them keys that `read` never asked for, each with what may have been meant.
    pub fn read<T>(&self, read: impl FnOnce(&Table<'_>) -> Option<T>) -> Result<T, Faults> {
        let collector = Collector::recorded_by(self.recorder.clone());
        let outcome = match self.root.entries() {
            Some(entries) => read(&Table::root(entries, &self.root.origin, &collector)),
            None => None,
        };
        match (Faults::from_vec(collector.into_faults(&self.root)), outcome) {
            (Some(faults), _) => Err(faults),
            (None, Some(read)) => Ok(read),
            (None, None) => {
                Err(Faults::in_file(self.root.source().name(), Problem::new("the document holds nothing of use")))
            }
        }
    }

    /// A fault of the value at a dotted key that shows only beside what other files say; a fault without a place where
    /// there is no such value.
    pub fn fault(&self, dotted: &str, problem: impl Into<Problem>) -> Faults {
        let problem = problem.into();
        let placed = self.get(dotted).map(|value| Fault::of_value(dotted, value, problem.clone()));
        placed.and_then(|fault| Faults::from_vec(vec![fault])).unwrap_or_else(|| Faults::plain(problem))
    }

    /// The full merged document with sorted keys: equal documents give equal texts.
    pub fn to_toml(&self) -> String {
        self.root.entries().map(literal::document).unwrap_or_default()
    }
}

/// Takes a dotted key out of a table.
fn remove_below(table: &mut Value, dotted: &str) -> Option<Value> {
    let Content::Table(entries) = &mut table.content else { return None };
    match dotted.split_once('.') {
        Some((key, rest)) => remove_below(&mut entries.get_mut(key)?.value, rest),
        None => entries.shift_remove(dotted).map(|entry| entry.value),
    }
}

/// Sets a dotted key in a table.
fn set_below(root: &mut Value, dotted: &str, value: Value) {
    let origin = value.origin.clone();
    let mut place = root;
    // What is left beyond the limit is one key with dots in it, which no reader knows.
    for key in dotted.splitn(parse::DEPTH_LIMIT, '.') {
        if place.entries().is_none() {
            *place = Value::empty_table(&origin);
        }
        let Content::Table(entries) = &mut place.content else {
            return;
        };
        let new_entry = || Entry { key_origin: origin.clone(), value: Value::empty_table(&origin) };
        place = &mut entries.entry(key.to_owned()).or_insert_with(new_entry).value;
    }
    *place = value;
}

fn lay_over(under: &mut Value, over: Value) {
    let Value { content, origin } = over;
    match (&mut under.content, content) {
        (Content::Table(under_entries), Content::Table(over_entries)) => {
            merge_entries(under_entries, over_entries);
            under.origin = origin;
        }
        (_, content) => *under = Value { content, origin },
    }
}

fn merge_entries(under: &mut Entries, over: Entries) {
    for (key, entry) in over {
        match under.get_mut(&key) {
            Some(place) => {
                place.key_origin = entry.key_origin;
                lay_over(&mut place.value, entry.value);
            }
            None => {
                under.insert(key, entry);
            }
        }
    }
}
