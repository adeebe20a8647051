//! Keys that no reader asked for.

use expect_test::expect;

use super::faults::{AdcKind, check};
use crate::{Document, Table};

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
