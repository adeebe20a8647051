//! What all charts have around their marks: axes with ticks and labels, and a legend above them.
//!
//! ```text
//!      title   ─o─ one   ─□─ two
//!   y ┤
//!     ┤   marks                    │ right margin
//!     └──┬────┬────┬──
//!             x
//! ```

use crate::PlotError;
use crate::axis::{Axis, Fitted};
use crate::canvas::{Anchor, At, Canvas, SMALL_TEXT, Size, TEXT, text_width};
use crate::palette::{DARK, Dash, GREY, Ink, PALE};

/// Space around the chart, in points.
const MARGIN: f64 = 4.0;
/// Space between a tick's mark and its label.
const GAP: f64 = 3.0;
const TICK: f64 = 3.0;
/// From one line of the legend to the next.
const LEGEND_LINE: f64 = 11.0;
/// Between what stands before a name in the legend and the name.
const KEY_GAP: f64 = 4.0;
const BETWEEN_ENTRIES: f64 = 9.0;

/// What stands before a name in the legend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Key {
    Line(Ink),
    Marker(Ink),
    Area(Ink),
    /// Points that count less.
    Ring,
    /// The line through the best points.
    Front,
}

impl Key {
    fn width(self) -> f64 {
        match self {
            Key::Line(_) | Key::Front => 16.0,
            Key::Area(_) => 9.0,
            Key::Marker(_) | Key::Ring => 4.0,
        }
    }
}

/// The legend.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Legend {
    /// What the names are values of; empty if they speak for themselves.
    pub(crate) title: String,
    pub(crate) entries: Vec<(String, Key)>,
}

/// What a frame is built of.
pub(crate) struct Plan<'p> {
    pub(crate) size: Size,
    pub(crate) x: &'p Axis,
    pub(crate) y: &'p Axis,
    /// All values along each axis.
    pub(crate) values: (Vec<f64>, Vec<f64>),
    pub(crate) legend: Legend,
    /// Kept free on the right, in points.
    pub(crate) right: f64,
    pub(crate) grid: Grid,
}

/// Lines behind the marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grid {
    /// At the ticks of the vertical axis.
    Across,
    /// At the ticks of the horizontal axis, which begins at zero if all values are positive.
    UpFromZero,
    None,
}

/// Where values stand on the canvas.
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    x: Fitted,
    y: Fitted,
}

impl Frame {
    /// Draws what is behind the marks.
    pub(crate) fn draw(canvas: &Canvas<'_>, plan: Plan<'_>) -> Result<Self, PlotError> {
        let (width, height) = plan.size.points();
        let rows = legend_rows(&plan.legend, width - 2.0 * MARGIN);
        let top = MARGIN + rows.len() as f64 * LEGEND_LINE + 0.5 * TEXT;
        let label_height = |axis: &Axis| if axis.label.is_empty() { 0.0 } else { 1.5 * TEXT };
        let bottom = height - MARGIN - label_height(plan.x) - TEXT - GAP - TICK;
        let (across, up) = plan.values;
        let y = plan.y.fit(up.into_iter(), bottom - top, |_| TEXT);
        let widest = y.ticks.iter().map(|tick| text_width(&tick.label)).fold(0.0, f64::max);
        let left = MARGIN + label_height(plan.y) + widest + GAP + TICK;
        let right = width - plan.right - MARGIN - 0.5 * TEXT;
        let mut x = plan.x.fit(across.iter().copied(), right - left, text_width);
        if plan.grid == Grid::UpFromZero && across.iter().all(|value| *value >= 0.0) {
            x = x.from(0.0);
        }
        if left + 20.0 > right || top + 20.0 > bottom {
            return Err(PlotError::TooSmall);
        }
        let frame = Self { left, right, top, bottom, x, y };
        frame.draw_grid(canvas, plan.grid)?;
        frame.draw_axes(canvas, (plan.x, plan.y))?;
        draw_legend(canvas, &rows)?;
        Ok(frame)
    }

    /// Where a value of the horizontal axis stands.
    pub(crate) fn x(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * (self.right - self.left)
    }

    /// Where a value of the vertical axis stands.
    pub(crate) fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.share(value) * (self.bottom - self.top)
    }

    pub(crate) fn at(&self, (x, y): (f64, f64)) -> At {
        (self.x(x), self.y(y))
    }

    fn draw_grid(&self, canvas: &Canvas<'_>, grid: Grid) -> Result<(), PlotError> {
        let lines: Vec<[At; 2]> = match grid {
            Grid::None => Vec::new(),
            Grid::Across => {
                let ticks = self.y.ticks.iter().map(|tick| self.y(tick.at));
                ticks.map(|y| [(self.left, y), (self.right, y)]).collect()
            }
            Grid::UpFromZero => {
                let ticks = self.x.ticks.iter().map(|tick| self.x(tick.at));
                ticks.map(|x| [(x, self.top), (x, self.bottom)]).collect()
            }
        };
        lines.iter().try_for_each(|line| canvas.line(line, (PALE, 0.5), Dash::Solid))
    }

    fn draw_axes(&self, canvas: &Canvas<'_>, (x, y): (&Axis, &Axis)) -> Result<(), PlotError> {
        let ink = (DARK, 0.75);
        let corner = [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)];
        canvas.line(&corner, ink, Dash::Solid)?;
        for tick in &self.x.ticks {
            let at = self.x(tick.at);
            canvas.line(&[(at, self.bottom), (at, self.bottom + TICK)], ink, Dash::Solid)?;
            canvas.text((at, self.bottom + TICK + GAP - 1.0), &tick.label, Anchor::Below)?;
        }
        for tick in &self.y.ticks {
            let at = self.y(tick.at);
            canvas.line(&[(self.left - TICK, at), (self.left, at)], ink, Dash::Solid)?;
            canvas.text((self.left - TICK - GAP, at), &tick.label, Anchor::Left)?;
        }
        let middle = (0.5 * (self.left + self.right), 0.5 * (self.top + self.bottom));
        if !x.label.is_empty() {
            canvas.text((middle.0, self.bottom + TICK + GAP + TEXT + 1.0), &x.label, Anchor::Below)?;
        }
        if !y.label.is_empty() {
            canvas.text((MARGIN + 0.5 * TEXT, middle.1), &y.label, Anchor::Upwards)?;
        }
        Ok(())
    }
}

/// Something of the legend, where it begins on its line.
enum Placed<'l> {
    Title(f64, &'l str),
    Entry(f64, &'l str, Key),
}

/// The legend in lines no wider than `width`.
fn legend_rows(legend: &Legend, width: f64) -> Vec<Vec<Placed<'_>>> {
    if legend.entries.is_empty() {
        return Vec::new();
    }
    let has_title = !legend.title.is_empty();
    let mut at = if has_title { text_width(&legend.title) + BETWEEN_ENTRIES } else { 0.0 };
    let mut rows = vec![if has_title { vec![Placed::Title(0.0, &legend.title)] } else { Vec::new() }];
    for (name, key) in &legend.entries {
        let entry = key.width() + KEY_GAP + text_width(name);
        if at > 0.0 && at + entry > width {
            rows.push(Vec::new());
            at = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(Placed::Entry(at, name, *key));
        }
        at += entry + BETWEEN_ENTRIES;
    }
    rows
}

fn draw_legend(canvas: &Canvas<'_>, rows: &[Vec<Placed<'_>>]) -> Result<(), PlotError> {
    for (row, placed) in rows.iter().enumerate() {
        let y = MARGIN + (row as f64 + 0.5) * LEGEND_LINE;
        for one in placed {
            match *one {
                Placed::Title(x, title) => canvas.text((MARGIN + x, y), title, Anchor::Right)?,
                Placed::Entry(x, name, key) => {
                    draw_key(canvas, (MARGIN + x, y), key)?;
                    canvas.text((MARGIN + x + key.width() + KEY_GAP, y), name, Anchor::Right)?;
                }
            }
        }
    }
    Ok(())
}

fn draw_key(canvas: &Canvas<'_>, (x, y): At, key: Key) -> Result<(), PlotError> {
    let (end, middle) = (x + key.width(), x + 0.5 * key.width());
    match key {
        Key::Line(ink) => {
            canvas.line(&[(x, y), (end, y)], (ink.colour, 1.25), ink.dash)?;
            canvas.marker((middle, y), ink)
        }
        Key::Marker(ink) => canvas.marker((middle, y), ink),
        Key::Area(ink) => canvas.rectangle([(x, y - 3.5), (end, y + 3.5)], ink.colour),
        Key::Ring => canvas.ring((middle, y), GREY),
        Key::Front => canvas.line(&[(x, y), (end, y)], (DARK, 0.75), Dash::Solid),
    }
}

/// Text within a mark, such as the value of a cell.
pub(crate) fn text_in_mark(
    canvas: &Canvas<'_>,
    at: At,
    text: &str,
    colour: plotters::style::RGBColor,
) -> Result<(), PlotError> {
    canvas.sized_text(at, text, Anchor::Middle, (SMALL_TEXT, colour))
}
