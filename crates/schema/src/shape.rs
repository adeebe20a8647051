//! Which tables and keys a kind of document has.

use rebias_config::Wants;

/// Stands for any key in paths and names.
pub(crate) const ANY_KEY: &str = "*";

/// All tables of a kind of document, in the order in which its reader asks for them; the root comes first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// The tables.
    pub tables: Vec<TableShape>,
}

/// One table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableShape {
    /// Its dotted path; `[]` stands for any element of an array and `*` for any key; empty for the root.
    pub path: String,
    /// Its keys, in the order of asking.
    pub keys: Vec<KeyShape>,
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyShape {
    /// The key; `*` for any.
    pub name: String,
    /// What it takes.
    pub wants: Wants,
    /// What it counts as if it is absent, as a TOML literal.
    pub default: Option<String>,
    /// Where it has a meaning.
    pub known: Case,
    /// Where it must be there.
    pub required: Case,
}

/// In which tables something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Case {
    /// In all.
    Always,
    /// In none, or only in such as no single word decides.
    Never,
    /// Where this key of the same table is one of these words.
    If {
        /// The key.
        key: String,
        /// The words.
        words: Vec<String>,
    },
    /// Where this key of the same table, a word, is absent.
    Without {
        /// The key.
        key: String,
    },
}

impl Shape {
    /// The table at a path.
    pub fn table(&self, path: &str) -> Option<&TableShape> {
        self.tables.iter().find(|table| table.path == path)
    }
}

impl TableShape {
    /// The path of what stands at one of its keys.
    pub fn path_of(&self, key: &KeyShape) -> String {
        let array = if key.wants == Wants::Tables { "[]" } else { "" };
        join(&self.path, &format!("{}{array}", key.name))
    }
}

/// The path of a key in the table at `path`.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
