//! `rebias check`: is a file right?

use std::path::{Path, PathBuf};

use clap::Args;
use rebias_arch::{Arch, read_devices};
use rebias_cost::Costs;
use rebias_plot::Spec;
use rebias_recipe::{Recipe, Study};
use rebias_schema::Kind;
use rebias_sweep::{Sweep, read_design, read_document, read_trace, read_validation};

use super::kind::parser;
use super::sweep::expectation;
use crate::failure::Failure;
use crate::help;

/// What is checked.
#[derive(Debug, Args)]
#[command(after_help = help::CHECK)]
pub(crate) struct Check {
    /// Files, or folders with files of the usual names; what a file refers to is read too.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// What the files are [default: told from their names, or from what they hold].
    #[arg(long, value_parser = parser())]
    kind: Option<Kind>,
    /// Of a sweep: time it with the test images of this data set (a folder of IDX or CIFAR files).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Of a sweep: rows that are in this folder need not be computed, and tell the time that the others take.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Check) -> Result<String, Failure> {
    let (mut valid, mut wrong) = (Vec::new(), Vec::new());
    for path in &args.paths {
        for (file, kind) in files(path, args.kind)? {
            match check(args, (&file, kind)) {
                Ok(found) => valid.push(format!("{}: {found}", file.display())),
                Err(failure) => wrong.push(failure.to_string()),
            }
        }
    }
    if wrong.is_empty() { Ok(valid.join("\n")) } else { Err(Failure::Input(wrong.join("\n\n"))) }
}

/// A file with its kind, or all files of a folder.
fn files(path: &Path, kind: Option<Kind>) -> Result<Vec<(PathBuf, Kind)>, Failure> {
    if !path.is_dir() {
        return Ok(vec![(path.to_owned(), kind.map_or_else(|| kind_of(path), Ok)?)]);
    }
    let kinds = Kind::ALL.iter().filter(|&&one| kind.is_none_or(|kind| kind == one));
    let files: Vec<_> =
        kinds.map(|kind| (path.join(kind.file_name()), *kind)).filter(|(file, _)| file.is_file()).collect();
    if files.is_empty() {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.file_name())).collect();
        let told =
            format!("there is nothing to check in `{}`\nhint: files are named {}", path.display(), names.join(", "));
        return Err(Failure::Input(told));
    }
    Ok(files)
}

fn kind_of(path: &Path) -> Result<Kind, Failure> {
    let named = path.file_name().and_then(|name| Kind::ALL.iter().find(|kind| name == kind.file_name().as_str()));
    if let Some(&kind) = named {
        return Ok(kind);
    }
    Kind::of(&read_document(path)?).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
        Failure::Input(format!(
            "`{}` does not look like any kind of file\nhint: name its kind with `--kind`: {}",
            path.display(),
            names.join(", ")
        ))
    })
}

/// What a valid file holds.
fn check(args: &Check, (file, kind): (&Path, Kind)) -> Result<String, Failure> {
    // A file without a folder stands in the current one.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(match kind {
        Kind::Arch => format!("a valid chip, {}", Arch::parse(&read_design(file)?.arch)?.name()),
        Kind::Costs => {
            let design = read_design(folder)?;
            let costs = Costs::parse(&read_document(file)?, &Arch::parse(&design.arch)?)?;
            format!("a valid cost table of {} rows", costs.rows().len())
        }
        Kind::Expected => format!("a valid table of {} figures", read_validation(folder)?.expected.figures.len()),
        Kind::Trace => {
            let network = read_trace(file)?.network;
            format!("a valid network of {} layers, {}", network.layers().len(), network.name())
        }
        Kind::Sweep => {
            let sweep = Sweep::read_with_data(file, args.data.as_deref())?;
            format!("a valid sweep of {} points\n{}", sweep.n_points(), expectation(&sweep, args.out.as_deref())?)
        }
        Kind::Plot => format!("a valid plot: {}", Spec::parse(&read_document(file)?)?),
        Kind::Recipe => {
            let recipe = Recipe::parse(&read_document(file)?)?;
            format!("a valid recipe of {} layers, {}", recipe.layers.len(), recipe.name)
        }
        Kind::Study => {
            let study = Study::parse(&read_document(file)?)?;
            let recipe = read_document(&folder.join(&study.recipe))?;
            let runs: Result<Vec<_>, _> = study.seeds.iter().map(|&seed| study.runs(&recipe, seed)).collect();
            format!("a valid study of {} runs", runs?.iter().map(Vec::len).sum::<usize>())
        }
        Kind::Devices => format!("a valid table of {} devices", read_devices(&read_document(file)?)?.len()),
    })
}
