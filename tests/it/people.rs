//! What people meet first: help, files to start from, checks, schemas, references, completions.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use rebias_schema::{Kind, json_schema, reference};

use crate::support::{copy_of, rebias, refusal, replace, root, stdout};

/// A folder outside of the repository, in which the shipped files can be reached by their usual paths.
pub(crate) fn visit() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for shipped in ["arch-configs", "docs", "traces"] {
        std::os::unix::fs::symlink(root().join(shipped), folder.path().join(shipped)).expect("a link");
    }
    folder
}

fn commands() -> Vec<String> {
    let help = stdout(&["help"]);
    let listed = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    // Longer descriptions go on in further lines, farther to the right.
    let of_commands = listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names = of_commands.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn examples(help: &str) -> Vec<Vec<String>> {
    let examples = help.split("Examples:").nth(1).unwrap_or_default().lines();
    let examples = examples.filter_map(|line| line.strip_prefix("  rebias "));
    examples.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn the_examples_of_every_command_run() {
    let folder = visit();
    let ones = Array2::<u8>::ones((2, 2));
    for name in ["weights.npy", "inputs.npy"] {
        ndarray_npy::write_npy(folder.path().join(name), &ones).expect("written");
    }
    for command in commands() {
        let examples = examples(&stdout(&["help", &command]));
        assert!(!examples.is_empty(), "`rebias {command} --help` has no examples");
        for example in examples {
            assert_eq!(example[0], command);
            // They take minutes; files of that kind are checked elsewhere.
            if matches!(command.as_str(), "train" | "study" | "sweep") {
                let file = example.iter().find(|word| word.ends_with(".toml"));
                assert!(file.is_none_or(|file| root().join(file).is_file()), "{example:?}");
                continue;
            }
            let args: Vec<_> = example.iter().map(String::as_str).collect();
            rebias(&args).current_dir(folder.path()).assert().success();
        }
    }
}

#[test]
fn what_init_writes_is_valid_and_runs_anywhere() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = |args: &[&str]| rebias(args).current_dir(folder.path()).assert();
    run(&["init", "all"]).success();
    run(&["check", "all"]).success();
    run(&["simulate", "all", "all"]).success();
    run(&["sweep", "all/sweep.toml", "--out", "results"]).success();
    for kind in Kind::ALL {
        run(&["init", kind.name(), "--kind", kind.name()]).success();
        run(&["check", kind.name()]).success();
    }
    run(&["validate", "expected"]).success();
    // Nothing is written over, and what is there is made use of.
    run(&["init", "all"]).code(2);
    fs::remove_file(folder.path().join("all/sweep.toml")).expect("removed");
    run(&["init", "all", "--kind", "sweep"]).success();
}

/// All files of each kind that are shipped.
fn shipped() -> Vec<(PathBuf, Kind)> {
    let mut found = Vec::new();
    let mut pending = vec![root().join("arch-configs"), root().join("traces")];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.expect("an entry").path()));
        } else if let Some(kind) = Kind::ALL.iter().find(|kind| path.ends_with(kind.file_name())) {
            found.push((path, *kind));
        } else if path.parent().is_some_and(|folder| folder.ends_with("sweeps")) {
            found.push((path, Kind::Sweep));
        } else if path.parent().is_some_and(|folder| folder.ends_with("recipes")) {
            let is_recipe = fs::read_to_string(&path).expect("text").contains("[quantisation]");
            found.push((path, if is_recipe { Kind::Recipe } else { Kind::Study }));
        }
    }
    found
}

fn as_json(text: &str) -> serde_json::Value {
    serde_json::to_value(text.parse::<toml::Table>().expect("valid TOML")).expect("JSON")
}

#[test]
fn every_shipped_file_fits_its_schema_and_is_valid() {
    for &kind in Kind::ALL {
        let schema = jsonschema::validator_for(&json_schema(kind)).expect("a valid schema");
        let files = shipped();
        let texts = files.iter().filter(|(_, of)| *of == kind).map(|(path, _)| fs::read_to_string(path).expect("text"));
        for text in texts.chain([kind.template().to_owned()]) {
            let faults: Vec<_> = schema.iter_errors(&as_json(&text)).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{}: {faults:#?}\n{text}", kind.file_name());
        }
    }
    for (path, _) in shipped() {
        stdout(&["check", path.to_str().expect("UTF-8")]);
    }
}

#[test]
fn schemas_refuse_what_readers_refuse() {
    for (kind, old, new) in [
        (Kind::Arch, "tiles = 64 ", "tiles = 0 "),
        (Kind::Arch, "tiles = 64 ", "tile = 64 "),
        (Kind::Arch, "range = \"lossless-step\"", "range = \"lossless\""),
        (Kind::Arch, "device_bits = 4 ", "# "),
        (Kind::Arch, "replication = \"balanced\"", "replication = \"target\""),
        (Kind::Costs, "kind = \"table\" ", "kind = \"scaling\" "),
        (Kind::Costs, "units = 65536 ", "units = \"all\" "),
        (Kind::Trace, "op = \"conv\" ", "op = \"add\" "),
        (Kind::Trace, "format_version = 1", ""),
        (Kind::Expected, "metric = \"chip.crossbars\"", "metric = \"component.power_mw\""),
        (Kind::Sweep, "trace = \".\"", "trace = 3"),
        (Kind::Recipe, "layers = [\"conv 16\"", "layer = [\"conv 16\""),
        (Kind::Recipe, "layers = [\"conv 16\"", "family = \"vgg-11\" # "),
        (Kind::Recipe, "batch = 100 ", "batch = 1 "),
        (Kind::Study, "seeds = [1,", "seeds = [-1,"),
        (Kind::Devices, "to_microsiemens = 225.0", "to_microsiemens = 0.0"),
    ] {
        assert!(kind.template().contains(old), "`{old}` is not in {}", kind.file_name());
        let text = kind.template().replacen(old, new, 1);
        let schema = jsonschema::validator_for(&json_schema(kind)).expect("a valid schema");
        assert!(!schema.is_valid(&as_json(&text)), "{}: `{new}` is accepted", kind.file_name());
    }
    // Every table of the page on sweeps is known.
    let page = fs::read_to_string(root().join("docs/sweeps.md")).expect("a page");
    let sweep = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a sweep");
    assert!(sweep.contains("[[exclude]]") && sweep.contains("[random.axes]"), "{sweep}");
    let schema = jsonschema::validator_for(&json_schema(Kind::Sweep)).expect("a valid schema");
    let faults: Vec<_> = schema.iter_errors(&as_json(sweep)).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    // A design that extends another need not be complete.
    let schema = jsonschema::validator_for(&json_schema(Kind::Arch)).expect("a valid schema");
    assert!(schema.is_valid(&as_json("extends = \"x\"\n[adc]\nbits = 6")));
    assert!(!schema.is_valid(&as_json("extends = \"x\"\n[adc]\nbits = 60")));
}

#[test]
fn faults_point_into_files_of_every_kind() {
    for kind in Kind::ALL {
        let folder = tempfile::tempdir().expect("a scratch folder");
        rebias(&["init", ".", "--kind", kind.name()]).current_dir(folder.path()).assert().success();
        let file = folder.path().join(kind.file_name());
        let text = fs::read_to_string(&file).expect("text");
        fs::write(&file, format!("{text}odd_key = 1\n")).expect("written");
        let told = refusal(&["check", file.to_str().expect("UTF-8")]);
        let line = text.lines().count() + 1;
        assert!(told.contains(&format!("{}:{line}:", kind.file_name())), "{told}");
        assert!(told.contains("odd_key = 1\n") && told.contains('^'), "{told}");
    }
}

#[test]
fn check_tells_what_it_cannot_make_out() {
    let copy = copy_of("arch-configs/toy");
    let path = |name: &str| copy.path().join(name).to_str().expect("UTF-8").to_owned();
    fs::rename(path("arch.toml"), path("mine.toml")).expect("renamed");
    assert!(stdout(&["check", &path("mine.toml")]).contains("a valid chip, toy"));
    fs::write(path("odd.toml"), "a = 1\n").expect("written");
    assert!(refusal(&["check", &path("odd.toml")]).contains("--kind"));
    assert!(refusal(&["check", &path("odd.toml"), "--kind", "arch"]).contains("odd.toml:1:1"));
    replace(Path::new(&path("mine.toml")), "\ntiles = ", "\ntils = ");
    let told = refusal(&["check", &path("mine.toml"), &path("odd.toml"), "--kind", "arch"]);
    assert!(told.contains("mine.toml") && told.contains("odd.toml"), "{told}");
    let empty = tempfile::tempdir().expect("a scratch folder");
    assert!(refusal(&["check", empty.path().to_str().expect("UTF-8")]).contains("nothing to check"));
}

#[test]
fn references_in_the_documents_are_those_of_the_readers() {
    for &kind in Kind::ALL {
        let path = root().join(format!("docs/reference/{}.md", kind.name()));
        let current = reference(kind);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &current).expect("written");
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(written == current, "{} is not current; UPDATE_EXPECT=1 writes it anew", path.display());
    }
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not complete `{command}`");
        }
    }
}
