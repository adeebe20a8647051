//! One HTML page that needs nothing beside it: no network, no other file, no library.

use std::fmt::Write;

/// A page: blocks under a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// What it says, from above.
    pub blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Begins a section.
    Heading(String),
    /// A sentence or two.
    Paragraph(String),
    /// Names with their values.
    Facts(Vec<(String, String)>),
    /// A caption and a chart as SVG, which is put into the page as it is.
    Chart(String, String),
    /// A table whose rows can be sorted.
    Table(PageTable),
    /// A title and preformatted text; folded up.
    Text(String, String),
}

/// A table whose rows can be sorted by any column.
#[derive(Clone, Debug, PartialEq)]
pub struct PageTable {
    /// What it holds.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// A text for each column.
    pub rows: Vec<Vec<String>>,
}

/// Longer tables are folded up.
const LONG: usize = 60;
/// Significant digits that a number is shown with; the whole of it is told under the pointer.
const DIGITS: usize = 5;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Page {
    /// The page as HTML. Every text is escaped; the same page gives the same bytes.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <main>\n<h1>{title}</h1>\n"
        );
        let mut charts = Vec::new();
        for block in &self.blocks {
            if let Block::Chart(caption, svg) = block {
                charts.push((caption, svg));
                continue;
            }
            write_charts(&mut out, &mut charts);
            write_block(&mut out, block);
        }
        write_charts(&mut out, &mut charts);
        let _ = write!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        out
    }
}

// Writing to a string does not fail.

/// Charts that follow each other stand side by side.
fn write_charts(out: &mut String, charts: &mut Vec<(&String, &String)>) {
    if charts.is_empty() {
        return;
    }
    *out += "<div class=\"charts\">\n";
    for (caption, svg) in charts.drain(..) {
        let _ = writeln!(out, "<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>", svg.trim(), escaped(caption));
    }
    *out += "</div>\n";
}

fn write_block(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Heading(text) => writeln!(out, "<h2>{}</h2>", escaped(text)),
        Block::Paragraph(text) => writeln!(out, "<p>{}</p>", escaped(text)),
        Block::Facts(facts) => {
            *out += "<dl>\n";
            for (name, value) in facts {
                let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
            }
            writeln!(out, "</dl>")
        }
        // Written with its neighbours.
        Block::Chart(..) => Ok(()),
        Block::Table(table) => {
            write_table(out, table);
            Ok(())
        }
        Block::Text(title, text) => {
            writeln!(out, "<details>\n<summary>{}</summary>\n<pre>{}</pre>\n</details>", escaped(title), escaped(text))
        }
    };
}

fn write_table(out: &mut String, table: &PageTable) {
    let is_open = if table.rows.len() <= LONG { " open" } else { "" };
    let (caption, rows) = (escaped(&table.caption), table.rows.len());
    let noun = if rows == 1 { "row" } else { "rows" };
    let _ = write!(
        out,
        "<details{is_open}>\n<summary>{caption} <small>{rows} {noun}</small></summary>\n<div class=\"wide\"><table>\n<thead><tr>"
    );
    for name in &table.header {
        let _ = write!(out, "<th aria-sort=\"none\"><button type=\"button\">{}</button></th>", escaped(name));
    }
    *out += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        *out += "<tr>";
        for cell in row {
            write_cell(out, cell);
        }
        *out += "</tr>\n";
    }
    *out += "</tbody>\n</table></div>\n</details>\n";
}

fn write_cell(out: &mut String, cell: &str) {
    let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
    let _ = match number.map(short) {
        Some(shown) if shown == cell => write!(out, "<td class=\"n\">{shown}</td>"),
        Some(shown) => {
            let whole = escaped(cell);
            write!(out, "<td class=\"n\" data-value=\"{whole}\" title=\"{whole}\">{shown}</td>")
        }
        None => write!(out, "<td>{}</td>", escaped(cell)),
    };
}

/// A number to a few digits; whole numbers whole.
fn short(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let power = number.abs().log10().floor() as i32;
    if !(-4..DIGITS as i32).contains(&power) {
        return format!("{number:.*e}", DIGITS - 1);
    }
    let decimals = usize::try_from(DIGITS as i32 - 1 - power).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Text that means itself, in elements and in attributes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_wherever_they_stand() {
        let evil = "<script>alert('1')</script> & \"2\"".to_owned();
        let table = PageTable { caption: evil.clone(), header: vec![evil.clone()], rows: vec![vec![evil.clone()]] };
        let blocks = vec![
            Block::Heading(evil.clone()),
            Block::Paragraph(evil.clone()),
            Block::Facts(vec![(evil.clone(), evil.clone())]),
            Block::Chart(evil.clone(), "<svg></svg>".to_owned()),
            Block::Table(table),
            Block::Text(evil.clone(), evil.clone()),
        ];
        let html = Page { title: evil, blocks }.html();
        assert_eq!(html.matches("<script>").count(), 1, "the page's own");
        assert!(!html.contains("alert('1')") && html.contains("&lt;script&gt;alert(&#39;1&#39;)"));
        assert!(html.contains("<svg></svg>"));
        assert!(!html.contains("http"), "nothing is fetched");
    }

    #[test]
    fn numbers_are_shown_short_and_sorted_whole() {
        let shown = [0.5, 12.0, 1234.56789, 0.000_012_3, 123_456.7, -0.25, 0.0].map(short);
        assert_eq!(shown, ["0.5", "12", "1234.6", "1.2300e-5", "1.2346e5", "-0.25", "0"]);
        let mut out = String::new();
        write_cell(&mut out, "1234.56789");
        assert_eq!(out, "<td class=\"n\" data-value=\"1234.56789\" title=\"1234.56789\">1234.6</td>");
    }
}
