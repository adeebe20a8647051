//! Readers, comments and schemas say the same.

use std::ops::{Bound, RangeBounds};

use expect_test::expect;
use rebias_config::Wants;

use crate::reference::is_range;
use crate::{Case, KeyShape, Kind, Shape};

fn of_all_keys(mut visit: impl FnMut(Kind, &str, &KeyShape)) {
    for &kind in Kind::ALL {
        for table in &kind.shape().tables {
            for key in &table.keys {
                visit(kind, &table.path, key);
            }
        }
    }
}

#[test]
fn every_key_that_is_read_is_explained_in_its_template() {
    let mut bare = Vec::new();
    of_all_keys(|kind, table, key| {
        let comments = kind.comments();
        if !key.wants.is_section() && comments.of_key(table, &key.name).is_none() {
            bare.push(format!("{}: {table}.{}", kind.file_name(), key.name));
        }
    });
    assert!(bare.is_empty(), "keys that a reader asks for and no template explains: {bare:#?}");
}

#[test]
fn templates_have_no_keys_that_are_not_read() {
    for &kind in Kind::ALL {
        let shape = kind.shape();
        // A table of any name stands for all of them.
        let table = |path: &str| shape.table(path).or_else(|| shape.table("*"));
        for (path, key, _) in kind.comments().keys() {
            let has = |name: &str| table(path).is_some_and(|table| table.keys.iter().any(|key| key.name == name));
            assert!(has(key) || has("*"), "{}: {path}.{key} is not read", kind.file_name());
        }
    }
}

#[test]
fn ranges_in_comments_are_those_of_the_readers() {
    let mut wrong = Vec::new();
    of_all_keys(|kind, table, key| {
        let Some((low, high)) = bounds(&key.wants) else { return };
        let comments = kind.comments();
        let text = comments.of_key(table, &key.name).map(|explained| explained.text.clone()).unwrap_or_default();
        let first = text.split("; ").next().unwrap_or_default();
        if is_range(first) && !says(first, low, high) {
            wrong.push(format!(
                "{}: {table}.{}: {first}, and the reader takes {low:?} to {high:?}",
                kind.name(),
                key.name
            ));
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn bounds(wants: &Wants) -> Option<(Bound<f64>, Bound<f64>)> {
    match wants {
        Wants::Integer(legal) | Wants::Integers(legal) | Wants::OneOrMoreIntegers(legal) => {
            let high = if *legal.end() == i64::MAX { Bound::Unbounded } else { Bound::Included(*legal.end() as f64) };
            Some((Bound::Included(*legal.start() as f64), high))
        }
        Wants::Number(legal) | Wants::Numbers(legal) | Wants::NumberOrWord(legal, _) => {
            Some((legal.start_bound().cloned(), legal.end_bound().cloned()))
        }
        Wants::Any | Wants::String | Wants::Choice(_) | Wants::Table | Wants::Tables | Wants::Strings => None,
    }
}

/// Whether a range such as `1..=8 bits`, `> 0 nm` or `> 0, ..=100 %` names these bounds; a limit that is the name of
/// another key is whatever that key says.
fn says(text: &str, low: Bound<f64>, high: Bound<f64>) -> bool {
    let number = |text: &str| text.split([' ', ',']).next().and_then(|word| word.parse::<f64>().ok());
    if let Some((from, to)) = text.split_once("..=") {
        let above = from.trim().trim_end_matches(',').strip_prefix("> ").map(str::trim);
        let told_low =
            above.map(|limit| number(limit).map(Bound::Excluded)).unwrap_or(number(from).map(Bound::Included));
        let told_high = number(to).map(Bound::Included);
        return told_low == Some(low) && told_high.is_none_or(|told| told == high);
    }
    if let Some((from, to)) = text.split_once("..") {
        let ends = to.is_empty() && high == Bound::Unbounded;
        return number(from).map(Bound::Included) == Some(low) && (ends || !to.is_empty());
    }
    let told = [(">= ", true), ("> ", false)].into_iter().find_map(|(sign, is_included)| {
        let limit = number(text.strip_prefix(sign)?)?;
        Some(if is_included { Bound::Included(limit) } else { Bound::Excluded(limit) })
    });
    told.is_none_or(|told| told == low && high == Bound::Unbounded)
}

#[test]
fn a_shape_knows_ranges_defaults_and_what_words_need() {
    let shape = Kind::Arch.shape();
    let shown = ["cell.variation", "adc", "mapping"].map(|path| table(&shape, path)).join("\n");
    expect![[r#"
        [cell.variation]
          sigma: Number(Interval { low: Included(0.0), high: Included(10.0) }); known always; required if model = gaussian-of-range | gaussian-of-target | lognormal
          device: String; known always; required if model = measured
          model: Choice(["none", "gaussian-of-range", "gaussian-of-target", "lognormal", "measured"]); known always; required always

        [adc]
          bits: Integer(1..=24); known always; required always
          per_ima: Integer(1..=65536); known always; required always
          conversions_per_cycle: Integer(1..=65536); known always; required always
          low_percentile: Number(Interval { low: Included(0.0), high: Included(100.0) }); known always; required if range = calibrated
          high_percentile: Number(Interval { low: Included(0.0), high: Included(100.0) }); known always; required if range = calibrated
          low_levels: Number(Interval { low: Included(-1000000.0), high: Included(1000000.0) }); known always; required if range = fixed
          step_levels: Number(Interval { low: Excluded(0.0), high: Included(1000000.0) }); known always; required if range = fixed
          range: Choice(["full-scale", "lossless-step", "calibrated", "least-error", "fixed"]); known always; required always
          offset_lsb: Number(Interval { low: Included(-10000.0), high: Included(10000.0) }), default 0.0; known always; required never
          gain_error: Number(Interval { low: Excluded(-1.0), high: Included(10.0) }), default 0.0; known always; required never
          inl_lsb: Numbers(Interval { low: Included(-10000.0), high: Included(10000.0) }); known always; required never
          dnl_lsb: Numbers(Interval { low: Included(-10000.0), high: Included(10000.0) }); known always; required never
          noise_lsb: Number(Interval { low: Included(0.0), high: Included(10000.0) }); known always; required never
          sndr_db: Number(Interval { low: Included(-20.0), high: Included(200.0) }); known always; required never

        [mapping]
          flip_encoding: Choice(["off", "on"]); known always; required always
          pairs: Choice(["digital", "analog"]), default "digital"; known always; required never
          target_crossbars: Integer(1..=4194304); known always; required if replication = target
          replication: Choice(["none", "balanced", "target"]); known always; required always
          placement: Choice(["in-order", "by-traffic"]), default "in-order"; known always; required never
          bias: Table; known always; required always
          edge_layers: Table; known always; required never
    "#]].assert_eq(&shown);
}

#[test]
fn tables_of_one_word_are_found_too() {
    let shape = Kind::Costs.shape();
    let shown = ["adc.model[]", "row[]"].map(|path| table(&shape, path)).join("\n");
    expect![[r#"
        [adc.model[]]
          name: String; known always; required always
          source: String; known always; required always
          confidence: Choice(["A", "B", "C", "M", "D", "ours"]); known always; required always
          kind: Choice(["scaling", "survey-regression", "table"]); known always; required always
          reference_bits: Integer(1..=24); known if kind = scaling; required if kind = scaling
          bits: Integers(1..=24); known if kind = scaling | table; required if kind = scaling | table
          energies_pj: Numbers(Interval { low: Excluded(0.0), high: Unbounded }); known if kind = scaling | table; required if kind = scaling | table
          areas_um2: Numbers(Interval { low: Excluded(0.0), high: Unbounded }); known if kind = scaling | table; required if kind = scaling | table
          technology_nm: Number(Interval { low: Included(1.0), high: Included(1000.0) }); known if kind = survey-regression; required if kind = survey-regression
          min_bits: Integer(1..=24); known if kind = survey-regression; required if kind = survey-regression
          max_bits: Integer(1..=24); known if kind = survey-regression; required if kind = survey-regression
          fom_by_rate_db: Numbers(Interval { low: Included(-1000.0), high: Included(1000.0) }); known if kind = survey-regression; required if kind = survey-regression
          fom_by_bits_db: Numbers(Interval { low: Included(-1000.0), high: Included(1000.0) }); known if kind = survey-regression; required if kind = survey-regression
          energy_fit: Table; known if kind = survey-regression; required if kind = survey-regression
          area_fit: Table; known if kind = survey-regression; required if kind = survey-regression

        [row[]]
          component: String; known always; required always
          unit: many words; known always; required always
          units: Number(Interval { low: Excluded(0.0), high: Unbounded }); known always; required always
          actions: Strings; known always; required always
          scaling: Choice(["constant", "by-adc-bits", "by-bias-adc-bits", "by-dac-bits", "by-cells"]), default "constant"; known always; required never
          area_mm2: Number(Interval { low: Included(0.0), high: Unbounded }); known always; required never
          power_mw: Number(Interval { low: Included(0.0), high: Unbounded }); known always; required never
          static_fraction: Number(Interval { low: Included(0.0), high: Included(1.0) }); known always; required never
          peak_actions_per_cycle: Number(Interval { low: Excluded(0.0), high: Unbounded }); known always; required never
          energy_pj: Number(Interval { low: Included(0.0), high: Unbounded }); known always; required never
          source: String; known always; required always
          confidence: Choice(["A", "B", "C", "M", "D", "ours"]); known always; required always
          reference_cells: Number(Interval { low: Excluded(0.0), high: Unbounded }); known if scaling = by-cells; required if scaling = by-cells
    "#]].assert_eq(&shown);
}

fn table(shape: &Shape, path: &str) -> String {
    let case = |case: &Case| match case {
        Case::Always => "always".to_owned(),
        Case::Never => "never".to_owned(),
        Case::Without { key } => format!("without {key}"),
        Case::If { key, words } => format!("if {key} = {}", words.join(" | ")),
    };
    let keys = &shape.table(path).expect("a table").keys;
    let line = |key: &KeyShape| {
        let wants = format!("{:?}", key.wants);
        let wants = if wants.len() > 200 { "many words".to_owned() } else { wants };
        let default = key.default.as_ref().map_or_else(String::new, |default| format!(", default {default}"));
        format!("  {}: {wants}{default}; known {}; required {}\n", key.name, case(&key.known), case(&key.required))
    };
    format!("[{path}]\n{}", keys.iter().map(line).collect::<String>())
}
