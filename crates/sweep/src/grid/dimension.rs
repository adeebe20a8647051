//! The dimensions of a grid: axes, axes that go in step, random samples.

use rebias_arch::Fingerprint;
use rebias_config::{Problem, Table, Value};

use super::key::NamedKey;

/// Points of a grid at most; a larger grid is a slip of the pen.
const MAX_POINTS: usize = 1_000_000;
/// Digits of a random number, so that it can be read and copied.
const DRAWN_DIGITS: usize = 6;

/// One dimension: keys that change together, step by step.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub(crate) keys: Vec<NamedKey>,
    /// For each step a value for each key; at least one step.
    pub(crate) steps: Vec<Vec<Value>>,
}

/// Reads `[axes]`, `[[zip]]` and `[random]`, in this order; the last one varies fastest.
pub(crate) fn read_dimensions(root: &Table<'_>) -> Option<Vec<Dimension>> {
    let axes = root.optional_table("axes").map(|axes| axes.map_or(Some(Vec::new()), |axes| read_axes(&axes)));
    let zips = root.optional_tables("zip").map(|zips| {
        let zips: Vec<_> = zips.unwrap_or_default().iter().map(read_zip).collect();
        zips.into_iter().collect::<Option<Vec<_>>>()
    });
    let random = root.optional_table("random").map(|random| random.map(|random| read_random(&random)));
    let (mut dimensions, zips, random) = (axes??, zips??, random?);
    dimensions.extend(zips);
    if let Some(random) = random {
        dimensions.push(random?);
    }
    if dimensions.is_empty() {
        let problem = Problem::new("a sweep needs at least one axis");
        root.fault("axes", problem.hint("`\"arch.adc.bits\" = [4, 6, 8]` in `[axes]`, or `[[zip]]`, or `[random]`"));
        return None;
    }
    check_names(root, &dimensions)?;
    let n_points = dimensions.iter().try_fold(1usize, |points, it| points.checked_mul(it.steps.len()));
    if n_points.is_none_or(|points| points > MAX_POINTS) {
        root.fault("axes", Problem::new("too many points").legal(format!("at most {MAX_POINTS}")));
        return None;
    }
    Some(dimensions)
}

/// Each key is swept once.
fn check_names(root: &Table<'_>, dimensions: &[Dimension]) -> Option<()> {
    let mut names: Vec<_> = dimensions.iter().flat_map(|it| &it.keys).map(|key| key.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0]));
    if let Some(name) = twice {
        root.fault_here(Problem::new(format!("`{name}` is swept twice")).hint("keep it in one dimension"));
    }
    twice.is_none().then_some(())
}

/// Each axis is a dimension of its own.
fn read_axes(table: &Table<'_>) -> Option<Vec<Dimension>> {
    let axis = |name: &str| {
        let (key, values) = read_axis(table, name)?;
        Some(Dimension { keys: vec![key], steps: values.into_iter().map(|value| vec![value]).collect() })
    };
    let axes: Vec<_> = table.keys().into_iter().map(axis).collect();
    axes.into_iter().collect()
}

/// Axes of one length, as one dimension.
fn read_zip(table: &Table<'_>) -> Option<Dimension> {
    let axes: Vec<_> = table.keys().into_iter().map(|name| read_axis(table, name)).collect();
    let axes = axes.into_iter().collect::<Option<Vec<_>>>()?;
    let Some((_, first)) = axes.first() else {
        table.fault_here(Problem::new("a zip needs axes").hint("write at least two axes of one length"));
        return None;
    };
    let n_steps = first.len();
    if let Some((other, values)) = axes.iter().find(|(_, values)| values.len() != n_steps) {
        let problem = Problem::new(format!("has {} values, and the first axis of this zip {n_steps}", values.len()));
        table.fault(&other.name, problem.hint("axes of a zip go in step"));
        return None;
    }
    let step = |step: usize| axes.iter().map(|(_, values)| values[step].clone()).collect();
    let steps = (0..n_steps).map(step).collect();
    Some(Dimension { keys: axes.into_iter().map(|(key, _)| key).collect(), steps })
}

fn read_axis(table: &Table<'_>, name: &str) -> Option<(NamedKey, Vec<Value>)> {
    let key = NamedKey::read(table, name);
    let values = table.value(name)?;
    let Some(values) = values.as_array().filter(|values| !values.is_empty()) else {
        table.fault(name, Problem::new("an axis is a list of values").hint("write at least one value in brackets"));
        return None;
    };
    let key = key?;
    let legal = values.iter().filter(|value| key.accepts(table, value)).count();
    (legal == values.len()).then(|| (key, values.to_vec()))
}

/// Some samples of several keys, as one dimension.
fn read_random(table: &Table<'_>) -> Option<Dimension> {
    let samples = table.integer::<usize>("samples", 1..=MAX_POINTS as i64);
    let seed = table.optional_integer::<u64>("seed", 0..=i64::MAX);
    let draws = table.table("axes").map(|axes| {
        let draws: Vec<_> = axes.keys().into_iter().map(|name| read_draw(&axes, name)).collect();
        let draws = draws.into_iter().collect::<Option<Vec<_>>>();
        if draws.as_ref().is_some_and(Vec::is_empty) {
            axes.fault_here(Problem::new("nothing to draw").hint("`\"arch.adc.bits\" = { choice = [4, 6, 8] }`"));
        }
        draws.filter(|draws| !draws.is_empty())
    });
    let (samples, seed, draws) = (samples?, seed?.unwrap_or(0), draws??);
    let sample = |index| draws.iter().map(|(key, draw)| draw.value(uniform(seed, &key.name, index))).collect();
    let steps = (0..samples).map(sample).collect();
    Some(Dimension { keys: draws.into_iter().map(|(key, _)| key).collect(), steps })
}

/// Where a random value comes from.
#[derive(Clone, Debug)]
enum Draw {
    /// One of some values, each as likely.
    Choice(Vec<Value>),
    /// A whole number, both ends included.
    Integer { low: i64, high: i64, scale: Scale, place: Value },
    /// Any number.
    Float { low: f64, high: f64, scale: Scale, place: Value },
}

/// What is uniform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// The number.
    Linear,
    /// Its logarithm.
    Logarithmic,
}

fn read_draw(table: &Table<'_>, name: &str) -> Option<(NamedKey, Draw)> {
    let key = NamedKey::read(table, name);
    let draw = table.table(name)?;
    let choice = draw.optional_value("choice");
    let uniform = draw.optional_value("uniform");
    let log_uniform = draw.optional_value("log_uniform");
    let draw = match (choice, uniform, log_uniform) {
        (Some(values), None, None) => {
            let values = values.as_array().filter(|values| !values.is_empty());
            if values.is_none() {
                draw.fault("choice", Problem::new("a choice is a list of values"));
            }
            Draw::Choice(values?.to_vec())
        }
        (None, Some(ends), None) => Draw::between(&draw, ("uniform", Scale::Linear), ends)?,
        (None, None, Some(ends)) => Draw::between(&draw, ("log_uniform", Scale::Logarithmic), ends)?,
        _ => {
            let problem = Problem::new("a random axis has one distribution");
            draw.fault_here(problem.legal("`choice = […]`, `uniform = [low, high]` or `log_uniform = [low, high]`"));
            return None;
        }
    };
    let key = key?;
    draw.extremes().iter().all(|value| key.accepts(table, value)).then_some((key, draw))
}

impl Draw {
    fn between(table: &Table<'_>, (name, scale): (&str, Scale), ends: &Value) -> Option<Self> {
        let least = if scale == Scale::Linear { f64::NEG_INFINITY } else { 0.0 };
        let legal = |low: f64, high: f64| low.is_finite() && high.is_finite() && least < low && low < high;
        let draw = match ends.as_array() {
            Some([low, high]) => match (low.as_integer(), high.as_integer()) {
                (Some(a), Some(b)) if legal(a as f64, b as f64) => {
                    Some(Self::Integer { low: a, high: b, scale, place: low.clone() })
                }
                _ => match (low.as_number(), high.as_number()) {
                    (Some(a), Some(b)) if legal(a, b) => {
                        Some(Self::Float { low: a, high: b, scale, place: low.clone() })
                    }
                    _ => None,
                },
            },
            _ => None,
        };
        if draw.is_none() {
            let positive = if scale == Scale::Linear { "" } else { ", both above 0" };
            let problem = Problem::new("not an interval").legal(format!("`[low, high]`, low below high{positive}"));
            table.fault(name, problem.hint("two integers give integers, both ends included"));
        }
        draw
    }

    /// The value at `share` of the distribution, 0 ≤ share < 1.
    fn value(&self, share: f64) -> Value {
        match self {
            Self::Choice(values) => values[(share * values.len() as f64) as usize].clone(),
            Self::Integer { low, high, scale, place } => {
                let drawn = scale.at(share, (*low as f64, *high as f64 + 1.0)).floor() as i64;
                place.with_integer(drawn.clamp(*low, *high))
            }
            Self::Float { low, high, scale, place } => {
                let drawn = rounded(scale.at(share, (*low, *high)));
                place.with_float(drawn.clamp(*low, *high))
            }
        }
    }

    /// Values that are legal only if all are.
    fn extremes(&self) -> Vec<Value> {
        match self {
            Self::Choice(values) => values.clone(),
            Self::Integer { low, high, place, .. } => vec![place.with_integer(*low), place.with_integer(*high)],
            Self::Float { low, place, .. } => vec![place.with_float(*low)],
        }
    }
}

impl Scale {
    fn at(self, share: f64, (low, high): (f64, f64)) -> f64 {
        match self {
            Self::Linear => low + share * (high - low),
            Self::Logarithmic => low * libm::exp(share * libm::log(high / low)),
        }
    }
}

/// A number below 1 that depends on what it is for only, so that more samples or further axes leave those that were
/// there as they are.
fn uniform(seed: u64, key: &str, sample: usize) -> f64 {
    let seed = seed.to_le_bytes();
    Fingerprint::of([seed.as_slice(), key.as_bytes(), &(sample as u64).to_le_bytes()]).share()
}

fn rounded(number: f64) -> f64 {
    format!("{number:.*e}", DRAWN_DIGITS - 1).parse().unwrap_or(number)
}
