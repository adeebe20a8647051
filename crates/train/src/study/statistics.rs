//! What the runs of a study tell about the difference of forms.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::StudyRow;

/// Probability that a true difference as large as [`Comparison::detectable`] is found.
const POWER: f64 = 0.8;
/// Probability that any difference is found where there is none.
const LEVEL: f64 = 0.05;

/// A mean with its Student-t 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half of the interval's width; `None` for a single value.
    pub half: Option<f64>,
}

/// A form's accuracy over all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct FormSummary {
    /// The form.
    pub form: &'static str,
    /// Bits of hidden weights.
    pub weight_bits: u32,
    /// Accuracy of the integer network.
    pub integer: Interval,
    /// Loss against the float twin.
    pub loss: Interval,
    /// Against the first form of the study; `None` for that itself.
    pub against_first: Option<Comparison>,
}

/// A form's accuracy less that of the first form, seed by seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The difference.
    pub difference: Interval,
    /// p of the paired t-test, after Holm's correction for the number of forms (S. Holm, 1979).
    pub p: Option<f64>,
    /// The smallest true difference that this many seeds find with probability 0.8, at 5 % for the whole study: by the
    /// spread seen, and Bonferroni's bound for Holm's first step.
    pub detectable: Option<f64>,
}

/// Sums up a study, in the order in which forms come first.
pub fn compare(rows: &[StudyRow]) -> Vec<FormSummary> {
    let mut forms: Vec<(&'static str, u32)> = Vec::new();
    for row in rows {
        if forms.iter().all(|&(form, _)| form != row.form) {
            forms.push((row.form, row.weight_bits));
        }
    }
    let of = |form: &str| -> Vec<&StudyRow> { rows.iter().filter(|row| row.form == form).collect() };
    let first = forms.first().map_or(Vec::new(), |&(form, _)| of(form));
    let n_tests = forms.len().saturating_sub(1);
    let mut summaries: Vec<_> = forms
        .iter()
        .enumerate()
        .map(|(index, &(form, weight_bits))| {
            let runs = of(form);
            FormSummary {
                form,
                weight_bits,
                integer: Interval::of(&runs.iter().map(|row| row.integer).collect::<Vec<_>>()),
                loss: Interval::of(&runs.iter().map(|row| row.float - row.integer).collect::<Vec<_>>()),
                against_first: (index > 0).then(|| Comparison::of(&runs, &first, n_tests)),
            }
        })
        .collect();
    correct(&mut summaries);
    summaries
}

impl Comparison {
    fn of(runs: &[&StudyRow], first: &[&StudyRow], n_tests: usize) -> Self {
        let pairs = runs.iter().filter_map(|row| Some((row, first.iter().find(|other| other.seed == row.seed)?)));
        let differences: Vec<_> = pairs.map(|(row, other)| row.integer - other.integer).collect();
        let difference = Interval::of(&differences);
        let error = standard_error(&differences);
        let p = error.map(|(error, student)| {
            let t = difference.mean / error;
            if error > 0.0 { 2.0 * student.cdf(-t.abs()) } else { f64::from(u8::from(difference.mean == 0.0)) }
        });
        let detectable = error.map(|(error, student)| {
            let critical = student.inverse_cdf(1.0 - LEVEL / 2.0 / n_tests.max(1) as f64);
            (critical + student.inverse_cdf(POWER)) * error
        });
        Self { difference, p, detectable }
    }
}

/// Holm's correction: the smallest of m values counts m times, the next m − 1 times, and so on, and none less than the
/// one before it.
fn correct(summaries: &mut [FormSummary]) {
    let mut tests: Vec<_> = summaries.iter_mut().filter_map(|form| form.against_first.as_mut()?.p.as_mut()).collect();
    tests.sort_by(|a, b| a.total_cmp(b));
    let n_tests = tests.len();
    let mut before: f64 = 0.0;
    for (rank, p) in tests.into_iter().enumerate() {
        before = before.max(*p * (n_tests - rank) as f64).min(1.0);
        *p = before;
    }
}

impl Interval {
    fn of(values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let half = standard_error(values).map(|(error, student)| student.inverse_cdf(1.0 - LEVEL / 2.0) * error);
        Self { mean, half }
    }
}

/// The standard error of a mean, and Student's distribution for so many values; `None` for fewer than two.
fn standard_error(values: &[f64]) -> Option<(f64, StudentsT)> {
    let count = values.len() as f64;
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Some(((variance / count).sqrt(), student))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(form: &'static str, integer: [f64; 4]) -> Vec<StudyRow> {
        let row =
            |(seed, integer): (usize, f64)| StudyRow { form, weight_bits: 2, seed: seed as u64, float: 0.9, integer };
        integer.into_iter().enumerate().map(row).collect()
    }

    /// Differences 0.02, 0.04, 0.03, 0.03: mean 0.03, standard deviation 0.00816, t = 7.348 with three degrees of
    /// freedom, p = 0.00521 by tables.
    #[test]
    fn a_paired_test_by_hand() {
        let study = [rows("biased", [0.80, 0.82, 0.85, 0.81]), rows("lsq", [0.82, 0.86, 0.88, 0.84])].concat();
        let summaries = compare(&study);
        assert_eq!(summaries[0].against_first, None);
        assert!((summaries[0].integer.mean - 0.82).abs() < 1e-12);
        // t(0.975, 3) = 3.182; standard deviation 0.0216 of four values.
        assert!((summaries[0].integer.half.unwrap() - 3.1824 * 0.021_602 / 2.0).abs() < 1e-5);
        let lsq = summaries[1].against_first.unwrap();
        assert!((lsq.difference.mean - 0.03).abs() < 1e-12);
        assert!((lsq.p.unwrap() - 0.005_21).abs() < 1e-4, "{lsq:?}");
        // (t(0.975, 3) + t(0.8, 3))·0.00408.
        assert!((lsq.detectable.unwrap() - (3.1824 + 0.9785) * 0.004_082).abs() < 1e-5, "{lsq:?}");
    }

    #[test]
    fn the_smallest_of_three_values_counts_three_times_and_none_less_than_the_one_before() {
        let mut summaries = compare(&["a", "b", "c", "d"].map(|form| rows(form, [0.8, 0.82, 0.85, 0.81])).concat());
        for (summary, p) in summaries[1..].iter_mut().zip([0.04, 0.01, 0.03]) {
            summary.against_first.as_mut().unwrap().p = Some(p);
        }
        correct(&mut summaries);
        let corrected: Vec<_> = summaries[1..].iter().map(|form| form.against_first.unwrap().p.unwrap()).collect();
        assert_eq!(corrected, [0.06, 0.03, 0.06]);
    }

    #[test]
    fn one_seed_has_no_interval() {
        let one: Vec<_> =
            rows("biased", [0.8; 4]).into_iter().chain(rows("lsq", [0.9; 4])).filter(|row| row.seed == 0).collect();
        let summaries = compare(&one);
        assert_eq!((summaries[0].integer.half, summaries[1].against_first.unwrap().p), (None, None));
    }
}
