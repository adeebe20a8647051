//! A study's results as text and CSV.

use std::fmt::Write;
use std::path::Path;

use super::{FormSummary, Interval, StudyRow};
use crate::TrainError;
use crate::output::write_whole;

/// Writes `results.csv` with a row for each run, and `summary.csv` with one for each form.
///
/// # Errors
/// Files that cannot be written.
pub fn write_tables(rows: &[StudyRow], summaries: &[FormSummary], out: &Path) -> Result<(), TrainError> {
    let mut results = String::from("form,weight_bits,seed,float_accuracy,integer_accuracy\n");
    for row in rows {
        let StudyRow { form, weight_bits, seed, float, integer } = row;
        let _ = writeln!(results, "{form},{weight_bits},{seed},{float},{integer}");
    }
    write_whole(&out.join("results.csv"), results.as_bytes())?;
    let mut summary = String::from(
        "form,weight_bits,accuracy,accuracy_half_95,loss,loss_half_95,difference,difference_half_95,p_holm,detectable\n",
    );
    for form in summaries {
        let optional = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        let pair = |interval: Interval| format!("{},{}", interval.mean, optional(interval.half));
        let against = form.against_first.map_or_else(
            || ",,,".to_owned(),
            |against| format!("{},{},{}", pair(against.difference), optional(against.p), optional(against.detectable)),
        );
        let _ = writeln!(
            summary,
            "{},{},{},{},{against}",
            form.form,
            form.weight_bits,
            pair(form.integer),
            pair(form.loss)
        );
    }
    write_whole(&out.join("summary.csv"), summary.as_bytes())
}

/// The summary as a table, in per cent and points; the first form is what the others are compared with.
pub fn text_table(summaries: &[FormSummary]) -> String {
    let mut text = format!(
        "{:<18} {:>4}  {:<15} {:<15} {:<17} {:<10} {}\n",
        "form", "bits", "accuracy, %", "float minus", "minus first", "p (Holm)", "detectable"
    );
    let interval = |interval: Interval| match interval.half {
        Some(half) => format!("{:.2} ± {:.2}", 100.0 * interval.mean, 100.0 * half),
        None => format!("{:.2}", 100.0 * interval.mean),
    };
    for form in summaries {
        let (accuracy, loss) = (interval(form.integer), interval(form.loss));
        let [difference, p, detectable] = form.against_first.map_or_else(Default::default, |against| {
            [
                interval(against.difference),
                against.p.map_or_else(String::new, |p| format!("{p:.4}")),
                against.detectable.map_or_else(String::new, |points| format!("{:.2}", 100.0 * points)),
            ]
        });
        let line = format!(
            "{:<18} {:>4}  {accuracy:<15} {loss:<15} {difference:<17} {p:<10} {detectable}",
            form.form, form.weight_bits
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
