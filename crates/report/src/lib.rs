//! Results as text, CSV, JSON and HTML. Writes to any `Write`, touches no files.

mod compare;
mod csv_files;
mod occupancy;
mod page;
mod placement;
mod replay_files;
mod summary;
mod text;
mod timeline;
mod validation;

pub use compare::{ComparedPoint, Footprint, compare_csv, compare_text};
pub use csv_files::{chips_csv, components_csv, energy_csv, layers_csv, results_csv, summary_csv};
pub use occupancy::Occupancy;
pub use page::{Block, Page, PageTable};
pub use placement::placement_text;
pub use replay_files::{buffers_csv, parts_csv};
pub use summary::{Summary, SweptPoint, summary_json};
pub use text::{result_text, results_text};
pub use timeline::Timeline;
pub use validation::{validation_json, validation_text};
