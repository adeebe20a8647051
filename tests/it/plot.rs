//! Charts of the shipped results.

use std::fs;

use crate::support::{refusal, stdout};

#[test]
fn plot_draws_accuracy_against_converters_with_a_line_for_each_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("accuracy.svg");
    stdout(&["plot", "docs/data/cell-adc.csv", "--out", out.to_str().expect("UTF-8")]);
    let svg = fs::read_to_string(out).expect("written");
    for label in ["adc bits", "accuracy", "cell bits 1", "cell bits 2", "cell bits 4"] {
        assert!(svg.contains(label), "`{label}` is missing");
    }
}

#[test]
fn plot_tells_the_nearest_name_of_an_unknown_column() {
    let told = refusal(&["plot", "docs/data/cell-adc.csv", "--y", "acuracy", "--out", "unwritten.svg"]);
    assert!(told.contains("docs/data/cell-adc.csv: line 1") && told.contains("did you mean `accuracy`"), "{told}");
}
