//! Rules that hold for the tree as a whole: arrows between crates, file lengths, paths named in documents.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file at most; longer ones want to be split.
const MAX_LINES: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace exists")
}

fn toml_of(path: &Path) -> toml::Table {
    fs::read_to_string(path).expect("readable manifest").parse().expect("valid manifest")
}

/// All files below `folder` with one of the endings, without build outputs and hidden folders.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable folder") {
        let path = entry.expect("readable entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !name.starts_with("target") {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn members() -> Vec<String> {
    let manifest = toml_of(&root().join("Cargo.toml"));
    let members = manifest["workspace"]["members"].as_array().expect("a list of members");
    members.iter().map(|member| member.as_str().expect("a path").to_owned()).collect()
}

#[test]
fn tidy_crates_depend_only_on_crates_listed_above_them() {
    let members = members();
    let mut wrong = Vec::new();
    for (place, member) in members.iter().enumerate() {
        let manifest = toml_of(&root().join(member).join("Cargo.toml"));
        for section in ["dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for dependency in dependencies.keys().filter_map(|name| name.strip_prefix("rebias-")) {
                let above = members[..place].iter().any(|other| other == &format!("crates/{dependency}"));
                if !above {
                    wrong.push(format!("{member} → crates/{dependency}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that go up: {wrong:#?}");
}

#[test]
fn tidy_every_member_is_listed_and_present() {
    let mut folders: Vec<_> = fs::read_dir(root().join("crates"))
        .expect("readable folder")
        .map(|entry| format!("crates/{}", entry.expect("readable entry").file_name().to_string_lossy()))
        .collect();
    folders.sort();
    let mut members = members();
    members.sort();
    assert_eq!(folders, members);
}

#[test]
fn tidy_source_files_are_short() {
    let mut long = Vec::new();
    for folder in ["crates", "tests", "examples"] {
        for path in files(&root().join(folder), &[".rs"]) {
            let lines = fs::read_to_string(&path).expect("readable source").lines().count();
            if lines > MAX_LINES {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "files over {MAX_LINES} lines: {long:#?}");
}

#[test]
fn tidy_only_the_crates_that_may_touch_files_do() {
    let may: &[&str] = &["cli", "sweep", "train"];
    let mut wrong = Vec::new();
    for member in members() {
        let name = member.trim_start_matches("crates/");
        if may.contains(&name) {
            continue;
        }
        for path in files(&root().join(&member).join("src"), &[".rs"]) {
            let text = fs::read_to_string(&path).expect("readable source");
            if text.contains("std::fs") {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "these touch files: {wrong:#?}");
}

#[test]
fn tidy_no_reminders_are_left() {
    // Spelt in two halves, so that this file does not find itself.
    let reminders = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let mut found = Vec::new();
    for folder in ["crates", "tests", "examples", "docs", "arch-configs"] {
        for path in files(&root().join(folder), &[".rs", ".md", ".toml"]) {
            let text = fs::read_to_string(&path).expect("readable file");
            if reminders.iter().any(|reminder| text.contains(reminder)) {
                found.push(path);
            }
        }
    }
    assert!(found.is_empty(), "reminders left in {found:#?}");
}

#[test]
fn tidy_links_in_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for path in files(&root(), &[".md"]) {
        let text = fs::read_to_string(&path).expect("readable document");
        let folder = path.parent().expect("a file has a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            if !folder.join(target).exists() {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}
