//! What several subjects need: the binary, the shipped files, scratch copies of them.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace exists")
}

/// The binary, run in the repository's root.
pub(crate) fn rebias(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("rebias").expect("the binary is built with its tests");
    command.current_dir(root()).args(args);
    command
}

/// Standard output of a run that must succeed.
pub(crate) fn stdout(args: &[&str]) -> String {
    let output = rebias(args).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).expect("UTF-8")
}

/// Standard error of a run that must refuse its input: exit code 2, nothing on standard output, and no panic.
pub(crate) fn refusal(args: &[&str]) -> String {
    let output = rebias(args).assert().code(2);
    let output = output.get_output();
    assert!(output.stdout.is_empty(), "a refused run prints no results");
    let told = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert!(!told.contains("panicked"), "{told}");
    told
}

/// A copy of a folder's files in a scratch folder, for a test to spoil.
pub(crate) fn copy_of(folder: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a scratch folder");
    for entry in fs::read_dir(root().join(folder)).expect("a shipped folder") {
        let path = entry.expect("readable entry").path();
        if path.is_file() {
            fs::copy(&path, copy.path().join(path.file_name().expect("a file name"))).expect("copied");
        }
    }
    copy
}

/// Replaces text that must be there in a file.
pub(crate) fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).expect("readable file");
    assert!(text.contains(old), "`{old}` is not in {}", file.display());
    fs::write(file, text.replacen(old, new, 1)).expect("writable file");
}
