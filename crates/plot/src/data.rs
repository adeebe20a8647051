//! A table of results.

use rebias_config::{Faults, Problem, nearest};

use crate::spec::Refusal;

/// A table of results: CSV with a header.
#[derive(Clone, Debug)]
pub struct Data {
    name: String,
    header: Vec<String>,
    rows: Vec<Row>,
}

/// A row, and the line of the file that it stands on.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) line: u64,
    cells: Vec<String>,
}

impl Row {
    /// The text in a column; empty where there is none.
    pub(crate) fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

impl Data {
    /// Reads a table; `name` is what errors call it.
    ///
    /// # Errors
    /// Text that is no CSV: rows of another length than the header's.
    pub fn parse(name: &str, text: &str) -> Result<Self, Faults> {
        let fault = |error: csv::Error| Faults::in_file(name, Problem::new(error.to_string()));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(fault)?;
            let line = record.position().map_or(0, csv::Position::line);
            rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
        }
        Ok(Self { name: name.to_owned(), header, rows })
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The texts of the rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(|row| row.cells.as_slice())
    }

    pub(crate) fn table(&self) -> &[Row] {
        &self.rows
    }

    /// Where a column stands.
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// Where a column stands that `key` names.
    pub(crate) fn asked(&self, key: &'static str, column: &str) -> Result<usize, Refusal> {
        self.position(column).ok_or_else(|| {
            let hint = nearest(column, self.header.iter().map(String::as_str)).map_or_else(
                || format!("columns are: {}", self.header.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            Refusal::new(key, Problem::new(format!("`{}` has no column `{column}`", self.name)).hint(hint))
        })
    }

    /// The number in a cell; none where the cell is empty.
    pub(crate) fn number(&self, row: &Row, (key, column): (&'static str, usize)) -> Result<Option<f64>, Refusal> {
        let text = row.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Some).ok_or_else(|| {
            let name = self.header.get(column).map_or("", String::as_str);
            let told = format!("`{}`: line {}: `{name}` is `{text}`, not a number", self.name, row.line);
            Refusal::new(key, Problem::new(told).hint("name a column of numbers"))
        })
    }

    /// Different texts of a column, in the order of their first rows; numbers by value.
    pub(crate) fn distinct<'r>(rows: &[&'r Row], column: usize) -> Vec<&'r str> {
        let mut texts: Vec<&str> = Vec::new();
        for row in rows {
            let text = row.text(column);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let numbers: Option<Vec<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
        if let Some(numbers) = numbers {
            let mut ordered: Vec<_> = numbers.into_iter().zip(texts).collect();
            ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
            return ordered.into_iter().map(|(_, text)| text).collect();
        }
        texts
    }

    /// A column, other than those that are figures of the chart, in which two rows differ.
    pub(crate) fn difference(&self, (one, other): (&Row, &Row), figures: &[usize]) -> Option<&str> {
        let differs = |&(column, _): &(usize, &String)| one.text(column) != other.text(column);
        let columns = self.header.iter().enumerate().filter(|(column, _)| !figures.contains(column));
        columns.clone().find(differs).map(|(_, name)| name.as_str())
    }
}
