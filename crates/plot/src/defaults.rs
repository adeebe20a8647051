//! What to draw of a table whose reader says little or nothing.

use rebias_config::Problem;

use crate::axis::Scale;
use crate::bars::BarLayout;
use crate::data::Data;
use crate::spec::{Kind, Refusal, Repeats, Spec};

/// A kind of chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Families of lines.
    Lines,
    /// A colour for each of two coordinates.
    Map,
    /// Bars.
    Bars,
    /// Two figures against each other with their front.
    Pareto,
}

/// What a reader says of the chart, if anything.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The kind.
    pub kind: Option<ChartKind>,
    /// Column of the horizontal axis; of bars, their lengths.
    pub x: Option<String>,
    /// Column of the vertical axis; of bars, the names of rows; of maps, what colours say.
    pub y: Option<String>,
    /// Columns that tell series apart; of maps, the vertical axis.
    pub by: Vec<String>,
}

impl Spec {
    /// What suits a table, where the reader doesn't say: a sweep's `results.csv` becomes accuracy against the axis with
    /// most values, with a line for each combination of the others; `components.csv` becomes stacks of energy,
    /// `attribution.csv` bars of what each non-ideality costs.
    ///
    /// # Errors
    /// A table that nothing is known of, and too little said of it.
    pub fn suited(data: &Data, wanted: &Wanted) -> Result<Self, Refusal> {
        let kind = wanted.kind.unwrap_or(if has_bars(data) { ChartKind::Bars } else { ChartKind::Lines });
        let kind = match kind {
            ChartKind::Bars => bars(data, wanted)?,
            ChartKind::Lines => {
                let x = wanted.x.clone().or_else(|| widest_axis(data)).ok_or_else(|| nothing_known("x"))?;
                let by = if wanted.by.is_empty() { other_axes(data, &[&x]) } else { wanted.by.clone() };
                let (y, repeats) = (figure(data, wanted), Repeats::Refuse);
                Kind::Lines { x, y, by, repeats, scales: (Scale::Automatic, Scale::Automatic) }
            }
            ChartKind::Map => {
                let x = wanted.x.clone().or_else(|| widest_axis(data)).ok_or_else(|| nothing_known("x"))?;
                let y = wanted.by.first().cloned().or_else(|| other_axes(data, &[&x]).into_iter().next());
                let y = y.ok_or_else(|| nothing_known("by"))?;
                Kind::Map { x, y, value: figure(data, wanted), repeats: Repeats::Refuse }
            }
            ChartKind::Pareto => {
                let x = wanted.x.clone().unwrap_or_else(|| "energy_uj".to_owned());
                let scales = (Scale::Automatic, Scale::Automatic);
                Kind::Pareto { x, y: figure(data, wanted), by: wanted.by.clone(), scales }
            }
        };
        Ok(Self { kind, only: Vec::new(), size_mm: (None, None) })
    }
}

fn nothing_known(key: &'static str) -> Refusal {
    Refusal::new(key, Problem::new("the table has no column `arch.…` to plot against").hint("name a column"))
}

/// Tables of one row for each thing that has a name.
fn has_bars(data: &Data) -> bool {
    ["component", "non_ideality"].iter().any(|name| data.position(name) == Some(0))
}

fn bars(data: &Data, wanted: &Wanted) -> Result<Kind, Refusal> {
    let rows = wanted.y.clone().or_else(|| data.header().first().cloned()).ok_or_else(|| nothing_known("rows"))?;
    let has = |name: &&str| data.position(name).is_some();
    let parts: Vec<_> = ["dynamic_uj", "static_gated_uj"].into_iter().filter(has).map(str::to_owned).collect();
    let losses: Vec<_> = ["alone_loss", "added_loss"].into_iter().filter(has).map(str::to_owned).collect();
    Ok(match &wanted.x {
        Some(x) => Kind::Bars { rows, lengths: vec![x.clone()], layout: BarLayout::Grouped },
        None if !losses.is_empty() => Kind::Bars { rows, lengths: losses, layout: BarLayout::Grouped },
        None => Kind::Bars { rows, lengths: parts, layout: BarLayout::Stacked },
    })
}

/// What is drawn against the axes: accuracy, or energy in a sweep of costs alone.
fn figure(data: &Data, wanted: &Wanted) -> String {
    let has_accuracy =
        data.position("accuracy").is_some_and(|column| data.table().iter().any(|row| !row.text(column).is_empty()));
    wanted.y.clone().unwrap_or_else(|| if has_accuracy { "accuracy" } else { "energy_uj" }.to_owned())
}

/// The axes of a sweep that have several values, with how many.
fn axes(data: &Data) -> Vec<(&String, usize)> {
    let is_axis = |name: &str| ["arch.", "costs.", "run."].iter().any(|prefix| name.starts_with(prefix));
    let rows: Vec<_> = data.table().iter().collect();
    let columns = data.header().iter().enumerate().filter(|(_, name)| is_axis(name));
    let counted = columns.map(|(column, name)| (name, Data::distinct(&rows, column).len()));
    counted.filter(|(_, values)| *values > 1).collect()
}

/// The axis with most values; of several, the last.
fn widest_axis(data: &Data) -> Option<String> {
    axes(data).into_iter().max_by_key(|(_, values)| *values).map(|(name, _)| name.clone())
}

fn other_axes(data: &Data, but: &[&String]) -> Vec<String> {
    axes(data).into_iter().map(|(name, _)| name).filter(|name| !but.contains(name)).cloned().collect()
}
