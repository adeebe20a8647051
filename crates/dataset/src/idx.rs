//! The IDX layout of MNIST and Fashion-MNIST: big-endian headers, then bytes; files may be gzipped.

use crate::{DatasetError, Fetch, LabelledImages, Layout, Split, unpacked};

const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;
/// Classes of the data sets in this layout.
const N_CLASSES: u8 = 10;
/// The files of a split: images, labels.
pub(crate) fn files(split: Split) -> [String; 2] {
    let stem = match split {
        Split::Train => "train",
        Split::Test => "t10k",
    };
    [format!("{stem}-images-idx3-ubyte"), format!("{stem}-labels-idx1-ubyte")]
}

/// Reads one split.
pub(crate) fn read(split: Split, fetch: &mut Fetch<'_>) -> Result<LabelledImages, DatasetError> {
    let [images_file, labels_file] = files(split);
    let images = unpacked(&images_file, Layout::Idx, fetch)?;
    let labels = unpacked(&labels_file, Layout::Idx, fetch)?;

    let ([n_images, height, width], pixels) =
        parse(&images, IMAGES_MAGIC).map_err(|problem| malformed(&images_file, problem))?;
    let ([n_labels], labels) = parse(&labels, LABELS_MAGIC).map_err(|problem| malformed(&labels_file, problem))?;
    if n_images != n_labels {
        return Err(malformed(&labels_file, format!("{n_labels} labels for {n_images} images")));
    }
    if let Some((place, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= N_CLASSES) {
        let problem = format!("label {place} is {label}, but classes are 0 to {}", N_CLASSES - 1);
        return Err(malformed(&labels_file, problem));
    }
    Ok(LabelledImages { channels: 1, height, width, pixels: pixels.to_vec(), labels: labels.to_vec() })
}

fn malformed(file: &str, problem: impl Into<String>) -> DatasetError {
    DatasetError::Malformed { file: file.to_owned(), problem: problem.into() }
}

/// Splits an IDX file of bytes into its `D` dimensions and its elements.
fn parse<const D: usize>(bytes: &[u8], magic: u32) -> Result<([usize; D], &[u8]), String> {
    let mut words = bytes.chunks_exact(4).map(|word| word.iter().fold(0u32, |sum, &byte| sum << 8 | u32::from(byte)));
    let found = words.next().ok_or("it ends within its header")?;
    if found != magic {
        return Err(format!("it begins with {found:#010x} where {magic:#010x} is due"));
    }
    let mut dimensions = [0; D];
    for dimension in &mut dimensions {
        *dimension = words.next().ok_or("it ends within its header")? as usize;
    }
    let n_elements = dimensions
        .iter()
        .try_fold(1usize, |product, &dimension| product.checked_mul(dimension))
        .filter(|&elements| elements > 0)
        .ok_or_else(|| format!("its dimensions {dimensions:?} hold nothing, or too much"))?;
    let elements = bytes.get(4 * (D + 1)..).unwrap_or_default();
    if elements.len() != n_elements {
        return Err(format!("its header announces {n_elements} bytes and {} follow", elements.len()));
    }
    Ok((dimensions, elements))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch;
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    fn images(n: u32) -> Vec<u8> {
        let header = [IMAGES_MAGIC, n, 2, 3].into_iter().flat_map(u32::to_be_bytes);
        header.chain((0..n as usize * 6).map(|place| place as u8)).collect()
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        let header = [LABELS_MAGIC, labels.len() as u32].into_iter().flat_map(u32::to_be_bytes);
        header.chain(labels.iter().copied()).collect()
    }

    fn read(images: Vec<u8>, labels: Vec<u8>) -> Result<LabelledImages, DatasetError> {
        fetch(Layout::Idx, Split::Test, &mut |name| {
            Ok(match name {
                "t10k-images-idx3-ubyte" => Some(images.clone()),
                "t10k-labels-idx1-ubyte" => Some(labels.clone()),
                _ => None,
            })
        })
    }

    fn told(outcome: Result<LabelledImages, DatasetError>) -> String {
        outcome.expect_err("a faulty file").to_string()
    }

    #[test]
    fn images_and_labels_are_read() {
        let set = read(images(2), labels(&[3, 9])).expect("valid files");
        assert_eq!((set.len(), set.shape()), (2, [1, 2, 3]));
        assert_eq!(set.pixels()[6..], [6, 7, 8, 9, 10, 11]);
        assert_eq!(set.labels(), [3, 9]);
    }

    #[test]
    fn gzipped_files_are_unpacked() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&images(1)).expect("packs");
        let packed = packed.finish().expect("packs");
        let set = fetch(Layout::Idx, Split::Train, &mut |name| {
            Ok(match name {
                "train-images-idx3-ubyte.gz" => Some(packed.clone()),
                "train-labels-idx1-ubyte" => Some(labels(&[1])),
                _ => None,
            })
        });
        assert_eq!(set.expect("valid files").len(), 1);
    }

    #[test]
    fn faults_name_the_file_and_what_is_wrong() {
        let mut truncated = images(2);
        truncated.pop();
        assert!(told(read(truncated, labels(&[1, 2]))).contains("announces 12 bytes and 11 follow"));
        assert!(told(read(labels(&[1]), labels(&[1]))).contains("begins with 0x00000801"));
        assert!(told(read(images(2), labels(&[1]))).contains("1 labels for 2 images"));
        assert!(told(read(images(1), labels(&[10]))).contains("label 0 is 10"));
        assert!(told(read(images(0), labels(&[]))).contains("hold nothing"));
        let missing = fetch(Layout::Idx, Split::Test, &mut |_| Ok(None));
        assert!(told(missing).contains("neither `t10k-images-idx3-ubyte` nor"));
        let huge = [IMAGES_MAGIC, u32::MAX, u32::MAX, u32::MAX].into_iter().flat_map(u32::to_be_bytes).collect();
        assert!(told(read(huge, labels(&[1]))).contains("too much"));
    }

    proptest! {
        #[test]
        fn prop_no_bytes_panic(images in proptest::collection::vec(any::<u8>(), 0..64),
                               labels in proptest::collection::vec(any::<u8>(), 0..64)) {
            // Whatever the outcome, it is an outcome.
            let _ = read(images, labels);
        }
    }
}
