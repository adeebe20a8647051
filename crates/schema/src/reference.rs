//! The reference of every key, in Markdown.

use std::fmt::Write;
use std::ops::RangeInclusive;

use rebias_config::Wants;

use crate::comments::{Comments, Explained};
use crate::kind::Kind;
use crate::shape::{Case, KeyShape, TableShape};
use crate::unit::unit;

/// The reference of a kind of document: a table of keys for each table of the document.
pub fn reference(kind: Kind) -> String {
    let comments = kind.comments();
    let mut out = format!("# `{}`: {}\n\n", kind.file_name(), kind.title());
    out += &format!(
        "<!-- Written by `rebias schema {} --format markdown` from what the reader asks for; do not edit. -->\n\n",
        kind.name()
    );
    out += introduction(kind);
    for table in &kind.shape().tables {
        section(&mut out, table, &comments);
    }
    out
}

fn introduction(kind: Kind) -> &'static str {
    match kind {
        Kind::Arch => {
            "Examples are those of [generic-1t1r](../../arch-configs/generic-1t1r/arch.toml). A design that `extends` another says only what differs.\n"
        }
        Kind::Costs => {
            "Examples are those of [generic-1t1r](../../arch-configs/generic-1t1r/costs.toml), where the source of each \
             row stands beside it. What formats mean is in [cost tables](../cost-tables.md).\n"
        }
        Kind::Expected => "What figures mean is in [validation](../validation.md).\n",
        Kind::Trace => {
            "What layers compute, and the tensors beside them, is in [the trace format](../trace-format.md).\n"
        }
        Kind::Sweep => "Paths are from the sweep's folder.\n",
        Kind::Plot => "Charts of every kind, with what draws them, are in [plots](../how-to/plots.md).\n",
        Kind::Recipe => "How a recipe is run is in [training](../training.md).\n",
        Kind::Study => "How a study is run is in [training](../training.md).\n",
        Kind::Devices => {
            "The devices that `[cell.variation] device` may name are compiled in from \
             [devices.toml](../../arch-configs/devices.toml).\n"
        }
    }
}

fn section(out: &mut String, table: &TableShape, comments: &Comments) {
    let heading = match table.path.as_str() {
        "" => "## Top level".to_owned(),
        path if path.ends_with("[]") => format!("## `[[{}]]`", path.trim_end_matches("[]").replace("[]", "")),
        path => format!("## `[{}]`", path.replace("[]", "")),
    };
    let values: Vec<_> = table.keys.iter().filter(|key| !key.wants.is_section()).collect();
    let text = comments.of_table(&table.path);
    // Writing to a string cannot fail.
    let _ = write!(out, "\n{heading}\n\n");
    if let Some(text) = text {
        let _ = write!(out, "{text}\n\n");
    }
    if values.is_empty() {
        return;
    }
    *out += "| key | takes | unit | if absent | meaning | example | its source |\n|---|---|---|---|---|---|---|\n";
    for key in values {
        let explained = comments.of_key(&table.path, &key.name).cloned().unwrap_or_default();
        let name = if key.name == "*" { "any name".to_owned() } else { format!("`{}`", key.name) };
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            escaped(&takes(key)),
            unit(&key.name).unwrap_or_default(),
            escaped(&if_absent(key)),
            escaped(meaning(&explained)),
            escaped(&example(&explained)),
            escaped(source(key, &explained)),
        );
    }
}

fn takes(key: &KeyShape) -> String {
    let takes = match &key.wants {
        Wants::Any => "any value".to_owned(),
        Wants::Integer(legal) => format!("integer {}", range(legal)),
        Wants::Number(legal) => format!("number, {legal}"),
        Wants::String => "text".to_owned(),
        Wants::Choice(words) => listed(words),
        Wants::NumberOrWord(legal, words) => format!("number, {legal}, or {}", listed(words)),
        Wants::Table => "table".to_owned(),
        Wants::Tables => "tables".to_owned(),
        Wants::Integers(legal) => format!("integers, each {}", range(legal)),
        Wants::OneOrMoreIntegers(legal) => format!("integer {}, or several", range(legal)),
        Wants::Numbers(legal) => format!("numbers, each {legal}"),
        Wants::Strings => "texts".to_owned(),
    };
    let case = match &key.known {
        Case::Always | Case::Never => String::new(),
        Case::If { key, words } => format!("; with `{key}` = {}", listed(words)),
        Case::Without { key } => format!("; without `{key}`"),
    };
    format!("{takes}{case}")
}

fn if_absent(key: &KeyShape) -> String {
    match (&key.default, &key.required) {
        (Some(default), _) => format!("`{default}`"),
        (None, Case::Always) => "an error".to_owned(),
        // Where it has no meaning it cannot be missed.
        (None, required @ (Case::If { .. } | Case::Without { .. })) if *required == key.known => "an error".to_owned(),
        (None, Case::If { key, words }) => format!("an error with `{key}` = {}", listed(words)),
        (None, Case::Without { key }) => format!("an error without `{key}`"),
        (None, Case::Never) => "–".to_owned(),
    }
}

fn range(legal: &RangeInclusive<i64>) -> String {
    match (*legal.start(), *legal.end()) {
        (i64::MIN, i64::MAX) => "of any size".to_owned(),
        (start, i64::MAX) => format!("{start}.."),
        (start, end) if start == end => start.to_string(),
        (start, end) => format!("{start}..={end}"),
    }
}

fn listed(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The comment without the range that its beginning repeats.
fn meaning(explained: &Explained) -> &str {
    match explained.text.split_once("; ") {
        Some((first, rest)) if is_range(first) => rest,
        Some(_) | None => &explained.text,
    }
}

/// Whether the first part of a comment says what is legal.
pub(crate) fn is_range(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '<' | '>' | '-')) || part.starts_with("any ")
}

fn example(explained: &Explained) -> String {
    // A long text says nothing that its key does not.
    if explained.value.is_empty() || explained.value.len() > 40 {
        String::new()
    } else {
        format!("`{}`", explained.value)
    }
}

/// Where the example is from; a number or a word of which nothing is said is ours.
fn source<'e>(key: &KeyShape, explained: &'e Explained) -> &'e str {
    match (&explained.source, &key.wants) {
        (Some(source), _) => source,
        (None, Wants::String | Wants::Strings | Wants::Any) => "",
        (None, _) => "ours",
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
