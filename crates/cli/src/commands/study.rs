//! `rebias study`: one recipe in several forms and with several seeds, and the table of what they differ in.

use std::path::Path;

use indicatif::ProgressBar;
use rebias_train::{DEBIAN_FASHION_MNIST, RunFiles, compare, read_study, run_study, text_table, write_tables};

use super::train::{Bars, failure};
use crate::args;
use crate::failure::Failure;

pub(crate) fn run(args: &args::Study) -> Result<String, Failure> {
    let (mut study, recipe) = read_study(&args.study).map_err(Failure::input)?;
    if !args.seeds.is_empty() {
        study = study.with_seeds(args.seeds.clone());
    }
    let data = args.data.as_deref().unwrap_or(Path::new(DEBIAN_FASHION_MNIST));
    let command = format!("rebias study {} --out {}", args.study.display(), args.out.display());
    let files = RunFiles { data, out: &args.out, command: &command };
    let mut bars = Bars { bar: ProgressBar::hidden() };
    let rows = run_study(&study, &recipe, &files, &mut bars).map_err(failure)?;
    bars.bar.finish_and_clear();
    let summaries = compare(&rows);
    write_tables(&rows, &summaries, &args.out).map_err(failure)?;
    Ok(format!("{}{} runs in {}", text_table(&summaries), rows.len(), args.out.display()))
}
