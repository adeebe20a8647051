//! What a user sees of keys and values that are wrong.

use expect_test::{Expect, expect};

use crate::{Document, Faults, Interval, Problem, Table};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum AdcKind {
    Sar,
    Flash,
}

/// Asks for a little of everything.
pub(super) fn read_chip(root: &Table<'_>) -> Option<(u32, AdcKind, f64, Option<String>)> {
    let adc = root.table("adc");
    let name = root.optional_string("name");
    let adc = adc?;
    let kind = adc.choice("kind", &[("sar", AdcKind::Sar), ("flash", AdcKind::Flash)]);
    let bits = adc.integer("bits", 1..=16);
    let rate = adc.number("rate_ghz", Interval::positive());
    Some((bits?, kind?, rate?, name?))
}

pub(super) fn faults_of(text: &str) -> Faults {
    match Document::parse("arch.toml", text) {
        Ok(document) => document.read(read_chip).unwrap_err(),
        Err(faults) => faults,
    }
}

pub(super) fn check(text: &str, shown: Expect) {
    shown.assert_eq(&format!("{}\n", faults_of(text)));
}

#[test]
fn missing_key() {
    check(
        "[adc]\nkind = \"sar\"\nrate_ghz = 1.28\n",
        expect![[r#"
        error: `adc.bits`: missing key
         --> arch.toml:1:1
          |
        1 | [adc]
          | ^^^^^
          |
          = legal: 1..=16
    "#]],
    );
}

#[test]
fn missing_table() {
    check(
        "name = \"isaac\"\n",
        expect![[r#"
        error: `adc`: missing key
        --> arch.toml
         = legal: a table
    "#]],
    );
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
    check(
        "[adc]\nkind = \"sar\"\nbits = 0\nrate_ghz = nan\n",
        expect![[r#"
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
    "#]],
    );
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
fn faults_of_meaning() {
    let document = Document::parse("arch.toml", "[cell]\nbits = 3\nlevels = [0, 9]\n").unwrap();
    let faults = document
        .read(|root| {
            let cell = root.table("cell")?;
            cell.fault(
                "bits",
                Problem::new("more bits than the device holds").legal("1..=2").hint("slice the weights"),
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
    "#]]
    .assert_eq(&format!("{faults}\n"));
}

#[test]
fn reader_that_gives_up_in_silence_is_still_a_fault() {
    let document = Document::parse("arch.toml", "").unwrap();
    assert_eq!(document.read(|_| None::<()>).unwrap_err().iter().count(), 1);
}
