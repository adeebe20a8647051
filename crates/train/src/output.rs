//! The folder of a trace, there as a whole or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rebias_network::{Named, TraceFiles};
use tempfile::TempDir;

use crate::TrainError;

/// A folder that is filled beside its final place and then moved there; dropped before, it vanishes.
#[derive(Debug)]
pub(crate) struct OutputFolder {
    target: PathBuf,
    temporary: TempDir,
}

impl OutputFolder {
    /// Makes sure, before hours of training, that `target` is free and can be written.
    pub(crate) fn reserve(target: &Path) -> Result<Self, TrainError> {
        if target.exists() {
            return Err(TrainError::OutputExists { path: target.to_path_buf() });
        }
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |action, path: &Path, source| TrainError::File { action, path: path.to_path_buf(), source };
        fs::create_dir_all(parent).map_err(|source| failed("create", parent, source))?;
        let temporary = tempfile::Builder::new().prefix(".rebias-train-").tempdir_in(parent);
        let temporary = temporary.map_err(|source| failed("create a folder in", parent, source))?;
        Ok(Self { target: target.to_path_buf(), temporary })
    }

    /// Writes the files and moves the folder to its place.
    pub(crate) fn publish(self, files: TraceFiles) -> Result<(), TrainError> {
        for Named { name, content } in files.into_bytes() {
            let path = self.temporary.path().join(name);
            fs::write(&path, content).map_err(|source| TrainError::File { action: "write", path, source })?;
        }
        readable_by_all(self.temporary.path())?;
        let failed = |source| TrainError::File { action: "create", path: self.target.clone(), source };
        fs::rename(self.temporary.path(), &self.target).map_err(failed)?;
        Ok(())
    }
}

/// Writes a file as a whole or not at all.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), TrainError> {
    let failed = |source| TrainError::File { action: "write", path: path.to_path_buf(), source };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(parent).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary folders are their owner's alone; a trace is like any other folder.
#[cfg(unix)]
fn readable_by_all(folder: &Path) -> Result<(), TrainError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(|source| TrainError::File {
        action: "change the permissions of",
        path: folder.to_path_buf(),
        source,
    })
}

#[cfg(not(unix))]
fn readable_by_all(_: &Path) -> Result<(), TrainError> {
    Ok(())
}
