//! What holds for every key and every text.

use proptest::prelude::*;
use rebias_config::{Document, Fault};

use super::TOY;
use crate::Arch;

/// Dotted keys of all values in the toy design.
fn keys() -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in TOY.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = format!("{}.", header.split(']').next().unwrap_or_default());
        } else if let Some((key, _)) = line.split_once(" = ")
            && !key.starts_with('#')
        {
            keys.push(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn a_design_without_one_of_its_keys_is_refused_by_name() {
    let optional = ["description", "crossbar.active_word_lines"];
    for key in keys() {
        let (section, last) = key.rsplit_once('.').unwrap_or(("", &key));
        let mut here = String::new();
        let lines = TOY.lines().filter(|line| {
            if let Some(header) = line.strip_prefix('[') {
                here = header.split(']').next().unwrap_or_default().to_owned();
            }
            !(here == section && line.starts_with(&format!("{last} = ")))
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let parsed = Arch::parse(&Document::parse("arch.toml", text).expect("TOML"));
        match parsed {
            Ok(_) => assert!(optional.contains(&key.as_str()), "{key} should be needed"),
            Err(faults) => {
                let named: Vec<_> = faults.iter().filter_map(Fault::key).collect();
                assert_eq!(named, [key.as_str()], "{faults}");
            }
        }
    }
}

proptest! {
    #[test]
    fn prop_no_value_makes_it_panic(
        key in prop::sample::select(keys()),
        value in prop_oneof![
            any::<i64>().prop_map(|integer| integer.to_string()),
            prop::sample::select(vec!["0", "1", "2", "65536", "nan", "inf", "-inf", "1e308", "1e-308", "[]", "\"\"", "true", "{}"])
                .prop_map(str::to_owned),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(|float| format!("{float:e}")),
        ],
    ) {
        let Ok(change) = Document::parse("change.toml", format!("{key} = {value}")) else { return Ok(()) };
        let document = Document::parse("arch.toml", TOY).expect("TOML").overlay(change);
        if let Err(faults) = Arch::parse(&document) {
            prop_assert!(!faults.to_string().is_empty());
        }
    }

    #[test]
    fn prop_no_text_makes_it_panic(text in "(?s).{0,200}") {
        if let Ok(document) = Document::parse("arch.toml", text) {
            prop_assert!(Arch::parse(&document).is_err());
        }
    }
}
