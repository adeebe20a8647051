//! Sweeps: grids of configurations, run in parallel; and the files that runs read and write.
//!
//! Knows nothing of the terminal: progress goes to a callback, results to bytes.

mod files;
mod grid;
mod sweep;
mod validation;

pub use files::{DesignFiles, FileError, OutputFolder, read_data, read_design, read_document, read_trace};
pub use grid::{Grid, Point};
pub use sweep::{Results, Sweep, SweepError};
pub use validation::{ValidationFiles, designs_with_figures, read_validation};
