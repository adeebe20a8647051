//! The sweep's TOML: a base design, a trace, and dimensions that span a grid.

mod dimension;
mod exclusion;
mod key;
mod objective;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use rebias_config::{Document, Faults, Problem, Table, Value};

use self::dimension::{Dimension, read_dimensions};
use self::exclusion::{Exclusion, read_exclusions};
use self::key::{NamedKey, RunKey, SweptKey};
use self::objective::read_objectives;
pub(crate) use self::objective::{Objective, on_front};
use crate::DesignFiles as Base;

/// A sweep as its TOML says it: paths are relative to the sweep's folder.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The base architecture.
    pub(crate) architecture: String,
    /// What points run with that have no settings of their own.
    run: RunSettings,
    /// Settings that hold for every point.
    settings: Vec<Setting>,
    /// The last one varies fastest.
    dimensions: Vec<Dimension>,
    exclusions: Vec<Exclusion>,
    /// What is sought; may be empty.
    pub(crate) objectives: Vec<Objective>,
}

/// How a point is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunSettings {
    /// The trace.
    pub(crate) trace: String,
    /// Images to run at most; all of them if absent.
    pub(crate) images: Option<usize>,
    /// Chips that the point is emulated on.
    pub(crate) chips: NonZeroU32,
    /// Seed of everything random.
    pub(crate) seed: u64,
}

/// One key of the architecture, the costs or the run, with the value that it takes.
#[derive(Clone, Debug)]
struct Setting {
    key: NamedKey,
    value: Value,
}

/// One point of the grid: what it runs with.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// The architecture's TOML with the point's values.
    pub(crate) arch: Document,
    /// The cost table's TOML with the point's values.
    pub(crate) costs: Document,
    pub(crate) run: RunSettings,
}

impl Grid {
    /// Reads a sweep.
    ///
    /// # Errors
    /// All that is wrong with it, at once.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(|table| {
            let architecture = table.string("architecture");
            let run = read_run(table);
            let settings = table.optional_table_as("set", read_settings);
            let dimensions = read_dimensions(table);
            let exclusions = read_exclusions(table, dimensions.as_deref().unwrap_or_default());
            let objectives = read_objectives(table);
            let grid = Self {
                architecture: architecture?,
                run: run?,
                settings: settings?.unwrap_or_default(),
                dimensions: dimensions?,
                exclusions: exclusions?,
                objectives: objectives?,
            };
            if grid.indices().next().is_none() {
                table.fault("exclude", Problem::new("every point is left out"));
                return None;
            }
            Some(grid)
        })
    }

    /// The traces of all points.
    pub(crate) fn traces(&self) -> BTreeSet<&str> {
        let is_trace = |key: &NamedKey| key.key == SweptKey::Run(RunKey::Trace);
        let mut set = self.settings.iter().rev().filter(|setting| is_trace(&setting.key));
        let fixed = set.next().and_then(|setting| setting.value.as_str()).unwrap_or(&self.run.trace);
        let axes = self.dimensions.iter().flat_map(|it| {
            let column = it.keys.iter().position(is_trace);
            column.into_iter().flat_map(|column| it.steps.iter().filter_map(move |step| step[column].as_str()))
        });
        let swept: BTreeSet<_> = axes.collect();
        if swept.is_empty() { BTreeSet::from([fixed]) } else { swept }
    }

    /// Names of the axes, as written.
    pub(crate) fn axis_names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().flat_map(|dimension| &dimension.keys).map(|key| key.name.as_str())
    }

    /// Indices of all points that are not left out, the last dimension varying fastest.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> {
        let n_points = self.dimensions.iter().map(|dimension| dimension.steps.len()).product();
        (0..n_points).filter(|&index| {
            self.exclusions.is_empty() || {
                let values = self.values(index);
                !self.exclusions.iter().any(|exclusion| exclusion.covers(&values))
            }
        })
    }

    /// A value for each axis, as written in the sweep.
    pub(crate) fn coordinates(&self, index: usize) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.values(index).into_iter().map(text).collect()
    }

    /// A point over a base design.
    pub(crate) fn point(&self, index: usize, base: &Base) -> Point {
        let mut point = Point { arch: base.arch.clone(), costs: base.costs.clone(), run: self.run.clone() };
        for (key, value) in self.changes(index) {
            key.apply(&mut point, value);
        }
        point
    }

    /// How a point is run.
    pub(crate) fn run_settings(&self, index: usize) -> RunSettings {
        let mut run = self.run.clone();
        for (key, value) in self.changes(index) {
            if let SweptKey::Run(key) = key {
                key.apply(&mut run, value);
            }
        }
        run
    }

    /// What a point sets, in order: an axis overrides `[set]`.
    fn changes(&self, index: usize) -> impl Iterator<Item = (&SweptKey, &Value)> {
        let keys = self.dimensions.iter().flat_map(|dimension| &dimension.keys);
        let settings = self.settings.iter().map(|setting| (&setting.key.key, &setting.value));
        settings.chain(keys.map(|key| &key.key).zip(self.values(index)))
    }

    /// Components whose rows are swept and that a cost table doesn't have.
    pub(crate) fn missing_components(&self, costs: &Document) -> Vec<String> {
        let axes = self.dimensions.iter().flat_map(|dimension| &dimension.keys);
        let keys = self.settings.iter().map(|setting| &setting.key).chain(axes);
        let component = |key: &NamedKey| match &key.key {
            SweptKey::CostRow { component, .. } => Some(component.clone()),
            SweptKey::Arch(_) | SweptKey::Costs(_) | SweptKey::Run(_) => None,
        };
        let rows = costs.get("row").and_then(Value::as_array).unwrap_or_default();
        let is_missing =
            |name: &String| !rows.iter().any(|row| row.get("component").and_then(Value::as_str) == Some(name.as_str()));
        keys.filter_map(component).filter(is_missing).collect()
    }

    fn values(&self, index: usize) -> Vec<&Value> {
        let mut rest = index;
        let mut steps = Vec::with_capacity(self.dimensions.len());
        for dimension in self.dimensions.iter().rev() {
            steps.push(&dimension.steps[rest % dimension.steps.len()]);
            rest /= dimension.steps.len();
        }
        steps.into_iter().rev().flatten().collect()
    }
}

fn read_run(table: &Table<'_>) -> Option<RunSettings> {
    let trace = table.string("trace");
    let images = table.optional_integer::<usize>("images", 1..=i64::from(u32::MAX));
    let chips = table.optional_integer::<u32>("chips", 1..=i64::from(u32::MAX));
    let seed = table.optional_integer::<u64>("seed", 0..=i64::MAX);
    Some(RunSettings {
        trace: trace?,
        images: images?,
        chips: chips?.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN),
        seed: seed?.unwrap_or(0),
    })
}

fn read_settings(table: &Table<'_>) -> Option<Vec<Setting>> {
    let setting = |name: &str| {
        let (key, value) = (NamedKey::read(table, name), table.value(name));
        let (key, value) = (key?, value?);
        key.accepts(table, value).then(|| Setting { key, value: value.clone() })
    };
    let settings: Vec<_> = table.keys().into_iter().map(setting).collect();
    settings.into_iter().collect()
}
