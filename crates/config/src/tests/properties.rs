//! What holds for every text.

use proptest::prelude::*;

use crate::{Document, Faults, Interval, Table};

/// Asks for every key by every method, so that values of every kind meet every reader.
fn read_all(table: &Table<'_>, depth: usize) {
    for key in table.keys().into_iter().take(4).chain(["bits", "adc", ""]) {
        let _ = table.integer::<u8>(key, -5..=300);
        let _ = table.optional_number(key, Interval::open(-1.0, 1.0));
        let _ = table.choice(key, &[("sar", 1), ("", 2)]);
        let _ = table.integers::<u64>(key, 0..=i64::MAX);
        let _ = table.strings(key);
        table.fault(key, "a fault of meaning");
        if depth > 0 {
            let inner = table.optional_table(key).flatten().into_iter();
            for inner in inner.chain(table.tables(key).into_iter().flatten()) {
                read_all(&inner, depth - 1);
            }
        }
    }
}

fn show(faults: &Faults) {
    let shown = faults.to_string();
    assert!(!shown.is_empty());
    assert_eq!(shown, faults.clone().to_string());
    for fault in faults.iter() {
        assert!(fault.to_string().starts_with("error"), "{fault}");
    }
}

fn try_out(text: &str) {
    match Document::parse("any.toml", text) {
        Err(faults) => show(&faults),
        Ok(document) => {
            let read = |root: &Table<'_>| -> Option<()> {
                read_all(root, 3);
                None
            };
            show(&document.read(read).unwrap_err());
            let written = document.to_toml();
            let again = Document::parse("written.toml", written.as_str()).unwrap();
            assert_eq!(again, document);
            assert_eq!(again.to_toml(), written);
            assert_eq!(document.clone().overlay(again), document);
        }
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("bits".to_owned()), Just("adc".to_owned()), "[a-z]{1,3}", "\\PC{0,4}".prop_map(|k| quoted(&k))]
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn literal() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        any::<i64>().prop_map(|i| i.to_string()),
        any::<u128>().prop_map(|i| i.to_string()),
        any::<f64>().prop_map(|x| format!("{x:?}").to_lowercase()),
        prop_oneof![
            Just("true"),
            Just("inf"),
            Just("-nan"),
            Just("0xfF"),
            Just("1e999"),
            Just("1979-05-27"),
            Just("''")
        ]
        .prop_map(str::to_owned),
        "\\PC{0,8}".prop_map(|text| quoted(&text)),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|elements| format!("[{}]", elements.join(", \n"))),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (key(), literal()).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => (key(), key(), literal()).prop_map(|(a, b, value)| format!("{a}.{b} = {value}")),
        1 => prop::collection::vec(key(), 1..3).prop_map(|path| format!("[{}]", path.join("."))),
        1 => prop::collection::vec(key(), 1..3).prop_map(|path| format!("[[{}]] # {}", path.join("."), "x")),
    ]
}

proptest! {
    #[test]
    fn prop_no_text_panics(text in any::<String>()) {
        try_out(&text);
    }

    #[test]
    fn prop_no_toml_like_text_panics(text in "([\\[\\]{}=.,\"'#\\\\ \r\n\t\u{1}\u{e9}\u{feff}0-9a-f_:+-]|nan|inf|true|\"\"\"){0,60}") {
        try_out(&text);
    }

    #[test]
    fn prop_tables_read_write_and_overlay(lines in prop::collection::vec(line(), 0..8)) {
        try_out(&lines.join("\n"));
    }

    #[test]
    fn prop_bytes_cut_anywhere_do_not_panic(lines in prop::collection::vec(line(), 1..6), cut in any::<prop::sample::Index>()) {
        let text = lines.join("\n");
        let cut = (0..=cut.index(text.len())).rev().find(|&idx| text.is_char_boundary(idx)).unwrap();
        try_out(&text[..cut]);
    }
}
