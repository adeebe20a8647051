//! Charts of results as SVG text, for a paper's column (85 mm). Knows no files.

mod label;
mod lines;
mod palette;

pub use label::axis_label;
pub use lines::{Line, LineChart, Point};

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// No line has a point.
    #[error("there is nothing to plot: no line has a point")]
    Empty,
    /// A coordinate is infinite or not a number.
    #[error("line `{line}` has a point that is not finite")]
    NotFinite {
        /// Name of the line.
        line: String,
    },
    /// The drawing library failed.
    #[error("drawing failed: {0}")]
    Drawing(String),
}
