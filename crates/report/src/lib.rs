//! Results as text, CSV and JSON. Writes to any `Write`, touches no files.

mod csv_files;
mod placement;
mod summary;
mod text;

pub use csv_files::{chips_csv, components_csv, layers_csv, results_csv, summary_csv};
pub use placement::placement_text;
pub use summary::{Summary, summary_json};
pub use text::{result_text, results_text};
