//! The documents show what their commands print.
//!
//! A block marked `console` has commands behind `$ `, which may go on behind `> `, and what they print. A line `...`
//! stands for any lines, `[..]` for any text within one. With `UPDATE_EXPECT=1` lines that differ in their figures only
//! are written anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::people::visit;
use crate::support::root;

/// One command of a document, and the lines that it prints there, by their numbers.
struct Step {
    command: String,
    shown: Vec<(usize, String)>,
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in document.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(mark) => inside = !inside && mark == "console",
            None if !inside => {}
            None => match (line.strip_prefix("$ "), line.strip_prefix('>'), steps.last_mut()) {
                (Some(command), ..) => steps.push(Step { command: command.to_owned(), shown: Vec::new() }),
                (None, Some(more), Some(step)) if step.shown.is_empty() => {
                    step.command += &format!("\n{}", more.strip_prefix(' ').unwrap_or(more));
                }
                (None, _, Some(step)) => step.shown.push((number, line.to_owned())),
                (None, _, None) => panic!("line {number} is printed by no command: {line}"),
            },
        }
    }
    steps
}

fn run(command: &str, folder: &Path) -> Vec<String> {
    let binary = assert_cmd::cargo::cargo_bin("rebias");
    let path =
        format!("{}:{}", binary.parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    // What a terminal shows: both streams.
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec 2>&1\n{command}")).current_dir(folder).env("PATH", path);
    let output = shell.output().expect("a shell");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether a printed line is as shown.
fn is_as_shown(shown: &str, printed: &str) -> bool {
    match shown.split_once("[..]") {
        None => shown == printed,
        Some((start, rest)) => printed.strip_prefix(start).is_some_and(|printed| {
            // The rest may begin anywhere.
            printed.char_indices().any(|(at, _)| is_as_shown(rest, &printed[at..])) || rest.is_empty()
        }),
    }
}

/// The first part of a line, which says what its figures are.
fn label(line: &str) -> String {
    line.chars().take_while(|c| !c.is_ascii_digit() && *c != '[').collect()
}

/// What is wrong with a step, and lines to write anew.
fn compare(step: &Step, printed: &[String]) -> (Vec<String>, Vec<(usize, String)>) {
    let (mut wrong, mut anew) = (Vec::new(), Vec::new());
    let mut rest = printed.iter();
    let mut skips = false;
    for (number, shown) in &step.shown {
        if shown == "..." {
            skips = true;
            continue;
        }
        let next = if skips { rest.by_ref().find(|line| label(line) == label(shown)) } else { rest.next() };
        skips = false;
        match next {
            Some(line) if is_as_shown(shown, line) => {}
            Some(line) if label(line) == label(shown) => anew.push((*number, line.clone())),
            other => wrong.push(format!("{}: shown  {shown}\n  printed {other:?}", number + 1)),
        }
    }
    if !skips && rest.next().is_some() {
        wrong.push(format!("`{}` prints more than is shown", step.command));
    }
    (wrong, anew)
}

/// Runs the commands of a document and compares what they print.
fn check(name: &str) {
    let path = root().join("docs").join(name);
    let text = fs::read_to_string(&path).expect("a document");
    let folder = visit();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let (mut wrong, mut stale) = (Vec::new(), Vec::new());
    for step in steps(&text) {
        let (faults, anew) = compare(&step, &run(&step.command, folder.path()));
        wrong.extend(faults);
        for (number, line) in anew {
            stale.push(format!("{}: shown  {}\n  printed {line}", number + 1, lines[number]));
            lines[number] = line;
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, lines.join("\n") + "\n").expect("written");
        stale.clear();
    }
    wrong.extend(stale);
    assert!(wrong.is_empty(), "docs/{name}:\n{}", wrong.join("\n"));
}

#[test]
fn the_tutorial_shows_what_its_commands_print() {
    check("tutorial.md");
}

#[test]
fn how_to_pages_show_what_their_commands_print() {
    for entry in fs::read_dir(root().join("docs/how-to")).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        check(&format!("how-to/{}", name.to_str().expect("UTF-8")));
    }
}

#[test]
fn every_page_is_in_the_book() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("a summary");
    for folder in ["", "how-to/", "reference/"] {
        for entry in fs::read_dir(root().join("docs").join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            let is_page = name.ends_with(".md") && name != "SUMMARY.md";
            assert!(!is_page || summary.contains(&format!("({folder}{name})")), "{folder}{name} is not in SUMMARY.md");
        }
    }
}
