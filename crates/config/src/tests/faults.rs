//! What a user sees.

use expect_test::{Expect, expect};

use crate::{Document, Faults, Interval, Problem, Table};

#[derive(Clone, Debug, PartialEq)]
enum AdcKind {
    Sar,
    Flash,
}

/// Asks for a little of everything.
fn read_chip(root: &Table<'_>) -> Option<(u32, AdcKind, f64, Option<String>)> {
    let adc = root.table("adc");
    let name = root.optional_string("name");
    let adc = adc?;
    let kind = adc.choice("kind", &[("sar", AdcKind::Sar), ("flash", AdcKind::Flash)]);
    let bits = adc.integer("bits", 1..=16);
    let rate = adc.number("rate_ghz", Interval::positive());
    Some((bits?, kind?, rate?, name?))
}

fn faults_of(text: &str) -> Faults {
    match Document::parse("arch.toml", text) {
        Ok(document) => document.read(read_chip).unwrap_err(),
        Err(faults) => faults,
    }
}

fn check(text: &str, shown: Expect) {
    shown.assert_eq(&format!("{}\n", faults_of(text)));
}

#[test]
fn unknown_key_that_is_near_a_known_one() {
    check(
        "nmae = \"isaac\"\n[adc]\nkind = \"sar\"\nbits = 8\nrate_ghz = 1.28\n",
        expect![[r#"
            error: `nmae = "isaac"`: unknown key
             --> arch.toml:1:1
              |
            1 | nmae = "isaac"
              | ^^^^
              |
              = hint: did you mean `name`?
        "#]],
    );
}

#[test]
fn unknown_key_that_is_near_nothing() {
    check(
        "[adc]\nkind = \"sar\"\nbits = 8\nrate_ghz = 1.28\ncolour = \"red\"\n",
        expect![[r#"
            error: `adc.colour = "red"`: unknown key
             --> arch.toml:5:1
              |
            5 | colour = "red"
              | ^^^^^^
              |
              = legal: `kind`, `bits`, `rate_ghz`
        "#]],
    );
}

#[test]
fn unknown_tables() {
    check(
        "[adc]\nkind = \"sar\"\nbits = 8\nrate_ghz = 1.28\n[dac]\nbits = 1\n[[tile]]\nx = 1\n[\"a b\".\"c.d\"]\n",
        expect![[r#"
            error: `dac`: unknown key
             --> arch.toml:5:2
              |
            5 | [dac]
              |  ^^^
              |
              = legal: `adc`, `name`

            error: `tile = [{ x = 1 }]`: unknown key
             --> arch.toml:7:3
              |
            7 | [[tile]]
              |   ^^^^
              |
              = legal: `adc`, `name`

            error: `"a b"`: unknown key
             --> arch.toml:9:2
              |
            9 | ["a b"."c.d"]
              |  ^^^^^
              |
              = legal: `adc`, `name`

            3 faults
        "#]],
    );
}

#[test]
fn missing_key() {
    check("[adc]\nkind = \"sar\"\nrate_ghz = 1.28\n", expect![[r#"
        error: `adc.bits`: missing key
         --> arch.toml:1:1
          |
        1 | [adc]
          | ^^^^^
          |
          = legal: 1..=16
    "#]]);
}

#[test]
fn missing_table() {
    check("name = \"isaac\"\n", expect![[r#"
        error: `adc`: missing key
        --> arch.toml
         = legal: a table
    "#]]);
}

#[test]
fn wrong_type() {
    check(
        "[adc]\nkind = \"sar\"\nbits = \"eight\"\nrate_ghz = [\n  1.28,\n]\n",
        expect![[r#"
            error: `adc.bits = "eight"`: expected an integer, found a string
             --> arch.toml:3:8
              |
            3 | bits = "eight"
              |        ^^^^^^^
              |
              = legal: 1..=16

            error: `adc.rate_ghz = [1.28]`: expected a number, found an array
             --> arch.toml:4:12
              |
            4 | rate_ghz = [
              |            ^
              |
              = legal: 0 < x

            2 faults
        "#]],
    );
}

#[test]
fn out_of_range() {
    check("[adc]\nkind = \"sar\"\nbits = 0\nrate_ghz = nan\n", expect![[r#"
        error: `adc.bits = 0`: out of range
         --> arch.toml:3:8
          |
        3 | bits = 0
          |        ^
          |
          = legal: 1..=16

        error: `adc.rate_ghz = nan`: not a finite number
         --> arch.toml:4:12
          |
        4 | rate_ghz = nan
          |            ^^^
          |
          = legal: 0 < x

        2 faults
    "#]]);
}

#[test]
fn several_at_once() {
    check(
        "name = 3\n[adc]\nkind = \"sarr\"\nbitz = 17 # with a remark\nrate_ghz = -0.5\ncolour = { red = 1 }\n",
        expect![[r#"
            error: `name = 3`: expected a string, found an integer
             --> arch.toml:1:8
              |
            1 | name = 3
              |        ^

            error: `adc.bits`: missing key
             --> arch.toml:2:1
              |
            2 | [adc]
              | ^^^^^
              |
              = legal: 1..=16

            error: `adc.kind = "sarr"`: unknown word
             --> arch.toml:3:8
              |
            3 | kind = "sarr"
              |        ^^^^^^
              |
              = legal: `sar`, `flash`
              = hint: did you mean `sar`?

            error: `adc.bitz = 17`: unknown key
             --> arch.toml:4:1
              |
            4 | bitz = 17 # with a remark
              | ^^^^
              |
              = hint: did you mean `bits`?

            error: `adc.rate_ghz = -0.5`: out of range
             --> arch.toml:5:12
              |
            5 | rate_ghz = -0.5
              |            ^^^^
              |
              = legal: 0 < x

            error: `adc.colour`: unknown key
             --> arch.toml:6:1
              |
            6 | colour = { red = 1 }
              | ^^^^^^
              |
              = legal: `kind`, `bits`, `rate_ghz`

            6 faults
        "#]],
    );
}

#[test]
fn syntax() {
    check("kind = \nbits = 8\nbits = 9\nrate = 1.\n[adc\n", expect![[r#"
        error: string values must be quoted, expected literal string
         --> arch.toml:1:8
          |
        1 | kind = 
          |        ^

        error: duplicate key
         --> arch.toml:3:1
          |
        3 | bits = 9
          | ^^^^

        error: invalid fraction, expected digits
         --> arch.toml:4:10
          |
        4 | rate = 1.
          |          ^

        error: unclosed table, expected `]`
         --> arch.toml:5:5
          |
        5 | [adc
          |     ^

        4 faults
    "#]]);
}

#[test]
fn values_that_nothing_can_hold() {
    check(
        "a = 9223372036854775808\nb.c = [1e999, 0xFFFFFFFFFFFFFFFF]\nd = 2016-06-18\n",
        expect![[r#"
            error: `a`: integer too large
             --> arch.toml:1:5
              |
            1 | a = 9223372036854775808
              |     ^^^^^^^^^^^^^^^^^^^
              |
              = legal: -9223372036854775808..=9223372036854775807

            error: `b.c[0]`: float too large
             --> arch.toml:2:8
              |
            2 | b.c = [1e999, 0xFFFFFFFFFFFFFFFF]
              |        ^^^^^

            error: `b.c[1]`: integer too large
             --> arch.toml:2:15
              |
            2 | b.c = [1e999, 0xFFFFFFFFFFFFFFFF]
              |               ^^^^^^^^^^^^^^^^^^
              |
              = legal: -9223372036854775808..=9223372036854775807

            error: `d`: dates and times are not known here
             --> arch.toml:3:5
              |
            3 | d = 2016-06-18
              |     ^^^^^^^^^^
              |
              = hint: write it as a string

            4 faults
        "#]],
    );
}

#[test]
fn inline_tables_in_arrays() {
    let document = Document::parse(
        "trace.toml",
        "layers = [{ op = \"conv\", stride = 0 }, 3, { op = \"pool\" }]",
    )
    .unwrap();
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
    "#]].assert_eq(&format!("{faults}\n"));
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
            layers
                .iter()
                .map(read)
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Option<Vec<_>>>()
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
    "#]].assert_eq(&format!("{faults}\n"));
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
    "#]].assert_eq(&format!("{faults}\n"));
}

#[test]
fn faults_of_meaning() {
    let document = Document::parse("arch.toml", "[cell]\nbits = 3\nlevels = [0, 9]\n").unwrap();
    let faults = document
        .read(|root| {
            let cell = root.table("cell")?;
            cell.fault(
                "bits",
                Problem::new("more bits than the device holds")
                    .legal("1..=2")
                    .hint("slice the weights"),
            );
            cell.fault("g_floor", "needed where levels are given");
            cell.fault_here(Problem::new("too much at once"));
            let levels = cell.value("levels")?;
            cell.fault_at("levels", levels.as_array()?.last()?, "beyond the last level");
            Some(())
        })
        .unwrap_err();
    expect![[r#"
        error: `cell.g_floor`: needed where levels are given
         --> arch.toml:1:1
          |
        1 | [cell]
          | ^^^^^^

        error: `cell`: too much at once
         --> arch.toml:1:1
          |
        1 | [cell]
          | ^^^^^^

        error: `cell.bits = 3`: more bits than the device holds
         --> arch.toml:2:8
          |
        2 | bits = 3
          |        ^
          |
          = legal: 1..=2
          = hint: slice the weights

        error: `cell.levels = 9`: beyond the last level
         --> arch.toml:3:14
          |
        3 | levels = [0, 9]
          |              ^

        4 faults
    "#]].assert_eq(&format!("{faults}\n"));
}

#[test]
fn fault_in_an_overlaid_file_points_there() {
    let base = "name = \"isaac\"\n[adc]\nkind = \"sar\"\nbits = 8\nrate_ghz = 0\n";
    let base = Document::parse("base/arch.toml", base).unwrap();
    let over = Document::parse("mine/arch.toml", "# mine\n[adc]\nbits = 20\n").unwrap();
    let mut document = base.overlay(over);
    let sweep = Document::parse("sweep.toml", "[axes]\n\"arch.adc.kind\" = [\"sar\", \"fash\"]\n").unwrap();
    let values = sweep
        .get("axes")
        .unwrap()
        .get("arch.adc.kind")
        .unwrap()
        .as_array()
        .unwrap();
    document.set("adc.kind", values[1].clone());
    document.set("adc.knid", values[1].clone());
    let faults = document.read(read_chip).unwrap_err();
    expect![[r#"
        error: `adc.rate_ghz = 0`: out of range
         --> base/arch.toml:5:12
          |
        5 | rate_ghz = 0
          |            ^
          |
          = legal: 0 < x

        error: `adc.bits = 20`: out of range
         --> mine/arch.toml:3:8
          |
        3 | bits = 20
          |        ^^
          |
          = legal: 1..=16

        error: `adc.kind = "fash"`: unknown word
         --> sweep.toml:2:27
          |
        2 | "arch.adc.kind" = ["sar", "fash"]
          |                           ^^^^^^
          |
          = legal: `sar`, `flash`
          = hint: did you mean `flash`?

        error: `adc.knid = "fash"`: unknown key
         --> sweep.toml:2:27
          |
        2 | "arch.adc.kind" = ["sar", "fash"]
          |                           ^^^^^^
          |
          = legal: `kind`, `bits`, `rate_ghz`

        4 faults
    "#]].assert_eq(&format!("{faults}\n"));
}

#[test]
fn plain_faults_merge() {
    let faults = Faults::plain(Problem::new("file `a` cannot be read").hint("check its rights"))
        .merge(Faults::in_file("weights.safetensors", "truncated after 12 bytes"))
        .merge(faults_of("[adc]"));
    expect![[r#"
        error: file `a` cannot be read
         |
         = hint: check its rights

        error: truncated after 12 bytes
        --> weights.safetensors

        error: `adc.kind`: missing key
         --> arch.toml:1:1
          |
        1 | [adc]
          | ^^^^^
          |
          = legal: `sar`, `flash`

        error: `adc.bits`: missing key
         --> arch.toml:1:1
          |
        1 | [adc]
          | ^^^^^
          |
          = legal: 1..=16

        error: `adc.rate_ghz`: missing key
         --> arch.toml:1:1
          |
        1 | [adc]
          | ^^^^^
          |
          = legal: 0 < x

        5 faults
    "#]].assert_eq(&format!("{faults}\n"));
}

#[test]
fn odd_lines_are_shown_whole() {
    check(
        "[adc]\r\nkind = \"sar\" # \u{6f22}\u{5b57}\t\r\nrate_ghz = \"\u{6f22}\\u001b[31m\"\r\nbits = 0\r\n",
        expect![[r#"
            error: `adc.rate_ghz = "漢\u001B[31m"`: expected a number, found a string
             --> arch.toml:3:12
              |
            3 | rate_ghz = "漢\u001b[31m"
              |            ^^^^^^^^^^^^^^
              |
              = legal: 0 < x

            error: `adc.bits = 0`: out of range
             --> arch.toml:4:8
              |
            4 | bits = 0
              |        ^
              |
              = legal: 1..=16

            2 faults
        "#]],
    );
    let long = format!("[adc]\nkind = \"sar\"\nrate_ghz = 1\nbits = \"{}\"", "long ".repeat(60));
    check(&long, expect![[r#"
        error: `adc.bits = "long long long long long long long long…`: expected an integer, found a string
         --> arch.toml:4:8
          |
        4 | ... = "long long long long long long long long long...ong long long long long long long long long "
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = legal: 1..=16
    "#]]);
}

#[test]
fn getters_tell_what_is_shown() {
    let faults = faults_of("[adc]\nkind = \"sar\"\nbits = 0\nrate_ghz = 1\n");
    let fault = faults.iter().next().unwrap();
    assert_eq!(fault.key(), Some("adc.bits"));
    assert_eq!(fault.value(), Some("0"));
    assert_eq!(fault.problem(), "out of range");
    assert_eq!(fault.legal(), Some("1..=16"));
    assert_eq!(fault.hint(), None);
    assert_eq!(fault.source_name(), Some("arch.toml"));
    assert_eq!(fault.line(), Some(3));
}

#[test]
fn keys_that_a_failed_choice_would_decide_are_not_judged() {
    let read = |root: &Table<'_>| match root.choice("kind", &[("sar", AdcKind::Sar), ("flash", AdcKind::Flash)])? {
        AdcKind::Sar => root.integer::<u8>("sar_bits", 1..=16),
        AdcKind::Flash => root.integer::<u8>("flash_bits", 1..=8),
    };
    let keys = |text: &str| -> Vec<String> {
        let faults = Document::parse("adc.toml", text).unwrap().read(read).unwrap_err();
        faults.iter().map(|fault| fault.key().unwrap().to_owned()).collect()
    };
    assert_eq!(keys("kind = \"ramp\"\nsar_bits = 8"), ["kind"]);
    assert_eq!(keys("kind = \"flash\"\nsar_bits = 8"), ["flash_bits", "sar_bits"]);
    assert_eq!(keys("kimd = \"sar\"\nsar_bits = 8"), ["kind", "kimd"]);
}

#[test]
fn tables_that_were_never_come_to_are_judged_only_where_all_else_is_right() {
    let read = |root: &Table<'_>| {
        let (empty, adc) = (root.table("empty"), root.table("adc"));
        let (_empty, adc) = (empty?, adc?);
        adc.integer::<u8>("bits", 1..=16)
    };
    let keys = |text: &str| -> Vec<String> {
        let faults = Document::parse("arch.toml", text).unwrap().read(read).unwrap_err();
        faults.iter().map(|fault| fault.key().unwrap().to_owned()).collect()
    };
    assert_eq!(keys("[adc]\nbits = 8"), ["empty"]);
    assert_eq!(keys("[adc]\nbits = 8\n[empty]\nx = 1"), ["empty.x"]);
}

#[test]
fn reader_that_gives_up_in_silence_is_still_a_fault() {
    let document = Document::parse("arch.toml", "").unwrap();
    assert_eq!(document.read(|_| None::<()>).unwrap_err().iter().count(), 1);
}
