//! A fault as text with an excerpt of its source.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use crate::fault::Fault;

/// Longer values are cut in the title; the excerpt shows them anyway.
const LONGEST_VALUE: usize = 40;

/// The fault over several lines, without colour and without a line break at the end.
pub(crate) fn fault(fault: &Fault) -> String {
    let group = Level::ERROR
        .primary_title(title(fault))
        .elements(place(fault))
        .elements(fault.legal().map(|legal| note("legal", legal)))
        .elements(fault.hint().map(|hint| note("hint", hint)));
    Renderer::plain().render(&[group])
}

fn title(fault: &Fault) -> String {
    let problem = fault.problem();
    match (fault.key(), fault.value()) {
        (Some(key), Some(value)) => format!("`{key} = {}`: {problem}", shortened(value)),
        (Some(key), None) => format!("`{key}`: {problem}"),
        (None, _) => problem.to_owned(),
    }
}

fn place(fault: &Fault) -> Option<Element<'_>> {
    let origin = fault.origin()?;
    let name = origin.source.name();
    let Some(excerpt) = origin.excerpt() else {
        return Some(Origin::path(name).into());
    };
    let snippet = Snippet::source(excerpt.line)
        .path(name)
        .line_start(excerpt.number)
        .annotation(AnnotationKind::Primary.span(excerpt.caret));
    Some(snippet.into())
}

fn note<'a>(name: &'a str, text: &str) -> Element<'a> {
    Level::NOTE.with_name(name).message(normalize_untrusted_str(text)).into()
}

fn shortened(value: &str) -> Cow<'_, str> {
    match value.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()).into(),
        None => value.into(),
    }
}
