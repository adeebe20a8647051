//! The files of a trace, without a file system.

use std::io;

use rebias_config::{Faults, Problem};

/// Layers and provenance.
pub const TRACE_FILE: &str = "trace.toml";
/// Codes, thresholds and scales.
pub const TENSORS_FILE: &str = "tensors.safetensors";
/// Test images.
pub const SAMPLES_FILE: &str = "samples.safetensors";
/// Training images.
pub const CALIBRATION_FILE: &str = "calibration.safetensors";

/// What a file holds, and the name it goes by in faults, usually its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<C> {
    /// The name.
    pub name: String,
    /// What it holds.
    pub content: C,
}

/// The files of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFiles {
    /// `trace.toml`.
    pub toml: Named<String>,
    /// `tensors.safetensors`; none in a shape-only trace.
    pub tensors: Option<Named<Vec<u8>>>,
    /// `samples.safetensors`.
    pub samples: Option<Named<Vec<u8>>>,
    /// `calibration.safetensors`.
    pub calibration: Option<Named<Vec<u8>>>,
}

impl TraceFiles {
    /// Collects the files of the trace that goes by `folder` in faults; `fetch` gets a file's name in it, and says
    /// [`io::ErrorKind::NotFound`] where there is none.
    ///
    /// # Errors
    ///
    /// If there is no `trace.toml`, it is not UTF-8, or a file cannot be read.
    pub fn fetch(folder: &str, mut fetch: impl FnMut(&str) -> io::Result<Vec<u8>>) -> Result<Self, Faults> {
        let path_of = |file: &str| format!("{}/{file}", folder.trim_end_matches('/'));
        let mut optional = |file: &str| match fetch(file) {
            Ok(content) => Ok(Some(Named { name: path_of(file), content })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Faults::in_file(path_of(file), Problem::new(format!("cannot be read: {error}")))),
        };
        let Some(Named { name, content }) = optional(TRACE_FILE)? else {
            let problem = Problem::new("there is no such file").hint("a trace is a folder with a `trace.toml`");
            return Err(Faults::in_file(path_of(TRACE_FILE), problem));
        };
        let content = String::from_utf8(content)
            .map_err(|error| Faults::in_file(&name, Problem::new(format!("is not UTF-8: {}", error.utf8_error()))))?;
        Ok(Self {
            toml: Named { name, content },
            tensors: optional(TENSORS_FILE)?,
            samples: optional(SAMPLES_FILE)?,
            calibration: optional(CALIBRATION_FILE)?,
        })
    }

    /// All files as bytes, `trace.toml` first.
    pub fn into_bytes(self) -> Vec<Named<Vec<u8>>> {
        let toml = Named { name: self.toml.name, content: self.toml.content.into_bytes() };
        [Some(toml), self.tensors, self.samples, self.calibration].into_iter().flatten().collect()
    }
}
