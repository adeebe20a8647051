//! The images of a run, read from a folder with the four IDX files of a data set.

use std::path::Path;
use std::{fs, io};

use rebias_dataset::{Split, fetch_idx};

use crate::TrainError;

/// Grey images of one size with their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageSet {
    /// Rows of an image.
    pub(crate) height: usize,
    /// Columns of an image.
    pub(crate) width: usize,
    /// `[image][row][column]`, raw codes 0 … 255.
    pub(crate) pixels: Vec<u8>,
    /// One class for each image.
    pub(crate) labels: Vec<u8>,
}

impl ImageSet {
    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Pixels of one image, row by row.
    pub(crate) fn image(&self, index: usize) -> &[u8] {
        let len = self.height * self.width;
        &self.pixels[index * len..(index + 1) * len]
    }

    /// Reads one half of the data set in `dir`, for a network that tells `classes` classes apart.
    pub(crate) fn read(dir: &Path, split: Split, classes: usize) -> Result<Self, TrainError> {
        let mut fetch = |name: &str| match fs::read(dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let set = fetch_idx(split, &mut fetch).map_err(|source| TrainError::Data { dir: dir.to_path_buf(), source })?;
        if let Some(index) = set.labels().iter().position(|&label| usize::from(label) >= classes) {
            let label = set.labels()[index];
            return Err(TrainError::Mismatch(format!("image {index} has label {label}, of {classes} classes")));
        }
        let [_, height, width] = set.shape();
        Ok(Self { height, width, pixels: set.pixels().to_vec(), labels: set.labels().to_vec() })
    }
}
