//! Faults within arrays.

use expect_test::expect;

use crate::{Document, Interval, Table};

#[test]
fn inline_tables_in_arrays() {
    let document =
        Document::parse("trace.toml", "layers = [{ op = \"conv\", stride = 0 }, 3, { op = \"pool\" }]").unwrap();
    let faults = document
        .read(|root| {
            let layers = root.tables("layers")?;
            let read = |layer: &Table<'_>| Some((layer.string("op")?, layer.integer::<u8>("stride", 1..=4)?));
            Some(layers.iter().map(read).collect::<Vec<_>>())
        })
        .unwrap_err();
    expect![[r#"
        error: `layers[1] = 3`: expected a table, found an integer
         --> trace.toml:1:40
          |
        1 | layers = [{ op = "conv", stride = 0 }, 3, { op = "pool" }]
          |                                        ^
    "#]]
    .assert_eq(&format!("{faults}\n"));
}

#[test]
fn every_element_of_an_array_of_tables_is_judged() {
    let text =
        "[[layers]]\nop = \"conv\"\nstride = 0\n[[layers]]\nop = 1\nstrde = 1\n[[layers]]\nop = \"pool\"\nstride = 1\n";
    let faults = Document::parse("trace.toml", text)
        .unwrap()
        .read(|root| {
            let layers = root.tables("layers")?;
            let read = |layer: &Table<'_>| {
                let (op, stride) = (layer.string("op"), layer.integer::<u8>("stride", 1..=4));
                Some((op?, stride?))
            };
            layers.iter().map(read).collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
        })
        .unwrap_err();
    expect![[r#"
        error: `layers[0].stride = 0`: out of range
         --> trace.toml:3:10
          |
        3 | stride = 0
          |          ^
          |
          = legal: 1..=4

        error: `layers[1].stride`: missing key
         --> trace.toml:4:1
          |
        4 | [[layers]]
          | ^^^^^^^^^^
          |
          = legal: 1..=4

        error: `layers[1].op = 1`: expected a string, found an integer
         --> trace.toml:5:6
          |
        5 | op = 1
          |      ^

        error: `layers[1].strde = 1`: unknown key
         --> trace.toml:6:1
          |
        6 | strde = 1
          | ^^^^^
          |
          = hint: did you mean `stride`?

        4 faults
    "#]]
    .assert_eq(&format!("{faults}\n"));
}

#[test]
fn elements_of_arrays() {
    let document = Document::parse("sweep.toml", "bits = [4, 99, \"6\"]\nnames = [1]\nshares = [0.5, inf]").unwrap();
    let faults = document
        .read(|root| {
            let bits = root.integers::<u8>("bits", 1..=16);
            let names = root.strings("names");
            let shares = root.numbers("shares", Interval::closed(0.0, 1.0));
            let seeds = root.integers::<u64>("seeds", 0..=i64::MAX);
            Some((bits?, names?, shares?, seeds?))
        })
        .unwrap_err();
    expect![[r#"
        error: `seeds`: missing key
        --> sweep.toml
         = legal: integers, each 0..

        error: `bits[1] = 99`: out of range
         --> sweep.toml:1:12
          |
        1 | bits = [4, 99, "6"]
          |            ^^
          |
          = legal: 1..=16

        error: `bits[2] = "6"`: expected an integer, found a string
         --> sweep.toml:1:16
          |
        1 | bits = [4, 99, "6"]
          |                ^^^
          |
          = legal: 1..=16

        error: `names[0] = 1`: expected a string, found an integer
         --> sweep.toml:2:10
          |
        2 | names = [1]
          |          ^

        error: `shares[1] = inf`: not a finite number
         --> sweep.toml:3:16
          |
        3 | shares = [0.5, inf]
          |                ^^^
          |
          = legal: 0 <= x <= 1

        5 faults
    "#]]
    .assert_eq(&format!("{faults}\n"));
}
