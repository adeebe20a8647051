//! Colours that colour-blind readers tell apart (Okabe and Ito, "Color Universal Design", 2008).

use plotters::style::RGBColor;

const OKABE_ITO: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The colour of the `index`-th series; colours repeat after seven.
pub(crate) fn colour(index: usize) -> RGBColor {
    OKABE_ITO[index % OKABE_ITO.len()]
}
