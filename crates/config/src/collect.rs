//! What a reader asked for and what was wrong, until all of it is told at once.

use std::cell::RefCell;
use std::collections::HashMap;

use indexmap::IndexSet;

use crate::convert;
use crate::fault::{Fault, Problem};
use crate::literal;
use crate::record::{Need, Question, Recorder};
use crate::similar;
use crate::value::{Content, Entries, Entry, Value};

/// Shared by all tables of one reading.
#[derive(Default)]
pub(crate) struct Collector {
    faults: RefCell<Vec<Fault>>,
    /// What was asked of each table that was opened, by path.
    opened: RefCell<HashMap<String, Asked>>,
    recorder: Option<Recorder>,
}

#[derive(Default)]
struct Asked {
    /// In the order of asking, which is the reader's order of importance.
    keys: IndexSet<String>,
    /// Whether the reader could not know which keys there are.
    shape: Shape,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Shape {
    #[default]
    Known,
    /// The last thing asked for was a choice, and it failed.
    Unknown,
}

impl Collector {
    pub(crate) fn recorded_by(recorder: Option<Recorder>) -> Self {
        Self { recorder, ..Self::default() }
    }

    pub(crate) fn note(&self, question: impl FnOnce() -> Question) {
        if let Some(recorder) = &self.recorder {
            recorder.note(question());
        }
    }

    pub(crate) fn needs(&self, path: &str, key: &str, need: impl FnOnce() -> Need) {
        if let Some(recorder) = &self.recorder {
            recorder.needs(path, key, need());
        }
    }

    pub(crate) fn record(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    pub(crate) fn open(&self, path: &str) {
        self.opened.borrow_mut().entry(path.to_owned()).or_default();
    }

    pub(crate) fn ask(&self, path: &str, key: &str) {
        if let Some(asked) = self.opened.borrow_mut().get_mut(path) {
            asked.keys.insert(key.to_owned());
            asked.shape = Shape::Known;
        }
    }

    pub(crate) fn shape_is_unknown(&self, path: &str) {
        if let Some(asked) = self.opened.borrow_mut().get_mut(path) {
            asked.shape = Shape::Unknown;
        }
    }

    /// The faults recorded, and the keys of `root` that were never asked for.
    pub(crate) fn into_faults(self, root: &Value) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        let mut opened = self.opened.into_inner();
        if !faults.is_empty() {
            // The reader may have given up before it came to the tables that it had opened.
            opened.retain(|_, asked| !asked.keys.is_empty());
        }
        unknown_keys(&opened, "", root, &mut faults);
        faults
    }
}

fn unknown_keys(opened: &HashMap<String, Asked>, path: &str, value: &Value, faults: &mut Vec<Fault>) {
    match &value.content {
        Content::Array(elements) => {
            for (idx, element) in elements.iter().enumerate() {
                unknown_keys(opened, &format!("{path}[{idx}]"), element, faults);
            }
        }
        Content::Table(entries) => {
            // A table that was taken as a plain value, or was never reached, is not judged.
            let Some(asked) = opened.get(path) else { return };
            for (key, entry) in entries {
                let key_path = literal::join(path, key);
                if asked.keys.contains(key) {
                    unknown_keys(opened, &key_path, &entry.value, faults);
                } else {
                    faults.extend(unknown_key(asked, entries, key, entry, &key_path));
                }
            }
        }
        Content::Integer(_) | Content::Float(_) | Content::Boolean(_) | Content::String(_) => {}
    }
}

fn unknown_key(asked: &Asked, entries: &Entries, key: &str, entry: &Entry, path: &str) -> Option<Fault> {
    let known = || asked.keys.iter().map(String::as_str);
    let absent = known().filter(|known| !entries.contains_key(*known));
    let problem = match (similar::nearest(key, absent), asked.shape) {
        (Some(meant), _) => Problem::new("unknown key").hint(format!("did you mean `{meant}`?")),
        (None, Shape::Known) if asked.keys.is_empty() => Problem::new("unknown key"),
        (None, Shape::Known) => Problem::new("unknown key").legal(convert::listed(known())),
        (None, Shape::Unknown) => return None,
    };
    Some(Fault::of_value(path, &entry.value, problem).at_origin(&entry.key_origin))
}
