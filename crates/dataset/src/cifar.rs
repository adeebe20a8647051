//! The binary layout of CIFAR-10 and CIFAR-100 (A. Krizhevsky, 2009): records of label bytes and 3 × 32 × 32 pixels.
//!
//! ```text
//! CIFAR-10   data_batch_1.bin … data_batch_5.bin, test_batch.bin   │ class │ red 1024 │ green 1024 │ blue 1024 │
//! CIFAR-100  train.bin, test.bin                          │ superclass │ class │ red 1024 │ green 1024 │ blue 1024 │
//! ```

use crate::{DatasetError, Fetch, LabelledImages, Layout, Split, unpacked};

const CHANNELS: usize = 3;
const SIDE: usize = 32;
const PIXELS: usize = CHANNELS * SIDE * SIDE;
const SUPERCLASSES: usize = 20;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cifar {
    Ten,
    Hundred,
}

impl Cifar {
    /// The files of a split, in order.
    pub(crate) fn files(self, split: Split) -> &'static [&'static str] {
        match (self, split) {
            (Self::Ten, Split::Train) => {
                &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"]
            }
            (Self::Ten, Split::Test) => &["test_batch.bin"],
            (Self::Hundred, Split::Train) => &["train.bin"],
            (Self::Hundred, Split::Test) => &["test.bin"],
        }
    }

    /// What the label bytes of a record are called, and how many values each has; the last is the class.
    fn labels(self) -> &'static [(&'static str, usize)] {
        match self {
            Self::Ten => &[("class", 10)],
            Self::Hundred => &[("superclass", SUPERCLASSES), ("class", 100)],
        }
    }

    fn layout(self) -> Layout {
        match self {
            Self::Ten => Layout::Cifar10,
            Self::Hundred => Layout::Cifar100,
        }
    }

    /// Reads one split.
    pub(crate) fn read(self, split: Split, fetch: &mut Fetch<'_>) -> Result<LabelledImages, DatasetError> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        let mut first: Option<(&str, usize)> = None;
        for file in self.files(split) {
            let bytes = unpacked(file, self.layout(), fetch)?;
            let malformed = |problem| DatasetError::Malformed { file: (*file).to_owned(), problem };
            let before = labels.len();
            self.append(&bytes, &mut pixels, &mut labels).map_err(malformed)?;
            let records = labels.len() - before;
            // One that ends between two records is of whole records too.
            match first {
                Some((name, expected)) if records != expected => {
                    return Err(malformed(format!(
                        "it has {records} records, and {name} has {expected}\nhint: the batches of the original are of one \
                         size; one of the two may be truncated"
                    )));
                }
                Some(_) => {}
                None => first = Some((file, records)),
            }
        }
        Ok(LabelledImages { channels: CHANNELS, height: SIDE, width: SIDE, pixels, labels })
    }

    fn append(self, bytes: &[u8], pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), String> {
        let names = self.labels();
        let record = names.len() + PIXELS;
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            let whole = bytes.len() / record;
            return Err(format!(
                "it has {} bytes, and {record} make a record; {whole} records are {} bytes\nhint: it may be truncated, or \
                 of another data set; fetch it again",
                bytes.len(),
                whole * record,
            ));
        }
        for (index, record) in bytes.chunks_exact(record).enumerate() {
            let (found, image) = record.split_at(names.len());
            for (&label, &(name, n_values)) in found.iter().zip(names) {
                if usize::from(label) >= n_values {
                    return Err(format!(
                        "record {index} has {name} {label}, and legal are 0..={}\nhint: the layout asked for is {}",
                        n_values - 1,
                        self.layout(),
                    ));
                }
            }
            labels.extend(found.last());
            pixels.extend(image);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch;
    use proptest::prelude::*;

    /// Records with these label bytes; the pixels of each count up from its first label.
    fn file(labels: &[&[u8]]) -> Vec<u8> {
        let record = |labels: &&[u8]| {
            let first = labels[0] as usize;
            labels.iter().copied().chain((0..PIXELS).map(move |place| (first + place) as u8)).collect::<Vec<_>>()
        };
        labels.iter().flat_map(record).collect()
    }

    fn read(layout: Layout, split: Split, files: &[(&str, Vec<u8>)]) -> Result<LabelledImages, DatasetError> {
        fetch(layout, split, &mut |name| {
            Ok(files.iter().find(|(known, _)| *known == name).map(|(_, bytes)| bytes.clone()))
        })
    }

    fn told(outcome: Result<LabelledImages, DatasetError>) -> String {
        outcome.expect_err("a faulty file").to_string()
    }

    #[test]
    fn a_batch_that_ends_between_two_records_is_shorter_than_the_others() {
        let names = Cifar::Ten.files(Split::Train);
        let records: [&[u8]; 2] = [&[1], &[2]];
        let n_records = |name: &str| if name == "data_batch_4.bin" { 1 } else { 2 };
        let files: Vec<_> = names.iter().map(|name| (*name, file(&records[..n_records(name)]))).collect();
        let told = told(read(Layout::Cifar10, Split::Train, &files));
        assert!(told.contains("data_batch_4.bin") && told.contains("1 records, and data_batch_1.bin has 2"), "{told}");
    }

    #[test]
    fn five_batches_make_a_training_set() {
        let names = Cifar::Ten.files(Split::Train);
        let files: Vec<_> =
            names.iter().zip(0..).map(|(name, label)| (*name, file(&[&[label], &[9 - label]]))).collect();
        let set = read(Layout::Cifar10, Split::Train, &files).unwrap();
        assert_eq!((set.len(), set.shape()), (10, [3, 32, 32]));
        assert_eq!(set.labels(), [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]);
        assert_eq!(set.pixels()[PIXELS..PIXELS + 3], [9, 10, 11]);
    }

    #[test]
    fn the_class_of_a_hundred_is_the_fine_one() {
        let set = read(Layout::Cifar100, Split::Test, &[("test.bin", file(&[&[19, 99], &[3, 42]]))]).unwrap();
        assert_eq!(set.labels(), [99, 42]);
    }

    #[test]
    fn faults_name_file_value_and_legal_range() {
        let mut truncated = file(&[&[1], &[2]]);
        truncated.truncate(4000);
        let test = |bytes| told(read(Layout::Cifar10, Split::Test, &[("test_batch.bin", bytes)]));
        let message = test(truncated);
        assert!(message.contains("`test_batch.bin`") && message.contains("4000 bytes"), "{message}");
        assert!(message.contains("1 records are 3073 bytes"), "{message}");
        assert!(test(Vec::new()).contains("0 bytes"));
        let message = test(file(&[&[1], &[10]]));
        assert!(message.contains("record 1 has class 10, and legal are 0..=9"), "{message}");
        let message = told(read(Layout::Cifar100, Split::Train, &[("train.bin", file(&[&[20, 5]]))]));
        assert!(message.contains("record 0 has superclass 20, and legal are 0..=19"), "{message}");
        let message = told(read(Layout::Cifar10, Split::Train, &[("data_batch_1.bin", file(&[&[1]]))]));
        assert!(message.contains("neither `data_batch_2.bin` nor `data_batch_2.bin.gz`"), "{message}");
        assert!(message.contains("hint: name the folder with `data_batch_1.bin`"), "{message}");
    }

    proptest! {
        #[test]
        fn prop_no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..7000)) {
            let _ = read(Layout::Cifar10, Split::Test, &[("test_batch.bin", bytes.clone())]);
            let _ = read(Layout::Cifar100, Split::Test, &[("test.bin", bytes)]);
        }
    }
}
