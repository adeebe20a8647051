//! Small images of three classes, made by code, as IDX files.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Rows and columns of an image.
const SIDE: usize = 12;
/// Horizontal bar, vertical bar, square.
const CLASSES: u8 = 3;

/// A file in IDX format: magic number, dimensions, bytes.
fn idx(magic: u32, dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let words = std::iter::once(&magic).chain(dims).flat_map(|word| word.to_be_bytes());
    words.chain(bytes.iter().copied()).collect()
}

/// `bytes` gzipped.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The pair of image file and label file of `count` images; their places and grey values vary with the index.
fn pair(count: usize) -> [Vec<u8>; 2] {
    let labels: Vec<u8> = (0..count).map(|index| index as u8 % CLASSES).collect();
    let pixels: Vec<u8> = (0..count).flat_map(image).collect();
    let side = SIDE as u32;
    [idx(0x803, &[count as u32, side, side], &pixels), idx(0x801, &[count as u32], &labels)]
}

fn image(index: usize) -> Vec<u8> {
    let noise = |seed: usize| (seed.wrapping_mul(2_654_435_761) >> 7) % 97;
    let (top, left) = (2 + noise(index) % 5, 2 + noise(index + 1000) % 5);
    let (height, width) = [(1, 5), (5, 1), (4, 4)][index % usize::from(CLASSES)];
    let pixel = |place: usize| {
        let (row, column) = (place / SIDE, place % SIDE);
        let is_inside = (top..top + height).contains(&row) && (left..left + width).contains(&column);
        let grey = noise(index * 311 + place) as u8;
        if is_inside { 150 + grey } else { grey / 4 }
    };
    (0..SIDE * SIDE).map(pixel).collect()
}

/// Writes a data set of four files; the training half plain, the test half gzipped.
pub(crate) fn write(dir: &Path, training: usize, test: usize) {
    let [images, labels] = pair(training);
    fs::write(dir.join("train-images-idx3-ubyte"), images).unwrap();
    fs::write(dir.join("train-labels-idx1-ubyte"), labels).unwrap();
    let [images, labels] = pair(test);
    fs::write(dir.join("t10k-images-idx3-ubyte.gz"), gzipped(&images)).unwrap();
    fs::write(dir.join("t10k-labels-idx1-ubyte.gz"), gzipped(&labels)).unwrap();
}
