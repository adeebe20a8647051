//! What charts are drawn with: lengths in typographic points from the upper left, text as text.

use std::fmt::Display;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::PlotError;
use crate::palette::{DARK, Dash, Ink, Marker};

/// Pixels of the drawing library in a point; its coordinates are whole numbers.
const PIXELS: f64 = 4.0;
const POINTS_PER_MM: f64 = 72.0 / 25.4;
/// Helvetica's metrics, wherever the reader is.
const FAMILY: &str = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";
/// What the drawing library divides sizes of text by when it writes SVG.
const TEXT_SCALE: f64 = 1.24;

/// Size of text in points: what journals ask for.
pub(crate) const TEXT: f64 = 8.0;
/// Size of text within marks.
pub(crate) const SMALL_TEXT: f64 = 7.0;

/// A position in points, from the left and from the top.
pub(crate) type At = (f64, f64);

/// Width and height of a chart in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// From left to right.
    pub width_mm: f64,
    /// From top to bottom.
    pub height_mm: f64,
}

impl Size {
    /// The column of a paper.
    pub const COLUMN: Self = Self { width_mm: 85.0, height_mm: 60.0 };

    /// In points.
    pub(crate) fn points(self) -> At {
        (self.width_mm * POINTS_PER_MM, self.height_mm * POINTS_PER_MM)
    }
}

/// Where a text is, seen from its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Centred around it.
    Middle,
    /// Begins there; centred in height.
    Right,
    /// Ends there; centred in height.
    Left,
    /// Below it, centred in width.
    Below,
    /// Centred around it, read from below to above.
    Upwards,
}

/// An SVG being drawn.
pub(crate) struct Canvas<'t> {
    area: DrawingArea<SVGBackend<'t>, Shift>,
}

impl Canvas<'_> {
    /// What `draw` draws, as SVG.
    pub(crate) fn svg(
        size: Size,
        draw: impl FnOnce(&Canvas<'_>) -> Result<(), PlotError>,
    ) -> Result<String, PlotError> {
        let (width, height) = pixels(size.points());
        let (width, height) = (width.unsigned_abs(), height.unsigned_abs());
        let mut text = String::new();
        {
            let canvas = Canvas { area: SVGBackend::with_string(&mut text, (width, height)).into_drawing_area() };
            canvas.area.fill(&WHITE).map_err(failed)?;
            draw(&canvas)?;
            canvas.area.present().map_err(failed)?;
        }
        let drawn = format!(r#"width="{width}" height="{height}""#);
        let printed = format!(r#"width="{}mm" height="{}mm""#, size.width_mm, size.height_mm);
        Ok(text.replacen(&drawn, &printed, 1))
    }

    pub(crate) fn text(&self, at: At, text: &str, anchor: Anchor) -> Result<(), PlotError> {
        self.sized_text(at, text, anchor, (TEXT, DARK))
    }

    pub(crate) fn sized_text(
        &self,
        at: At,
        text: &str,
        anchor: Anchor,
        (size, colour): (f64, RGBColor),
    ) -> Result<(), PlotError> {
        let (across, down, turn) = match anchor {
            Anchor::Middle => (HPos::Center, VPos::Center, FontTransform::None),
            Anchor::Right => (HPos::Left, VPos::Center, FontTransform::None),
            Anchor::Left => (HPos::Right, VPos::Center, FontTransform::None),
            Anchor::Below => (HPos::Center, VPos::Top, FontTransform::None),
            Anchor::Upwards => (HPos::Center, VPos::Center, FontTransform::Rotate270),
        };
        let font = FontDesc::from((FAMILY, size * PIXELS * TEXT_SCALE)).transform(turn);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(across, down));
        self.area.draw(&Text::new(text.to_owned(), pixels(at), style)).map_err(failed)
    }

    pub(crate) fn line(&self, points: &[At], (colour, width): (RGBColor, f64), dash: Dash) -> Result<(), PlotError> {
        let style = colour.stroke_width(length(width).unsigned_abs());
        let points: Vec<_> = points.iter().copied().map(pixels).collect();
        match dash {
            Dash::Solid => self.area.draw(&PathElement::new(points, style)),
            Dash::Broken { on, off } => self.area.draw(&DashedPathElement::new(points, length(on), length(off), style)),
        }
        .map_err(failed)
    }

    /// A filled shape.
    pub(crate) fn polygon(&self, corners: &[At], fill: RGBAColor) -> Result<(), PlotError> {
        let corners: Vec<_> = corners.iter().copied().map(pixels).collect();
        self.area.draw(&Polygon::new(corners, fill.filled())).map_err(failed)
    }

    /// A filled rectangle between two corners.
    pub(crate) fn rectangle(&self, corners: [At; 2], fill: RGBColor) -> Result<(), PlotError> {
        self.area.draw(&Rectangle::new(corners.map(pixels), fill.filled())).map_err(failed)
    }

    /// The marker of a series with a white outline, so that neighbours stand apart.
    pub(crate) fn marker(&self, (x, y): At, ink: Ink) -> Result<(), PlotError> {
        let shape = |reach: f64| -> Vec<At> {
            let corners: &[At] = match ink.marker {
                Marker::Circle => &[],
                Marker::Square => &[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)],
                Marker::Triangle => &[(0.0, -1.15), (1.08, 0.8), (-1.08, 0.8)],
                Marker::Diamond => &[(0.0, -1.25), (1.05, 0.0), (0.0, 1.25), (-1.05, 0.0)],
                Marker::Cross => &CROSS,
            };
            corners.iter().map(|(across, down)| (x + across * reach, y + down * reach)).collect()
        };
        for (reach, colour) in [(MARKER + 0.6, WHITE), (MARKER, ink.colour)] {
            match ink.marker {
                Marker::Circle => {
                    self.area.draw(&Circle::new(pixels((x, y)), length(reach), colour.filled())).map_err(failed)?
                }
                Marker::Square | Marker::Triangle | Marker::Diamond | Marker::Cross => {
                    self.polygon(&shape(reach), colour.into())?;
                }
            }
        }
        Ok(())
    }

    /// A small ring: a point that counts less than others.
    pub(crate) fn ring(&self, at: At, colour: RGBColor) -> Result<(), PlotError> {
        let (outer, inner) = (MARKER - 0.25, MARKER - 1.0);
        self.area.draw(&Circle::new(pixels(at), length(outer), colour.filled())).map_err(failed)?;
        self.area.draw(&Circle::new(pixels(at), length(inner), WHITE.filled())).map_err(failed)
    }
}

/// Half the width of a marker in points.
const MARKER: f64 = 2.0;
/// A thick diagonal cross.
const CROSS: [At; 12] = [
    (0.0, -0.4),
    (0.75, -1.15),
    (1.15, -0.75),
    (0.4, 0.0),
    (1.15, 0.75),
    (0.75, 1.15),
    (0.0, 0.4),
    (-0.75, 1.15),
    (-1.15, 0.75),
    (-0.4, 0.0),
    (-1.15, -0.75),
    (-0.75, -1.15),
];

fn length(points: f64) -> i32 {
    (points * PIXELS).round() as i32
}

fn pixels((x, y): At) -> (i32, i32) {
    (length(x), length(y))
}

fn failed(error: impl Display) -> PlotError {
    PlotError::Drawing(error.to_string())
}

/// About how wide a text is in points, by Helvetica's widths.
pub(crate) fn text_width(text: &str) -> f64 {
    let em = |letter: char| match letter {
        'i' | 'j' | 'l' | '\'' | '|' => 0.22,
        ' ' | '.' | ',' | ':' | ';' | '/' | '(' | ')' | '[' | ']' | 'f' | 't' | 'I' | '-' | '!' | '¹' | '²' | '³' => {
            0.31
        }
        'm' | 'M' | 'W' | '%' => 0.86,
        'w' | 'A'..='Z' | '+' | '=' => 0.69,
        _ => 0.556,
    };
    text.chars().map(em).sum::<f64>() * TEXT
}
