//! `rebias schema`: what a kind of file may hold, for editors and for people.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rebias_schema::{Kind, json_schema, reference};
use rebias_sweep::OutputFolder;

use super::kind::parser;
use crate::failure::Failure;
use crate::help;

/// What is written, and where to.
#[derive(Debug, Args)]
#[command(after_help = help::SCHEMA)]
pub(crate) struct Schema {
    /// The kind of file [default: all, with `--out`].
    #[arg(value_parser = parser(), required_unless_present = "out")]
    kind: Option<Kind>,
    /// For editors, or for people.
    #[arg(long, value_enum, default_value_t = Form::Json)]
    format: Form,
    /// Write into this folder, one file a kind.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Whom it is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// JSON Schema, draft 7.
    Json,
    /// A reference of every key.
    Markdown,
}

impl Form {
    fn write(self, kind: Kind) -> String {
        match self {
            Form::Json => format!("{:#}\n", json_schema(kind)),
            Form::Markdown => reference(kind),
        }
    }

    fn file_name(self, kind: Kind) -> String {
        match self {
            Form::Json => format!("{}.schema.json", kind.name()),
            Form::Markdown => format!("{}.md", kind.name()),
        }
    }
}

pub(crate) fn run(args: &Schema) -> Result<String, Failure> {
    let kinds = args.kind.as_ref().map_or(Kind::ALL, std::slice::from_ref);
    let Some(out) = &args.out else {
        return Ok(kinds.iter().map(|&kind| args.format.write(kind)).collect());
    };
    let out = OutputFolder::create(out)?;
    let files: Vec<_> =
        kinds.iter().map(|&kind| (args.format.file_name(kind), args.format.write(kind).into_bytes())).collect();
    let named: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    out.write(&named)?;
    let written: Vec<_> = files.iter().map(|(name, _)| out.path().join(name).display().to_string()).collect();
    Ok(written.join("\n"))
}
