//! Families of lines with shaded intervals.

use plotters::style::Color;

use crate::PlotError;
use crate::axis::Axis;
use crate::canvas::{Canvas, Size};
use crate::chart::check;
use crate::frame::{Frame, Grid, Key, Legend, Plan};
use crate::palette::{Dash, Ink};

/// A point of a line, in the units of the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Position along the horizontal axis.
    pub x: f64,
    /// Position along the vertical axis.
    pub y: f64,
    /// Lower and upper end of the interval around `y`; none where it is unknown.
    pub interval: Option<(f64, f64)>,
}

/// A named line; its points are joined in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Its points.
    pub points: Vec<Point>,
}

/// Lines over shared axes, each with an ink of its own, intervals as shaded bands.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What tells the lines apart; a legend is drawn for more than one.
    pub legend: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// How dense a band is.
const BAND: f64 = 0.16;

impl LineChart {
    /// The chart as SVG; the same chart gives the same bytes.
    ///
    /// # Errors
    /// No line has a point, or a coordinate is not finite.
    pub fn svg(&self, size: Size) -> Result<String, PlotError> {
        check(self.lines.iter().map(|line| (line.name.as_str(), line.points.iter().flat_map(coordinates).collect())))?;
        Canvas::svg(size, |canvas| self.draw(canvas, size))
    }

    fn draw(&self, canvas: &Canvas<'_>, size: Size) -> Result<(), PlotError> {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let entries =
            || self.lines.iter().enumerate().map(|(index, line)| (line.name.clone(), Key::Line(Ink::of(index))));
        let legend = match self.lines.len() {
            0 | 1 => Legend::default(),
            _ => Legend { title: self.legend.clone(), entries: entries().collect() },
        };
        let values = (points().map(|point| point.x).collect(), points().flat_map(heights).collect());
        let plan = Plan { size, x: &self.x, y: &self.y, values, legend, right: 0.0, grid: Grid::Across };
        let frame = Frame::draw(canvas, plan)?;
        for (index, line) in self.lines.iter().enumerate() {
            draw_intervals(canvas, &frame, line, Ink::of(index))?;
        }
        for (index, line) in self.lines.iter().enumerate() {
            let ink = Ink::of(index);
            let path: Vec<_> = line.points.iter().map(|point| frame.at((point.x, point.y))).collect();
            canvas.line(&path, (ink.colour, 1.25), ink.dash)?;
            path.iter().try_for_each(|&at| canvas.marker(at, ink))?;
        }
        Ok(())
    }
}

/// A band through the intervals; of a single point, a stroke.
fn draw_intervals(canvas: &Canvas<'_>, frame: &Frame, line: &Line, ink: Ink) -> Result<(), PlotError> {
    let ends = line.points.iter().filter_map(|point| Some((point.x, point.interval?)));
    let low = ends.clone().map(|(x, (low, _))| frame.at((x, low)));
    let high = ends.rev().map(|(x, (_, high))| frame.at((x, high)));
    let band: Vec<_> = low.chain(high).collect();
    match band.len() {
        0 => Ok(()),
        2 => canvas.line(&band, (ink.colour, 0.75), Dash::Solid),
        _ => canvas.polygon(&band, ink.colour.mix(BAND)),
    }
}

fn heights(point: &Point) -> impl Iterator<Item = f64> + use<> {
    let ends = point.interval.map(|(low, high)| [low, high]);
    [point.y].into_iter().chain(ends.into_iter().flatten())
}

fn coordinates(point: &Point) -> impl Iterator<Item = f64> + use<> {
    [point.x].into_iter().chain(heights(point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Scale;

    fn chart(y: f64) -> LineChart {
        let at = |x, y| Point { x, y, interval: Some((y - 0.1, y + 0.1)) };
        let line = |name: &str| Line { name: name.to_owned(), points: vec![at(4.0, 0.5), at(5.0, y)] };
        let axis = |label| Axis::numbers(label, Scale::Automatic);
        let lines = vec![line("1 <bit>"), line("2")];
        LineChart { x: axis("ADC resolution"), y: axis("accuracy"), legend: "cells".to_owned(), lines }
    }

    #[test]
    fn a_line_has_a_band_markers_and_a_name() {
        let svg = chart(0.75).svg(Size::COLUMN).expect("finite points");
        // Two bands; squares of the second line with their outlines, at two points and in the legend.
        assert_eq!(svg.matches("<polygon").count(), 2 + 2 * 3);
        assert_eq!(svg.matches("<circle").count(), 2 * 3);
        assert!(svg.contains("ADC resolution") && svg.contains("1 &lt;bit&gt;") && svg.contains("cells"));
        assert!(svg.contains(r#"width="85mm" height="60mm""#));
        assert_eq!(svg, chart(0.75).svg(Size::COLUMN).expect("finite points"));
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        assert!(matches!(chart(f64::NAN).svg(Size::COLUMN), Err(PlotError::NotFinite { .. })));
        let empty = LineChart { lines: Vec::new(), ..chart(0.5) };
        assert!(matches!(empty.svg(Size::COLUMN), Err(PlotError::Empty)));
        let small = Size { width_mm: 10.0, height_mm: 10.0 };
        assert!(matches!(chart(0.75).svg(small), Err(PlotError::TooSmall)));
    }
}
