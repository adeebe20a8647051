//! Values that know where they stand.

use std::fmt;

use indexmap::IndexMap;

use crate::source::{Origin, Source};

/// A value with its place in a source. Equality compares what is said, not where; `Display` is a TOML literal.
#[derive(Clone, Debug)]
pub struct Value {
    pub(crate) content: Content,
    pub(crate) origin: Origin,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Integer(i64),
    Float(f64),
    Boolean(bool),
    String(String),
    Array(Vec<Value>),
    Table(Entries),
}

/// The entries of a table, in the order of the text.
pub(crate) type Entries = IndexMap<String, Entry>;

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key_origin: Origin,
    pub(crate) value: Value,
}

/// What sort of value it is; `Display` is its name in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of 64 bits with sign.
    Integer,
    /// Any other number, infinities and NaN among them.
    Float,
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// Values in order.
    Array,
    /// Values by key.
    Table,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Integer => "an integer",
            Kind::Float => "a float",
            Kind::Boolean => "a boolean",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Table => "a table",
        })
    }
}

impl Value {
    /// What sort of value it is.
    pub fn kind(&self) -> Kind {
        match self.content {
            Content::Integer(_) => Kind::Integer,
            Content::Float(_) => Kind::Float,
            Content::Boolean(_) => Kind::Boolean,
            Content::String(_) => Kind::String,
            Content::Array(_) => Kind::Array,
            Content::Table(_) => Kind::Table,
        }
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Content::Integer(integer) = self.content { Some(integer) } else { None }
    }

    /// The number, if it is a float or an integer; it may be infinite or NaN.
    pub fn as_number(&self) -> Option<f64> {
        if let Content::Float(float) = self.content { Some(float) } else { self.as_integer().map(|i| i as f64) }
    }

    /// The boolean, if it is one.
    pub fn as_boolean(&self) -> Option<bool> {
        if let Content::Boolean(boolean) = self.content { Some(boolean) } else { None }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Content::String(string) = &self.content { Some(string) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Content::Array(elements) = &self.content { Some(elements) } else { None }
    }

    /// The keys in the order of the text, if it is a table.
    pub fn keys(&self) -> Option<Vec<&str>> {
        Some(self.entries()?.keys().map(String::as_str).collect())
    }

    /// The value at `key`, if it is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries()?.get(key).map(|entry| &entry.value)
    }

    /// An integer that stands where this value does, such as one drawn from what is written there.
    pub fn with_integer(&self, integer: i64) -> Value {
        Value { content: Content::Integer(integer), origin: self.origin.clone() }
    }

    /// A float that stands where this value does.
    pub fn with_float(&self, float: f64) -> Value {
        Value { content: Content::Float(float), origin: self.origin.clone() }
    }

    /// The text it was read from.
    pub fn source(&self) -> &Source {
        &self.origin.source
    }

    pub(crate) fn entries(&self) -> Option<&Entries> {
        if let Content::Table(entries) = &self.content { Some(entries) } else { None }
    }

    pub(crate) fn empty_table(origin: &Origin) -> Value {
        Value { content: Content::Table(Entries::new()), origin: origin.clone() }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.content == other.content
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Content) -> bool {
        match (self, other) {
            (Content::Integer(a), Content::Integer(b)) => a == b,
            // By bits, so that a document with NaN equals its copy.
            (Content::Float(a), Content::Float(b)) => a.total_cmp(b).is_eq(),
            (Content::Boolean(a), Content::Boolean(b)) => a == b,
            (Content::String(a), Content::String(b)) => a == b,
            (Content::Array(a), Content::Array(b)) => a == b,
            (Content::Table(a), Content::Table(b)) => a == b,
            _ => false,
        }
    }
}
