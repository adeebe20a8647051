//! Published figures beside ours, as `rebias validate` prints them; and the shipped designs.

use std::fs;
use std::path::Path;

use crate::support::{copy_of, rebias, refusal, replace, root, stdout};

const ISAAC: &str = "arch-configs/isaac-2016";

/// The design's folder with its `expected.toml` spoilt, in a place from where its traces are still found.
fn spoilt(design: &str, old: &str, new: &str) -> tempfile::TempDir {
    let copy = copy_of(design);
    let expected = copy.path().join("expected.toml");
    let traces = format!("{}/traces", root().display());
    let text = fs::read_to_string(&expected).expect("readable").replace("../../traces", &traces);
    fs::write(&expected, text).expect("writable");
    replace(&expected, old, new);
    copy
}

fn path(folder: &Path) -> &str {
    folder.to_str().expect("UTF-8")
}

#[test]
fn val_no_published_figure_fails() {
    let printed = stdout(&["validate"]);
    assert!(printed.ends_with(" 0 FAILED\n"), "{printed}");
    for design in ["isaac-2016", "puma-2019", "raella-2023"] {
        assert!(printed.contains(design), "{design} is missing");
    }
}

#[test]
fn the_documentation_shows_what_validate_prints() {
    let document = fs::read_to_string(root().join("docs/validation.md")).expect("readable");
    let (_, shown) = document.split_once("```text\n").expect("a block of output");
    let (shown, _) = shown.split_once("```").expect("its end");
    assert_eq!(shown, stdout(&["validate"]));
}

#[test]
fn val_isaacs_cycles_and_conversions_are_exact() {
    let printed = stdout(&["validate", ISAAC, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    let figures = json["designs"][0]["figures"].as_array().expect("figures");
    let ours = |metric: &str, subject: &str| {
        let of = |figure: &&serde_json::Value| figure["metric"] == metric && figure["subject"] == subject;
        figures.iter().find(of).expect("the figure")["ours"].as_f64().expect("a number")
    };
    assert_eq!(ours("replay.cycles", "dot128-w16a16"), 22.0);
    assert_eq!(ours("replay.cycles", "dot128-w16a8"), 14.0);
    assert_eq!(ours("replay.conversions_per_mac", "dot128-w8a8"), 0.25);
    assert_eq!(json["failed"], 0);
    assert!(figures.iter().all(|figure| figure["source"].as_str().is_some_and(|source| !source.is_empty())));
}

#[test]
fn a_figure_that_is_not_as_published_fails_with_exit_code_1() {
    let design = spoilt(ISAAC, "published = \"65.8\"", "published = \"66.8\"");
    let output = rebias(&["validate", path(design.path())]).assert().code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).expect("UTF-8");
    let failed: Vec<_> = printed.lines().filter(|line| line.contains("FAILED")).collect();
    assert_eq!(failed.len(), 2, "{printed}");
    assert!(failed[0].contains("chip.power_w") && failed[0].contains("-1.48 %"), "{}", failed[0]);
    assert!(String::from_utf8_lossy(&output.get_output().stderr).contains("and are not: 1"));
}

#[test]
fn a_changed_part_fails_where_it_counts() {
    let design = spoilt(ISAAC, "", "");
    replace(&design.path().join("arch.toml"), "imas = 12", "imas = 11");
    let output = rebias(&["validate", path(design.path())]).assert().code(1);
    let printed = String::from_utf8(output.get_output().stdout.clone()).expect("UTF-8");
    let failed = |figure: &str| printed.lines().any(|line| line.contains(figure) && line.contains("FAILED"));
    for figure in ["imas.power_mw", "tile.power_mw", "chip.power_w", "chip.crossbars", "storage.mb"] {
        assert!(failed(figure), "{figure} holds:\n{printed}");
    }
    assert!(!failed("replay.cycles"), "{printed}");
}

#[test]
fn faults_of_published_figures_are_told_with_line_and_hint() {
    let design = spoilt(ISAAC, "metric = \"tile.power_mw\"", "metric = \"tile.power_w\"");
    let told = refusal(&["validate", path(design.path())]);
    for part in ["expected.toml:", "metric", "did you mean", "^"] {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
}

#[test]
fn a_design_without_published_figures_is_refused() {
    let told = refusal(&["validate", "arch-configs/toy"]);
    assert!(told.contains("expected.toml") && told.contains("hint"), "{told}");
}

#[test]
fn a_folder_without_designs_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = rebias(&["validate"]);
    let output = command.current_dir(folder.path()).assert().code(2);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(told.contains("arch-configs") && told.contains("hint"), "{told}");
}

#[test]
fn every_shipped_design_has_a_readme_and_runs() {
    for entry in fs::read_dir(root().join("arch-configs")).expect("readable") {
        let design = entry.expect("an entry").path();
        if design.join("arch.toml").is_file() {
            assert!(design.join("README.md").is_file(), "{} has no README", design.display());
            let args = ["simulate", path(&design), "traces/fmnist-cnn-w2a2", "--images", "4"];
            // The toy chip is too small for it, and says so.
            if design.ends_with("toy") { drop(refusal(&args)) } else { drop(stdout(&args)) }
        }
    }
}

#[test]
fn every_key_of_the_generic_design_has_a_comment() {
    let text = fs::read_to_string(root().join("arch-configs/generic-1t1r/arch.toml")).expect("readable");
    let is_bare = |line: &&str| line.contains(" = ") && !line.contains("# ");
    let bare: Vec<_> = text.lines().filter(is_bare).collect();
    assert!(bare.is_empty(), "keys without a comment: {bare:#?}");

    let text = fs::read_to_string(root().join("arch-configs/generic-1t1r/costs.toml")).expect("readable");
    let mut explained = Vec::new();
    let mut above = "";
    for line in text.lines() {
        if let Some((key, rest)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            let commented = rest.contains(" # ") || above.starts_with('#');
            assert!(commented || explained.contains(&key), "`{key}` is not explained where it stands first");
            explained.push(key);
        }
        above = line;
    }
}
