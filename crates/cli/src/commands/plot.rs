//! `rebias plot`: a chart of a table of results.

use std::fs;
use std::path::Path;

use rebias_plot::{Line, LineChart, Point, axis_label};
use rebias_sweep::write_file;

use crate::args::Plot;
use crate::failure::Failure;

pub(crate) fn run(args: &Plot) -> Result<String, Failure> {
    let table = Table::read(&args.results)?;
    let svg = table.chart(args)?.svg().map_err(|error| table.fault(error))?;
    write_file(&args.out, svg.into_bytes())?;
    Ok(format!("written to {}", args.out.display()))
}

/// A CSV file with a header.
struct Table<'p> {
    path: &'p Path,
    header: Vec<String>,
    /// The rows, each with the line it stands on.
    rows: Vec<(u64, csv::StringRecord)>,
}

impl<'p> Table<'p> {
    fn read(path: &'p Path) -> Result<Self, Failure> {
        let fault = |error: &dyn std::fmt::Display| Failure::Input(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| fault(&error))?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| fault(&error))?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| fault(&error))?;
            rows.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { path, header, rows })
    }

    fn fault(&self, error: impl std::fmt::Display) -> Failure {
        Failure::Input(format!("{}: {error}", self.path.display()))
    }

    fn position(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// Where a column that the user names stands.
    fn asked(&self, option: &str, column: &str) -> Result<usize, Failure> {
        self.position(column).ok_or_else(|| {
            let hint = rebias_config::nearest(column, self.header.iter().map(String::as_str)).map_or_else(
                || format!("columns are: {}", self.header.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            self.fault(format_args!("line 1: `{option}`: there is no column `{column}`; {hint}"))
        })
    }

    /// The number in a cell; none where the cell is empty.
    fn number(&self, (line, row): &(u64, csv::StringRecord), column: usize) -> Result<Option<f64>, Failure> {
        match row.get(column) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| {
                self.fault(format_args!("line {line}: `{}` is `{text}`, not a number", self.header[column]))
            }),
        }
    }

    /// One line for each value of the column `by`; rows without a number on an axis are left out.
    fn chart(&self, args: &Plot) -> Result<LineChart, Failure> {
        let swept: Vec<&String> = self.header.iter().filter(|name| name.starts_with("arch.")).collect();
        let Some(across) = args.x.as_ref().or(swept.last().copied()) else {
            return Err(self.fault("no column `arch.…` to plot against; name one with `--x`"));
        };
        let by = args.by.as_ref().or_else(|| swept.iter().copied().find(|name| *name != across));
        let x = self.asked("--x", across);
        let y = self.asked("--y", &args.y);
        let by = by.map(|by| self.asked("--by", by).map(|column| (column, axis_label(by)))).transpose();
        let (x, y, by) = (x?, y?, by?);
        let ends = self.position(&format!("{}_low", args.y)).zip(self.position(&format!("{}_high", args.y)));
        let mut lines: Vec<Line> = Vec::new();
        for row in &self.rows {
            let Some((at, value)) = self.number(row, x)?.zip(self.number(row, y)?) else { continue };
            let interval = match ends {
                Some((low, high)) => self.number(row, low)?.zip(self.number(row, high)?),
                None => None,
            };
            let point = Point { x: at, y: value, interval };
            let name = by.as_ref().map_or_else(
                || axis_label(&args.y),
                |(column, label)| format!("{label} {}", row.1.get(*column).unwrap_or_default()),
            );
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { name, points: vec![point] }),
            }
        }
        for line in &mut lines {
            line.points.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        Ok(LineChart { x: axis_label(across), y: axis_label(&args.y), lines })
    }
}
