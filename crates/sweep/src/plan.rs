//! What a sweep's folder is for: the sweep, the data set, and how many shards there are.
//!
//! ```text
//! <folder>/plan.toml     which sweep; written once
//!          rows/         what has been computed
//!          results.csv   all of it in the grid's order
//! ```

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use rebias_config::Faults;

use crate::{FileError, OutputFolder, Sweep, SweepError, read_document};

/// The file of a plan.
const PLAN: &str = "plan.toml";
/// Shards at most; more is a slip of the pen.
const MAX_SHARDS: i64 = 100_000;

/// Which sweep a folder holds, and in how many shards it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The sweep's TOML.
    sweep: PathBuf,
    /// A data set whose test images are in place of the traces' samples.
    data: Option<PathBuf>,
    /// In how many shards it is run.
    pub shards: NonZeroU32,
    /// Hash of its points.
    points: String,
}

impl Plan {
    /// A plan to run a sweep, which has been read from a file with a data set.
    ///
    /// # Errors
    /// Paths that lead nowhere.
    pub fn new(sweep: &Sweep, (file, data): (&Path, Option<&Path>), shards: NonZeroU32) -> Result<Self, FileError> {
        let absolute =
            |path: &Path| fs::canonicalize(path).map_err(|error| FileError::Read { path: path.to_owned(), error });
        Ok(Self {
            sweep: absolute(file)?,
            data: data.map(absolute).transpose()?,
            shards,
            points: sweep.fingerprint().to_string(),
        })
    }

    /// Whether a folder has a plan.
    pub fn exists(folder: &Path) -> bool {
        folder.join(PLAN).is_file()
    }

    /// Reads a folder's plan.
    ///
    /// # Errors
    /// A folder without a plan, or one that is no plan.
    pub fn read(folder: &Path) -> Result<Self, FileError> {
        let path = folder.join(PLAN);
        if !path.is_file() {
            let hint = "`rebias sweep plan SWEEP.toml --out DIR` makes one";
            return Err(FileError::Missing { what: "the plan of a sweep", path, hint });
        }
        let read: Result<Self, Faults> = read_document(&path)?.read(|table| {
            let sweep = table.string("sweep");
            let data = table.optional_string("data");
            let shards = table.integer::<u32>("shards", 1..=MAX_SHARDS);
            let points = table.string("points");
            Some(Self {
                sweep: sweep?.into(),
                data: data?.map(Into::into),
                shards: NonZeroU32::new(shards?)?,
                points: points?,
            })
        });
        Ok(read?)
    }

    /// Writes the plan into its folder.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(&self, folder: &OutputFolder) -> Result<(), FileError> {
        let quoted = |path: &Path| toml::Value::String(path.display().to_string()).to_string();
        let data = self.data.as_deref().map_or_else(String::new, |data| format!("data = {}\n", quoted(data)));
        let text = format!(
            "# Of `rebias sweep`: which sweep this folder holds.\nsweep = {}\n{data}shards = {}\npoints = \"{}\"\n",
            quoted(&self.sweep),
            self.shards,
            self.points,
        );
        folder.write(&[(PLAN, text.into_bytes())])
    }

    /// Reads the sweep that is planned.
    ///
    /// # Errors
    /// Those of reading a sweep, and a sweep whose points are no longer those that were planned.
    pub fn read_sweep(&self) -> Result<Sweep, SweepError> {
        let sweep = Sweep::read_with_data(&self.sweep, self.data.as_deref())?;
        if sweep.fingerprint().to_string() == self.points { Ok(sweep) } else { Err(SweepError::Changed) }
    }

    /// The sweep's TOML.
    pub fn sweep(&self) -> &Path {
        &self.sweep
    }
}
