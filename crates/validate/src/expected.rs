//! From `expected.toml` to figures that can be computed.

use rebias_arch::Arch;
use rebias_config::{Document, Faults, Interval, Problem, Table, Wants};
use rebias_cost::{Confidence, Costs};
use rebias_units::Power;

use crate::claim::{Claim, Printed, Tolerance};
use crate::metric::{Family, Kind, Metric};
use crate::sums::{Part, Sum};

/// The published figures of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// In the order of the file.
    pub figures: Vec<Figure>,
}

/// One published figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Which figure it is.
    pub metric: Metric,
    /// What is claimed of it.
    pub claim: Claim,
    /// Where it is printed.
    pub source: String,
    /// How much the source is to be trusted.
    pub confidence: Confidence,
    /// Where our figure comes from, and why it differs.
    pub note: Option<String>,
}

impl Expected {
    /// Reads the figures, and checks that each can be computed for the design that they are for.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once: among it components that the cost table does not have.
    pub fn parse(document: &Document, arch: &Arch, costs: &Costs) -> Result<Self, Faults> {
        document.read(|root| {
            let _description = root.optional_string("description");
            let design = Design { arch, costs };
            let figures: Vec<_> = root.tables("figure")?.iter().map(|table| figure(table, &design)).collect();
            Some(Self { figures: figures.into_iter().collect::<Option<_>>()? })
        })
    }

    /// The traces that some figures need, as the file names them: folders, relative to the file's own.
    pub fn traces(&self) -> Vec<&str> {
        let mut traces: Vec<_> = self.figures.iter().filter_map(|figure| figure.metric.trace()).collect();
        traces.sort_unstable();
        traces.dedup();
        traces
    }
}

/// The design that figures are for.
struct Design<'d> {
    arch: &'d Arch,
    costs: &'d Costs,
}

fn figure(table: &Table<'_>, design: &Design<'_>) -> Option<Figure> {
    let claim = claim(table);
    let source = source(table);
    let confidence = table.choice("confidence", Confidence::WORDS);
    let note = table.optional_string("note");
    let metric = metric(table, design);
    Some(Figure { metric: metric?, claim: claim?, source: source?, confidence: confidence?, note: note? })
}

fn source(table: &Table<'_>) -> Option<String> {
    let source = table.string("source")?;
    if source.trim().is_empty() {
        table.fault("source", Problem::new("says nothing").hint("name the paper and its table"));
        return None;
    }
    Some(source)
}

fn metric(table: &Table<'_>, design: &Design<'_>) -> Option<Metric> {
    let family = table.choice("metric", Family::WORDS)?;
    let kind = match family {
        Family::Sum(part, quantity) => Kind::Sum { part, quantity },
        Family::Crossbars => Kind::Crossbars,
        Family::Storage => Kind::Storage,
        Family::StorageDensity => Kind::StorageDensity,
        Family::Component(quantity) => Kind::Component { component: component(table, design)?, quantity },
        Family::Replay(figure) => Kind::Replay { trace: table.string("trace")?, figure },
        Family::Peak(figure) => {
            let weight_bits = table.integer("weight_bits", 1..=16);
            let input_bits = table.integer("input_bits", 1..=16);
            check_peak(table, design)?;
            Kind::Peak { figure, weight_bits: weight_bits?, input_bits: input_bits? }
        }
    };
    Some(Metric::new(family, kind))
}

fn component(table: &Table<'_>, design: &Design<'_>) -> Option<String> {
    let wanted = table.string("component")?;
    let names: Vec<_> = design.costs.rows().iter().map(|row| row.component.as_str()).collect();
    if !names.contains(&wanted.as_str()) {
        let problem = Problem::new("no row of the cost table has this component");
        table.fault("component", problem.legal(names.join(", ")));
        return None;
    }
    Some(wanted)
}

/// Peak figures need powers that a source gives.
fn check_peak(table: &Table<'_>, design: &Design<'_>) -> Option<()> {
    if Sum::of_part(Part::Chip, design.arch, design.costs).power > Power::ZERO {
        return Some(());
    }
    let problem = Problem::new("no row of the cost table has a published power");
    table.fault("metric", problem.hint("rows with `confidence = \"ours\"` do not count"));
    None
}

#[derive(Clone, Copy)]
enum ClaimKind {
    Reproduced,
    Predicted,
}

fn claim(table: &Table<'_>) -> Option<Claim> {
    let kind = table.choice("kind", &[("reproduced", ClaimKind::Reproduced), ("predicted", ClaimKind::Predicted)]);
    let published = table.has("published").then(|| printed(table));
    match kind? {
        ClaimKind::Predicted => match published {
            Some(published) => Some(Claim::Predicted { published: Some(published?) }),
            None => Some(Claim::Predicted { published: None }),
        },
        ClaimKind::Reproduced => {
            let tolerance = tolerance(table);
            let published = published.unwrap_or_else(|| printed(table));
            Some(Claim::Reproduced { published: published?, tolerance: tolerance? })
        }
    }
}

fn printed(table: &Table<'_>) -> Option<Printed> {
    let printed = table.value_as("published", Wants::String)?.as_str().and_then(Printed::parse);
    if printed.is_none() {
        let problem = Problem::new("not a number as printed").legal("a decimal number above 0 in quotes");
        table.fault("published", problem.hint("quote it with the digits that the source prints, such as \"0.090\""));
    }
    printed
}

#[derive(Clone, Copy)]
enum ToleranceKind {
    Digits,
    Exact,
    Percent,
}

fn tolerance(table: &Table<'_>) -> Option<Tolerance> {
    let kinds =
        [("digits", ToleranceKind::Digits), ("exact", ToleranceKind::Exact), ("percent", ToleranceKind::Percent)];
    match table.choice("tolerance", &kinds)? {
        ToleranceKind::Digits => Some(Tolerance::Digits),
        ToleranceKind::Exact => Some(Tolerance::Exact),
        ToleranceKind::Percent => table.number("percent", Interval::open_closed(0.0, 100.0)).map(Tolerance::Percent),
    }
}
