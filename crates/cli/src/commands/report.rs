//! `rebias report`: one HTML page of what a command has written.

use std::path::{Path, PathBuf};

use clap::Args;
use rebias_config::Value;
use rebias_plot::{BarLayout, ChartKind, Column, Data, Kind, Spec, Wanted};
use rebias_report::{Block, Page, PageTable};
use rebias_sweep::{FileError, Plan, read_design, read_document, read_text, write_file};

use super::plot::read_data;
use super::provenance;
use crate::failure::Failure;
use crate::help;

/// What is reported, and where to.
#[derive(Debug, Args)]
#[command(after_help = help::REPORT)]
pub(crate) struct Report {
    /// The folder that `simulate`, `sweep` or `attribute` has written with `--out`.
    folder: PathBuf,
    /// The page to write.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
}

/// Figures of a run that stand above all others.
const MAIN: [&str; 11] = [
    "accuracy",
    "agreement",
    "images",
    "chips",
    "latency_us",
    "interval_us",
    "interval_steady",
    "energy_uj",
    "power_mw",
    "area_mm2",
    "tops_per_w",
];
/// Tables of a run, with what they hold.
const TABLES: [(&str, &str); 6] = [
    ("layers.csv", "Layers"),
    ("components.csv", "Components"),
    ("chips.csv", "Chips"),
    ("energy.csv", "Energy by layer and component"),
    ("parts.csv", "Parts"),
    ("buffers.csv", "Buffers"),
];

pub(crate) fn run(args: &Report) -> Result<String, Failure> {
    let has = |name: &str| args.folder.join(name).is_file();
    let page = if has("summary.csv") {
        of_run(&args.folder)?
    } else if has("results.csv") {
        of_sweep(&args.folder)?
    } else if has("attribution.csv") {
        of_attribution(&args.folder)?
    } else {
        return Err(FileError::Missing {
            what: "a file of results",
            path: args.folder.join("summary.csv"),
            hint: "name the folder that `rebias simulate`, `sweep` or `attribute` has written with `--out`",
        }
        .into());
    };
    write_file(&args.out, page.html().into_bytes())?;
    Ok(format!("written to {}", args.out.display()))
}

fn of_run(folder: &Path) -> Result<Page, Failure> {
    let summary = read_data(&folder.join("summary.csv"))?;
    let text = |name: &str| value(&summary, name).unwrap_or_default().to_owned();
    let main = MAIN.iter().filter_map(|name| Some((Column::of(name).label(), shown(name, value(&summary, name)?))));
    let mut blocks = vec![Block::Facts(main.collect())];
    if !text("warnings").is_empty() {
        blocks.push(Block::Paragraph(format!("Warnings: {}", text("warnings"))));
    }
    blocks.push(Block::Heading("Where energy and area go".to_owned()));
    let components = read_data(&folder.join("components.csv"))?;
    let bars = |x: &str| Wanted { kind: Some(ChartKind::Bars), x: Some(x.to_owned()), ..Wanted::default() };
    blocks.extend(chart(&components, &Wanted::default(), "Energy of an image by component"));
    blocks.extend(drawn(&components, &areas(), "Area of the allocated tiles by component"));
    let layers = read_data(&folder.join("layers.csv"))?;
    blocks.extend(chart(&layers, &bars("energy_uj"), "Energy of an image's actions by layer"));

    blocks.push(Block::Heading("Tables".to_owned()));
    let figures = summary.header().iter().zip(summary.rows().next().unwrap_or_default());
    let rows = figures.map(|(name, value)| vec![name.clone(), value.clone()]).collect();
    let header = vec!["figure".to_owned(), "value".to_owned()];
    blocks.push(Block::Table(PageTable { caption: "Summary".to_owned(), header, rows }));
    for (file, caption) in TABLES {
        if folder.join(file).is_file() {
            blocks.push(table(caption, &read_data(&folder.join(file))?));
        }
    }
    blocks.extend(origin(folder)?);
    Ok(Page { title: format!("{} on {}", text("network"), text("architecture")), blocks })
}

fn of_sweep(folder: &Path) -> Result<Page, Failure> {
    let results = read_data(&folder.join("results.csv"))?;
    let n_points = results.rows().count();
    let mut blocks = vec![Block::Paragraph(format!("{n_points} points."))];
    let of = |kind| Wanted { kind: Some(kind), ..Wanted::default() };
    blocks.extend(chart(&results, &of(ChartKind::Lines), "Against the axis with most values"));
    blocks.extend(chart(&results, &of(ChartKind::Pareto), "What no other point beats"));
    blocks.extend(chart(&results, &of(ChartKind::Map), "Over two axes"));
    blocks.push(table("Points", &results));
    blocks.push(Block::Heading("Configuration and provenance".to_owned()));
    if Plan::exists(folder) {
        let plan = Plan::read(folder)?;
        blocks.push(Block::Text("plan.toml".to_owned(), read_text(&folder.join("plan.toml"))?));
        // A sweep that has moved since is told by its plan alone.
        if let Ok(text) = read_text(plan.sweep()) {
            blocks.push(Block::Text("The sweep".to_owned(), text));
            let sweep = read_document(plan.sweep())?;
            let base = sweep.get("architecture").and_then(Value::as_str);
            let place = plan.sweep().parent().zip(base).map(|(folder, base)| folder.join(base));
            if let Some(design) = place.and_then(|place| read_design(&place).ok()) {
                blocks.push(Block::Text("The design that it varies".to_owned(), design.arch.to_toml()));
            }
        }
    }
    let first = ["version", "seed"].map(|name| (name.to_owned(), value(&results, name).unwrap_or_default().to_owned()));
    blocks.push(Block::Facts(first.to_vec()));
    let title = value(&results, "network").zip(value(&results, "architecture"));
    let title = title.map_or("Sweep".to_owned(), |(network, arch)| format!("Sweep of {network} on {arch}"));
    Ok(Page { title, blocks })
}

fn of_attribution(folder: &Path) -> Result<Page, Failure> {
    let shares = read_data(&folder.join("attribution.csv"))?;
    let ideal = value(&shares, "ideal_accuracy").map(|ideal| shown("accuracy", ideal)).unwrap_or_default();
    let settings =
        ["images", "chips"].map(|name| (name.to_owned(), value(&shares, name).unwrap_or_default().to_owned()));
    let mut blocks =
        vec![Block::Facts([vec![("accuracy on ideal chips (%)".to_owned(), ideal)], settings.to_vec()].concat())];
    blocks.extend(chart(&shares, &Wanted::default(), "Accuracy lost, with 95 % intervals over chips"));
    blocks.push(table("Non-idealities", &shares));
    blocks.extend(origin(folder)?);
    Ok(Page { title: "Which non-ideality costs how much accuracy".to_owned(), blocks })
}

/// What was simulated, and what results come from.
fn origin(folder: &Path) -> Result<Vec<Block>, Failure> {
    let mut blocks = vec![Block::Heading("Configuration and provenance".to_owned())];
    let facts = folder.join(provenance::FILE);
    if facts.is_file() {
        let document = read_document(&facts)?;
        let keys = ["version", "command", "seed", "hash.configuration", "hash.costs", "hash.network"];
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let found = keys.iter().filter_map(|key| Some(((*key).replace('.', " of "), text(document.get(key)?))));
        blocks.push(Block::Facts(found.collect()));
    }
    let configuration = folder.join("configuration.toml");
    if configuration.is_file() {
        let text = read_text(&configuration)?;
        blocks.push(Block::Text("What was really simulated: the whole configuration".to_owned(), text));
    }
    Ok(blocks)
}

/// Components, the largest first.
fn areas() -> Spec {
    let (rows, lengths) = ("component".to_owned(), vec!["area_allocated_mm2".to_owned()]);
    Spec { kind: Kind::Bars { rows, lengths, layout: BarLayout::Stacked }, only: Vec::new(), size_mm: (None, None) }
}

/// A chart, if the table has one of this kind.
fn chart(data: &Data, wanted: &Wanted, caption: &str) -> Option<Block> {
    drawn(data, &Spec::suited(data, wanted).ok()?, caption)
}

fn drawn(data: &Data, spec: &Spec, caption: &str) -> Option<Block> {
    let chart = spec.chart(data).ok()?;
    let svg = chart.svg(spec.size(&chart)).ok()?;
    Some(Block::Chart(caption.to_owned(), svg))
}

fn table(caption: &str, data: &Data) -> Block {
    let rows = data.rows().map(<[String]>::to_vec).collect();
    Block::Table(PageTable { caption: caption.to_owned(), header: data.header().to_vec(), rows })
}

/// The text of a column in the first row; `None` if it is empty.
fn value<'d>(data: &'d Data, name: &str) -> Option<&'d str> {
    let column = data.header().iter().position(|column| column == name)?;
    data.rows().next()?.get(column).map(String::as_str).filter(|text| !text.is_empty())
}

/// A figure in the unit of its column, to four digits.
fn shown(name: &str, text: &str) -> String {
    let Ok(number) = text.parse::<f64>() else { return text.to_owned() };
    let number = number * Column::of(name).factor;
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let decimals = (3 - number.abs().log10().floor() as i32).clamp(0, 6);
    format!("{number:.*}", decimals as usize)
}
