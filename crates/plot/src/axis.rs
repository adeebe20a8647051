//! Axes: what positions mean, and the ticks that say so.

/// How positions follow from values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Logarithmic where all values are positive and the largest is over fifty times the smallest.
    Automatic,
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal ratios; values are positive.
    Logarithmic,
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with its unit.
    pub label: String,
    meaning: Meaning,
}

#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    /// Numbers; some values may be wanted as ticks.
    Numbers { scale: Scale, ticks: Vec<f64> },
    /// Names, at 0, 1, 2, …
    Names(Vec<String>),
}

/// Where the ratio of the largest to the smallest value makes an automatic axis logarithmic.
const WIDE: f64 = 50.0;
/// Values that are ticks by themselves, at most.
const FEW: usize = 9;

impl Axis {
    /// An axis of numbers.
    pub fn numbers(label: impl Into<String>, scale: Scale) -> Self {
        Self { label: label.into(), meaning: Meaning::Numbers { scale, ticks: Vec::new() } }
    }

    /// The same with ticks at these values, if they are few.
    #[must_use]
    pub fn with_ticks(mut self, values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if let Meaning::Numbers { ticks, .. } = &mut self.meaning {
            *ticks = if values.len() <= FEW { values } else { Vec::new() };
        }
        self
    }

    /// An axis of names, the `i`-th at position `i`.
    pub fn names(label: impl Into<String>, names: Vec<String>) -> Self {
        Self { label: label.into(), meaning: Meaning::Names(names) }
    }

    /// The axis over these values, on a length in points; `extent` says how much of the length a label takes.
    pub(crate) fn fit(&self, values: impl Iterator<Item = f64>, length: f64, extent: impl Fn(&str) -> f64) -> Fitted {
        let (scale, wanted) = match &self.meaning {
            Meaning::Names(names) => {
                let ticks = names.iter().enumerate().map(|(at, label)| Tick { at: at as f64, label: label.clone() });
                let ticks = ticks.collect();
                return Fitted { scale: Scale::Linear, low: -0.5, high: names.len() as f64 - 0.5, ticks };
            }
            Meaning::Numbers { scale, ticks } => (*scale, ticks),
        };
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let is_wide = low > 0.0 && high / low > WIDE;
        let is_log = low > 0.0 && (scale == Scale::Logarithmic || scale == Scale::Automatic && is_wide);
        let scale = if is_log { Scale::Logarithmic } else { Scale::Linear };
        let (low, high) = padded(scale, low, high);
        let mut fitted = Fitted { scale, low, high, ticks: Vec::new() };
        let fits = |ticks: &[Tick]| fitted.has_room(ticks, length, &extent);
        let own = labelled(wanted);
        let ticks = if !own.is_empty() && fits(&own) {
            own
        } else {
            let mut candidates = (2..=8).rev().map(|most| ticks_between(scale, (low, high), most));
            candidates.clone().find(|ticks| fits(ticks)).or(candidates.next_back()).unwrap_or_default()
        };
        fitted.ticks = ticks;
        fitted
    }
}

/// An axis with its ends and ticks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fitted {
    scale: Scale,
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
}

impl Fitted {
    /// Where a value stands, as a share of the axis from its low end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let of = |value: f64| match self.scale {
            Scale::Logarithmic => value.ln(),
            Scale::Linear | Scale::Automatic => value,
        };
        (of(value) - of(self.low)) / (of(self.high) - of(self.low))
    }

    /// The axis from a given low end, such as zero for bars.
    pub(crate) fn from(mut self, low: f64) -> Self {
        self.low = low;
        self
    }

    /// Whether labels stand apart.
    fn has_room(&self, ticks: &[Tick], length: f64, extent: &impl Fn(&str) -> f64) -> bool {
        ticks.windows(2).all(|pair| {
            let [one, other] = pair else { return true };
            let apart = (self.share(other.at) - self.share(one.at)).abs() * length;
            apart >= 0.5 * (extent(&one.label) + extent(&other.label)) + 4.0
        })
    }
}

/// The range with a margin; a single value stands in the middle.
fn padded(scale: Scale, low: f64, high: f64) -> (f64, f64) {
    if scale == Scale::Logarithmic {
        let factor = if high > low { (high / low).powf(0.05) } else { 2.0 };
        return (low / factor, high * factor);
    }
    let margin = if high > low { 0.05 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    (low - margin, high + margin)
}

/// Ticks at round values, at most about `most`.
fn ticks_between(scale: Scale, (low, high): (f64, f64), most: usize) -> Vec<Tick> {
    if scale == Scale::Logarithmic {
        let ticks = decades(low, high, most);
        if ticks.len() >= 2 {
            return labelled(&ticks);
        }
    }
    let rough = (high - low) / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    labelled(&(first..=last).map(|times| times as f64 * step).collect::<Vec<_>>())
}

/// Powers of ten, with 2 and 5 times them where there is room.
fn decades(low: f64, high: f64, most: usize) -> Vec<f64> {
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let all = |factors: &[f64]| -> Vec<f64> {
        let values = powers.clone().flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
        values.filter(|value| (low..=high).contains(value)).collect()
    };
    let many = [[1.0, 2.0, 5.0].as_slice(), &[1.0, 3.0], &[1.0]].into_iter().map(all);
    let few = || {
        let tens = all(&[1.0]);
        let every = tens.len().div_ceil(most).max(1);
        tens.into_iter().step_by(every).collect()
    };
    many.into_iter().find(|values| values.len() <= most).unwrap_or_else(few)
}

/// Ticks with as many decimals as the finest of them needs.
fn labelled(values: &[f64]) -> Vec<Tick> {
    let decimals = values.iter().map(|value| decimals(*value)).max().unwrap_or(0);
    let is_wide = values.iter().any(|value| value.abs() >= 1e5) || decimals > 4;
    let is_ratio = values.len() > 1 && values.windows(2).all(|pair| pair[0] > 0.0 && pair[1] / pair[0] > 1.99);
    let label = |&value: &f64| match (is_wide, is_ratio) {
        (true, _) => power_of_ten(value),
        (false, true) => number(value),
        (false, false) => minus(format!("{value:.decimals$}")),
    };
    values.iter().map(|value| Tick { at: *value, label: label(value) }).collect()
}

/// Decimals that a value needs, to seven digits.
fn decimals(value: f64) -> usize {
    let text = format!("{:.*}", decimals_of_seven_digits(value), value);
    text.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len())
}

fn decimals_of_seven_digits(value: f64) -> usize {
    if value == 0.0 { 0 } else { (6 - value.abs().log10().floor() as i32).clamp(0, 12) as usize }
}

/// A number as short as it goes, to seven digits.
pub(crate) fn number(value: f64) -> String {
    let decimals = decimals(value);
    minus(format!("{value:.decimals$}"))
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

/// `2×10⁵`
fn power_of_ten(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let power = value.abs().log10().floor() as i32;
    let raised: String = power.to_string().chars().map(superscript).collect();
    let factor = number(value / 10f64.powi(power));
    if factor == "1" { format!("10{raised}") } else { format!("{factor}×10{raised}") }
}

fn superscript(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: &[f64], length: f64) -> String {
        let ticks = axis.fit(values.iter().copied(), length, crate::canvas::text_width).ticks;
        ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_and_have_no_needless_decimals() {
        let linear = Axis::numbers("", Scale::Linear);
        assert_eq!(labels(&linear, &[86.9, 91.4], 120.0), "87 88 89 90 91");
        assert_eq!(labels(&linear, &[-0.2, 0.21], 120.0), "−0.2 −0.1 0.0 0.1 0.2");
        assert_eq!(labels(&linear, &[0.0, 3e6], 300.0), "0 5×10⁵ 10⁶ 1.5×10⁶ 2×10⁶ 2.5×10⁶ 3×10⁶");
        assert_eq!(labels(&linear, &[3.0], 200.0), "1.5 2.0 2.5 3.0 3.5 4.0 4.5");
    }

    #[test]
    fn few_values_are_their_own_ticks_where_they_have_room() {
        let bits = Axis::numbers("", Scale::Automatic).with_ticks(&[8.0, 4.0, 5.0, 4.0]);
        assert_eq!(labels(&bits, &[4.0, 5.0, 8.0], 200.0), "4 5 8");
        assert_ne!(labels(&bits, &[4.0, 5.0, 8.0], 15.0), "4 5 8");
    }

    #[test]
    fn wide_ranges_are_logarithmic() {
        let axis = Axis::numbers("", Scale::Automatic);
        assert_eq!(labels(&axis, &[0.1, 100.0], 200.0), "0.1 0.3 1 3 10 30 100");
        assert_eq!(labels(&axis, &[1.0, 1e9], 60.0), "10⁰ 10³ 10⁶ 10⁹");
        let fitted = axis.fit([1.0, 100.0].into_iter(), 100.0, |_| 0.0);
        assert!((fitted.share(10.0) - 0.5).abs() < 1e-12);
    }
}
