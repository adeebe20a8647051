//! Horizontal bars: parts of a whole end to end, or figures side by side with their intervals.

use crate::PlotError;
use crate::axis::Axis;
use crate::canvas::{Canvas, Size};
use crate::chart::check;
use crate::frame::{Frame, Grid, Key, Legend, Plan};
use crate::palette::{DARK, Dash, Ink};

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Its length, in the unit of the axis; may be negative where bars stand side by side.
    pub value: f64,
    /// Lower and upper end of the interval around it; none where it is unknown.
    pub interval: Option<(f64, f64)>,
}

/// Bars of one ink.
#[derive(Clone, Debug, PartialEq)]
pub struct BarSeries {
    /// What the legend calls it.
    pub name: String,
    /// One for each category; none where there is no value.
    pub bars: Vec<Option<Bar>>,
}

/// How the bars of one category are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarLayout {
    /// End to end: a whole of parts, which are not negative.
    Stacked,
    /// Side by side.
    Grouped,
}

/// Horizontal bars, a row for each category from above.
#[derive(Clone, Debug, PartialEq)]
pub struct BarChart {
    /// Names of the rows.
    pub categories: Vec<String>,
    /// The horizontal axis.
    pub x: Axis,
    /// The series, in the order of the legend.
    pub series: Vec<BarSeries>,
    /// How they are arranged.
    pub layout: BarLayout,
}

/// Share of a row that its bars fill.
const FILLED: f64 = 0.72;

impl BarChart {
    /// Seven millimetres for a row of several bars side by side, less where they are few.
    pub(crate) fn natural_height_mm(&self) -> f64 {
        let row = match self.layout {
            BarLayout::Stacked => 4.5,
            BarLayout::Grouped => 2.8 * (self.series.len() as f64) + 1.8,
        };
        (18.0 + row * self.categories.len() as f64).clamp(35.0, 230.0)
    }

    /// The chart as SVG; the same chart gives the same bytes.
    ///
    /// # Errors
    /// No bar, or a value that is not finite.
    pub fn svg(&self, size: Size) -> Result<String, PlotError> {
        let values = |series: &BarSeries| series.bars.iter().flatten().flat_map(ends).collect();
        check(self.series.iter().map(|series| (series.name.as_str(), values(series))))?;
        Canvas::svg(size, |canvas| self.draw(canvas, size))
    }

    fn draw(&self, canvas: &Canvas<'_>, size: Size) -> Result<(), PlotError> {
        let rows = self.categories.len();
        // Rows are counted from below on the axis, and read from above.
        let y = Axis::names("", self.categories.iter().rev().cloned().collect());
        let entries =
            || self.series.iter().enumerate().map(|(index, one)| (one.name.clone(), Key::Area(Ink::of(index))));
        let entries = if self.series.len() > 1 { entries().collect() } else { Vec::new() };
        let legend = Legend { title: String::new(), entries };
        let plan = Plan {
            size,
            x: &self.x,
            y: &y,
            values: (self.lengths(), Vec::new()),
            legend,
            right: 0.0,
            grid: Grid::UpFromZero,
        };
        let frame = Frame::draw(canvas, plan)?;
        for row in 0..rows {
            let middle = (rows - 1 - row) as f64;
            let bars =
                self.series.iter().enumerate().map(|(index, series)| (index, series.bars.get(row).copied().flatten()));
            match self.layout {
                BarLayout::Stacked => draw_stack(canvas, &frame, middle, bars)?,
                BarLayout::Grouped => draw_group(canvas, &frame, (middle, self.series.len()), bars)?,
            }
        }
        let zero = frame.x(0.0);
        canvas.line(&[(zero, frame.top), (zero, frame.bottom)], (DARK, 0.75), Dash::Solid)
    }

    /// Where bars end.
    fn lengths(&self) -> Vec<f64> {
        let zero = [0.0].into_iter();
        match self.layout {
            BarLayout::Grouped => {
                zero.chain(self.series.iter().flat_map(|series| series.bars.iter().flatten().flat_map(ends))).collect()
            }
            BarLayout::Stacked => {
                let bar = |row: usize, series: &BarSeries| {
                    series.bars.get(row).copied().flatten().map_or(0.0, |bar| bar.value)
                };
                let total = |row| self.series.iter().map(|series| bar(row, series)).sum();
                zero.chain((0..self.categories.len()).map(total)).collect()
            }
        }
    }
}

fn ends(bar: &Bar) -> impl Iterator<Item = f64> + use<> {
    let ends = bar.interval.map(|(low, high)| [low, high]);
    [bar.value].into_iter().chain(ends.into_iter().flatten())
}

fn draw_stack(
    canvas: &Canvas<'_>,
    frame: &Frame,
    middle: f64,
    bars: impl Iterator<Item = (usize, Option<Bar>)>,
) -> Result<(), PlotError> {
    let (top, bottom) = (frame.y(middle + 0.5 * FILLED), frame.y(middle - 0.5 * FILLED));
    let mut from = 0.0;
    for (index, bar) in bars {
        let to = from + bar.map_or(0.0, |bar| bar.value);
        canvas.rectangle([(frame.x(from), top), (frame.x(to), bottom)], Ink::of(index).colour)?;
        from = to;
    }
    Ok(())
}

fn draw_group(
    canvas: &Canvas<'_>,
    frame: &Frame,
    (middle, n_series): (f64, usize),
    bars: impl Iterator<Item = (usize, Option<Bar>)>,
) -> Result<(), PlotError> {
    let thickness = FILLED / n_series as f64;
    for (index, bar) in bars.filter_map(|(index, bar)| Some((index, bar?))) {
        let top = middle + 0.5 * FILLED - thickness * index as f64;
        let (top, bottom) = (frame.y(top), frame.y(top - thickness));
        canvas.rectangle([(frame.x(0.0), top), (frame.x(bar.value), bottom)], Ink::of(index).colour)?;
        if let Some((low, high)) = bar.interval {
            let (low, high, y) = (frame.x(low), frame.x(high), 0.5 * (top + bottom));
            let cap = (0.3 * (bottom - top)).min(2.0);
            canvas.line(&[(low, y), (high, y)], (DARK, 0.75), Dash::Solid)?;
            canvas.line(&[(low, y - cap), (low, y + cap)], (DARK, 0.75), Dash::Solid)?;
            canvas.line(&[(high, y - cap), (high, y + cap)], (DARK, 0.75), Dash::Solid)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Scale;

    fn chart(layout: BarLayout) -> BarChart {
        let bar = |value| Some(Bar { value, interval: None });
        let series = |name: &str, bars| BarSeries { name: name.to_owned(), bars };
        BarChart {
            categories: vec!["adc".to_owned(), "edram".to_owned()],
            x: Axis::numbers("energy (µJ)", Scale::Linear),
            series: vec![series("dynamic", vec![bar(3.0), bar(1.0)]), series("static", vec![bar(1.0), None])],
            layout,
        }
    }

    #[test]
    fn stacks_end_at_the_sum_of_their_parts() {
        assert_eq!(chart(BarLayout::Stacked).lengths(), [0.0, 4.0, 1.0]);
        assert_eq!(chart(BarLayout::Grouped).lengths(), [0.0, 3.0, 1.0, 1.0]);
    }

    #[test]
    fn rows_are_read_from_above() {
        let svg = chart(BarLayout::Stacked).svg(Size::COLUMN).expect("finite");
        let height = |name: &str| -> u32 {
            let (before, _) = svg.split_once(&format!("\n{name}\n")).expect("a label");
            let (_, after) = before.rsplit_once(" y=\"").expect("a place");
            after.split('"').next().and_then(|text| text.parse().ok()).expect("a number")
        };
        assert!(height("adc") < height("edram"));
    }
}
