//! Texts and places in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One text that a document was read from. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl Source {
    /// A text and the name it goes by in faults, usually its path.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into().into(), text: text.into().into() }
    }

    /// The name it goes by in faults.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A place in a source.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) source: Source,
    /// In bytes; `None` is the document as a whole.
    pub(crate) span: Option<Range<usize>>,
}

impl Origin {
    /// The document as a whole.
    pub(crate) fn whole(source: &Source) -> Origin {
        Origin { source: source.clone(), span: None }
    }

    /// The bytes `span` of the source.
    pub(crate) fn at(source: &Source, span: Range<usize>) -> Origin {
        Origin { source: source.clone(), span: Some(span) }
    }

    /// Where the span starts; the document as a whole comes first.
    pub(crate) fn start(&self) -> Option<usize> {
        self.span.as_ref().map(|span| span.start)
    }

    /// The first line that the span touches.
    pub(crate) fn excerpt(&self) -> Option<Excerpt<'_>> {
        let text = self.source.text();
        let span = self.span.as_ref()?;
        let start = boundary_before(text, span.start);
        let (before, after) = text.split_at_checked(start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after.find('\n').map_or(text.len(), |newline| start + newline);
        let line = text.get(line_start..line_end)?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        // The syntax error of an unfinished line may stand at the line break itself.
        let column = (start - line_start).min(line.len());
        let column_end = boundary_before(line, column + span.end.saturating_sub(start)).max(column);
        Some(Excerpt { line, number: before.matches('\n').count() + 1, caret: column..column_end })
    }
}

/// The last place at or before `idx` where a character starts or the text ends.
fn boundary_before(text: &str, idx: usize) -> usize {
    (0..=idx.min(text.len())).rev().find(|&idx| text.is_char_boundary(idx)).unwrap_or(0)
}

/// One line of a source with a marked part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt<'s> {
    /// Without its line break.
    pub(crate) line: &'s str,
    /// Counted from 1.
    pub(crate) number: usize,
    /// The marked bytes of `line`, on character boundaries.
    pub(crate) caret: Range<usize>,
}
