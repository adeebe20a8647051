//! Heat maps: a colour for each of two coordinates.

use crate::PlotError;
use crate::axis::{Axis, number};
use crate::canvas::{Anchor, Canvas, Size, TEXT, text_width};
use crate::chart::check;
use crate::frame::{Frame, Grid, Legend, Plan, text_in_mark};
use crate::palette::{DARK, Dash, is_dark, shade};

/// A cell of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MapCell {
    /// Its column, from the left.
    pub column: usize,
    /// Its row, from below.
    pub row: usize,
    /// What its colour says.
    pub value: f64,
}

/// A grid of colours; cells without a value stay white.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Label of the horizontal axis.
    pub x: String,
    /// Names of the columns, from the left.
    pub columns: Vec<String>,
    /// Label of the vertical axis.
    pub y: String,
    /// Names of the rows, from below.
    pub rows: Vec<String>,
    /// The axis of values, beside the scale of colours.
    pub value: Axis,
    /// The cells.
    pub cells: Vec<MapCell>,
}

/// Width of the scale of colours.
const SCALE: f64 = 8.0;
/// Bands that it is drawn with.
const BANDS: usize = 64;

impl HeatMap {
    /// Rows of eight millimetres where they are few.
    pub(crate) fn natural_height_mm(&self) -> f64 {
        (18.0 + 8.0 * self.rows.len() as f64).clamp(45.0, 80.0)
    }

    /// The map as SVG; the same map gives the same bytes.
    ///
    /// # Errors
    /// No cell, or a value that is not finite.
    pub fn svg(&self, size: Size) -> Result<String, PlotError> {
        let values = self.cells.iter().map(|cell| cell.value).collect();
        check([(self.value.label.as_str(), values)])?;
        Canvas::svg(size, |canvas| self.draw(canvas, size))
    }

    fn draw(&self, canvas: &Canvas<'_>, size: Size) -> Result<(), PlotError> {
        let x = Axis::names(self.x.clone(), self.columns.clone());
        let y = Axis::names(self.y.clone(), self.rows.clone());
        let values = || self.cells.iter().map(|cell| cell.value);
        let (low, high) =
            values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let share = |value: f64| if high > low { (value - low) / (high - low) } else { 0.5 };
        let ticks = self.value.fit(values(), 120.0, |_| TEXT).ticks;
        let widest = ticks.iter().map(|tick| text_width(&tick.label)).fold(0.0, f64::max);
        let right = SCALE + widest + 3.0 * TEXT;
        let plan = Plan {
            size,
            x: &x,
            y: &y,
            values: (Vec::new(), Vec::new()),
            legend: Legend::default(),
            right,
            grid: Grid::None,
        };
        let frame = Frame::draw(canvas, plan)?;
        let width = frame.x(1.0) - frame.x(0.0);
        let texts: Vec<_> = self.cells.iter().map(|cell| short(cell.value, high - low)).collect();
        let has_room = texts.iter().all(|text| text_width(text) < width - 2.0);
        for (cell, text) in self.cells.iter().zip(&texts) {
            let (column, row) = (cell.column as f64, cell.row as f64);
            let fill = shade(share(cell.value));
            canvas.rectangle([frame.at((column - 0.5, row + 0.5)), frame.at((column + 0.5, row - 0.5))], fill)?;
            if has_room {
                let ink = if is_dark(fill) { plotters::style::WHITE } else { DARK };
                text_in_mark(canvas, frame.at((column, row)), text, ink)?;
            }
        }
        self.draw_scale(canvas, &frame, (low, high))
    }

    /// The scale of colours on the right.
    fn draw_scale(&self, canvas: &Canvas<'_>, frame: &Frame, (low, high): (f64, f64)) -> Result<(), PlotError> {
        let (left, right) = (frame.right + TEXT, frame.right + TEXT + SCALE);
        let length = frame.bottom - frame.top;
        let at = |share: f64| frame.bottom - share * length;
        for band in 0..BANDS {
            let (from, to) = (band as f64 / BANDS as f64, (band + 1) as f64 / BANDS as f64);
            // Up to the top, where later bands cover it, so that no seams show.
            canvas.rectangle([(left, frame.top), (right, at(from))], shade(0.5 * (from + to)))?;
        }
        let mut widest = 0.0_f64;
        if high > low {
            let fitted = self.value.fit([low, high].into_iter(), length, |_| TEXT);
            for tick in fitted.ticks.iter().filter(|tick| (low..=high).contains(&tick.at)) {
                let y = at((tick.at - low) / (high - low));
                canvas.line(&[(right, y), (right + 2.0, y)], (DARK, 0.75), Dash::Solid)?;
                canvas.text((right + 4.0, y), &tick.label, Anchor::Right)?;
                widest = widest.max(text_width(&tick.label));
            }
        } else {
            let label = number(low);
            canvas.text((right + 4.0, at(0.5)), &label, Anchor::Right)?;
            widest = text_width(&label);
        }
        canvas.text((right + 4.0 + widest + 0.75 * TEXT, at(0.5)), &self.value.label, Anchor::Upwards)
    }
}

/// A value with as many decimals as the range of all values needs.
fn short(value: f64, range: f64) -> String {
    let decimals = if range > 0.0 { (2.0 - range.log10().ceil()).clamp(0.0, 4.0) as usize } else { 1 };
    format!("{value:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Scale;

    #[test]
    fn cells_say_their_values_where_they_have_room() {
        let cell = |column, row, value| MapCell { column, row, value };
        let names = |count: usize| (0..count).map(|it| it.to_string()).collect();
        let map = HeatMap {
            x: "ADC".to_owned(),
            columns: names(2),
            y: "cells".to_owned(),
            rows: names(2),
            value: Axis::numbers("accuracy (%)", Scale::Linear),
            cells: vec![cell(0, 0, 71.25), cell(1, 0, 80.0), cell(1, 1, 91.0)],
        };
        let svg = map.svg(Size::COLUMN).expect("finite");
        assert!(svg.contains("\n71\n") && svg.contains("\n91\n") && svg.contains("accuracy (%)"));
        let narrow = HeatMap { columns: names(60), ..map };
        assert!(!narrow.svg(Size::COLUMN).expect("finite").contains("\n71\n"));
    }
}
