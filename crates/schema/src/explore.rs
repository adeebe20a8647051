//! Finding out what a reader takes, by asking it.
//!
//! A reader is given documents, at first a nearly empty one. Every key that it asks for is put into the next one with a
//! legal value, until it asks for nothing more; where it asks for a choice, every word is tried, and none where there may
//! be none. So the shape has every key that the reader knows, with its range and its default, and nothing is declared twice.

use std::collections::BTreeSet;

use rebias_config::{Document, Faults, Need, Question, Recorder, Wants};
use toml::{Table, Value};

use crate::facts::{Facts, Run};
use crate::place;
use crate::shape::{Shape, join};

/// What a reader says to a document, apart from what it makes of it.
pub(crate) type Reader<'r> = dyn Fn(&Document) -> Result<(), Faults> + 'r;

/// How much of a document is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    /// What must be there, and all tables and choices, so that none stays closed.
    Required,
    /// All that may be there.
    Everything,
}

/// The shape of what `read` reads. For tables that take any key, `seed` has one.
pub(crate) fn explore(seed: &Table, read: &Reader<'_>) -> Shape {
    let mut explorer = Explorer { read, seed, facts: Facts::default(), needed: BTreeSet::new() };
    // What turns out to be needed is known before full documents are tried without it.
    explorer.visit_all(Fill::Required);
    explorer.visit_all(Fill::Everything);
    explorer.facts.into_shape()
}

/// A table's path, and one of its keys.
type Place = (String, String);

struct Explorer<'e> {
    read: &'e Reader<'e>,
    seed: &'e Table,
    facts: Facts,
    /// Keys that are asked for as optional, but cannot be absent in some case.
    needed: BTreeSet<Place>,
}

/// A document to begin with.
struct Draft {
    document: Table,
    /// Choices that it does without.
    without: BTreeSet<Place>,
}

/// A document that has all that its reader asks for.
struct Settled {
    document: Table,
    without: BTreeSet<Place>,
    questions: Vec<Question>,
    /// Keys that are asked for as optional, and were missing.
    needed: BTreeSet<Place>,
}

impl Explorer<'_> {
    fn visit_all(&mut self, fill: Fill) {
        let (mut tried, mut left_out) = (BTreeSet::new(), BTreeSet::new());
        let mut pending = vec![Draft { document: self.seed.clone(), without: BTreeSet::new() }];
        // What is only found where a choice is absent comes after what words find.
        let mut bare = Vec::new();
        while let Some(draft) = pending.pop().or_else(|| bare.pop()) {
            let settled = self.settle(draft, fill);
            for question in &settled.questions {
                let (Some(key), Wants::Choice(words)) = (&question.key, &question.wants) else { continue };
                if question.need == Need::Optional && left_out.insert((question.table.clone(), key.clone())) {
                    bare.extend(branch(&settled, question, None, fill));
                }
                let chosen = place::table(&settled.document, &question.table).and_then(|table| table.get(key));
                for word in words {
                    let is_new = tried.insert((question.table.clone(), key.clone(), word.clone()));
                    if is_new && chosen.and_then(Value::as_str) != Some(word) {
                        pending.extend(branch(&settled, question, Some(word), fill));
                    }
                }
            }
            self.take_down(&settled);
        }
    }

    /// Adds to a document until its reader asks for nothing more.
    fn settle(&self, Draft { mut document, without }: Draft, fill: Fill) -> Settled {
        let mut needed = BTreeSet::new();
        loop {
            let (questions, missing) = self.ask(&document);
            let mut grown = false;
            for question in &questions {
                let Some(key) = &question.key else { continue };
                if without.contains(&(question.table.clone(), key.clone())) {
                    continue;
                }
                let is_missing = missing.contains(&join(&question.table, key));
                let is_wanted = match (fill, &question.need, &question.wants) {
                    (Fill::Everything, ..) | (Fill::Required, Need::Required, _) => true,
                    (Fill::Required, _, Wants::Choice(_)) => true,
                    (Fill::Required, _, wants) => is_missing || wants.is_section(),
                };
                if is_wanted && place::fill(&mut document, question) {
                    grown = true;
                    if is_missing && question.need != Need::Required {
                        needed.insert((question.table.clone(), key.clone()));
                    }
                }
            }
            if !grown {
                return Settled { document, without, questions, needed };
            }
        }
    }

    /// What the reader asks of a document, and the paths of the keys that it misses.
    fn ask(&self, document: &Table) -> (Vec<Question>, BTreeSet<String>) {
        let recorder = Recorder::default();
        let Ok(parsed) = Document::parse("", document.to_string()) else { return Default::default() };
        let faults = (self.read)(&parsed.recorded_by(&recorder)).err();
        let faults = faults.iter().flat_map(Faults::iter);
        let missing = faults.filter(|fault| fault.value().is_none() && fault.problem().starts_with("missing"));
        (recorder.questions(), missing.filter_map(|fault| fault.key().map(str::to_owned)).collect())
    }

    fn take_down(&mut self, settled: &Settled) {
        let mut run = Run::new(&settled.document, &settled.questions, self.seed);
        self.needed.extend(settled.needed.iter().cloned());
        for (table, key) in &self.needed {
            let mut without = settled.document.clone();
            let removed = place::table_mut(&mut without, table).and_then(|place| place.remove(key));
            if removed.is_some() && self.ask(&without).1.contains(&join(table, key)) {
                run.require(table, key);
            }
        }
        self.facts.add(run);
    }
}

/// The document with another word for a choice, or none. Where little is to be there, only choices stay beside it, as other keys
/// may be there for the old word's sake.
fn branch(settled: &Settled, question: &Question, word: Option<&str>, fill: Fill) -> Option<Draft> {
    let is_choice = |key: &str| {
        let of_key = |other: &&Question| other.table == question.table && other.key.as_deref() == Some(key);
        settled.questions.iter().find(of_key).is_some_and(|other| matches!(other.wants, Wants::Choice(_)))
    };
    let mut document = settled.document.clone();
    let table = place::table_mut(&mut document, &question.table)?;
    if fill == Fill::Required && !question.table.is_empty() {
        table.retain(|key, _| is_choice(key));
    }
    let (key, mut without) = (question.key.clone()?, settled.without.clone());
    if let Some(word) = word {
        table.insert(key, Value::String(word.to_owned()));
    } else {
        table.remove(&key);
        without.insert((question.table.clone(), key));
    }
    Some(Draft { document, without })
}
