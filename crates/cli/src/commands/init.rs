//! `rebias init`: commented files to start from.

use std::path::PathBuf;

use clap::Args;
use rebias_schema::Kind;
use rebias_sweep::OutputFolder;

use super::kind::parser;
use crate::failure::Failure;
use crate::help;

/// What is written, and where to.
#[derive(Debug, Args)]
#[command(after_help = help::INIT)]
pub(crate) struct Init {
    /// The folder.
    dir: PathBuf,
    /// Write this kind of file, and what it refers to where that is not there yet [default: a chip, its costs, a network
    /// and a sweep].
    #[arg(long, value_parser = parser())]
    kind: Option<Kind>,
}

pub(crate) fn run(args: &Init) -> Result<String, Failure> {
    let is_there = |kind: &&Kind| args.dir.join(kind.file_name()).exists();
    let asked = args.kind.as_ref().map_or(Kind::Sweep.with_what_it_needs(), std::slice::from_ref);
    if let Some(kind) = asked.iter().find(is_there) {
        let file = args.dir.join(kind.file_name());
        let told = format!("`{}` is there already\nhint: name another folder, or move it away", file.display());
        return Err(Failure::Input(told));
    }
    let needed = args.kind.unwrap_or(Kind::Sweep).with_what_it_needs();
    let new: Vec<_> =
        needed.iter().filter(|kind| !is_there(kind)).map(|kind| (kind.file_name(), kind.template())).collect();

    let out = OutputFolder::create(&args.dir)?;
    let files: Vec<_> = new.iter().map(|(name, text)| (name.as_str(), text.as_bytes().to_vec())).collect();
    out.write(&files)?;
    let written: Vec<_> = new.iter().map(|(name, _)| out.path().join(name).display().to_string()).collect();
    Ok(written.join("\n"))
}
