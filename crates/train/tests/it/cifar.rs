//! Training on files in CIFAR's layout, made by code.

use std::fs;
use std::path::Path;

use rebias_config::Document;
use rebias_network::{Shape, Trace, TraceFiles};
use rebias_train::{Recipe, RunFiles, Silent, Summary, TrainError, run};

use crate::short_run::text;

/// A record: label bytes, then a picture whose colour tells the class.
fn record(index: usize, superclasses: Option<u8>, classes: u8) -> Vec<u8> {
    let class = (index % usize::from(classes)) as u8;
    let colour = |channel: usize| if (class >> channel) & 1 == 1 { 220 } else { 30 };
    let pixels = (0..3072).map(|place| colour(place / 1024) + ((index * 31 + place * 7) % 30) as u8);
    superclasses.map(|n| class % n).into_iter().chain([class]).chain(pixels).collect()
}

fn write(dir: &Path, name: &str, images: std::ops::Range<usize>, superclasses: Option<u8>, classes: u8) {
    let bytes: Vec<u8> = images.flat_map(|index| record(index, superclasses, classes)).collect();
    fs::write(dir.join(name), bytes).unwrap();
}

fn write_cifar10(dir: &Path) {
    for batch in 0..5 {
        write(dir, &format!("data_batch_{}.bin", batch + 1), batch * 40..(batch + 1) * 40, None, 8);
    }
    write(dir, "test_batch.bin", 0..40, None, 8);
}

fn recipe(data: &str, classes: usize) -> Recipe {
    let network = format!("layers = [\"conv 6\", \"pool\", \"conv 8\", \"pool\", \"pool\", \"linear {classes}\"]");
    let changes = format!("set = \"CIFAR (made by code)\"\nshift_pixels = 4\nmirror = \"horizontal\"\n{network}");
    let text = text(10, &changes).replace("[data]\n", &format!("[data]\n{data}\n"));
    Recipe::parse(&Document::parse("cifar.toml", &text).unwrap()).unwrap()
}

fn train(dir: &Path, recipe: &Recipe) -> Result<Summary, TrainError> {
    run(recipe, &RunFiles { data: dir, out: &dir.join("trace"), command: "rebias train cifar.toml" }, &mut Silent)
}

#[test]
fn three_channels_train_and_become_an_exact_network() {
    let dir = tempfile::tempdir().unwrap();
    write_cifar10(dir.path());
    let summary = train(dir.path(), &recipe("layout = \"cifar-10\"", 10)).unwrap();
    assert_eq!((summary.agreeing, summary.test_images), (40, 40), "{summary:?}");
    let files = TraceFiles::fetch("trace", |file| fs::read(dir.path().join("trace").join(file))).unwrap();
    let trace = Trace::parse(&files).unwrap();
    assert_eq!(trace.network.input_shape(), Shape::new(3, 32, 32));
    assert_eq!(trace.provenance.data_set.as_deref(), Some("CIFAR (made by code)"));
}

#[test]
fn a_hundred_classes_are_the_fine_ones() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "train.bin", 0..200, Some(20), 100);
    write(dir.path(), "test.bin", 0..100, Some(20), 100);
    let summary = train(dir.path(), &recipe("layout = \"cifar-100\"", 100)).unwrap();
    assert_eq!((summary.agreeing, summary.test_images), (100, 100), "{summary:?}");
}

#[test]
fn faults_of_the_data_are_told_before_training() {
    let dir = tempfile::tempdir().unwrap();
    write_cifar10(dir.path());
    let told = |data: &str, classes| train(dir.path(), &recipe(data, classes)).unwrap_err().to_string();
    let message = told("layout = \"cifar-10\"", 100);
    assert!(message.ends_with("CIFAR-10's layout has 10 classes, and the network tells 100 apart"), "{message}");
    assert!(told("layout = \"cifar-100\"", 100).contains("neither `train.bin` nor `train.bin.gz`"));
    let sum = "0".repeat(64);
    let message = told(&format!("layout = \"cifar-10\"\nsha256 = [\"{sum}  data_batch_3.bin\"]"), 10);
    assert!(message.contains("`data_batch_3.bin` has the SHA-256 checksum") && message.contains(&sum), "{message}");
    // Damage is told as such, with a checksum, and by what it does to the layout without.
    let path = dir.path().join("data_batch_3.bin");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let message = told("layout = \"cifar-10\"", 10);
    assert!(message.contains("`data_batch_3.bin`") && message.contains("3073 make a record"), "{message}");
    let message = told(&format!("layout = \"cifar-10\"\nsha256 = [\"{sum}  data_batch_3.bin\"]"), 10);
    assert!(message.contains("SHA-256"), "{message}");
}
