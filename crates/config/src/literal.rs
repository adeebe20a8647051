//! Writing TOML.

use std::fmt::{self, Write};

use crate::value::{Content, Entries, Value};

impl fmt::Display for Value {
    /// As a TOML literal on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Integer(integer) => write!(f, "{integer}"),
            Content::Float(float) if float.is_nan() => f.write_str("nan"),
            // The debug form keeps a point or an exponent, which makes it a float in TOML too.
            Content::Float(float) => write!(f, "{float:?}"),
            Content::Boolean(boolean) => write!(f, "{boolean}"),
            Content::String(string) => f.write_str(&quoted(string)),
            Content::Array(elements) => {
                f.write_str("[")?;
                for (element_idx, element) in elements.iter().enumerate() {
                    let separator = if element_idx == 0 { "" } else { ", " };
                    write!(f, "{separator}{element}")?;
                }
                f.write_str("]")
            }
            Content::Table(entries) => {
                f.write_str("{")?;
                for (entry_idx, (key, value)) in sorted(entries).into_iter().enumerate() {
                    let separator = if entry_idx == 0 { " " } else { ", " };
                    write!(f, "{separator}{} = {value}", key_segment(key))?;
                }
                f.write_str(if entries.is_empty() { "}" } else { " }" })
            }
        }
    }
}

/// The entries as a TOML document, keys sorted, so that equal tables give equal texts.
pub(crate) fn document(entries: &Entries) -> String {
    let mut out = String::new();
    write_table(&mut out, "", entries);
    out
}

fn write_table(out: &mut String, path: &str, entries: &Entries) {
    let (sections, lines): (Vec<_>, Vec<_>) = sorted(entries).into_iter().partition(|(_, value)| is_section(value));
    for (key, value) in lines {
        line(out, &format!("{} = {value}", key_segment(key)));
    }
    for (key, value) in sections {
        let path = join(path, key);
        let (tables, [open, close]) = match value.as_array() {
            Some(tables) => (tables, ["[[", "]]"]),
            None => (std::slice::from_ref(value), ["[", "]"]),
        };
        for entries in tables.iter().filter_map(Value::entries) {
            if !out.is_empty() {
                out.push('\n');
            }
            line(out, &format!("{open}{path}{close}"));
            write_table(out, &path, entries);
        }
    }
}

/// Whether the value is written under a header of its own.
fn is_section(value: &Value) -> bool {
    value.as_array().map_or(value.entries().is_some(), |elements| {
        !elements.is_empty() && elements.iter().all(|element| element.entries().is_some())
    })
}

fn sorted(entries: &Entries) -> Vec<(&str, &Value)> {
    let mut pairs: Vec<_> = entries.iter().map(|(key, entry)| (key.as_str(), &entry.value)).collect();
    pairs.sort_by_key(|(key, _)| *key);
    pairs
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// The dotted path of `key` in the table at `path`.
pub(crate) fn join(path: &str, key: &str) -> String {
    let segment = key_segment(key);
    if path.is_empty() { segment } else { format!("{path}.{segment}") }
}

/// The key as it stands in TOML, quoted where it must be.
fn key_segment(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { quoted(key) }
}

pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            c if c.is_control() => drop(write!(out, "\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
