//! The trace format: a network with its tensors and images, in files that any trainer can write.
//!
//! ```text
//! trace.toml               layers, provenance          must be there
//! tensors.safetensors      codes, thresholds, scales   without: a shape-only network
//! samples.safetensors      test images                 optional
//! calibration.safetensors  training images             optional
//! ```
//! `docs/trace-format.md` describes it for those who write one.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod files;
mod images;
mod layer_tensors;
mod manifest;
mod provenance;
mod samples;
mod tensor_file;
mod write;

pub use files::{CALIBRATION_FILE, Named, SAMPLES_FILE, TENSORS_FILE, TRACE_FILE, TraceFiles};
pub use provenance::{Accuracies, Provenance};
pub use samples::SampleSet;

use rebias_config::{Document, Faults};

use crate::Network;

/// Version of the format that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

/// A network with where it comes from and images to run on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The network.
    pub network: Network,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Test images.
    pub samples: Option<SampleSet>,
    /// Training images, on which the ranges of ADCs may be set.
    pub calibration: Option<SampleSet>,
}

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    ///
    /// All faults of `trace.toml`, each with its line; or else all faults of the tensors and images, each with file,
    /// tensor, value and legal range.
    pub fn parse(files: &TraceFiles) -> Result<Self, Faults> {
        let document = Document::parse(&files.toml.name, &files.toml.content)?;
        let manifest = document.read(|root| manifest::read(root, files))?;
        let shapes = &manifest.network;
        let images = |file: &Option<Named<Vec<u8>>>| file.as_ref().map(|file| images::read(file, shapes)).transpose();
        let (samples, calibration) = (images(&files.samples), images(&files.calibration));
        let network = match &files.tensors {
            Some(file) => layer_tensors::read(file, &manifest),
            None => Ok(manifest.network.clone()),
        };
        match (network, samples, calibration) {
            (Ok(network), Ok(samples), Ok(calibration)) => {
                Ok(Self { network, provenance: manifest.provenance, samples, calibration })
            }
            (network, samples, calibration) => {
                let faults = [network.err(), samples.err(), calibration.err()].into_iter().flatten();
                Err(faults.reduce(Faults::merge).unwrap_or_else(|| Faults::plain("the trace cannot be read")))
            }
        }
    }

    /// Reads the layers of a `trace.toml` by itself, without tensors and images.
    ///
    /// # Errors
    ///
    /// All faults of the document.
    pub fn parse_layers(document: &Document) -> Result<Network, Faults> {
        let toml = Named { name: TRACE_FILE.to_owned(), content: String::new() };
        let files = TraceFiles { toml, tensors: None, samples: None, calibration: None };
        document.read(|root| manifest::read(root, &files)).map(|manifest| manifest.network)
    }

    /// Writes the trace: equal traces give equal bytes. The files go by their plain names.
    ///
    /// # Errors
    ///
    /// What [`Trace::parse`] has against the files, such as images that are no inputs of the network.
    pub fn render(&self) -> Result<TraceFiles, Faults> {
        let files = write::files(self)?;
        Self::parse(&files)?;
        Ok(files)
    }
}
