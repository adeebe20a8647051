//! Studies of a few steps on images made by code.

use std::fs;
use std::path::Path;

use rebias_config::Document;
use rebias_train::{RunFiles, Study, StudyRow, TrainError, compare, read_study, run_study, text_table, write_tables};

use crate::images;
use crate::short_run::{Counts, text};

const STUDY: &str = r#"format_version = 1
name = "bars"
recipe = "bars.toml"
forms = ["biased", "ttq", "bwn"]
seeds = [1, 2]
"#;

fn study_in(dir: &Path, study: &str) -> Result<(Study, Document), TrainError> {
    fs::write(dir.join("bars.toml"), text(6, "")).unwrap();
    fs::write(dir.join("study.toml"), study).unwrap();
    read_study(&dir.join("study.toml"))
}

fn run((study, recipe): &(Study, Document), dir: &Path, out: &str, counts: &mut Counts) -> Vec<StudyRow> {
    let files = RunFiles { data: &dir.join("data"), out: &dir.join(out), command: "rebias study study.toml" };
    run_study(study, recipe, &files, counts).unwrap()
}

#[test]
fn an_interrupted_study_goes_on_and_ends_as_an_undisturbed_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("data")).unwrap();
    images::write(&dir.path().join("data"), 200, 60);
    let study = study_in(dir.path(), STUDY).unwrap();
    let mut counts = Counts::default();
    let rows = run(&study, dir.path(), "whole", &mut counts);
    // Two float phases for each seed, and a quantised one for each form.
    assert_eq!((rows.len(), counts.steps), (6, 2 * 6 * (2 + 3)));
    let told: Vec<_> = rows.iter().map(|row| (row.form, row.weight_bits, row.seed)).collect();
    assert_eq!(told[..3], [("biased", 2, 1), ("ttq", 2, 1), ("bwn", 1, 1)]);
    assert_eq!((rows[0].float, rows[1].float), (rows[2].float, rows[2].float), "the same twin");

    // What is there is not done again; what is missing becomes what it was.
    let lost = dir.path().join("whole").join("bars-ttq-s2");
    let before = fs::read(lost.join("tensors.safetensors")).unwrap();
    fs::remove_dir_all(&lost).unwrap();
    let mut counts = Counts::default();
    assert_eq!(run(&study, dir.path(), "whole", &mut counts), rows);
    assert_eq!(counts.steps, 6 * 3);
    assert!(before == fs::read(lost.join("tensors.safetensors")).unwrap(), "the same bytes");
    // Seeds may be run apart.
    let one = (study.0.clone().with_seeds(vec![2]), study.1);
    assert_eq!(run(&one, dir.path(), "apart", &mut Counts::default()), rows[3..]);

    let summaries = compare(&rows);
    write_tables(&rows, &summaries, &dir.path().join("whole")).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("whole/results.csv")).unwrap().lines().count(), 7);
    assert_eq!(fs::read_to_string(dir.path().join("whole/summary.csv")).unwrap().lines().count(), 4);
    assert_eq!(text_table(&summaries).lines().count(), 4);
}

#[test]
fn faults_of_a_study_and_of_its_recipe_are_told_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let told = |study: &str| study_in(dir.path(), study).unwrap_err().to_string();
    let unknown = told(&STUDY.replace("\"ttq\"", "\"ttw\""));
    assert!(unknown.contains("study.toml") && unknown.contains("`ttw`") && unknown.contains("`twn`"), "{unknown}");
    let missing = told(&STUDY.replace("\"bars.toml\"", "\"nowhere.toml\""));
    assert!(missing.contains("nowhere.toml"), "{missing}");
    fs::write(dir.path().join("bad.toml"), text(6, "").replace("batch = 30", "batch = 1")).unwrap();
    let recipe = told(&STUDY.replace("\"bars.toml\"", "\"bad.toml\""));
    assert!(recipe.contains("bad.toml") && recipe.contains("batch"), "{recipe}");
}
