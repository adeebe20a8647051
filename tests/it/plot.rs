//! Charts of the shipped results.

use std::fs;

use crate::support::{refusal, root, stdout};

/// A chart as `rebias plot` writes it.
fn svg(args: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("chart.svg");
    stdout(&[&["plot"], args, &["--out", out.to_str().expect("UTF-8")]].concat());
    fs::read_to_string(out).expect("written")
}

#[test]
fn plot_draws_accuracy_against_converters_with_a_line_for_each_cell() {
    let chart = svg(&["docs/data/cell-adc.csv"]);
    for label in ["ADC resolution (bits)", "accuracy (%)", "cell resolution (bits)", "\n4\n", "\n9\n"] {
        assert!(chart.contains(label), "`{label}` is missing");
    }
    assert_eq!(chart, svg(&["docs/data/cell-adc.csv", "arch-configs/plots/accuracy.toml"]));
}

#[test]
fn plot_tells_the_nearest_name_of_an_unknown_column() {
    let told = refusal(&["plot", "docs/data/cell-adc.csv", "--y", "acuracy", "--out", "unwritten.svg"]);
    assert!(
        told.contains("`docs/data/cell-adc.csv` has no column") && told.contains("did you mean `accuracy`"),
        "{told}"
    );
}

#[test]
fn plot_refuses_rows_at_one_place_and_names_that_are_none_of_a_picture() {
    let told = refusal(&["plot", "docs/data/cell-adc.csv", "--by", "network", "--out", "unwritten.svg"]);
    assert!(told.contains("differ in `arch.cell.bits`"), "{told}");
    let told = refusal(&["plot", "docs/data/cell-adc.csv", "--out", "unwritten.jpeg"]);
    assert!(told.contains("`.svg` or `.png`"), "{told}");
}

#[test]
fn pictures_in_the_documents_are_what_their_commands_draw() {
    let text = fs::read_to_string(root().join("docs/how-to/plots.md")).expect("a page");
    let commands = text.lines().filter_map(|line| line.strip_prefix("    rebias plot "));
    let mut drawn = 0;
    for command in commands.filter(|command| command.contains("docs/img/")) {
        let (args, picture) = command.split_once(" --out ").expect("a picture");
        let args: Vec<_> = args.split(' ').collect();
        let kept = fs::read_to_string(root().join(picture)).expect("a picture");
        assert!(svg(&args) == kept, "{picture} is not what `rebias plot {command}` draws");
        drawn += 1;
    }
    assert_eq!(drawn, 5);
}
