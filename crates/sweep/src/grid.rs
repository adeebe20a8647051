//! The sweep's TOML: a base design, a trace, and axes that span a grid.

use std::num::NonZeroU32;

use rebias_config::{Document, Faults, Interval, Problem, Table, Value};

/// Keys of axes and settings begin with this: they are laid over the architecture's TOML.
const ARCH_PREFIX: &str = "arch.";
/// The one axis of the run itself.
const SEED_KEY: &str = "run.seed";
/// Points of a grid at most; a larger grid is a slip of the pen.
const MAX_POINTS: usize = 1_000_000;

/// A sweep as its TOML says it: paths are relative to the sweep's folder.
#[derive(Clone, Debug)]
pub struct Grid {
    /// The base architecture.
    pub architecture: String,
    /// The trace.
    pub trace: String,
    /// Images to run; all of the trace's samples if absent.
    pub images: Option<usize>,
    /// Chips that each point is emulated on.
    pub chips: NonZeroU32,
    /// Seed of every point that has none of its own.
    pub seed: u64,
    /// Settings that hold for every point.
    settings: Vec<Setting>,
    /// The axes; the last one varies fastest.
    axes: Vec<Axis>,
}

/// One key of the architecture or the run, with the value that it takes.
#[derive(Clone, Debug)]
struct Setting {
    key: SweptKey,
    value: Value,
}

/// One axis of the grid.
#[derive(Clone, Debug)]
struct Axis {
    name: String,
    key: SweptKey,
    values: Vec<Value>,
}

/// What an axis changes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SweptKey {
    /// A dotted key of `arch.toml`.
    Arch(String),
    /// The seed.
    Seed,
}

/// One point of the grid: its coordinates and what it runs with.
#[derive(Clone, Debug)]
pub struct Point {
    /// Index in the grid.
    pub index: usize,
    /// A value for each axis, as written in the sweep.
    pub coordinates: Vec<String>,
    /// The architecture's TOML with the point's values.
    pub arch: Document,
    /// The point's seed.
    pub seed: u64,
}

impl Grid {
    /// Reads a sweep.
    ///
    /// # Errors
    /// All that is wrong with it, at once.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(|table| {
            let architecture = table.string("architecture");
            let trace = table.string("trace");
            let images = table.optional_integer::<usize>("images", 1..=i64::from(u32::MAX));
            let chips = table.optional_integer::<u32>("chips", 1..=i64::from(u32::MAX));
            let seed = table.optional_integer::<u64>("seed", 0..=i64::MAX);
            let settings = match table.optional_table("set") {
                Some(Some(set)) => read_settings(&set),
                Some(None) => Some(Vec::new()),
                None => None,
            };
            let axes = table.table("axes").and_then(|axes| read_axes(&axes));
            Some(Self {
                architecture: architecture?,
                trace: trace?,
                images: images?,
                chips: chips?.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN),
                seed: seed?.unwrap_or(0),
                settings: settings?,
                axes: axes?,
            })
        })
    }

    /// Names of the axes, as written.
    pub fn axis_names(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| axis.name.as_str())
    }

    /// All points over a base architecture, the last axis varying fastest.
    pub fn points(&self, base: &Document) -> Vec<Point> {
        let n_points = self.axes.iter().map(|axis| axis.values.len()).product();
        (0..n_points).map(|index| self.point(index, base)).collect()
    }

    fn point(&self, index: usize, base: &Document) -> Point {
        let mut point = Point { index, coordinates: Vec::new(), arch: base.clone(), seed: self.seed };
        for setting in &self.settings {
            point.apply(&setting.key, &setting.value);
        }
        let mut rest = index;
        let mut values = Vec::with_capacity(self.axes.len());
        for axis in self.axes.iter().rev() {
            values.push(&axis.values[rest % axis.values.len()]);
            rest /= axis.values.len();
        }
        for (axis, value) in self.axes.iter().zip(values.into_iter().rev()) {
            point.apply(&axis.key, value);
            point.coordinates.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        point
    }
}

impl Point {
    fn apply(&mut self, key: &SweptKey, value: &Value) {
        match key {
            SweptKey::Arch(key) => self.arch.set(key, value.clone()),
            // The reader has checked that seeds are whole and not negative.
            SweptKey::Seed => self.seed = value.as_integer().map_or(self.seed, i64::unsigned_abs),
        }
    }
}

fn read_settings(table: &Table<'_>) -> Option<Vec<Setting>> {
    let mut settings = Some(Vec::new());
    for name in table.keys() {
        let setting = swept_key(table, name).zip(table.value(name));
        match (&mut settings, setting) {
            (Some(all), Some((key, value))) if is_legal(table, name, &key, value) => {
                all.push(Setting { key, value: value.clone() });
            }
            _ => settings = None,
        }
    }
    settings
}

fn read_axes(table: &Table<'_>) -> Option<Vec<Axis>> {
    let names = table.keys();
    if names.is_empty() {
        table.fault("axes", Problem::new("a sweep needs at least one axis").hint("`\"arch.adc.bits\" = [4, 6, 8]`"));
        return None;
    }
    let axes: Vec<Option<Axis>> = names.iter().map(|name| read_axis(table, name)).collect();
    let axes: Vec<Axis> = axes.into_iter().collect::<Option<_>>()?;
    let n_points = axes.iter().try_fold(1usize, |points, axis| points.checked_mul(axis.values.len()));
    match n_points {
        Some(points) if points <= MAX_POINTS => Some(axes),
        _ => {
            table.fault("axes", Problem::new("the grid has too many points").legal(format!("1..={MAX_POINTS}")));
            None
        }
    }
}

fn read_axis(table: &Table<'_>, name: &str) -> Option<Axis> {
    let key = swept_key(table, name);
    let values = table.value(name)?;
    let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
        table.fault(name, Problem::new("an axis is a list of values").hint("write at least one value in brackets"));
        return None;
    };
    let key = key?;
    let legal = values.iter().filter(|value| is_legal(table, name, &key, value)).count();
    (legal == values.len()).then(|| Axis { name: name.to_owned(), key, values: values.to_vec() })
}

fn swept_key(table: &Table<'_>, name: &str) -> Option<SweptKey> {
    if name == SEED_KEY {
        return Some(SweptKey::Seed);
    }
    match name.strip_prefix(ARCH_PREFIX) {
        Some(key) if !key.is_empty() => Some(SweptKey::Arch(key.to_owned())),
        _ => {
            let problem = Problem::new("this key cannot be swept")
                .legal(format!("keys of arch.toml as `{ARCH_PREFIX}…`, and `{SEED_KEY}`"))
                .hint("put the key in quotes, with its dots: `\"arch.adc.bits\"`");
            // Asked for, so that it is not also reported as unknown.
            table.optional_value(name);
            table.fault(name, problem);
            None
        }
    }
}

/// Whether a value fits the run itself; what the architecture makes of it is checked when the point is validated.
fn is_legal(table: &Table<'_>, name: &str, key: &SweptKey, value: &Value) -> bool {
    let legal = match key {
        SweptKey::Arch(_) => true,
        SweptKey::Seed => value.as_integer().is_some_and(|seed| seed >= 0),
    };
    if !legal {
        table.fault(name, Problem::new("not a seed").legal(Interval::non_negative()));
    }
    legal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(text: &str) -> Result<Grid, Faults> {
        Grid::parse(&Document::parse("sweep.toml", text).expect("valid TOML"))
    }

    const SWEEP: &str = r#"
architecture = "base"
trace = "net"
images = 10
[set]
"arch.cell.device_bits" = 4
[axes]
"arch.cell.bits" = [1, 2]
"arch.adc.bits" = [4, 5, 6]
"run.seed" = [7]
"#;

    #[test]
    fn the_last_axis_varies_fastest() {
        let base = Document::parse("arch.toml", "[adc]\nbits = 8\n").expect("valid TOML");
        let points = grid(SWEEP).expect("a valid sweep").points(&base);
        assert_eq!(points.len(), 6);
        assert_eq!(points[0].coordinates, ["1", "4", "7"]);
        assert_eq!(points[1].coordinates, ["1", "5", "7"]);
        assert_eq!(points[5].coordinates, ["2", "6", "7"]);
        assert_eq!(points[5].seed, 7);
        let key = |name: &str| points[5].arch.get(name).and_then(Value::as_integer);
        assert_eq!((key("adc.bits"), key("cell.bits"), key("cell.device_bits")), (Some(6), Some(2), Some(4)));
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let text = "architecture = 3\n[axes]\n\"adc.bits\" = [1]\n\"run.seed\" = [-1]\n\"arch.x\" = 5\nodd = 1\n";
        let faults = grid(text).expect_err("a faulty sweep");
        let told = faults.to_string();
        for part in ["architecture", "trace", "adc.bits", "run.seed", "arch.x", "odd"] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
    }

    #[test]
    fn a_grid_of_more_than_a_million_points_is_refused() {
        let list: Vec<_> = (0..1001).map(|n| n.to_string()).collect();
        let list = list.join(",");
        let text =
            format!("architecture = \"a\"\ntrace = \"t\"\n[axes]\n\"arch.a\" = [{list}]\n\"arch.b\" = [{list}]\n");
        assert!(grid(&text).expect_err("too many").to_string().contains("too many points"));
    }
}
