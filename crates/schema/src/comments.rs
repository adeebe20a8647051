//! What the comments of a TOML file say of its keys.
//!
//! A key's comment stands behind its value, goes on in the indented comments below, or else stands above it. Its parts
//! are divided by `; `: first unit and legal values, if they are worth saying, then what the key means, and last the
//! `source: …` of its value. A key that is commented out (`#key = 1  # …`) is explained like any other.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use crate::shape::{ANY_KEY, join};

/// The comments of a file.
#[derive(Clone, Debug, Default)]
pub struct Comments {
    tables: IndexMap<String, String>,
    keys: IndexMap<(String, String), Explained>,
}

/// A key as a file explains it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// The value that it has there, as a TOML literal.
    pub value: String,
    /// Whether it is commented out.
    pub standing: Standing,
    /// The comment, without the source.
    pub text: String,
    /// Where the value is from.
    pub source: Option<String>,
}

/// Whether a key counts in its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    #[default]
    Set,
    /// It is commented out.
    CommentedOut,
}

impl Comments {
    /// Reads the comments of a text; where a key stands several times, those at the first.
    pub fn parse(text: &str) -> Self {
        let mut reading = Reading::default();
        for line in text.lines() {
            reading.line(line);
        }
        reading.finish()
    }

    /// What is said of a table, by its path as in a [`Shape`](crate::Shape).
    pub fn of_table(&self, path: &str) -> Option<&str> {
        self.tables.get(path).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// What is said of a key: there, or else where a key of this name stands first.
    pub fn of_key(&self, table: &str, key: &str) -> Option<&Explained> {
        let first = |is_meant: &dyn Fn(&str, &str) -> bool| {
            self.keys().find(|(of, name, explained)| is_meant(of, name) && !explained.text.is_empty())
        };
        // Of a table that takes any key, any will do.
        let there = first(&|of, name| of == table && (name == key || key == ANY_KEY));
        there.or_else(|| first(&|_, name| name == key)).map(|(_, _, explained)| explained)
    }

    /// All keys with their tables, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str, &Explained)> {
        self.keys.iter().map(|((table, key), explained)| (table.as_str(), key.as_str(), explained))
    }
}

#[derive(Default)]
struct Reading {
    found: Comments,
    table: String,
    arrays: BTreeSet<String>,
    /// Comment lines that wait for what they stand above.
    above: Vec<String>,
    last: Option<(String, String)>,
}

impl Reading {
    fn line(&mut self, line: &str) {
        let commented_out = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        let standing = if commented_out.is_some() { Standing::CommentedOut } else { Standing::Set };
        let code = commented_out.unwrap_or(line);
        let (statement, comment) = split(code);
        if statement.is_empty() && line.starts_with(' ') {
            let last = self.last.as_ref().and_then(|last| self.found.keys.get_mut(last));
            if let Some(explained) = last {
                explained.text = format!("{} {comment}", explained.text).trim().to_owned();
            }
        } else if statement.is_empty() {
            self.last = None;
            if comment.is_empty() { self.above.clear() } else { self.above.push(comment.to_owned()) }
        } else if statement.starts_with('[') {
            self.header(statement, comment);
        } else if let Some((key, value)) = statement.split_once('=') {
            self.key(key.trim().trim_matches('"'), value.trim(), (comment, standing));
        }
    }

    fn header(&mut self, header: &str, comment: &str) {
        let path = header.trim_matches(['[', ']']);
        if header.starts_with("[[") {
            self.arrays.insert(path.to_owned());
        }
        let (mut plain, mut general) = (String::new(), String::new());
        // What stands in quotes is a name of the user's.
        let unquoted = path.split('"').enumerate();
        let path: String = unquoted.map(|(part, text)| if part % 2 == 0 { text } else { ANY_KEY }).collect();
        for segment in path.split('.') {
            plain = join(&plain, segment);
            let array = if self.arrays.contains(&plain) { "[]" } else { "" };
            general = join(&general, &format!("{segment}{array}"));
        }
        let text = self.explanation(comment);
        self.found.tables.entry(general.clone()).or_insert(text);
        self.table = general;
        self.last = None;
    }

    fn key(&mut self, key: &str, value: &str, (comment, standing): (&str, Standing)) {
        let text = self.explanation(comment);
        let place = (self.table.clone(), key.to_owned());
        let value = value.to_owned();
        let explained = Explained { value, standing, text, source: None };
        let is_new = self.found.keys.get(&place).is_none_or(|known| known.text.is_empty());
        if is_new {
            self.found.keys.insert(place.clone(), explained);
        }
        self.last = is_new.then_some(place);
    }

    fn explanation(&mut self, comment: &str) -> String {
        let above = std::mem::take(&mut self.above).join(" ");
        if comment.is_empty() { above } else { comment.to_owned() }
    }

    fn finish(mut self) -> Comments {
        for explained in self.found.keys.values_mut() {
            if let Some((text, source)) = explained.text.split_once("source: ") {
                explained.source = Some(source.to_owned());
                explained.text = text.trim_end_matches([' ', ';']).to_owned();
            }
        }
        self.found
    }
}

/// What stands before the comment, and the comment without its `#`.
fn split(line: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return (line[..at].trim(), line[at + 1..].trim()),
            _ => {}
        }
    }
    (line.trim(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
# Not of a key.

name = "a # b"   # any text

# The rows.
[[row]]
# text: where it
# is from
source = "x"
#size = 4    # 1..=8 KiB; what it holds;
             # of all of it; source: ISAAC

[row.fit]
slope = 1.0
"##;

    #[test]
    fn comments_stand_behind_below_or_above() {
        let comments = Comments::parse(TEXT);
        let text = |table, key| comments.of_key(table, key).map(|explained| explained.text.as_str());
        assert_eq!(text("", "name"), Some("any text"));
        assert_eq!(text("row[]", "source"), Some("text: where it is from"));
        assert_eq!(text("row[]", "size"), Some("1..=8 KiB; what it holds; of all of it"));
        assert_eq!(text("row[].fit", "slope"), None);
        assert_eq!(text("column[]", "source"), Some("text: where it is from"));
        assert_eq!(comments.of_table("row[]"), Some("The rows."));
        let size = comments.of_key("row[]", "size").expect("explained");
        assert_eq!((size.value.as_str(), size.standing), ("4", Standing::CommentedOut));
        assert_eq!(size.source.as_deref(), Some("ISAAC"));
    }
}
