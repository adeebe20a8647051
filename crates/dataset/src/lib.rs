//! The layouts that image data sets come in, read into one form: labelled images of byte codes.
//!
//! Touches no files itself: the caller hands over a way to fetch a file by name. Every check names the file.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod idx;

use std::io;

pub use idx::fetch_idx;

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The images to train and calibrate on.
    Train,
    /// The images to report accuracy on.
    Test,
}

/// Labelled images of byte codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledImages {
    channels: usize,
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl LabelledImages {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels, rows and columns of an image.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// All pixels, `[image][channel][row][column]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The class of each image.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

/// Why a data set could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A file could not be fetched.
    #[error("`{file}` cannot be read: {error}")]
    Fetch {
        /// Its name.
        file: String,
        /// The system's word.
        error: io::Error,
    },
    /// Neither a file nor its `.gz` is there.
    #[error(
        "the data set has neither `{file}` nor `{file}.gz`\nhint: name the folder with the four IDX files of Fashion-MNIST"
    )]
    Missing {
        /// The name without `.gz`.
        file: String,
    },
    /// A file is not what it should be.
    #[error("`{file}` is no file of this data set: {problem}")]
    Malformed {
        /// Its name.
        file: String,
        /// What is wrong.
        problem: String,
    },
}
