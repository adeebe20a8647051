//! `rebias sweep submit`: a planned sweep on a cluster.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use rebias_sweep::{Plan, SlurmScripts};

use crate::args::sweep::{Engine, Submit};
use crate::failure::Failure;

pub(super) fn run(args: &Submit) -> Result<String, Failure> {
    let folder = &args.planned.folder;
    let plan = Plan::read(folder)?;
    // What is wrong with the sweep is told here rather than in the log of each task.
    plan.read_sweep()?;
    let folder = std::fs::canonicalize(folder).map_err(Failure::input)?;
    let program = std::env::current_exe().map_err(|error| Failure::Run(error.to_string()))?;
    match args.engine {
        Engine::Slurm => slurm(&plan, (&folder, &program), &args.options),
    }
}

fn slurm(plan: &Plan, (folder, program): (&Path, &Path), options: &[String]) -> Result<String, Failure> {
    let scripts = SlurmScripts::write(plan, folder, program)?;
    let array = sbatch(options.iter().map(OsStr::new).chain([scripts.array.as_os_str()]))?;
    let dependency = format!("--dependency=afterany:{array}");
    let collect = sbatch([OsStr::new(&dependency), scripts.collect.as_os_str()])?;
    Ok(format!("job {array}: {} shards\njob {collect}: collects when they have ended", plan.shards))
}

/// Submits a job and returns its number.
fn sbatch<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> Result<String, Failure> {
    let failed = |told: &str| Failure::Run(format!("sbatch: {}", told.trim()));
    let output = Command::new("sbatch").arg("--parsable").args(args).output();
    let output = output.map_err(|error| failed(&format!("{error}\nhint: run this where Slurm's commands are")))?;
    if !output.status.success() {
        return Err(failed(&String::from_utf8_lossy(&output.stderr)));
    }
    // The number, and behind a semicolon the cluster if there are several.
    let told = String::from_utf8_lossy(&output.stdout);
    Ok(told.trim().split(';').next().unwrap_or_default().to_owned())
}
