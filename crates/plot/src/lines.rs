//! Families of lines with shaded intervals.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::PlotError;
use crate::palette::colour;

/// Width and height in pixels: 85 mm by 60 mm at two pixels a point, so that 16 pixels are 8 pt.
const SIZE: (u32, u32) = (482, 340);
const FONT: (&str, u32) = ("sans-serif", 16);

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

impl Point {
    fn values(&self) -> impl Iterator<Item = f64> {
        let ends = self.interval.map(|(low, high)| [low, high]);
        [self.y].into_iter().chain(ends.into_iter().flatten())
    }
}

/// A named line; its points are joined in the order given.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Its points.
    pub points: Vec<Point>,
}

/// Lines over shared axes, one colour a line, intervals as shaded bands.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChart {
    /// Label of the horizontal axis, with its unit.
    pub x: String,
    /// Label of the vertical axis, with its unit.
    pub y: String,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

impl LineChart {
    /// The chart as SVG; the same chart gives the same bytes.
    ///
    /// # Errors
    /// No line has a point, or a coordinate is not finite.
    pub fn svg(&self) -> Result<String, PlotError> {
        self.check()?;
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            self.draw(&area)?;
            area.present().map_err(drawing)?;
        }
        Ok(text)
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.lines.iter().all(|line| line.points.is_empty()) {
            return Err(PlotError::Empty);
        }
        let finite = |point: &Point| point.x.is_finite() && point.values().all(f64::is_finite);
        match self.lines.iter().find(|line| !line.points.iter().all(finite)) {
            Some(line) => Err(PlotError::NotFinite { line: line.name.clone() }),
            None => Ok(()),
        }
    }

    fn draw<'a>(&self, area: &DrawingArea<SVGBackend<'a>, Shift>) -> Result<(), PlotError> {
        area.fill(&WHITE).map_err(drawing)?;
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let (left, right) = padded(points().map(|point| point.x));
        let (bottom, top) = padded(points().flat_map(Point::values));
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .x_label_area_size(44)
            .y_label_area_size(62)
            .build_cartesian_2d(left..right, bottom..top)
            .map_err(drawing)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .x_labels(8)
            .y_labels(6)
            .x_desc(&self.x)
            .y_desc(&self.y)
            .label_style(FONT)
            .axis_desc_style(FONT)
            .draw()
            .map_err(drawing)?;
        for (index, line) in self.lines.iter().enumerate() {
            let ink = colour(index);
            let ends = line.points.iter().filter_map(|point| Some((point.x, point.interval?)));
            let low = ends.clone().map(|(x, (low, _))| (x, low));
            let high = ends.rev().map(|(x, (_, high))| (x, high));
            let band: Vec<_> = low.chain(high).collect();
            chart.draw_series([Polygon::new(band, ink.mix(0.15))]).map_err(drawing)?;
            let path = line.points.iter().map(|point| (point.x, point.y));
            chart
                .draw_series(LineSeries::new(path.clone(), ink.stroke_width(2)))
                .map_err(drawing)?
                .label(&line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], ink.stroke_width(2)));
            chart.draw_series(path.map(|at| marker(index, at))).map_err(drawing)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .label_font(FONT)
            .draw()
            .map_err(drawing)
    }
}

/// The marker of the `index`-th line: shapes tell lines apart where colours do not.
fn marker<'a>(index: usize, at: (f64, f64)) -> DynElement<'static, SVGBackend<'a>, (f64, f64)> {
    let ink = colour(index);
    match index % 4 {
        0 => Circle::new(at, 4, ink.filled()).into_dyn(),
        1 => TriangleMarker::new(at, 5, ink.filled()).into_dyn(),
        2 => Cross::new(at, 4, ink.stroke_width(2)).into_dyn(),
        _ => Circle::new(at, 4, ink.stroke_width(2)).into_dyn(),
    }
}

/// The range of the values with a margin of 4 %; a single value stands in the middle.
fn padded(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let margin = if high > low { 0.04 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    (low - margin, high + margin)
}

fn drawing(error: impl Display) -> PlotError {
    PlotError::Drawing(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(y: f64) -> LineChart {
        let at = |x, y| Point { x, y, interval: Some((y - 0.1, y + 0.1)) };
        let line = Line { name: "1-bit <cells>".to_owned(), points: vec![at(4.0, 0.5), at(5.0, y)] };
        LineChart { x: "adc bits".to_owned(), y: "accuracy".to_owned(), lines: vec![line] }
    }

    #[test]
    fn a_line_has_a_band_markers_and_labels() {
        let svg = chart(0.75).svg().expect("finite points");
        assert_eq!(svg.matches("<polygon").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("adc bits") && svg.contains("1-bit &lt;cells&gt;"));
        assert_eq!(svg, chart(0.75).svg().expect("finite points"));
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        assert!(matches!(chart(f64::NAN).svg(), Err(PlotError::NotFinite { .. })));
        let empty = LineChart { lines: Vec::new(), ..chart(0.5) };
        assert!(matches!(empty.svg(), Err(PlotError::Empty)));
    }

    #[test]
    fn a_range_has_a_margin() {
        assert_eq!(padded([0.0, 100.0].into_iter()), (-4.0, 104.0));
        assert_eq!(padded([3.0].into_iter()), (1.5, 4.5));
    }
}
