//! A chart of any kind.

use crate::canvas::Size;
use crate::{BarChart, HeatMap, LineChart, ParetoChart};

/// A chart of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Chart {
    /// Families of lines.
    Lines(LineChart),
    /// A colour for each of two coordinates.
    Map(HeatMap),
    /// Bars.
    Bars(BarChart),
    /// Two figures against each other, and the points that no other beats.
    Pareto(ParetoChart),
}

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// There is no mark to draw.
    #[error("there is nothing to plot: no row has a value")]
    Empty,
    /// A coordinate is infinite or not a number.
    #[error("`{series}` has a value that is not finite")]
    NotFinite {
        /// Name of the series.
        series: String,
    },
    /// Axes and legend leave no room.
    #[error("axes and legend leave no room for the chart\nhint: make it larger")]
    TooSmall,
    /// The drawing library failed.
    #[error("drawing failed: {0}")]
    Drawing(String),
}

impl Chart {
    /// The size that it looks right in, at the width of a column.
    pub fn natural_size(&self) -> Size {
        let height_mm = match self {
            Chart::Lines(_) | Chart::Pareto(_) => Size::COLUMN.height_mm,
            Chart::Map(map) => map.natural_height_mm(),
            Chart::Bars(bars) => bars.natural_height_mm(),
        };
        Size { height_mm, ..Size::COLUMN }
    }

    /// The chart as SVG; the same chart gives the same bytes.
    ///
    /// # Errors
    /// Nothing to draw, a value that is not finite, too little room.
    pub fn svg(&self, size: Size) -> Result<String, PlotError> {
        match self {
            Chart::Lines(chart) => chart.svg(size),
            Chart::Map(chart) => chart.svg(size),
            Chart::Bars(chart) => chart.svg(size),
            Chart::Pareto(chart) => chart.svg(size),
        }
    }
}

/// Refuses charts without values and with values that are not finite.
pub(crate) fn check<'n>(series: impl IntoIterator<Item = (&'n str, Vec<f64>)>) -> Result<(), PlotError> {
    let mut is_empty = true;
    for (name, values) in series {
        is_empty &= values.is_empty();
        if !values.iter().all(|value| value.is_finite()) {
            return Err(PlotError::NotFinite { series: name.to_owned() });
        }
    }
    if is_empty { Err(PlotError::Empty) } else { Ok(()) }
}
