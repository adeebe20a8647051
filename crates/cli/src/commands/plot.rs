//! `rebias plot`: a chart of a table of results.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rebias_plot::{Chart, ChartKind, Data, Refusal, Size, Spec, Wanted};
use rebias_sweep::{read_document, read_text, write_file};

use super::picture::Format;
use crate::failure::Failure;
use crate::help;

/// What is drawn, of what, and where to.
#[derive(Debug, Args)]
#[command(after_help = help::PLOT)]
pub(crate) struct Plot {
    /// The table (CSV): results.csv of a sweep, components.csv of a run, or any other.
    table: PathBuf,
    /// What to draw of it (TOML) [default: what suits its columns].
    #[arg(conflicts_with_all = ["chart", "x", "y", "by"])]
    spec: Option<PathBuf>,
    /// The kind of chart.
    #[arg(long, value_enum)]
    chart: Option<NamedChart>,
    /// Column along the horizontal axis; of bars, their lengths.
    #[arg(long, value_name = "COLUMN")]
    x: Option<String>,
    /// Column along the vertical axis, with `_low` and `_high` columns as bands; of maps, what colours say.
    #[arg(long, value_name = "COLUMN")]
    y: Option<String>,
    /// Columns that tell lines or points apart; of maps, the vertical axis.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    by: Vec<String>,
    /// The file to write: SVG, or PNG in builds with the feature `png`.
    #[arg(long, value_name = "FILE", default_value = "plot.svg")]
    out: PathBuf,
}

/// A kind of chart, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NamedChart {
    /// Families of lines.
    Lines,
    /// A colour for each of two coordinates.
    Map,
    /// Horizontal bars.
    Bars,
    /// Two figures against each other, and the points that no other beats.
    Pareto,
}

impl From<NamedChart> for ChartKind {
    fn from(named: NamedChart) -> Self {
        match named {
            NamedChart::Lines => Self::Lines,
            NamedChart::Map => Self::Map,
            NamedChart::Bars => Self::Bars,
            NamedChart::Pareto => Self::Pareto,
        }
    }
}

pub(crate) fn run(args: &Plot) -> Result<String, Failure> {
    let format = Format::of(&args.out)?;
    let data = read_data(&args.table)?;
    let (chart, size) = chart(args, &data)?;
    let svg = chart.svg(size).map_err(|error| Failure::Input(format!("{}: {error}", args.table.display())))?;
    write_file(&args.out, format.encode(svg)?)?;
    Ok(format!("written to {}", args.out.display()))
}

/// Reads a table of results.
pub(super) fn read_data(path: &Path) -> Result<Data, Failure> {
    Ok(Data::parse(&path.display().to_string(), &read_text(path)?)?)
}

fn chart(args: &Plot, data: &Data) -> Result<(Chart, Size), Failure> {
    let (spec, chart) = match &args.spec {
        Some(spec) => Spec::parse_for(&read_document(spec)?, data)?,
        None => {
            let kind = args.chart.map(ChartKind::from);
            let wanted = Wanted { kind, x: args.x.clone(), y: args.y.clone(), by: args.by.clone() };
            let spec = Spec::suited(data, &wanted).map_err(refused)?;
            let chart = spec.chart(data).map_err(refused)?;
            (spec, chart)
        }
    };
    let size = spec.size(&chart);
    Ok((chart, size))
}

/// What the user's options, or the columns that were chosen for want of them, cannot give.
pub(super) fn refused(refusal: Refusal) -> Failure {
    rebias_config::Faults::plain(refusal.problem).into()
}
