//! The layouts that image data sets come in, read into one form: labelled images of byte codes.
//!
//! Touches no files itself: the caller hands over a way to fetch a file by name. Every check names the file.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod checksums;
mod cifar;
mod idx;

use std::fmt;
use std::io::{self, Read};

use flate2::read::GzDecoder;

pub use checksums::Checksums;
use cifar::Cifar;

/// Bytes of an unpacked file at most: seven times CIFAR-100's training images.
const MAX_BYTES: u64 = 1 << 30;

/// Brings a file by name; `Ok(None)`: it is not there.
pub type Fetch<'a> = dyn FnMut(&str) -> io::Result<Option<Vec<u8>>> + 'a;

/// How a data set lies in its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The IDX layout of MNIST and Fashion-MNIST.
    Idx,
    /// The binary layout of CIFAR-10.
    Cifar10,
    /// The binary layout of CIFAR-100; classes are the fine ones.
    Cifar100,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Idx, Self::Cifar10, Self::Cifar100];

    /// Number of classes.
    pub fn n_classes(self) -> usize {
        match self {
            Self::Idx | Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    /// Whether a file of this name, plain or gzipped, is one of a data set in this layout.
    pub fn has_file(self, name: &str) -> bool {
        let plain = name.strip_suffix(".gz").unwrap_or(name);
        [Split::Train, Split::Test].into_iter().any(|split| self.files(split).iter().any(|file| file == plain))
    }

    /// The files of a split, without `.gz`.
    fn files(self, split: Split) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        match self {
            Self::Idx => idx::files(split).to_vec(),
            Self::Cifar10 => owned(Cifar::Ten.files(split)),
            Self::Cifar100 => owned(Cifar::Hundred.files(split)),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idx => "MNIST's (IDX)",
            Self::Cifar10 => "CIFAR-10's",
            Self::Cifar100 => "CIFAR-100's",
        })
    }
}

/// Reads one split of a data set.
///
/// # Errors
/// A file that is missing, truncated, too long, of another layout, with labels that are no classes, or whose number of
/// labels is not the number of images.
pub fn fetch(layout: Layout, split: Split, fetch: &mut Fetch<'_>) -> Result<LabelledImages, DatasetError> {
    match layout {
        Layout::Idx => idx::read(split, fetch),
        Layout::Cifar10 => Cifar::Ten.read(split, fetch),
        Layout::Cifar100 => Cifar::Hundred.read(split, fetch),
    }
}

/// The layout of which some file of a split is there; `is_there` looks for one by name.
///
/// # Errors
/// [`DatasetError::Unknown`] if there is none.
pub fn detect(split: Split, is_there: impl Fn(&str) -> bool) -> Result<Layout, DatasetError> {
    let has_some =
        |layout: &Layout| layout.files(split).iter().any(|file| forms(file).iter().any(|name| is_there(name)));
    Layout::ALL.into_iter().find(has_some).ok_or(DatasetError::Unknown)
}

/// A file's names, plain and gzipped.
fn forms(file: &str) -> [String; 2] {
    [file.to_owned(), format!("{file}.gz")]
}

/// The bytes of a file, from its plain or its gzipped form.
fn unpacked(file: &str, layout: Layout, fetch: &mut Fetch<'_>) -> Result<Vec<u8>, DatasetError> {
    for name in forms(file) {
        let fetched = fetch(&name).map_err(|error| DatasetError::Fetch { file: name.clone(), error })?;
        let Some(bytes) = fetched else { continue };
        // No plain file of a known layout begins like this: 31 is neither the first byte of IDX nor a CIFAR label.
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            return Ok(bytes);
        }
        let mut plain = Vec::new();
        let broken =
            |error| DatasetError::Malformed { file: name, problem: format!("its gzip stream is broken: {error}") };
        GzDecoder::new(bytes.as_slice()).take(MAX_BYTES).read_to_end(&mut plain).map_err(broken)?;
        return Ok(plain);
    }
    Err(DatasetError::Missing { file: file.to_owned(), layout })
}

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
        "the data set has neither `{file}` nor `{file}.gz`\nhint: name the folder with {}",
        file_names(*layout)
    )]
    Missing {
        /// The name without `.gz`.
        file: String,
        /// What was to be read.
        layout: Layout,
    },
    /// There is no file of any known data set.
    #[error(
        "no data set is there\nhint: name a folder with the files of MNIST or Fashion-MNIST, CIFAR-10 or CIFAR-100: {}",
        Layout::ALL.map(file_names).join("; ")
    )]
    Unknown,
    /// A file is another one than was asked for.
    #[error(
        "`{file}` has the SHA-256 checksum {found}, and {expected} was asked for\nhint: fetch the file again, or correct \
         the checksum"
    )]
    Checksum {
        /// Its name.
        file: String,
        /// Of the bytes that are there, in hexadecimal digits.
        found: String,
        /// What was asked for.
        expected: String,
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

/// All files of a layout, for a message.
pub fn file_names(layout: Layout) -> String {
    let files = [Split::Train, Split::Test].into_iter().flat_map(|split| layout.files(split));
    files.map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[&str], split: Split) -> Result<Layout, DatasetError> {
        detect(split, |name| files.contains(&name))
    }

    #[test]
    fn a_folder_has_the_layout_of_its_files() {
        assert_eq!(found(&["t10k-labels-idx1-ubyte.gz"], Split::Test).unwrap(), Layout::Idx);
        assert_eq!(found(&["test_batch.bin"], Split::Test).unwrap(), Layout::Cifar10);
        // What is missing of it is told when it is read.
        assert_eq!(found(&["data_batch_4.bin"], Split::Train).unwrap(), Layout::Cifar10);
        assert_eq!(found(&["train.bin", "test.bin"], Split::Train).unwrap(), Layout::Cifar100);
    }

    #[test]
    fn a_layout_knows_its_files_in_both_forms() {
        for name in ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"] {
            assert!(Layout::Idx.has_file(name) && !Layout::Cifar10.has_file(name), "{name}");
        }
        assert!(Layout::Cifar10.has_file("data_batch_5.bin") && !Layout::Cifar10.has_file("data_batch_6.bin"));
        assert!(Layout::Cifar100.has_file("train.bin.gz") && !Layout::Cifar100.has_file("train.bin.gz.gz"));
    }

    #[test]
    fn a_folder_without_data_is_told_what_there_might_be() {
        let message = found(&["train.bin"], Split::Test).unwrap_err().to_string();
        assert!(message.starts_with("no data set is there\nhint: "), "{message}");
        for file in ["`t10k-images-idx3-ubyte`", "`test_batch.bin`", "`test.bin`"] {
            assert!(message.contains(file), "{message}");
        }
    }
}
