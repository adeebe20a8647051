//! What the README shows is what its commands print.

use std::fs;

use crate::support::{root, stdout};

#[test]
fn the_readme_shows_what_its_first_command_prints() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let printed = stdout(&["simulate", "arch-configs/isaac-2016", "traces/fmnist-cnn-w2a2"]);
    let (shown, _) = printed.split_once("│ layer").expect("a table of layers behind the components");
    // The last line is the upper border of the table of layers, which the README leaves out.
    let lines: Vec<_> = shown.lines().collect();
    for line in &lines[..lines.len() - 2] {
        assert!(readme.contains(line.trim_end()), "the README does not show\n{line}");
    }
}

#[test]
fn the_readme_shows_the_figures_of_the_shipped_sweep() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let mut table = csv::Reader::from_path(root().join("docs/data/cell-adc.csv")).expect("a shipped table");
    let header = table.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|column| column == name).expect("a column");
    let (accuracy, energy) = (column("accuracy"), column("energy_uj"));
    let mut rows = 0;
    for row in table.records() {
        let row = row.expect("a row");
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        let cell = format!("| {:.2} ({:.2}) ", 100.0 * number(accuracy), number(energy));
        assert!(readme.contains(&cell), "the README does not show `{cell}`");
        rows += 1;
    }
    assert_eq!(rows, 18);
}
