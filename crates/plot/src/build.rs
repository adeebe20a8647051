//! From a table and what to draw of it to a chart.

use rebias_config::Problem;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::axis::{Axis, Scale};
use crate::bars::{Bar, BarChart, BarLayout, BarSeries};
use crate::canvas::Size;
use crate::chart::Chart;
use crate::column::Column;
use crate::data::{Data, Row};
use crate::lines::{Line, LineChart, Point};
use crate::map::{HeatMap, MapCell};
use crate::pareto::{Candidate, CandidateSet, ParetoChart};
use crate::spec::{Kind, Refusal, Repeats, Spec};

/// Where a figure stands: its series, and the text of its horizontal position.
type Place = (String, String);

impl Spec {
    /// The chart of a table.
    ///
    /// # Errors
    /// Columns that are not there or hold no numbers, rows that share a place in the chart.
    pub fn chart(&self, data: &Data) -> Result<Chart, Refusal> {
        let rows = self.rows(data)?;
        Ok(match &self.kind {
            Kind::Lines { x, y, by, repeats, scales } => {
                let places = Places { data, x: data.asked("x", x)?, by: columns(data, by)?, repeats: *repeats };
                Chart::Lines(lines(&places, (&rows, y), *scales)?)
            }
            Kind::Map { x, y, value, repeats } => {
                let by = vec![data.asked("y", y)?];
                let places = Places { data, x: data.asked("x", x)?, by, repeats: *repeats };
                Chart::Map(map(&places, (&rows, value))?)
            }
            Kind::Bars { rows: names, lengths, layout } => Chart::Bars(bars(data, &rows, (names, lengths), *layout)?),
            Kind::Pareto { x, y, by, scales } => {
                let by = columns(data, by)?;
                Chart::Pareto(pareto(data, &rows, (x, y, &by), *scales)?)
            }
        })
    }

    /// The size of its chart.
    pub fn size(&self, chart: &Chart) -> Size {
        let natural = chart.natural_size();
        let (width, height) = self.size_mm;
        Size { width_mm: width.unwrap_or(natural.width_mm), height_mm: height.unwrap_or(natural.height_mm) }
    }

    /// The rows that have the values of `where`.
    fn rows<'d>(&self, data: &'d Data) -> Result<Vec<&'d Row>, Refusal> {
        let mut rows: Vec<_> = data.table().iter().collect();
        for (name, value) in &self.only {
            let column = data.asked("where", name)?;
            let found = Data::distinct(&rows, column).join(", ");
            rows.retain(|row| is_same(row.text(column), value));
            if rows.is_empty() {
                let problem = Problem::new(format!("no row has {value} in `{name}`"));
                return Err(Refusal::new("where", problem.hint(format!("rows have {found}"))));
            }
        }
        Ok(rows)
    }
}

/// Whether two texts are the same number or the same text.
fn is_same(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn columns(data: &Data, names: &[String]) -> Result<Vec<usize>, Refusal> {
    names.iter().map(|name| data.asked("by", name)).collect()
}

/// Where rows stand in a chart: by a horizontal position, and by which of the series they belong to.
struct Places<'d> {
    data: &'d Data,
    x: usize,
    by: Vec<usize>,
    repeats: Repeats,
}

/// A mean, with its interval where that is known.
type Figure = (f64, Option<(f64, f64)>);

impl Places<'_> {
    fn name(&self, column: usize) -> &str {
        self.data.header().get(column).map_or("", String::as_str)
    }

    fn series(&self, row: &Row) -> String {
        series(&self.by, row)
    }

    /// The figures of a column at each place: the series, the text of the horizontal position, the figure.
    fn figures(
        &self,
        rows: &[&Row],
        (key, column): (&'static str, usize),
    ) -> Result<Vec<(String, String, Figure)>, Refusal> {
        let name = self.name(column);
        let end = |ending: &str| self.data.position(&format!("{name}{ending}"));
        let ends = end("_low").zip(end("_high"));
        let factor = Column::of(name).factor;
        let mut places: Vec<(Place, Vec<(&Row, Figure)>)> = Vec::new();
        for &row in rows {
            let Some(value) = self.data.number(row, (key, column))? else { continue };
            let interval = match ends {
                Some((low, high)) => self.data.number(row, (key, low))?.zip(self.data.number(row, (key, high))?),
                None => None,
            };
            let figure = (value * factor, interval.map(|(low, high)| (low * factor, high * factor)));
            let place = (self.series(row), row.text(self.x).to_owned());
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, figures)) => figures.push((row, figure)),
                None => places.push((place, vec![(row, figure)])),
            }
        }
        let known: Vec<_> = [Some(column), ends.map(|it| it.0), ends.map(|it| it.1)].into_iter().flatten().collect();
        places.into_iter().map(|((series, x), figures)| Ok((series, x, self.one_figure(&figures, &known)?))).collect()
    }

    /// What is drawn of the rows at one place.
    fn one_figure(&self, figures: &[(&Row, Figure)], known: &[usize]) -> Result<Figure, Refusal> {
        match (figures, self.repeats) {
            ([(_, only)], _) => Ok(*only),
            (several, Repeats::Mean) => Ok(mean(&several.iter().map(|(_, figure)| figure.0).collect::<Vec<_>>())),
            ([(one, _), (other, _), ..], Repeats::Refuse) => {
                let differs = self.data.difference((one, other), known);
                let told = differs.map_or_else(|| "are alike".to_owned(), |name| format!("differ in `{name}`"));
                let text =
                    format!("rows at lines {} and {} have one place in the chart and {told}", one.line, other.line);
                let hint = "name that column in `by`, keep one of its values with `[where]`, or draw means with `repeats = \"mean\"`";
                Err(Refusal::new("by", Problem::new(text).hint(hint)))
            }
            ([], Repeats::Refuse) => Ok((f64::NAN, None)),
        }
    }
}

fn series(by: &[usize], row: &Row) -> String {
    by.iter().map(|&column| row.text(column)).collect::<Vec<_>>().join(", ")
}

/// The mean with Student's 95 % interval.
fn mean(values: &[f64]) -> Figure {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let half = StudentsT::new(0.0, 1.0, n - 1.0)
        .ok()
        .map(|student| student.inverse_cdf(0.975) * (squares / (n - 1.0) / n).sqrt());
    (mean, half.map(|half| (mean - half, mean + half)))
}

/// A horizontal axis for the texts of a column, and where each of them stands on it.
fn positions(label: String, texts: &[&str], factor: f64, scale: Scale) -> (Axis, Vec<f64>) {
    let numbers: Option<Vec<f64>> =
        texts.iter().map(|text| text.parse().ok().filter(|it: &f64| it.is_finite())).collect();
    match numbers {
        Some(numbers) => {
            let numbers: Vec<_> = numbers.into_iter().map(|number| number * factor).collect();
            (Axis::numbers(label, scale).with_ticks(&numbers), numbers)
        }
        None => {
            let names = texts.iter().map(|text| (*text).to_owned()).collect();
            (Axis::names(label, names), (0..texts.len()).map(|at| at as f64).collect())
        }
    }
}

/// What tells series apart, in words.
fn legend(data: &Data, by: &[usize]) -> String {
    let words = by.iter().filter_map(|&column| data.header().get(column)).map(|name| Column::of(name).label());
    words.collect::<Vec<_>>().join(", ")
}

/// The series of some rows, numbers by value.
fn ordered_series(by: &[usize], rows: &[&Row]) -> Vec<String> {
    if let [only] = by {
        return Data::distinct(rows, *only).into_iter().map(str::to_owned).collect();
    }
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        let name = series(by, row);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn lines(places: &Places<'_>, (rows, y): (&[&Row], &str), scales: (Scale, Scale)) -> Result<LineChart, Refusal> {
    let figures = places.figures(rows, ("y", places.data.asked("y", y)?))?;
    let column = Column::of(places.name(places.x));
    let texts = Data::distinct(rows, places.x);
    let (x, at) = positions(column.label(), &texts, column.factor, scales.0);
    let line = |name: String| {
        let points = texts.iter().zip(&at).filter_map(|(text, &x)| {
            let (_, _, (y, interval)) = figures.iter().find(|(series, place, _)| *series == name && place == text)?;
            Some(Point { x, y: *y, interval: *interval })
        });
        Line { points: points.collect(), name }
    };
    let lines = ordered_series(&places.by, rows).into_iter().map(line).filter(|line| !line.points.is_empty()).collect();
    let y = Axis::numbers(Column::of(y).label(), scales.1);
    Ok(LineChart { x, y, legend: legend(places.data, &places.by), lines })
}

fn map(places: &Places<'_>, (rows, value): (&[&Row], &str)) -> Result<HeatMap, Refusal> {
    let figures = places.figures(rows, ("value", places.data.asked("value", value)?))?;
    let columns = Data::distinct(rows, places.x);
    let names = ordered_series(&places.by, rows);
    let cell = |(series, place, (value, _)): &(String, String, Figure)| {
        let column = columns.iter().position(|text| text == place)?;
        let row = names.iter().position(|text| text == series)?;
        Some(MapCell { column, row, value: *value })
    };
    Ok(HeatMap {
        x: Column::of(places.name(places.x)).label(),
        columns: columns.iter().map(|text| (*text).to_owned()).collect(),
        y: legend(places.data, &places.by),
        value: Axis::numbers(Column::of(value).label(), Scale::Linear),
        cells: figures.iter().filter_map(cell).collect(),
        rows: names,
    })
}

fn bars(
    data: &Data,
    rows: &[&Row],
    (names, lengths): (&str, &[String]),
    layout: BarLayout,
) -> Result<BarChart, Refusal> {
    let names = data.asked("rows", names)?;
    let meanings: Vec<_> = lengths.iter().map(|name| Column::of(name)).collect();
    let Some(first) = meanings.first() else {
        return Err(Refusal::new("lengths", Problem::new("there is no column of lengths")));
    };
    if let Some(other) = meanings.iter().find(|meaning| meaning.unit != first.unit) {
        let problem = Problem::new(format!("`{}` and `{}` have different units", first.label(), other.label()));
        return Err(Refusal::new("lengths", problem.hint("draw a chart for each unit")));
    }
    let mut table: Vec<(&str, Vec<Option<Bar>>)> = Vec::new();
    for row in rows {
        let bar = |(name, meaning): (&String, &Column)| {
            let column = |ending: &str| data.position(&format!("{name}{ending}"));
            let number = |column| data.number(row, ("lengths", column));
            let value = number(data.asked("lengths", name)?)?;
            let interval = match column("_low").zip(column("_high")) {
                Some((low, high)) => number(low)?.zip(number(high)?),
                None => None,
            };
            let scaled = |(low, high)| (low * meaning.factor, high * meaning.factor);
            Ok(value.map(|value| Bar { value: value * meaning.factor, interval: interval.map(scaled) }))
        };
        table.push((row.text(names), lengths.iter().zip(&meanings).map(bar).collect::<Result<_, Refusal>>()?));
    }
    if layout == BarLayout::Stacked {
        let total = |bars: &[Option<Bar>]| bars.iter().flatten().map(|bar| bar.value).sum::<f64>();
        table.retain(|(_, bars)| total(bars) > 0.0);
        table.sort_by(|one, other| total(&other.1).total_cmp(&total(&one.1)));
    }
    let label = match (meanings.as_slice(), first.unit) {
        ([only], _) => only.label(),
        (_, Some(unit)) => format!("{} ({})", unit.quantity, unit.symbol),
        (_, None) => String::new(),
    };
    let series = meanings.iter().enumerate().map(|(index, meaning)| BarSeries {
        name: meaning.words.clone(),
        bars: table.iter().map(|(_, bars)| bars.get(index).copied().flatten()).collect(),
    });
    let series = series.collect();
    let categories = table.iter().map(|(name, _)| (*name).to_owned()).collect();
    Ok(BarChart { categories, x: Axis::numbers(label, Scale::Linear), series, layout })
}

fn pareto(
    data: &Data,
    rows: &[&Row],
    (x, y, by): (&str, &str, &[usize]),
    scales: (Scale, Scale),
) -> Result<ParetoChart, Refusal> {
    let (across, up) = (data.asked("x", x)?, data.asked("y", y)?);
    let (x, y) = (Column::of(x), Column::of(y));
    let mut sets: Vec<_> =
        ordered_series(by, rows).into_iter().map(|name| CandidateSet { name, points: Vec::new() }).collect();
    for row in rows {
        let numbers = data.number(row, ("x", across))?.zip(data.number(row, ("y", up))?);
        let name = series(by, row);
        if let (Some((across, up)), Some(set)) = (numbers, sets.iter_mut().find(|set| set.name == name)) {
            set.points.push(Candidate { x: across * x.factor, y: up * y.factor });
        }
    }
    sets.retain(|set| !set.points.is_empty());
    let axis = |column: &Column, scale| (Axis::numbers(column.label(), scale), column.wish);
    Ok(ParetoChart { x: axis(&x, scales.0), y: axis(&y, scales.1), legend: legend(data, by), sets })
}
