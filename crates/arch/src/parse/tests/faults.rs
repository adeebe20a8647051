//! What a user sees of a design that is wrong.

use expect_test::{Expect, expect};
use rebias_config::Document;
use rebias_tile::BiasConverter;
use rebias_units::Cycles;

use super::{ISAAC, TOY, over, toy_over};
use crate::{Arch, BiasColumnPlace, BiasColumnsSpec, BiasSharing, BiasSource, extends};

fn check(document: &Document, shown: Expect) {
    let faults = Arch::parse(document).expect_err("something is wrong with it");
    shown.assert_eq(&format!("{faults}\n"));
}

pub(super) fn check_toy_over(change: &str, shown: Expect) {
    check(&over(TOY, change), shown);
}

#[test]
fn what_a_design_extends_is_a_path_or_nothing() {
    let of = |text| extends(&Document::parse("arch.toml", text).expect("TOML"));
    assert_eq!(of("extends = \"../toy\""), Some("../toy".to_owned()));
    assert_eq!(of("name = \"toy\""), None);
    assert_eq!(of("extends = 3"), None);
    check_toy_over(
        "extends = 3",
        expect![[r#"
        error: `extends = 3`: expected a string, found an integer
         --> change.toml:1:11
          |
        1 | extends = 3
          |           ^
    "#]],
    );
}

#[test]
fn a_range_without_its_keys_is_told() {
    check_toy_over(
        "adc.range = \"calibrated\"",
        expect![[r#"
            error: `adc.low_percentile`: missing key
             --> change.toml:1:1
              |
            1 | adc.range = "calibrated"
              | ^^^
              |
              = legal: a number, which this `range` needs

            error: `adc.high_percentile`: missing key
             --> change.toml:1:1
              |
            1 | adc.range = "calibrated"
              | ^^^
              |
              = legal: a number, which this `range` needs

            2 faults
        "#]],
    );
    check_toy_over(
        "adc.range = \"fixed\"",
        expect![[r#"
            error: `adc.low_levels`: missing key
             --> change.toml:1:1
              |
            1 | adc.range = "fixed"
              | ^^^
              |
              = legal: a number, which this `range` needs

            error: `adc.step_levels`: missing key
             --> change.toml:1:1
              |
            1 | adc.range = "fixed"
              | ^^^
              |
              = legal: a number, which this `range` needs

            2 faults
        "#]],
    );
}

#[test]
fn percentiles_must_be_in_order() {
    check_toy_over(
        "[adc]\nrange = \"calibrated\"\nlow_percentile = 99\nhigh_percentile = 1",
        expect![[r#"
        error: `adc.low_percentile = 99`: not below `adc.high_percentile`
         --> change.toml:3:18
          |
        3 | low_percentile = 99
          |                  ^^
          |
          = legal: 0 <= x < 1
    "#]],
    );
}

#[test]
fn an_adc_has_one_to_twenty_four_bits() {
    check_toy_over(
        "adc.bits = 0",
        expect![[r#"
        error: `adc.bits = 0`: out of range
         --> change.toml:1:12
          |
        1 | adc.bits = 0
          |            ^
          |
          = legal: 1..=24
    "#]],
    );
    check_toy_over(
        "adc.bits = 25",
        expect![[r#"
        error: `adc.bits = 25`: out of range
         --> change.toml:1:12
          |
        1 | adc.bits = 25
          |            ^^
          |
          = legal: 1..=24
    "#]],
    );
    assert_eq!(toy_over("adc.bits = 24").ima().adc.bits, 24);
}

#[test]
fn a_cell_holds_no_more_than_its_device() {
    check(
        &over(ISAAC, "cell.bits = 3"),
        expect![[r#"
        error: `cell.bits = 3`: more bits than the device's 2
         --> change.toml:1:13
          |
        1 | cell.bits = 3
          |             ^
          |
          = legal: 1..=2
          = hint: store fewer bits in a cell, or raise `cell.device_bits` if the device can be programmed finer
    "#]],
    );
}

#[test]
fn no_more_word_lines_are_active_than_there_are() {
    check_toy_over(
        "crossbar.active_word_lines = 33",
        expect![[r#"
        error: `crossbar.active_word_lines = 33`: more than the array's word lines
         --> change.toml:1:30
          |
        1 | crossbar.active_word_lines = 33
          |                              ^^
          |
          = legal: 1..=32
    "#]],
    );
    assert_eq!(toy_over("crossbar.active_word_lines = 1").ima().crossbar.active_word_lines, 1);
}

#[test]
fn a_bias_column_stores_a_level_of_its_cells() {
    let bias =
        "[mapping.bias]\nsource = \"column-per-array\"\nplace = \"inside\"\nconverter = \"shared\"\nadc_bits = 6\n";
    check_toy_over(
        &format!("{bias}level = 4"),
        expect![[r#"
        error: `mapping.bias.level = 4`: above the cell's highest level
         --> change.toml:6:9
          |
        6 | level = 4
          |         ^
          |
          = legal: 1..=3
    "#]],
    );
    let highest = toy_over(&format!("{bias}level = 3")).mapping().bias;
    let wanted = BiasSource::Columns(BiasColumnsSpec {
        sharing: BiasSharing::Array,
        n: 1,
        level: 3,
        place: BiasColumnPlace::Inside,
        converter: BiasConverter::Shared,
        adc_bits: 6,
        adc_noise: 0.0,
    });
    assert_eq!(highest, wanted);
}

#[test]
fn a_cycle_has_a_whole_number_of_ticks() {
    check_toy_over(
        "tile.clock_ghz = 1.234",
        expect![[r#"
            error: `tile.clock_ghz = 1.234`: ticks 123.4 times in the chip's cycle of 100 ns
             --> change.toml:1:18
              |
            1 | tile.clock_ghz = 1.234
              |                  ^^^^^
              |
              = legal: a whole number of ticks in a cycle, at least 1
              = hint: a clock of 1.23 GHz ticks 123 times
        "#]],
    );
    check_toy_over(
        "tile.clock_ghz = 0.001",
        expect![[r#"
            error: `tile.clock_ghz = 0.001`: ticks 0.1 times in the chip's cycle of 100 ns
             --> change.toml:1:18
              |
            1 | tile.clock_ghz = 0.001
              |                  ^^^^^
              |
              = legal: a whole number of ticks in a cycle, at least 1
              = hint: a clock of 0.01 GHz ticks 1 times
        "#]],
    );
    // 100 × 0.29 is 28.999999999999996 in binary arithmetic.
    assert_eq!(toy_over("tile.clock_ghz = 0.29").chip().ticks_per_cycle, Cycles(29));
}

#[test]
fn a_chip_has_crossbars_that_can_be_counted() {
    check_toy_over(
        "chip.tiles = 65536\ntile.imas = 65536\nima.crossbars = 65536",
        expect![[r#"
        error: `chip.tiles = 65536`: 65536 tiles of 65536 IMAs of 65536 crossbars are too many crossbars
         --> change.toml:1:14
          |
        1 | chip.tiles = 65536
          |              ^^^^^
          |
          = legal: at most 4194304 crossbars on all chips
    "#]],
    );
    assert!(toy_over("chip.tiles = 65536\ntile.imas = 16").chip().n_tiles == 65_536);
}

#[test]
fn an_on_off_ratio_is_a_number_above_one_or_infinite() {
    check_toy_over(
        "cell.on_off_ratio = 1",
        expect![[r#"
            error: `cell.on_off_ratio = 1`: not an on/off ratio
             --> change.toml:1:21
              |
            1 | cell.on_off_ratio = 1
              |                     ^
              |
              = legal: `infinite`, 1.01 <= x <= 1000000000
              = hint: the ratio of the highest to the lowest conductance of the device, such as 20 for 1 kΩ and 20 kΩ
        "#]],
    );
    check_toy_over(
        "cell.on_off_ratio = \"huge\"",
        expect![[r#"
            error: `cell.on_off_ratio = "huge"`: not an on/off ratio
             --> change.toml:1:21
              |
            1 | cell.on_off_ratio = "huge"
              |                     ^^^^^^
              |
              = legal: `infinite`, 1.01 <= x <= 1000000000
              = hint: the ratio of the highest to the lowest conductance of the device, such as 20 for 1 kΩ and 20 kΩ
        "#]],
    );
}

#[test]
fn unknown_and_missing_keys_and_words_are_told_at_once() {
    let text = TOY.replace("banks = 2\n", "").replace("[adc]\nbits = 8", "[adc]\nresolution = 8");
    let document = Document::parse("arch.toml", text).expect("TOML");
    let change = "[mapping]\nreplication = \"balance\"\n[tile]\nclock_ghz = 1.234\n[chip]\ntiles = 0\n[dac]\nbits = 9";
    let document = document.overlay(Document::parse("change.toml", change).expect("TOML"));
    check(
        &document,
        expect![[r#"
            error: `tile.edram.banks`: missing key
              --> arch.toml:16:1
               |
            16 | [tile.edram]
               | ^^^^^^^^^^^^
               |
               = legal: 1..=1024

            error: `adc.bits`: missing key
              --> arch.toml:53:1
               |
            53 | [adc]
               | ^^^^^
               |
               = legal: 1..=24

            error: `adc.resolution = 8`: unknown key
              --> arch.toml:54:1
               |
            54 | resolution = 8
               | ^^^^^^^^^^
               |
               = legal: `bits`, `per_ima`, `conversions_per_cycle`, `low_percentile`, `high_percentile`, `low_levels`, `step_levels`, `range`, `offset_lsb`, `gain_error`, `inl_lsb`, `dnl_lsb`, `noise_lsb`, `sndr_db`

            error: `mapping.replication = "balance"`: unknown word
             --> change.toml:2:15
              |
            2 | replication = "balance"
              |               ^^^^^^^^^
              |
              = legal: `none`, `balanced`, `target`
              = hint: did you mean `balanced`?

            error: `tile.clock_ghz = 1.234`: ticks 123.4 times in the chip's cycle of 100 ns
             --> change.toml:4:13
              |
            4 | clock_ghz = 1.234
              |             ^^^^^
              |
              = legal: a whole number of ticks in a cycle, at least 1
              = hint: a clock of 1.23 GHz ticks 123 times

            error: `chip.tiles = 0`: out of range
             --> change.toml:6:9
              |
            6 | tiles = 0
              |         ^
              |
              = legal: 1..=65536

            error: `dac.bits = 9`: out of range
             --> change.toml:8:8
              |
            8 | bits = 9
              |        ^
              |
              = legal: 1..=8

            7 faults
        "#]],
    );
}

#[test]
fn an_empty_design_lacks_every_section() {
    check(
        &Document::parse("arch.toml", "").expect("TOML"),
        expect![[r#"
            error: `name`: missing key
            --> arch.toml
             = legal: a string

            error: `cell`: missing key
            --> arch.toml
             = legal: a table

            error: `crossbar`: missing key
            --> arch.toml
             = legal: a table

            error: `dac`: missing key
            --> arch.toml
             = legal: a table

            error: `adc`: missing key
            --> arch.toml
             = legal: a table

            error: `ima`: missing key
            --> arch.toml
             = legal: a table

            error: `chip`: missing key
            --> arch.toml
             = legal: a table

            error: `tile`: missing key
            --> arch.toml
             = legal: a table

            error: `noc`: missing key
            --> arch.toml
             = legal: a table

            error: `mapping`: missing key
            --> arch.toml
             = legal: a table

            10 faults
        "#]],
    );
}
