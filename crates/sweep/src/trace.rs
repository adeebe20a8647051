//! Traces of a sweep, with what tells them from others.

use std::path::Path;

use rebias_arch::Fingerprint;
use rebias_network::{SampleSet, Trace};

use crate::files::read_trace_files;
use crate::{FileError, take_test_set};

/// A trace and the fingerprint of all of it that results depend on.
#[derive(Debug)]
pub struct FingerprintedTrace {
    /// The trace.
    pub trace: Trace,
    /// Of its files and, in place of its samples, of a data set's images.
    pub fingerprint: Fingerprint,
}

impl FingerprintedTrace {
    /// Reads a trace; with a data set, its test images are in place of the trace's samples.
    ///
    /// # Errors
    /// Files that are missing, unreadable or wrong.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self, FileError> {
        let mut files = read_trace_files(path)?;
        let mut trace = Trace::parse(&files)?;
        let mut images = None;
        if let Some(data) = data {
            take_test_set(&mut trace, data)?;
            files.samples = None;
            images = trace.samples.as_ref().map(bytes_of_images);
        }
        let files = files.into_bytes().into_iter().map(|file| file.content);
        Ok(Self { fingerprint: Fingerprint::of(files.chain(images)), trace })
    }

    /// The images that values are computed of; `None` for a trace without tensors or images.
    pub(crate) fn samples(&self) -> Option<&SampleSet> {
        self.trace.samples.as_ref().filter(|_| !self.trace.network.is_shape_only())
    }
}

/// Pixels, then labels.
fn bytes_of_images(samples: &SampleSet) -> Vec<u8> {
    let labels = samples.labels.iter().flatten().flat_map(|label| label.to_le_bytes());
    samples.inputs.iter().copied().chain(labels).collect()
}
