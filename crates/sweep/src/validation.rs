//! The files of a validation: a design, its `expected.toml`, the traces that its figures need.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rebias_arch::Arch;
use rebias_cost::Costs;
use rebias_network::Network;
use rebias_validate::Expected;

use crate::{FileError, read_design, read_document, read_trace};

/// A design's published figures.
const EXPECTED: &str = "expected.toml";

/// A design with its published figures and all that they need.
#[derive(Clone, Debug)]
pub struct ValidationFiles {
    /// The architecture.
    pub arch: Arch,
    /// Its cost table.
    pub costs: Costs,
    /// Its published figures.
    pub expected: Expected,
    /// The network of each trace that figures name.
    pub networks: BTreeMap<String, Network>,
}

/// Reads a design, given as its folder or as its `arch.toml`, for validation. What it extends gives architecture and
/// costs, but no figures.
///
/// # Errors
/// Files that are missing, unreadable or wrong.
pub fn read_validation(path: &Path) -> Result<ValidationFiles, FileError> {
    let design = read_design(path)?;
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    let arch = Arch::parse(&design.arch)?;
    let costs = Costs::parse(&design.costs, &arch)?;
    let file = folder.join(EXPECTED);
    if !file.is_file() {
        return Err(FileError::Missing {
            what: "the table of published figures",
            path: file,
            hint: "name a design's folder with an `expected.toml`, such as `arch-configs/isaac-2016`",
        });
    }
    let expected = Expected::parse(&read_document(&file)?, &arch, &costs)?;
    let mut networks = BTreeMap::new();
    for trace in expected.traces() {
        networks.insert(trace.to_owned(), read_trace(&folder.join(trace))?.network);
    }
    Ok(ValidationFiles { arch, costs, expected, networks })
}

/// The designs below a folder that have published figures, by name.
///
/// # Errors
/// A folder that cannot be read, or in which no design has any.
pub fn designs_with_figures(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let missing = || FileError::Missing {
        what: "a design with an `expected.toml` in",
        path: folder.to_owned(),
        hint: "run in the folder that has `arch-configs`, or name designs",
    };
    let entries = fs::read_dir(folder).map_err(|_| missing())?;
    let mut designs: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.join(EXPECTED).is_file()).collect();
    if designs.is_empty() {
        return Err(missing());
    }
    designs.sort();
    Ok(designs)
}
