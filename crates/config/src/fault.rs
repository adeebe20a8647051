//! Faults, one and all.

use std::fmt;

use crate::render;
use crate::source::{Origin, Source};
use crate::value::Value;

/// What is wrong with a value, in words: lower case, no full stop, literals in backticks.
///
/// `Problem::new("more bits than the device holds").legal("1..=2").hint("slice the weights")`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub(crate) text: String,
    pub(crate) legal: Option<String>,
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// What is wrong.
    pub fn new(text: impl Into<String>) -> Problem {
        Problem { text: text.into(), legal: None, hint: None }
    }

    /// What would be right: a range or a list of words.
    pub fn legal(mut self, legal: impl fmt::Display) -> Problem {
        self.legal = Some(legal.to_string());
        self
    }

    /// What the user can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

impl From<&str> for Problem {
    fn from(text: &str) -> Problem {
        Problem::new(text)
    }
}

impl From<String> for Problem {
    fn from(text: String) -> Problem {
        Problem::new(text)
    }
}

/// One fault of a document. `Display` shows it with the line it stands on and a caret.
#[derive(Clone)]
pub struct Fault {
    origin: Option<Origin>,
    key: Option<String>,
    value: Option<String>,
    problem: Problem,
}

impl Fault {
    pub(crate) fn new(origin: Origin, problem: Problem) -> Fault {
        Fault { origin: Some(origin), key: None, value: None, problem }
    }

    pub(crate) fn of_value(path: &str, value: &Value, problem: Problem) -> Fault {
        let literal = value.entries().is_none().then(|| value.to_string());
        Fault { origin: Some(value.origin.clone()), key: Some(path.to_owned()), value: literal, problem }
    }

    pub(crate) fn at_key(mut self, path: impl Into<String>) -> Fault {
        self.key = Some(path.into());
        self
    }

    pub(crate) fn at_origin(mut self, origin: &Origin) -> Fault {
        self.origin = Some(origin.clone());
        self
    }

    /// The dotted key, such as `layers[2].stride`; none for an error of syntax.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The value as a TOML literal; none if it is missing or a table.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What is wrong.
    pub fn problem(&self) -> &str {
        &self.problem.text
    }

    /// The legal range or words.
    pub fn legal(&self) -> Option<&str> {
        self.problem.legal.as_deref()
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<&str> {
        self.problem.hint.as_deref()
    }

    /// The name of the text it stands in.
    pub fn source_name(&self) -> Option<&str> {
        Some(self.origin()?.source.name())
    }

    /// The line it stands on, counted from 1; none for what is missing from a whole document.
    pub fn line(&self) -> Option<usize> {
        Some(self.origin()?.excerpt()?.number)
    }

    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::fault(self))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// All faults of a document, at least one. `Display` shows every one.
#[derive(Clone)]
pub struct Faults {
    /// Never empty.
    faults: Vec<Fault>,
}

impl Faults {
    /// One fault of no text, such as a file that cannot be read.
    pub fn plain(problem: impl Into<Problem>) -> Faults {
        let fault = Fault { origin: None, key: None, value: None, problem: problem.into() };
        Faults { faults: vec![fault] }
    }

    /// One fault of a file as a whole, such as a truncated file of tensors.
    pub fn in_file(name: impl Into<String>, problem: impl Into<Problem>) -> Faults {
        let origin = Origin::whole(&Source::new(name, ""));
        Faults { faults: vec![Fault::new(origin, problem.into())] }
    }

    /// Faults in the order of their sources' names and lines; `None` if there are none.
    pub(crate) fn from_vec(mut faults: Vec<Fault>) -> Option<Faults> {
        let place = |fault: &Fault| {
            let origin = fault.origin.as_ref()?;
            Some((origin.source.name().to_owned(), origin.start()))
        };
        faults.sort_by_cached_key(place);
        (!faults.is_empty()).then_some(Faults { faults })
    }

    /// Every fault, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter()
    }

    /// These faults, then `other`.
    pub fn merge(mut self, other: Faults) -> Faults {
        self.faults.extend(other.faults);
        self
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault_idx, fault) in self.faults.iter().enumerate() {
            let separator = if fault_idx == 0 { "" } else { "\n\n" };
            write!(f, "{separator}{fault}")?;
        }
        match self.faults.len() {
            0 | 1 => Ok(()),
            n_faults => write!(f, "\n\n{n_faults} faults"),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Faults {}
