//! Inks that readers tell apart in colour, colour-blind, and in grey: a colour, a marker and a dash for each series.

use plotters::style::RGBColor;
use plotters::style::colors::colormaps::{ColorMap, ViridisRGB};

/// Colours that colour-blind readers tell apart (Okabe and Ito, "Color Universal Design", 2008), without yellow, which is
/// too light for lines on white.
const OKABE_ITO: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Text, axes and outlines.
pub(crate) const DARK: RGBColor = RGBColor(38, 38, 38);
/// Lines of the grid.
pub(crate) const PALE: RGBColor = RGBColor(222, 222, 222);
/// What is there for comparison only.
pub(crate) const GREY: RGBColor = RGBColor(150, 150, 150);

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

const MARKERS: [Marker; 5] = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross];

/// How a line is broken, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Dash {
    Solid,
    Broken { on: f64, off: f64 },
}

const DASHES: [Dash; 4] = [
    Dash::Solid,
    Dash::Broken { on: 4.5, off: 2.0 },
    Dash::Broken { on: 1.5, off: 1.5 },
    Dash::Broken { on: 8.0, off: 2.5 },
];

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ink {
    pub(crate) colour: RGBColor,
    pub(crate) marker: Marker,
    pub(crate) dash: Dash,
}

impl Ink {
    /// The ink of the `index`-th series. Colours, markers and dashes repeat after 7, 5 and 4, together after 140.
    pub(crate) fn of(index: usize) -> Self {
        let at = |length| index % length;
        Self {
            colour: OKABE_ITO[at(OKABE_ITO.len())],
            marker: MARKERS[at(MARKERS.len())],
            dash: DASHES[at(DASHES.len())],
        }
    }
}

/// The colour of a share from 0 to 1: light is much, in grey too.
pub(crate) fn shade(share: f64) -> RGBColor {
    ViridisRGB.get_color(share.clamp(0.0, 1.0) as f32)
}

/// Whether white text is read better on a colour than black.
pub(crate) fn is_dark(RGBColor(red, green, blue): RGBColor) -> bool {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue) < 140.0
}
