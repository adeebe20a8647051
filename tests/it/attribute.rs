//! Which non-ideality costs how much accuracy, as a user asks for it.

use std::collections::BTreeMap;
use std::fs;

use crate::support::{refusal, root, stdout};

const TRACE: &str = "traces/fmnist-cnn-w2a2";

/// Columns of `attribution.csv` of ISAAC with some keys changed, by non-ideality; and what is printed.
fn attributed(change: &str, more: &[&str]) -> (BTreeMap<String, BTreeMap<String, f64>>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let base = root().join("arch-configs/isaac-2016");
    fs::write(folder.path().join("arch.toml"), format!("extends = {base:?}\n{change}\n")).expect("written");
    let out = folder.path().join("results");
    let (design, path) = (folder.path().to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    let text = stdout(&[&["attribute", design, TRACE, "--images", "50", "--out", path], more].concat());
    let svg = fs::read_to_string(out.join("attribution.svg")).expect("written");
    assert!(svg.contains("percentage points"));
    let csv = fs::read_to_string(out.join("attribution.csv")).expect("written");
    let mut lines = csv.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let numbers = |cells: &[String]| {
        header.iter().zip(cells).filter_map(|(name, cell)| Some((name.clone(), cell.parse().ok()?))).collect()
    };
    (lines.map(|cells| (cells[0].clone(), numbers(&cells))).collect(), text)
}

#[test]
fn cells_that_are_all_stuck_cost_all_but_a_guess_and_a_lossless_converter_nothing() {
    let (rows, text) = attributed("[cell.faults]\nstuck_lrs = 0\nstuck_hrs = 1", &["--chips", "2"]);
    let (adc, stuck, all) = (&rows["ADC resolution and range"], &rows["stuck cells"], &rows["all together"]);
    assert_eq!((adc["alone_loss"], adc["added_loss"]), (0.0, 0.0));
    // Without a current every image is of one class: of 50 images, those of that class are right.
    assert!(stuck["alone_accuracy"] < 0.3 && stuck["ideal_accuracy"] > 0.8, "{text}");
    assert_eq!(stuck["alone_loss"], all["alone_loss"]);
    assert!((stuck["alone_loss"] - (stuck["ideal_accuracy"] - stuck["alone_accuracy"])).abs() < 1e-9);
    // All cells of every chip are alike, so the interval has no width.
    assert_eq!((stuck["alone_loss_low"], stuck["alone_loss_high"]), (stuck["alone_loss"], stuck["alone_loss"]));
}

#[test]
fn what_one_costs_alone_and_the_other_adds_is_what_both_cost() {
    let change = "[cell.variation]\nmodel = \"gaussian-of-range\"\nsigma = 0.2\n[adc]\nbits = 4";
    let (rows, text) = attributed(change, &["--chips", "3"]);
    let (adc, errors, all) = (&rows["ADC resolution and range"], &rows["programming errors"], &rows["all together"]);
    assert!((adc["alone_loss"] + errors["added_loss"] - all["alone_loss"]).abs() < 1e-9);
    assert!((errors["alone_loss"] + adc["added_loss"] - all["alone_loss"]).abs() < 1e-9);
    assert!(errors["alone_loss_low"] < errors["alone_loss"] && errors["alone_loss"] < errors["alone_loss_high"]);
    // Ideal, each alone, both.
    assert!(text.contains("50 images on 3 chips, 4 runs"), "{text}");
}

#[test]
fn errors_of_a_converter_are_judged_beside_its_resolution() {
    let (rows, text) = attributed("[adc]\nbits = 6\noffset_lsb = 3.0", &["--chips", "1"]);
    let (errors, adc) = (&rows["ADC errors"], &rows["ADC resolution and range"]);
    assert_eq!(errors["alone_loss"], errors["added_loss"], "both beside the resolution: {text}");
    assert!(errors["alone_loss"] > 0.0, "{text}");
    assert_eq!(adc["all_but_accuracy"], adc["ideal_accuracy"], "without its resolution it has no errors");
    assert!(!errors.contains_key("alone_loss_low"), "one chip says nothing of others");
}

#[test]
fn a_network_without_labels_has_no_accuracy_to_attribute() {
    let told = refusal(&["attribute", "arch-configs/isaac-2016", "traces/shapes/mlp-28"]);
    assert!(told.contains("no labelled images"), "{told}");
}

#[test]
fn noise_of_converters_is_one_of_their_errors() {
    for change in ["[adc]\nnoise_lsb = 8.0", "[mapping.bias]\nadc_noise_lsb = 64.0"] {
        let (rows, text) = attributed(change, &["--chips", "1"]);
        assert!(rows["ADC errors"]["alone_loss"] > 0.0, "{change}: {text}");
    }
}
