//! JSON Schema (draft 7), which editors complete and check TOML with.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use rebias_config::{Interval, Wants};
use serde_json::{Map, Value, json};

use crate::comments::Comments;
use crate::kind::Kind;
use crate::shape::{ANY_KEY, Case, KeyShape, Shape, TableShape};
use crate::unit::unit;

/// The JSON Schema of a kind of document.
pub fn json_schema(kind: Kind) -> Value {
    let (shape, comments) = (kind.shape(), kind.comments());
    let writer = Writer { kind, shape: &shape, comments: &comments };
    let mut schema = writer.table("");
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(format!("{}: {}", kind.file_name(), kind.title())));
    if kind == Kind::Arch {
        // What a design does not say, the design that it extends does.
        schema.insert("if".to_owned(), json!({ "required": ["extends"] }));
        schema.insert("then".to_owned(), json!(true));
        schema.insert("else".to_owned(), writer.completeness(""));
    }
    Value::Object(schema)
}

struct Writer<'s> {
    kind: Kind,
    shape: &'s Shape,
    comments: &'s Comments,
}

impl Writer<'_> {
    fn table(&self, path: &str) -> Map<String, Value> {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if let Some(text) = self.comments.of_table(path) {
            schema.insert("description".to_owned(), json!(text));
        }
        let Some(table) = self.shape.table(path) else { return schema };
        let mut properties = Map::new();
        let mut others = Value::Bool(false);
        for key in &table.keys {
            let value = self.key(table, key);
            if key.name == ANY_KEY { others = value } else { drop(properties.insert(key.name.clone(), value)) }
        }
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("additionalProperties".to_owned(), others);
        if self.kind != Kind::Arch {
            schema.extend(required_keys(table));
        }
        schema
    }

    fn key(&self, table: &TableShape, key: &KeyShape) -> Value {
        let mut schema = value(&key.wants, || self.table(&table.path_of(key)));
        let explained = self.comments.of_key(&table.path, &key.name);
        if let Some(explained) = explained {
            let unit = unit(&key.name).map_or_else(String::new, |unit| format!(" [{unit}]"));
            schema.insert("description".to_owned(), json!(format!("{}{unit}", explained.text)));
        }
        let default = key.default.as_ref().and_then(|literal| literal_to_json(literal));
        schema.extend(default.map(|default| ("default".to_owned(), default)));
        Value::Object(schema)
    }

    /// Which keys there must be, in a table and those within it, and nothing else.
    fn completeness(&self, path: &str) -> Value {
        let Some(table) = self.shape.table(path) else { return json!(true) };
        let mut schema = required_keys(table);
        let sections = table.keys.iter().filter(|key| key.wants.is_section());
        let within = sections.map(|key| {
            let inner = self.completeness(&table.path_of(key));
            (key.name.clone(), if key.wants == Wants::Tables { json!({ "items": inner }) } else { inner })
        });
        schema.insert("properties".to_owned(), Value::Object(within.collect()));
        Value::Object(schema)
    }
}

fn required_keys(table: &TableShape) -> Map<String, Value> {
    let always: Vec<_> = table.keys.iter().filter(|key| key.required == Case::Always).map(|key| &key.name).collect();
    let cases = table.keys.iter().filter_map(|needed| match &needed.required {
        Case::Always | Case::Never => None,
        Case::If { key, words } => Some(json!({
            "if": { "required": [key], "properties": { key: { "enum": words } } },
            "then": { "required": [needed.name] },
        })),
        Case::Without { key } => Some(json!({
            "if": { "not": { "required": [key] } },
            "then": { "required": [needed.name] },
        })),
    });
    let cases: Vec<_> = cases.collect();
    let mut schema = Map::new();
    if !always.is_empty() {
        schema.insert("required".to_owned(), json!(always));
    }
    if !cases.is_empty() {
        schema.insert("allOf".to_owned(), Value::Array(cases));
    }
    schema
}

/// `table` is the schema of what stands there, if it is a table.
fn value(wants: &Wants, table: impl FnOnce() -> Map<String, Value>) -> Map<String, Value> {
    match wants {
        Wants::Any => Map::new(),
        Wants::Table => table(),
        Wants::Tables => array(Value::Object(table())),
        Wants::Integer(legal) => integer(legal),
        Wants::Number(legal) => number(legal),
        Wants::String => object([("type", json!("string"))]),
        Wants::Choice(words) => object([("enum", json!(words))]),
        Wants::NumberOrWord(legal, words) => {
            object([("anyOf", json!([Value::Object(number(legal)), { "enum": words }]))])
        }
        Wants::Integers(legal) => array(Value::Object(integer(legal))),
        Wants::OneOrMoreIntegers(legal) => {
            let one = Value::Object(integer(legal));
            object([("anyOf", json!([one, Value::Object(array(one.clone()))]))])
        }
        Wants::Numbers(legal) => array(Value::Object(number(legal))),
        Wants::Strings => array(json!({ "type": "string" })),
    }
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn array(items: Value) -> Map<String, Value> {
    object([("type", json!("array")), ("items", items)])
}

fn integer(legal: &RangeInclusive<i64>) -> Map<String, Value> {
    let mut schema = object([("type", json!("integer"))]);
    if *legal.start() != i64::MIN {
        schema.insert("minimum".to_owned(), json!(legal.start()));
    }
    if *legal.end() != i64::MAX {
        schema.insert("maximum".to_owned(), json!(legal.end()));
    }
    schema
}

fn number(legal: &Interval) -> Map<String, Value> {
    let mut schema = object([("type", json!("number"))]);
    let mut bound = |bound, [included, excluded]: [&str; 2]| match bound {
        Bound::Included(limit) => drop(schema.insert(included.to_owned(), json!(limit))),
        Bound::Excluded(limit) => drop(schema.insert(excluded.to_owned(), json!(limit))),
        Bound::Unbounded => {}
    };
    bound(legal.start_bound(), ["minimum", "exclusiveMinimum"]);
    bound(legal.end_bound(), ["maximum", "exclusiveMaximum"]);
    schema
}

fn literal_to_json(literal: &str) -> Option<Value> {
    let table: toml::Table = format!("value = {literal}").parse().ok()?;
    serde_json::to_value(table.get("value")?).ok()
}
