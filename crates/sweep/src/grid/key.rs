//! What can be swept: keys of the architecture, of the costs, and of the run.

use std::num::NonZeroU32;

use rebias_config::{Problem, Table, Value};

use super::{Point, RunSettings};

/// Keys that begin with this are laid over the architecture's TOML.
const ARCH_PREFIX: &str = "arch.";
/// Keys that begin with this are laid over the cost table's TOML.
const COSTS_PREFIX: &str = "costs.";
/// Among these, keys that begin with this name a component and a key of its row.
const ROW_PREFIX: &str = "row.";
/// Keys that begin with this are the run's own.
const RUN_PREFIX: &str = "run.";

/// A key of the sweep with what it changes.
#[derive(Clone, Debug)]
pub(crate) struct NamedKey {
    /// As written.
    pub(crate) name: String,
    pub(crate) key: SweptKey,
}

/// What a key of a sweep changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SweptKey {
    /// A dotted key of `arch.toml`.
    Arch(String),
    /// A dotted key of `costs.toml`.
    Costs(String),
    /// A key of a component's row in `costs.toml`.
    CostRow { component: String, key: String },
    /// A setting of the run.
    Run(RunKey),
}

/// A setting of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunKey {
    Seed,
    Chips,
    Images,
    Trace,
}

impl NamedKey {
    /// What the key `name` of a table changes.
    pub(crate) fn read(table: &Table<'_>, name: &str) -> Option<Self> {
        let key = SweptKey::named(name);
        if key.is_none() {
            let problem = Problem::new("this key cannot be swept")
                .legal(
                    "`arch.…` for keys of arch.toml, `costs.…` and `costs.row.<component>.…` for those of costs.toml, \
                     `run.seed`, `run.chips`, `run.images`, `run.trace`",
                )
                .hint("put the key in quotes, with its dots: `\"arch.adc.bits\"`");
            // Asked for, so that it is not also reported as unknown.
            table.optional_value(name);
            table.fault(name, problem);
        }
        Some(Self { name: name.to_owned(), key: key? })
    }

    /// Whether a value fits the run itself; what the design makes of it is checked when the point is validated.
    pub(crate) fn accepts(&self, table: &Table<'_>, value: &Value) -> bool {
        let SweptKey::Run(key) = self.key else { return true };
        let (legal, shown) = key.judge(value);
        if !legal {
            table.fault(&self.name, Problem::new(format!("not a legal value: {value}")).legal(shown));
        }
        legal
    }
}

impl SweptKey {
    fn named(name: &str) -> Option<Self> {
        let some = |key: &str| (!key.is_empty()).then(|| key.to_owned());
        if let Some(key) = name.strip_prefix(ARCH_PREFIX) {
            return some(key).map(Self::Arch);
        }
        if let Some(key) = name.strip_prefix(COSTS_PREFIX) {
            let Some(row) = key.strip_prefix(ROW_PREFIX) else { return some(key).map(Self::Costs) };
            let (component, key) = row.split_once('.')?;
            return Some(Self::CostRow { component: some(component)?, key: some(key)? });
        }
        Some(Self::Run(match name.strip_prefix(RUN_PREFIX)? {
            "seed" => RunKey::Seed,
            "chips" => RunKey::Chips,
            "images" => RunKey::Images,
            "trace" => RunKey::Trace,
            _ => return None,
        }))
    }

    /// Changes a point.
    pub(crate) fn apply(&self, point: &mut Point, value: &Value) {
        match self {
            Self::Arch(key) => point.arch.set(key, value.clone()),
            Self::Costs(key) => point.costs.set(key, value.clone()),
            Self::CostRow { component, key } => {
                // That there is such a row has been checked for the base design, and no key adds or removes rows.
                point.costs.set_in("row", ("component", component), key, value.clone());
            }
            Self::Run(key) => key.apply(&mut point.run, value),
        }
    }
}

impl RunKey {
    /// Whether the value is one for this setting, and which are.
    fn judge(self, value: &Value) -> (bool, &'static str) {
        let within = |legal: std::ops::RangeInclusive<i64>| value.as_integer().is_some_and(|it| legal.contains(&it));
        match self {
            Self::Seed => (within(0..=i64::MAX), "an integer from 0"),
            Self::Chips => (within(1..=i64::from(u32::MAX)), "a number of chips, at least 1"),
            Self::Images => (within(1..=i64::from(u32::MAX)), "a number of images, at least 1"),
            Self::Trace => (value.as_str().is_some(), "a trace's folder"),
        }
    }

    /// Values have been judged when they were read.
    pub(crate) fn apply(self, run: &mut RunSettings, value: &Value) {
        let integer = value.as_integer().map(i64::unsigned_abs);
        match self {
            Self::Seed => run.seed = integer.unwrap_or(run.seed),
            Self::Chips => {
                let chips = integer.and_then(|chips| u32::try_from(chips).ok()).and_then(NonZeroU32::new);
                run.chips = chips.unwrap_or(run.chips);
            }
            Self::Images => run.images = integer.and_then(|images| usize::try_from(images).ok()),
            Self::Trace => run.trace = value.as_str().map_or_else(|| run.trace.clone(), str::to_owned),
        }
    }
}
