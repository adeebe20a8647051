//! Pages of results.

use std::fs;

use crate::support::{refusal, stdout};

#[test]
fn a_report_has_charts_tables_configuration_and_provenance_and_fetches_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (results, page) = (path("results"), path("report.html"));
    let trace = "traces/fmnist-cnn-w2a2";
    stdout(&["simulate", "arch-configs/isaac-2016", trace, "--images", "20", "--seed", "7", "--out", &results]);
    stdout(&["report", &results, "--out", &page]);
    let html = fs::read_to_string(&page).expect("written");
    assert_eq!(html.matches("<svg").count(), 3);
    for part in ["fmnist-cnn-w2a2 on isaac-2016", "conductance", "of configuration", "--images 20 --seed 7", "conv1"] {
        assert!(html.contains(part), "`{part}` is missing");
    }
    let fetched = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!fetched.contains("http"), "nothing is fetched");
    stdout(&["report", &results, "--out", &path("again.html")]);
    assert_eq!(html, fs::read_to_string(path("again.html")).expect("written"));
}

#[test]
fn a_report_of_no_results_says_which_folders_have_some() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = refusal(&["report", folder.path().to_str().expect("UTF-8"), "--out", "unwritten.html"]);
    assert!(told.contains("`rebias simulate`, `sweep` or `attribute`"), "{told}");
}
