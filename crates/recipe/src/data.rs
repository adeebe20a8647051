//! The data set of a recipe.

use rebias_config::{Problem, Table, Value};
use rebias_dataset::{Checksums, Layout, file_names};

/// The data set, and how its images are varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// What it is called.
    pub set: String,
    /// Its licence.
    pub licence: String,
    /// How its files are laid out.
    pub layout: Layout,
    /// What some of its files must hold.
    pub checksums: Checksums,
    /// Training images that are kept aside to choose weights by.
    pub held_out: usize,
    /// Training images are padded by so many pixels of 0 and cropped at random.
    pub shift_pixels: usize,
    /// Whether images are mirrored.
    pub mirror: Mirror,
}

/// Whether images are mirrored by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// They are not.
    Never,
    /// Left to right, one of two.
    Horizontal,
}

/// Reads the table `[data]`.
pub(crate) fn read(table: &Table<'_>) -> Option<Data> {
    let set = table.string("set");
    let licence = table.string("licence");
    let layouts = [("idx", Layout::Idx), ("cifar-10", Layout::Cifar10), ("cifar-100", Layout::Cifar100)];
    let layout = table.choice_or_first("layout", &layouts);
    let checksums = checksums(table, layout);
    let held_out = table.integer("held_out", 1..=10_000_000);
    let shift_pixels = table.integer("shift_pixels", 0..=16);
    let mirror = table.choice("mirror", &[("never", Mirror::Never), ("horizontal", Mirror::Horizontal)]);
    Some(Data {
        set: set?,
        licence: licence?,
        layout: layout?,
        checksums: checksums?,
        held_out: held_out?,
        shift_pixels: shift_pixels?,
        mirror: mirror?,
    })
}

fn checksums(table: &Table<'_>, layout: Option<Layout>) -> Option<Checksums> {
    let lines = table.optional_strings("sha256")?.unwrap_or_default();
    let places = table.optional_value("sha256").and_then(Value::as_array).unwrap_or_default();
    let mut sums = Checksums::default();
    let mut are_valid = true;
    for (line, place) in lines.iter().zip(places) {
        let problem = match (sums.add(line), layout) {
            (None, _) => Problem::new("not a checksum")
                .legal("64 hexadecimal digits, a blank and a file's name, as `sha256sum` prints them"),
            // It would never be looked at.
            (Some(name), Some(layout)) if !layout.has_file(name) => {
                Problem::new("not a checksum of a file that is read").legal(file_names(layout))
            }
            (Some(_), _) => continue,
        };
        table.fault_at("sha256", place, problem);
        are_valid = false;
    }
    are_valid.then_some(sums)
}
