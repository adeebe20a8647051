//! The images of a run, read from the folder of a data set.

use std::path::Path;
use std::{fs, io};

use rebias_dataset::{Layout, Split, fetch};
use rebias_recipe::Data;

use crate::TrainError;

/// Images of one size with their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageSet {
    /// Channels, rows and columns of an image.
    pub(crate) shape: [usize; 3],
    /// `[image][channel][row][column]`, raw codes 0 … 255.
    pub(crate) pixels: Vec<u8>,
    /// One class for each image.
    pub(crate) labels: Vec<u8>,
}

impl ImageSet {
    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Pixels of one image, `[channel][row][column]`.
    pub(crate) fn image(&self, index: usize) -> &[u8] {
        let len: usize = self.shape.iter().product();
        &self.pixels[index * len..(index + 1) * len]
    }

    /// Reads one half of the data set in `dir`, for a network that tells `classes` classes apart.
    pub(crate) fn read(dir: &Path, data: &Data, split: Split, classes: usize) -> Result<Self, TrainError> {
        let in_dir = |source| TrainError::Data { dir: dir.to_path_buf(), source };
        let mut damaged = None;
        let mut bring = |name: &str| match fs::read(dir.join(name)) {
            Ok(bytes) => {
                damaged = damaged.take().or(data.checksums.verify(name, &bytes).err());
                Ok(Some(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let set = fetch(data.layout, split, &mut bring);
        // Says what is wrong with a damaged file, whatever the damage leads to.
        let set = damaged.map_or(set, Err).map_err(in_dir)?;
        if data.layout != Layout::Idx && data.layout.n_classes() != classes {
            let known = data.layout.n_classes();
            let fault = format!("{} layout has {known} classes, and the network tells {classes} apart", data.layout);
            return Err(TrainError::Mismatch(fault));
        }
        if let Some(index) = set.labels().iter().position(|&label| usize::from(label) >= classes) {
            let label = set.labels()[index];
            return Err(TrainError::Mismatch(format!("image {index} has label {label}, of {classes} classes")));
        }
        Ok(Self { shape: set.shape(), pixels: set.pixels().to_vec(), labels: set.labels().to_vec() })
    }
}
