//! What was asked of many documents, and the shape that follows from it.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use rebias_config::{Need, Question, Wants};
use toml::{Table, Value};

use crate::place;
use crate::shape::{ANY_KEY, Case, KeyShape, Shape, TableShape, join};

/// What was asked of each table, in many runs.
#[derive(Default)]
pub(crate) struct Facts {
    tables: IndexMap<String, Vec<Asked>>,
}

/// What was asked of one document.
pub(crate) struct Run {
    /// By path.
    tables: IndexMap<String, Asked>,
    /// Paths of shapes by those of the document.
    general: BTreeMap<String, String>,
}

/// What was asked of one table.
#[derive(Default)]
struct Asked {
    /// The words that it had.
    choices: BTreeMap<String, String>,
    keys: IndexMap<String, Answer>,
}

struct Answer {
    wants: Wants,
    need: Need,
}

impl Run {
    pub(crate) fn new(document: &Table, questions: &[Question], seed: &Table) -> Self {
        let open: BTreeSet<_> =
            questions.iter().filter(|one| one.key.is_none()).map(|one| one.table.as_str()).collect();
        let is_free = |table: &str, key: &str| {
            open.contains(table) && place::table(seed, table).is_some_and(|table| table.contains_key(key))
        };
        let mut run = Self { tables: IndexMap::new(), general: BTreeMap::new() };
        for question in questions {
            let general = general(&question.table, is_free);
            let asked = run.tables.entry(general.clone()).or_default();
            run.general.insert(question.table.clone(), general);
            let Some(key) = &question.key else { continue };
            let word = place::table(document, &question.table).and_then(|table| table.get(key)).and_then(Value::as_str);
            if let (Wants::Choice(_), Some(word)) = (&question.wants, word) {
                asked.choices.insert(key.clone(), word.to_owned());
            }
            let name = if is_free(&question.table, key) { ANY_KEY } else { key };
            let answer = Answer { wants: question.wants.clone(), need: question.need.clone() };
            asked.keys.insert(name.to_owned(), answer);
        }
        run
    }

    /// Says that the document would be at fault without a key.
    pub(crate) fn require(&mut self, table: &str, key: &str) {
        let asked = self.general.get(table).and_then(|table| self.tables.get_mut(table));
        if let Some(answer) = asked.and_then(|asked| asked.keys.get_mut(key)) {
            answer.need = Need::Required;
        }
    }
}

/// The path with `[]` for elements and `*` for free keys.
fn general(path: &str, is_free: impl Fn(&str, &str) -> bool) -> String {
    let (mut at, mut general) = (String::new(), String::new());
    for segment in path.split('.').filter(|segment| !segment.is_empty()) {
        let shown = if is_free(&at, segment) { ANY_KEY } else { segment };
        general = join(&general, &shown.replace("[0]", "[]"));
        at = join(&at, segment);
    }
    general
}

impl Facts {
    pub(crate) fn add(&mut self, run: Run) {
        for (path, asked) in run.tables {
            self.tables.entry(path).or_default().push(asked);
        }
    }

    pub(crate) fn into_shape(self) -> Shape {
        let tables = self.tables.into_iter().map(|(path, runs)| TableShape { keys: keys(&runs), path });
        Shape { tables: tables.collect() }
    }
}

fn keys(runs: &[Asked]) -> Vec<KeyShape> {
    let mut keys: IndexMap<&str, Vec<&Answer>> = IndexMap::new();
    for (key, answer) in runs.iter().flat_map(|asked| &asked.keys) {
        keys.entry(key).or_default().push(answer);
    }
    let shape = |(name, answers): (&str, Vec<&Answer>)| {
        let default = answers.iter().find_map(|answer| match &answer.need {
            Need::Default(literal) => Some(literal.clone()),
            Need::Required | Need::Optional => None,
        });
        let is_known = |asked: &Asked| asked.keys.contains_key(name);
        let is_required = |asked: &Asked| asked.keys.get(name).is_some_and(|answer| answer.need == Need::Required);
        Some(KeyShape {
            name: name.to_owned(),
            wants: answers.first()?.wants.clone(),
            default,
            // What no single word decides may be there always.
            known: Some(case(runs, is_known)).filter(|known| *known != Case::Never).unwrap_or(Case::Always),
            // Nobody need name what may have any name.
            required: if name == ANY_KEY { Case::Never } else { case(runs, is_required) },
        })
    };
    keys.into_iter().filter_map(shape).collect()
}

fn case(runs: &[Asked], holds: impl Fn(&Asked) -> bool) -> Case {
    if runs.iter().all(&holds) {
        return Case::Always;
    }
    if !runs.iter().any(&holds) {
        return Case::Never;
    }
    let choices: BTreeSet<_> = runs.iter().flat_map(|asked| asked.choices.keys()).collect();
    for key in choices {
        let word = |asked: &Asked| asked.choices.get(key).cloned();
        let mut words: Vec<_> = runs.iter().filter(|asked| holds(asked)).filter_map(word).collect();
        words.sort();
        words.dedup();
        let is_among = |asked: &Asked| word(asked).is_some_and(|word| words.contains(&word));
        if !words.is_empty() && runs.iter().all(|asked| is_among(asked) == holds(asked)) {
            return Case::If { key: key.clone(), words };
        }
        if runs.iter().all(|asked| word(asked).is_none() == holds(asked)) {
            return Case::Without { key: key.clone() };
        }
    }
    Case::Never
}
