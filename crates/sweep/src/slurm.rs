//! Scripts for Slurm: an array with a task for each shard, and a job behind it that collects.

use std::path::{Path, PathBuf};

use crate::{FileError, OutputFolder, Plan};

/// The folder of scripts and logs.
const FOLDER: &str = "slurm";

/// What to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlurmScripts {
    /// The array job's script.
    pub array: PathBuf,
    /// The script of the job that collects; it depends on the array with `afterany`.
    pub collect: PathBuf,
}

impl SlurmScripts {
    /// Writes the scripts for a planned sweep into its folder; `program` is the binary that they run.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(plan: &Plan, folder: &Path, program: &Path) -> Result<Self, FileError> {
        let out = OutputFolder::create(&folder.join(FOLDER))?;
        let (array, collect) = ("array.sh", "collect.sh");
        let texts = [(array, array_script(plan, folder, program)), (collect, collect_script(folder, program))];
        out.write(&texts.map(|(name, text)| (name, text.into_bytes())))?;
        Ok(Self { array: out.path().join(array), collect: out.path().join(collect) })
    }
}

/// A task has as many threads as CPUs, and finishes the point in hand when its time is nearly up.
fn array_script(plan: &Plan, folder: &Path, program: &Path) -> String {
    let (shards, logs) = (plan.shards, folder.join(FOLDER));
    format!(
        "#!/bin/sh\n#SBATCH --job-name=rebias-sweep\n#SBATCH --array=1-{shards}\n#SBATCH --output=\"{}/%A-%a.log\"\n\
         #SBATCH --signal=B:TERM@60\nexec {} --threads \"${{SLURM_CPUS_PER_TASK:-1}}\" \\\n  sweep run {} --shard \
         \"$SLURM_ARRAY_TASK_ID/{shards}\"\n",
        logs.display(),
        quoted(program),
        quoted(folder),
    )
}

fn collect_script(folder: &Path, program: &Path) -> String {
    format!(
        "#!/bin/sh\n#SBATCH --job-name=rebias-collect\n#SBATCH --output=\"{}/%j-collect.log\"\nexec {} sweep collect {}\n",
        folder.join(FOLDER).display(),
        quoted(program),
        quoted(folder),
    )
}

/// A word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_each() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
