//! Documents that are right.

use expect_test::expect;

use crate::{Document, Interval, Kind, Table, Value};

fn parse(text: &str) -> Document {
    Document::parse("arch.toml", text).unwrap()
}

#[test]
fn every_kind_is_read() {
    let document = parse(
        "int = -3\nwhole = 2\nreal = 2.5\nword = \"b\"\ntext = \"x\"\nints = [1, 2]\nreals = [1, 0.5]\ntexts = []\n\
         [table]\ninner.x = 1\n[[tables]]\nx = 1\n[[tables]]\nx = 2\n",
    );
    document
        .read(|root| {
            assert_eq!(root.integer("int", i64::MIN..=i64::MAX), Some(-3_i8));
            assert_eq!(root.number("whole", Interval::any()), Some(2.0));
            assert_eq!(root.number("real", Interval::any()), Some(2.5));
            assert_eq!(root.choice("word", &[("a", 1), ("b", 2)]), Some(2));
            assert_eq!(root.string("text").as_deref(), Some("x"));
            assert_eq!(root.integers("ints", 1..=2), Some(vec![1_u8, 2]));
            assert_eq!(root.numbers("reals", Interval::positive()), Some(vec![1.0, 0.5]));
            assert_eq!(root.strings("texts"), Some(vec![]));
            let inner = root.table("table")?.table("inner")?;
            assert_eq!(inner.path(), "table.inner");
            assert_eq!(inner.integer("x", 1..=1), Some(1_u8));
            let tables = root.tables("tables")?;
            assert_eq!(tables.iter().map(Table::path).collect::<Vec<_>>(), ["tables[0]", "tables[1]"]);
            assert_eq!(tables.iter().map(|t| t.integer("x", 1..=2)).collect::<Vec<_>>(), [Some(1_u8), Some(2)]);
            Some(())
        })
        .unwrap();
}

#[test]
fn absent_is_no_fault_where_optional() {
    parse("here = 1")
        .read(|root| {
            assert_eq!(root.optional_integer("here", 0..=9), Some(Some(1_u8)));
            assert_eq!(root.optional_integer::<u8>("a", 0..=9), Some(None));
            assert_eq!(root.optional_number("a", Interval::any()), Some(None));
            assert_eq!(root.optional_string("a"), Some(None));
            assert_eq!(root.optional_choice("a", &[("b", 1)]), Some(None));
            assert!(matches!(root.optional_table("a"), Some(None)));
            assert!(matches!(root.optional_tables("a"), Some(None)));
            assert_eq!(root.optional_integers::<u8>("a", 0..=9), Some(None));
            assert_eq!(root.optional_numbers("a", Interval::any()), Some(None));
            assert_eq!(root.optional_strings("a"), Some(None));
            assert_eq!(root.optional_value("a"), None);
            assert!(root.has("here") && !root.has("a"));
            Some(())
        })
        .unwrap();
}

#[test]
fn keys_come_in_the_order_of_the_text() {
    let document = parse("z = 1\na.b = 2\nm = 3\n[c]\nx = 1\n[b]\n");
    document
        .read(|root| {
            assert_eq!(root.keys(), ["z", "a", "m", "c", "b"]);
            assert!(root.keys().into_iter().all(|key| root.value(key).is_some()));
            Some(())
        })
        .unwrap();
}

#[test]
fn overlay_merges_tables_and_replaces_all_else() {
    let base = parse("list = [1, 2]\n[adc]\nbits = 8\nkind = \"sar\"\n[dac]\nbits = 1\n[[tile]]\nx = 1");
    let over = parse("list = [3]\ndac = 5\n[adc]\nbits = 6\n[new]\nx = 1\n[[tile]]\ny = 1");
    let merged = base.clone().overlay(over.clone());
    expect![[r#"
        dac = 5
        list = [3]

        [adc]
        bits = 6
        kind = "sar"

        [new]
        x = 1

        [[tile]]
        y = 1
    "#]]
    .assert_eq(&merged.to_toml());
    assert_eq!(over.get("adc.bits").unwrap().source().name(), "arch.toml");
    assert_eq!(merged.clone().overlay(over), merged);
    assert_eq!(base.clone().overlay(base.clone()), base);
}

#[test]
fn set_makes_tables_and_replaces_what_is_in_the_way() {
    let mut document = parse("a = 1\nb.c = 2");
    let five: Value = parse("x = 5").get("x").unwrap().clone();
    for dotted in ["b.c", "b.d", "a.b.c", "new.deep.key"] {
        document.set(dotted, five.clone());
        assert_eq!(document.get(dotted), Some(&five));
    }
    expect![[r#"
        [a]

        [a.b]
        c = 5

        [b]
        c = 5
        d = 5

        [new]

        [new.deep]
        key = 5
    "#]]
    .assert_eq(&document.to_toml());
    document.set(&["k"; 100_000].join("."), five);
    assert_eq!(document.remove("k").unwrap().kind(), Kind::Table);
    assert_eq!(document.remove("k"), None);
}

#[test]
fn to_toml_reads_back_and_is_sorted() {
    let text = "z = 1\ny = [1.0, -inf, nan, 1e300, 1e-7, -0.0]\n\"odd key\" = \"\\\"\\\\\\n\\u0007é\"\n\
                empty = []\nnone = {}\nmixed = [{ a = 1, b = {} }, 2]\n[[t.u]]\nx = true\n[[t.u.v]]\ny = 1\n[[t.u]]\n";
    let document = parse(text);
    let written = document.to_toml();
    expect![[r#"
        empty = []
        mixed = [{ a = 1, b = {} }, 2]
        "odd key" = "\"\\\n\u0007é"
        y = [1.0, -inf, nan, 1e300, 1e-7, -0.0]
        z = 1

        [none]

        [t]

        [[t.u]]
        x = true

        [[t.u.v]]
        y = 1

        [[t.u]]
    "#]]
    .assert_eq(&written);
    assert_eq!(parse(&written), document);
}

#[test]
fn hostile_nesting_is_refused_and_does_not_overflow_the_stack() {
    let deep_key = ["k"; 79].join(".");
    let deep = format!("a = {}1{}", format!("{{ {deep_key} = ").repeat(70), " }".repeat(70));
    for text in [
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}{}", "[".repeat(79), "]".repeat(79)),
        format!("{deep}\nb ="),
        deep,
        format!("{} = 1", ["k"; 100_000].join(".")),
        format!("[{}]", ["k"; 70].join(".")),
    ] {
        assert!(Document::parse("deep.toml", text).is_err());
    }
    let deepest = format!("a = {}{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(parse(&parse(&deepest).to_toml()), parse(&deepest));
}

#[test]
fn a_key_is_set_in_the_named_element_of_an_array_of_tables() {
    let text = "[[row]]\nname = \"a\"\nx = 1\n\n[[row]]\nname = \"b\"\nx = 1\n";
    let mut document = Document::parse("t.toml", text).expect("valid TOML");
    let two = Document::parse("s.toml", "v = 2").expect("valid TOML").get("v").expect("a value").clone();
    assert!(document.set_in("row", ("name", "b"), "x", two.clone()));
    assert!(!document.set_in("row", ("name", "c"), "x", two.clone()));
    assert!(!document.set_in("rows", ("name", "b"), "x", two));
    assert_eq!(document.to_toml(), text.replacen("x = 1", "x = 2", 2).replacen("x = 2", "x = 1", 1));
}

#[test]
fn a_drawn_value_stands_where_its_bounds_do() {
    let document = Document::parse("t.toml", "\n\nv = 2").expect("valid TOML");
    let bounds = document.get("v").expect("a value");
    assert_eq!(bounds.with_integer(7).as_integer(), Some(7));
    assert_eq!(bounds.with_float(0.5).as_number(), Some(0.5));
    assert_eq!(bounds.with_float(0.5).source(), bounds.source());
}
