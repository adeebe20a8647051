//! Charts of results as SVG text, at the width of a paper's column.
//!
//! Takes a table ([`Data`]) and what to draw of it ([`Spec`], from TOML, from options, or from the table's own columns),
//! gives a [`Chart`], and of that SVG whose bytes depend on nothing else. Knows no files.
//!
//! ```text
//! Data ─┐
//!       ├─► Spec::chart ─► Chart ─► svg
//! Spec ─┘
//! ```

mod axis;
mod bars;
mod build;
mod canvas;
mod chart;
mod column;
mod data;
mod defaults;
mod frame;
mod lines;
mod map;
mod palette;
mod pareto;
mod spec;
#[cfg(test)]
mod tests;

pub use axis::{Axis, Scale};
pub use bars::{Bar, BarChart, BarLayout, BarSeries};
pub use canvas::Size;
pub use chart::{Chart, PlotError};
pub use column::{Column, Unit, Wish};
pub use data::Data;
pub use defaults::{ChartKind, Wanted};
pub use lines::{Line, LineChart, Point};
pub use map::{HeatMap, MapCell};
pub use pareto::{Candidate, CandidateSet, ParetoChart};
pub use spec::{Kind, Refusal, Repeats, Spec};
