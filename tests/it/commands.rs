//! The commands as a user runs them, on what is shipped.

use std::fs;

use crate::support::{rebias, root, stdout};

const SUBJECT: [&str; 2] = ["arch-configs/isaac-2016", "traces/fmnist-cnn-w2a2"];

fn simulate(more: &[&str]) -> String {
    stdout(&[&["simulate"], &SUBJECT[..], more].concat())
}

#[test]
fn simulate_prints_every_figure() {
    let text = simulate(&["--images", "100"]);
    for figure in [
        "accuracy",
        "95 % interval",
        "agreement",
        "first-image latency",
        "steady interval",
        "energy of an image",
        "power",
        "area",
        "TOPS/W",
        "crossbars",
        "used",
    ] {
        assert!(text.contains(figure), "`{figure}` is missing in:\n{text}");
    }
}

#[test]
fn simulate_writes_its_tables_and_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("results");
    simulate(&["--images", "50", "--out", out.to_str().expect("UTF-8")]);
    let summary = fs::read_to_string(out.join("summary.csv")).expect("written");
    let mut reader = csv::Reader::from_reader(summary.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let wanted = [
        "network",
        "architecture",
        "images",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "agreement",
        "latency_us",
        "interval_us",
        "interval_steady",
        "energy_uj",
        "power_mw",
        "area_mm2",
        "tops_per_w",
        "crossbars",
        "utilisation",
        "seed",
        "version",
    ];
    for column in wanted {
        assert!(header.iter().any(|name| name == column), "{column} is missing");
    }
    assert_eq!(reader.records().count(), 1);
    for (file, least_rows) in [("layers.csv", 6), ("components.csv", 10), ("energy.csv", 100)] {
        let text = fs::read_to_string(out.join(file)).expect("written");
        assert!(text.lines().count() > least_rows, "{file}:\n{text}");
    }
    // The configuration that was simulated can be simulated again.
    fs::write(out.join("arch.toml"), fs::read(out.join("configuration.toml")).expect("written")).expect("writable");
    fs::copy(root().join(SUBJECT[0]).join("costs.toml"), out.join("costs.toml")).expect("copied");
    let again = stdout(&["simulate", out.to_str().expect("UTF-8"), SUBJECT[1], "--images", "50", "--format", "json"]);
    assert_eq!(again, simulate(&["--images", "50", "--format", "json"]));
}

#[test]
fn regress_results_are_the_same_for_any_number_of_threads() {
    let one = simulate(&["--images", "64", "--threads", "1", "--format", "json"]);
    let five = simulate(&["--images", "64", "--threads", "5", "--format", "json"]);
    assert_eq!(one, five);
}

#[test]
fn the_shipped_network_agrees_with_the_integer_network_on_isaac() {
    let json: serde_json::Value = serde_json::from_str(&simulate(&["--format", "json"])).expect("JSON");
    assert_eq!(json["images"], 2000);
    assert_eq!(json["agreement"], 1.0);
    assert!(json["accuracy"].as_f64().expect("a number") > 0.88);
}

#[test]
fn shapes_are_simulated_without_accuracy() {
    let text = stdout(&["simulate", SUBJECT[0], "traces/shapes/vgg11-32"]);
    assert!(text.contains("no tensors"), "{text}");
    assert!(text.contains("steady interval"), "{text}");
}

#[test]
fn map_prints_placement_and_utilisation() {
    let text = stdout(&["map", SUBJECT[0], SUBJECT[1]]);
    for part in ["conv", "linear", "Tile[0].Ima[0]", "crossbars", "used"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

#[test]
fn a_sweep_writes_one_row_for_each_point_in_the_order_of_the_grid() {
    let folder = tempfile::tempdir().expect("a folder");
    let sweep = folder.path().join("sweep.toml");
    let text = format!(
        "architecture = \"{0}/arch-configs/isaac-2016\"\ntrace = \"{0}/traces/fmnist-cnn-w2a2\"\nimages = 40\n\
         [axes]\n\"arch.cell.bits\" = [1, 2]\n\"arch.adc.bits\" = [5, 8]\n",
        root().display()
    );
    fs::write(&sweep, text).expect("writable");
    let out = folder.path().join("out");
    rebias(&["sweep", sweep.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")]).assert().success();

    let mut reader = csv::Reader::from_path(out.join("results.csv")).expect("written");
    assert_eq!(
        reader.headers().expect("a header").iter().take(2).collect::<Vec<_>>(),
        ["arch.cell.bits", "arch.adc.bits"]
    );
    let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
    let coordinates: Vec<_> = rows.iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let wanted = [("1", "5"), ("1", "8"), ("2", "5"), ("2", "8")].map(|(cell, adc)| (cell.to_owned(), adc.to_owned()));
    assert_eq!(coordinates, wanted);
}

#[test]
fn help_has_examples_and_the_version_is_told() {
    assert!(stdout(&["--help"]).contains("rebias simulate arch-configs/isaac-2016"));
    assert!(stdout(&["--version"]).starts_with("rebias "));
}
