//! What to draw of a table.

use std::fmt;

use rebias_config::{Document, Faults, Interval, Problem, Table, Value};

use crate::axis::Scale;
use crate::bars::BarLayout;
use crate::chart::Chart;
use crate::data::Data;
use crate::defaults::ChartKind;

/// What to draw of a table, in names of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The kind of chart with its columns.
    pub kind: Kind,
    /// Columns with the one value that drawn rows have.
    pub only: Vec<(String, String)>,
    /// Width and height in millimetres, where they are not those that suit the chart.
    pub size_mm: (Option<f64>, Option<f64>),
}

/// A kind of chart with its columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `y` against `x`, a line for each combination of values of `by`.
    Lines {
        /// The horizontal axis.
        x: String,
        /// The vertical axis; `…_low` and `…_high` are its intervals.
        y: String,
        /// What tells lines apart.
        by: Vec<String>,
        /// What becomes of several rows at one place.
        repeats: Repeats,
        /// Scales of both axes.
        scales: (Scale, Scale),
    },
    /// A colour for each `x` and `y`.
    Map {
        /// The horizontal axis.
        x: String,
        /// The vertical axis.
        y: String,
        /// What colours say.
        value: String,
        /// What becomes of several rows at one place.
        repeats: Repeats,
    },
    /// A row of bars for each row.
    Bars {
        /// What rows are called.
        rows: String,
        /// How long bars are; columns of one unit.
        lengths: Vec<String>,
        /// How the bars of a row are arranged.
        layout: BarLayout,
    },
    /// `y` against `x` with the front.
    Pareto {
        /// The horizontal axis.
        x: String,
        /// The vertical axis.
        y: String,
        /// What tells inks apart.
        by: Vec<String>,
        /// Scales of both axes.
        scales: (Scale, Scale),
    },
}

/// What becomes of several rows at one place of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// They are an error.
    Refuse,
    /// Their mean is drawn, with Student's 95 % interval.
    Mean,
}

/// Why a table cannot be drawn like that.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The key of the spec at fault.
    pub key: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

impl Refusal {
    pub(crate) fn new(key: &'static str, problem: Problem) -> Self {
        Self { key, problem }
    }
}

impl fmt::Display for Spec {
    /// In a few words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Lines { x, y, .. } => write!(f, "lines of {y} against {x}"),
            Kind::Map { x, y, value, .. } => write!(f, "a map of {value} over {x} and {y}"),
            Kind::Bars { rows, lengths, .. } => write!(f, "bars of {} for each {rows}", lengths.join(", ")),
            Kind::Pareto { x, y, .. } => write!(f, "the front of {y} against {x}"),
        }
    }
}

impl Spec {
    /// Reads what to draw.
    ///
    /// # Errors
    /// All that is wrong with it, at once.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(Self::read)
    }

    /// Reads what to draw, and takes it from a table.
    ///
    /// # Errors
    /// All that is wrong with it by itself, or else why the table cannot be drawn like that.
    pub fn parse_for(document: &Document, data: &Data) -> Result<(Self, Chart), Faults> {
        document.read(|table| {
            let spec = Self::read(table)?;
            match spec.chart(data) {
                Ok(chart) => Some((spec, chart)),
                Err(refusal) => {
                    table.fault(refusal.key, refusal.problem);
                    None
                }
            }
        })
    }

    fn read(table: &Table<'_>) -> Option<Self> {
        let named = [
            ("lines", ChartKind::Lines),
            ("map", ChartKind::Map),
            ("bars", ChartKind::Bars),
            ("pareto", ChartKind::Pareto),
        ];
        let named = table.choice("chart", &named);
        let millimetres = Interval::closed(20.0, 500.0);
        let width = table.optional_number("width_mm", millimetres);
        let height = table.optional_number("height_mm", millimetres);
        let only =
            table.optional_table("where").map(|only| only.map_or_else(|| Some(Vec::new()), |only| read_only(&only)));
        let kind = read_kind(table, named?);
        Some(Self { kind: kind?, only: only??, size_mm: (width?, height?) })
    }
}

fn read_kind(table: &Table<'_>, named: ChartKind) -> Option<Kind> {
    let scale = |key: &str| {
        let scales = [("auto", Scale::Automatic), ("linear", Scale::Linear), ("log", Scale::Logarithmic)];
        table.choice_or_first(key, &scales)
    };
    let repeats = || table.choice_or_first("repeats", &[("refuse", Repeats::Refuse), ("mean", Repeats::Mean)]);
    let by = || table.optional_strings("by").map(Option::unwrap_or_default);
    match named {
        ChartKind::Lines => {
            let (x, y, by, repeats) = (table.string("x"), table.string("y"), by(), repeats());
            let scales = (scale("x_scale"), scale("y_scale"));
            Some(Kind::Lines { x: x?, y: y?, by: by?, repeats: repeats?, scales: (scales.0?, scales.1?) })
        }
        ChartKind::Map => {
            let (x, y, value, repeats) = (table.string("x"), table.string("y"), table.string("value"), repeats());
            Some(Kind::Map { x: x?, y: y?, value: value?, repeats: repeats? })
        }
        ChartKind::Bars => {
            let (rows, lengths) = (table.string("rows"), table.strings("lengths"));
            let layouts = [("stacked", BarLayout::Stacked), ("grouped", BarLayout::Grouped)];
            let layout = table.choice_or_first("layout", &layouts);
            Some(Kind::Bars { rows: rows?, lengths: lengths?, layout: layout? })
        }
        ChartKind::Pareto => {
            let (x, y, by) = (table.string("x"), table.string("y"), by());
            let scales = (scale("x_scale"), scale("y_scale"));
            Some(Kind::Pareto { x: x?, y: y?, by: by?, scales: (scales.0?, scales.1?) })
        }
    }
}

fn read_only(table: &Table<'_>) -> Option<Vec<(String, String)>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let only: Vec<_> = table.keys().into_iter().map(|key| Some((key.to_owned(), text(table.value(key)?)))).collect();
    only.into_iter().collect()
}
