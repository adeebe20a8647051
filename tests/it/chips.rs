//! Chips with errors of their own, as a user runs them.

use std::fs;

use crate::support::{rebias, refusal, root, stdout};

const TRACE: &str = "traces/fmnist-cnn-w2a2";

/// A design that is ISAAC but for some keys.
fn isaac_with(change: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let base = root().join("arch-configs/isaac-2016");
    fs::write(folder.path().join("arch.toml"), format!("extends = {base:?}\n{change}\n")).expect("written");
    folder
}

/// `chips.csv` of a run: index, accuracy, agreement.
fn chips(design: &tempfile::TempDir, more: &[&str]) -> Vec<String> {
    let out = design.path().join("results");
    let (design, out) = (design.path().to_str().expect("UTF-8"), out.to_str().expect("UTF-8"));
    stdout(&[&["simulate", design, TRACE, "--images", "60", "--out", out], more].concat());
    let csv = fs::read_to_string(format!("{out}/chips.csv")).expect("written");
    csv.lines().skip(1).map(str::to_owned).collect()
}

const NOISY: &str = "[cell.variation]\nmodel = \"gaussian-of-range\"\nsigma = 0.08";

#[test]
fn each_chip_is_the_same_alone_and_among_others() {
    let design = isaac_with(NOISY);
    let together = chips(&design, &["--chips", "3", "--chip", "4", "--seed", "9"]);
    assert_eq!(together.len(), 3);
    for (index, chip) in ["4", "5", "6"].into_iter().zip(&together) {
        assert_eq!(&chips(&design, &["--chip", index, "--seed", "9"]), std::slice::from_ref(chip));
    }
    assert_ne!(chips(&design, &["--chips", "3", "--chip", "4", "--seed", "8"]), together);
}

#[test]
fn accuracy_over_chips_has_a_deviation_and_an_interval() {
    let design = isaac_with(NOISY);
    let path = design.path().to_str().expect("UTF-8");
    let json = stdout(&["simulate", path, TRACE, "--images", "60", "--chips", "3", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["chips"], &json["images"]), (&serde_json::json!(3), &serde_json::json!(60)));
    let number = |key: &str| json[key].as_f64().expect("a number");
    // t of two degrees of freedom over √3.
    let half = 4.302_653 / 3f64.sqrt() * number("accuracy_deviation");
    assert!(number("accuracy_deviation") > 0.0);
    assert!((number("accuracy_low") - (number("accuracy") - half).max(0.0)).abs() < 1e-6);
    assert!((number("accuracy_high") - (number("accuracy") + half).min(1.0)).abs() < 1e-6);
}

#[test]
fn errors_of_no_size_change_nothing() {
    let design =
        isaac_with("[cell.variation]\nmodel = \"lognormal\"\nsigma = 0\n[cell.faults]\nstuck_lrs = 0\nstuck_hrs = 0");
    let csv = |design: &str| {
        let json = stdout(&["simulate", design, TRACE, "--images", "60", "--format", "json"]);
        let mut json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        json["configuration"].take();
        json
    };
    assert_eq!(csv(design.path().to_str().expect("UTF-8")), csv("arch-configs/isaac-2016"));
}

#[test]
fn regress_noisy_results_are_the_same_for_any_number_of_threads() {
    let design = isaac_with(&format!("{NOISY}\n[crossbar]\nwire_resistance_ohm = 1"));
    let path = design.path().to_str().expect("UTF-8");
    let run = |threads: &str| stdout(&["simulate", path, TRACE, "--images", "40", "--threads", threads]);
    assert_eq!(run("1"), run("3"));
}

#[test]
fn impossible_chips_are_refused_before_anything_runs() {
    let told = |change: &str| {
        let design = isaac_with(change);
        refusal(&["simulate", design.path().to_str().expect("UTF-8"), TRACE])
    };
    let wires = told("[cell]\non_conductance_microsiemens = 1000\n[crossbar]\nwire_resistance_ohm = 50");
    assert!(wires.contains("crossbar.wire_resistance_ohm") && wires.contains("legal"), "{wires}");
    let curved = told("dac.bits = 2\nadc.bits = 9\n[[cell.current_voltage]]\ncoefficients = [0.9, 0.1]");
    assert!(curved.contains("cell.current_voltage") && curved.contains("dac.bits"), "{curved}");
    let behind_wires = told("[crossbar]\nwire_resistance_ohm = 1\n[[cell.current_voltage]]\ncoefficients = [0.9, 0.1]");
    assert!(behind_wires.contains("non-linear") && behind_wires.contains("hint"), "{behind_wires}");
    rebias(&["simulate", "arch-configs/isaac-2016", TRACE, "--chips", "0"]).assert().code(2);
}
