//! What readers ask of documents: the facts from which schemas and references are made.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;

use crate::interval::Interval;

/// One question that a reader put to a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Dotted path of the table, such as `layers[2]`; empty for the root.
    pub table: String,
    /// The key; `None` where the reader asked which keys there are, so that any key may be there.
    pub key: Option<String>,
    /// What the reader takes there.
    pub wants: Wants,
    /// Whether it must be there.
    pub need: Need,
}

/// What a reader takes for a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Wants {
    /// Whatever stands there: the reader judges it by itself.
    Any,
    /// An integer.
    Integer(RangeInclusive<i64>),
    /// A finite number.
    Number(Interval),
    /// Any string.
    String,
    /// One of these words.
    Choice(Vec<String>),
    /// A finite number, or one of these words.
    NumberOrWord(Interval, Vec<String>),
    /// A table.
    Table,
    /// An array of tables.
    Tables,
    /// An array of integers.
    Integers(RangeInclusive<i64>),
    /// An integer, or an array of them.
    OneOrMoreIntegers(RangeInclusive<i64>),
    /// An array of finite numbers.
    Numbers(Interval),
    /// An array of strings.
    Strings,
}

impl Wants {
    /// Whether it is a table, or several.
    pub fn is_section(&self) -> bool {
        matches!(self, Wants::Table | Wants::Tables)
    }
}

/// Whether a key must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// It must.
    Required,
    /// It may be absent.
    Optional,
    /// It may be absent, and counts as this TOML literal then.
    Default(String),
}

/// By table and key.
type Questions = IndexMap<(String, Option<String>), Question>;

/// Writes down what readers ask of the documents that it is given to.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    questions: Arc<Mutex<Questions>>,
}

impl Recorder {
    /// All questions so far, each key of each table once, in the order in which they were asked.
    pub fn questions(&self) -> Vec<Question> {
        self.locked().values().cloned().collect()
    }

    pub(crate) fn note(&self, question: Question) {
        let mut questions = self.locked();
        let place = questions.entry((question.table.clone(), question.key.clone())).or_insert_with(|| question.clone());
        // A reader may look at a value before it asks for it properly.
        if place.wants == Wants::Any {
            *place = question;
        }
    }

    pub(crate) fn needs(&self, table: &str, key: &str, need: Need) {
        if let Some(question) = self.locked().get_mut(&(table.to_owned(), Some(key.to_owned()))) {
            question.need = need;
        }
    }

    fn locked(&self) -> MutexGuard<'_, Questions> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
