//! Which text and line a fault points at.

use expect_test::expect;

use super::faults::{check, faults_of, read_chip};
use crate::{Document, Faults, Problem};

#[test]
fn syntax() {
    check(
        "kind = \nbits = 8\nbits = 9\nrate = 1.\n[adc\n",
        expect![[r#"
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
    "#]],
    );
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
fn fault_in_an_overlaid_file_points_there() {
    let base = "name = \"isaac\"\n[adc]\nkind = \"sar\"\nbits = 8\nrate_ghz = 0\n";
    let base = Document::parse("base/arch.toml", base).unwrap();
    let over = Document::parse("mine/arch.toml", "# mine\n[adc]\nbits = 20\n").unwrap();
    let mut document = base.overlay(over);
    let sweep = Document::parse("sweep.toml", "[axes]\n\"arch.adc.kind\" = [\"sar\", \"fash\"]\n").unwrap();
    let values = sweep.get("axes").unwrap().get("arch.adc.kind").unwrap().as_array().unwrap();
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
    "#]]
    .assert_eq(&format!("{faults}\n"));
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
    "#]]
    .assert_eq(&format!("{faults}\n"));
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
    check(
        &long,
        expect![[r#"
        error: `adc.bits = "long long long long long long long long…`: expected an integer, found a string
         --> arch.toml:4:8
          |
        4 | ... = "long long long long long long long long long...ong long long long long long long long long "
          |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          |
          = legal: 1..=16
    "#]],
    );
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
