//! Sweeps: many configurations of one design, run in parallel and kept row by row; and the files that runs read and
//! write.
//!
//! ```text
//! sweep.toml ─► Grid ─► points, validated, each with a hash of all that determines it
//!                         └─► workers ─► Shared (placements, replays, arrays, emulations) ─► rows ─► results.csv
//! ```
//!
//! Knows nothing of the terminal: progress goes to a callback, results to bytes.

mod attribution;
mod files;
mod grid;
mod memo;
mod non_ideality;
#[cfg(feature = "parquet")]
mod parquet;
mod plan;
mod point;
mod results;
mod run_fault;
mod shard;
mod share;
mod slurm;
mod status;
mod store;
mod sweep;
mod trace;
mod validation;
mod workers;

pub use attribution::{Attribution, AttributionError, Share, attribute, max_runs};
pub use files::{
    DesignFiles, FileError, OutputFolder, read_data, read_design, read_document, read_text, read_trace, take_test_set,
    write_file,
};
pub use grid::Grid;
pub use non_ideality::{NON_IDEALITIES, NonIdeality};
#[cfg(feature = "parquet")]
pub use parquet::ParquetFault;
pub use plan::Plan;
pub use results::{ResultRow, Results};
pub use run_fault::run_fault;
pub use shard::{NoShard, Shard};
pub use share::Work;
pub use slurm::SlurmScripts;
pub use status::{Basis, Expectation, Status};
pub use sweep::{Progress, Sweep, SweepControl, SweepError};
pub use trace::FingerprintedTrace;
pub use validation::{ValidationFiles, designs_with_figures, read_validation};
