//! `rebias validate`: published figures beside ours.

use std::path::{Path, PathBuf};

use rebias_report::{validation_json, validation_text};
use rebias_sweep::{designs_with_figures, read_validation};
use rebias_validate::{Validation, validate};

use crate::args::{Format, Validate};
use crate::failure::Failure;

/// Where designs are, from the current folder.
const DESIGNS: &str = "arch-configs";

pub(crate) fn run(args: &Validate) -> Result<String, Failure> {
    let designs = match args.designs.as_slice() {
        [] => designs_with_figures(Path::new(DESIGNS))?,
        named => named.to_vec(),
    };
    let files = designs.iter().map(|design: &PathBuf| read_validation(design)).collect::<Result<Vec<_>, _>>()?;
    let validations = files
        .iter()
        .map(|files| validate(&files.arch, &files.costs, &files.expected, &files.networks))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::input)?;

    let output = match args.format {
        Format::Text => validation_text(&validations),
        Format::Json => validation_json(&validations),
    };
    match validations.iter().map(Validation::n_failed).sum() {
        0 => Ok(output),
        n_failed => {
            let told = format!("figures that should be as published and are not: {n_failed}");
            Err(Failure::Results { output, told })
        }
    }
}
