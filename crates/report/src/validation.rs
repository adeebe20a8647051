//! Published figures beside ours.

use std::fmt::Write;

use rebias_validate::{Claim, Compared, Validation, Verdict};

use crate::summary::rounded;
use crate::text::table;

/// Significant digits of our figures in text.
const DIGITS: i32 = 5;

/// A table for each design.
pub fn validation_text(validations: &[Validation]) -> String {
    let mut text = String::new();
    for validation in validations {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{}\n{}\n", validation.design, validation_table(validation));
    }
    text.push_str(&tally(validations));
    text
}

/// How many figures came out how.
fn tally(validations: &[Validation]) -> String {
    let figures = || validations.iter().flat_map(|validation| &validation.figures);
    let count = |verdict: Verdict| figures().filter(|figure| figure.verdict == verdict).count();
    let counts: Vec<_> = [Verdict::Reproduced, Verdict::Predicted, Verdict::Failed]
        .into_iter()
        .map(|verdict| format!("{} {}", count(verdict), verdict.word()))
        .collect();
    format!("{} figures: {}", figures().count(), counts.join(", "))
}

fn validation_table(validation: &Validation) -> String {
    let mut table = table(&["figure", "published", "ours", "difference", "tolerance", "verdict"]);
    for compared in &validation.figures {
        let figure = &compared.figure;
        let absent = || "–".to_owned();
        table.add_row([
            figure.metric.to_string(),
            figure.claim.published().map_or_else(absent, ToString::to_string),
            significant(compared.ours),
            compared.difference_percent().map_or_else(absent, signed_percent),
            tolerance(&figure.claim).unwrap_or_else(absent),
            compared.verdict.word().to_owned(),
        ]);
    }
    table.to_string()
}

fn tolerance(claim: &Claim) -> Option<String> {
    match claim {
        Claim::Reproduced { tolerance, .. } => Some(tolerance.to_string()),
        Claim::Predicted { .. } => None,
    }
}

/// A difference to a hundredth of a per cent; no sign where nothing is left of it.
fn signed_percent(percent: f64) -> String {
    if percent.abs() < 0.005 { "0.00 %".to_owned() } else { format!("{percent:+.2} %") }
}

/// A number to five significant digits, without zeros at its end.
fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let places = DIGITS - 1 - number.abs().log10().floor() as i32;
    let text = format!("{number:.*}", usize::try_from(places).unwrap_or(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// All designs as one JSON object.
pub fn validation_json(validations: &[Validation]) -> String {
    let designs: Vec<_> = validations
        .iter()
        .map(|validation| {
            let figures: Vec<_> = validation.figures.iter().map(figure_json).collect();
            serde_json::json!({ "design": validation.design, "figures": figures })
        })
        .collect();
    let n_failed: usize = validations.iter().map(Validation::n_failed).sum();
    format!("{:#}", serde_json::json!({ "designs": designs, "failed": n_failed }))
}

fn figure_json(compared: &Compared) -> serde_json::Value {
    let figure = &compared.figure;
    serde_json::json!({
        "metric": figure.metric.name(),
        "subject": figure.metric.subject(),
        "published": figure.claim.published().map(|published| published.value()),
        "ours": rounded(compared.ours),
        "difference_percent": compared.difference_percent().map(rounded),
        "tolerance": tolerance(&figure.claim),
        "verdict": compared.verdict.word(),
        "source": figure.source,
        "confidence": figure.confidence.word(),
        "note": figure.note,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_five_digits_and_no_empty_ones() {
        for (number, text) in
            [(22.0, "22"), (0.25, "0.25"), (329.8134, "329.81"), (41_287.68, "41288"), (0.007_812_5, "0.0078125")]
        {
            assert_eq!(significant(number), text);
        }
        assert_eq!(significant(1_234_567.0), "1234567");
        assert_eq!(significant(100.0), "100");
    }
}
