//! The files of a run: designs and traces in, results out.
//!
//! Everything is read before anything is computed, and results appear whole or not at all: they are written beside
//! their place and renamed into it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ndarray::Array4;
use rebias_config::{Document, Faults};
use rebias_dataset::{DatasetError, LabelledImages, Split};
use rebias_network::{SampleSet, Shape, Trace, TraceFiles};

/// A design's documents, with everything that it extends laid under them.
#[derive(Clone, Debug)]
pub struct DesignFiles {
    /// The architecture.
    pub arch: Document,
    /// The cost tables.
    pub costs: Document,
}

/// Why files could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// A named file or folder is not there.
    #[error("{what} `{}` is not there\nhint: {hint}", path.display())]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the user can do.
        hint: &'static str,
    },
    /// The system refused to read.
    #[error("`{}` cannot be read: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
    /// The system refused to write.
    #[error("`{}` cannot be written: {error}\nhint: name a folder that you may write to", path.display())]
    Write {
        /// Which file or folder.
        path: PathBuf,
        /// The system's word.
        error: io::Error,
    },
    /// Another process writes the same shard of a sweep.
    #[error("`{}` is being written by another process\nhint: wait for it, or run another shard", path.display())]
    Busy {
        /// The shard's file.
        path: PathBuf,
    },
    /// A chain of `extends` comes back to where it began.
    #[error("`{}` extends itself, by way of others", path.display())]
    ExtendsItself {
        /// The file that closes the circle.
        path: PathBuf,
    },
    /// A data set is missing or malformed.
    #[error("in `{}`: {error}", folder.display())]
    Dataset {
        /// Its folder.
        folder: PathBuf,
        /// What is wrong.
        error: DatasetError,
    },
    /// A data set's images are no inputs of the network.
    #[error("the images in `{}` are {found}, and the network takes {wanted}", folder.display())]
    OtherImages {
        /// The data set's folder.
        folder: PathBuf,
        /// What its images are.
        found: Shape,
        /// What the network takes.
        wanted: Shape,
    },
    /// The files were read, but are not right.
    #[error(transparent)]
    Faults(#[from] Faults),
}

/// Reads an architecture, given as its folder or as its `arch.toml`, with what it extends.
///
/// # Errors
/// A file that is missing or unreadable, TOML syntax, an `extends` that leads back to itself.
pub fn read_design(path: &Path) -> Result<DesignFiles, FileError> {
    read_design_below(path, &mut Vec::new())
}

fn read_design_below(path: &Path, seen: &mut Vec<PathBuf>) -> Result<DesignFiles, FileError> {
    let file = if path.is_dir() { path.join("arch.toml") } else { path.to_owned() };
    let canonical = fs::canonicalize(&file).map_err(|_| FileError::Missing {
        what: "the architecture",
        path: file.clone(),
        hint: "name a folder with an `arch.toml`, such as `arch-configs/isaac-2016`",
    })?;
    if seen.contains(&canonical) {
        return Err(FileError::ExtendsItself { path: file });
    }
    seen.push(canonical);

    let folder = file.parent().unwrap_or(Path::new("."));
    let arch = read_document(&file)?;
    let costs_file = folder.join("costs.toml");
    let costs = if costs_file.exists() { Some(read_document(&costs_file)?) } else { None };
    let Some(base) = rebias_arch::extends(&arch) else {
        let costs = costs.ok_or(FileError::Missing {
            what: "the cost table",
            path: costs_file,
            hint: "a design needs a `costs.toml` beside its `arch.toml`, or one in the design that it extends",
        })?;
        return Ok(DesignFiles { arch, costs });
    };
    let base = read_design_below(&folder.join(base), seen)?;
    let costs = costs.unwrap_or(base.costs);
    Ok(DesignFiles { arch: base.arch.overlay(arch), costs })
}

/// Reads one TOML file.
///
/// # Errors
/// A file that is missing or not UTF-8, TOML syntax.
pub fn read_document(path: &Path) -> Result<Document, FileError> {
    Ok(Document::parse(path.display().to_string(), read_text(path)?)?)
}

/// Reads a trace, given as its folder or as its `trace.toml`.
///
/// # Errors
/// A file that is missing or unreadable, and everything that is wrong in them.
pub fn read_trace(path: &Path) -> Result<Trace, FileError> {
    Ok(Trace::parse(&read_trace_files(path)?)?)
}

/// Reads the files of a trace as they are.
pub(crate) fn read_trace_files(path: &Path) -> Result<TraceFiles, FileError> {
    let file = if path.is_dir() { path.join("trace.toml") } else { path.to_owned() };
    if !file.is_file() {
        return Err(FileError::Missing {
            what: "the trace",
            path: file,
            hint: "name a folder with a `trace.toml`, such as `traces/fmnist-cnn-w2a2`",
        });
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    Ok(TraceFiles::fetch(&folder.display().to_string(), |name| fs::read(folder.join(name)))?)
}

/// Puts a data set's test images in place of a trace's samples.
///
/// # Errors
/// Files that are missing or not of the data set's layout, images that are no inputs of the network.
pub fn take_test_set(trace: &mut Trace, folder: &Path) -> Result<(), FileError> {
    let images = read_data(folder, Split::Test)?;
    let [channels, height, width] = images.shape();
    let (found, wanted) = (Shape::new(channels, height, width), trace.network.input_shape());
    let inputs = Array4::from_shape_vec((images.len(), channels, height, width), images.pixels().to_vec());
    let other = || FileError::OtherImages { folder: folder.to_owned(), found, wanted };
    let inputs = inputs.ok().filter(|_| found == wanted).ok_or_else(other)?;
    let labels = images.labels().iter().map(|&label| u16::from(label)).collect();
    trace.samples = Some(SampleSet { inputs, labels: Some(labels), expected: None });
    Ok(())
}

/// Reads one split of a data set from a folder with its files.
///
/// # Errors
/// Files that are missing or not of the data set's layout.
pub fn read_data(folder: &Path, split: Split) -> Result<LabelledImages, FileError> {
    let mut fetch = |name: &str| match fs::read(folder.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    rebias_dataset::detect(split, |name| folder.join(name).exists())
        .and_then(|layout| rebias_dataset::fetch(layout, split, &mut fetch))
        .map_err(|error| FileError::Dataset { folder: folder.to_owned(), error })
}

/// Reads a file of text.
///
/// # Errors
/// A file that is missing, unreadable or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            return FileError::Read { path: path.to_owned(), error };
        }
        let hint = "check the path; it is taken from the current folder";
        FileError::Missing { what: "the file", path: path.to_owned(), hint }
    })
}

/// A folder for results, known to be writable before anything is computed.
#[derive(Debug)]
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Makes the folder, if it is not there, and tries whether it can be written to.
    ///
    /// # Errors
    /// [`FileError::Write`] if not.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let failed = |error| FileError::Write { path: path.to_owned(), error };
        fs::create_dir_all(path).map_err(failed)?;
        temporary_in(path).map_err(failed)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes files of the given names. Each is whole: all are written beside their places first and then renamed.
    ///
    /// # Errors
    /// [`FileError::Write`]; files not yet renamed are removed.
    pub fn write(&self, files: &[(&str, Vec<u8>)]) -> Result<(), FileError> {
        let mut written = Vec::new();
        for (name, bytes) in files {
            let place = self.path.join(name);
            let failed = |error| FileError::Write { path: place.clone(), error };
            let mut file = temporary_in(&self.path).map_err(failed)?;
            file.write_all(bytes).map_err(failed)?;
            file.as_file().sync_all().map_err(failed)?;
            written.push((file, place));
        }
        for (file, place) in written {
            file.persist(&place).map_err(|failure| FileError::Write { path: place.clone(), error: failure.error })?;
        }
        Ok(())
    }
}

/// Writes one file, whole: beside its place first, and then renamed.
///
/// # Errors
/// [`FileError::Write`].
pub fn write_file(path: &Path, bytes: Vec<u8>) -> Result<(), FileError> {
    let failed = |error| FileError::Write { path: path.to_owned(), error };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    OutputFolder { path: folder.to_owned() }.write(&[(name, bytes)])
}

/// A file that vanishes unless it is renamed, with the permissions of any new file.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_renamed_into_place_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = OutputFolder::create(&folder.path().join("a/b")).expect("a new folder");
        out.write(&[("x.csv", b"1".to_vec()), ("y.csv", b"2".to_vec())]).expect("written");
        let mut names: Vec<_> = fs::read_dir(out.path())
            .expect("readable")
            .map(|entry| entry.expect("readable").file_name().into_string().expect("utf-8"))
            .collect();
        names.sort();
        assert_eq!(names, ["x.csv", "y.csv"]);
    }

    #[test]
    fn a_file_where_the_folder_should_be_is_an_error_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("taken");
        fs::write(&path, "").expect("written");
        assert!(matches!(OutputFolder::create(&path), Err(FileError::Write { .. })));
    }

    #[test]
    fn a_design_that_extends_itself_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("arch.toml"), "extends = \".\"\n").expect("written");
        assert!(matches!(read_design(folder.path()), Err(FileError::ExtendsItself { .. })));
    }
}
