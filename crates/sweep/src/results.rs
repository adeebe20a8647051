//! What a sweep gives.

use rebias_report::{Summary, SweptPoint};

use crate::Sweep;
use crate::grid::on_front;
use crate::store::Rows;

/// The rows of a sweep that have been computed.
#[derive(Clone, Debug)]
pub struct Results {
    pub(crate) axes: Vec<String>,
    pub(crate) rows: Vec<ResultRow>,
    /// Points without a row.
    pub(crate) missing: usize,
}

/// A point with what it gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultRow {
    /// A value for each axis.
    pub coordinates: Vec<String>,
    /// What it gave.
    pub summary: Summary,
    /// Whether it is on the Pareto front; `None` for a sweep without objectives.
    pub on_front: Option<bool>,
}

impl Results {
    pub(crate) fn new(sweep: &Sweep, stored: &Rows) -> Self {
        let found: Vec<(usize, &Summary)> =
            sweep.points.iter().filter_map(|point| Some((point.index, &stored.get(point.key)?.summary))).collect();
        let objectives = &sweep.grid.objectives;
        let summaries: Vec<_> = found.iter().map(|(_, summary)| *summary).collect();
        let front: Vec<Option<bool>> = match objectives.is_empty() {
            true => vec![None; found.len()],
            false => on_front(objectives, &summaries).into_iter().map(Some).collect(),
        };
        let row = |(&(index, summary), on_front): (&(usize, &Summary), Option<bool>)| ResultRow {
            coordinates: sweep.grid.coordinates(index),
            summary: summary.clone(),
            on_front,
        };
        Self {
            axes: sweep.grid.axis_names().map(str::to_owned).collect(),
            missing: sweep.points.len() - found.len(),
            rows: found.iter().zip(front).map(row).collect(),
        }
    }

    /// The rows, in the grid's order.
    pub fn rows(&self) -> &[ResultRow] {
        &self.rows
    }

    /// How many points have no row.
    pub fn n_missing(&self) -> usize {
        self.missing
    }

    /// `results.csv`.
    ///
    /// # Errors
    /// None that a `Vec` causes; the type is the CSV writer's.
    pub fn to_csv(&self) -> csv::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        rebias_report::results_csv(&self.axis_names(), self.swept_points(), &mut bytes)?;
        Ok(bytes)
    }

    /// A table for people.
    pub fn to_text(&self) -> String {
        rebias_report::results_text(&self.axis_names(), self.swept_points())
    }

    fn axis_names(&self) -> Vec<&str> {
        self.axes.iter().map(String::as_str).collect()
    }

    fn swept_points(&self) -> impl Iterator<Item = SweptPoint<'_>> {
        self.rows.iter().map(|row| SweptPoint {
            coordinates: &row.coordinates,
            summary: &row.summary,
            on_front: row.on_front,
        })
    }
}
