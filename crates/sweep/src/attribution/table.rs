//! An attribution as CSV and as text.

use std::fmt::Write;

use rebias_scheduler::Mean;

use super::Attribution;

/// What all non-idealities together are called.
const TOGETHER: &str = "all together";

impl Attribution {
    /// `attribution.csv`: a row for each non-ideality and one for all together; accuracies and losses are fractions,
    /// losses with their 95 % intervals over chips.
    ///
    /// # Errors
    /// None but those of the writer.
    pub fn to_csv(&self) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
            "non_ideality",
            "chips",
            "images",
            "ideal_accuracy",
            "alone_accuracy",
            "alone_loss",
            "alone_loss_low",
            "alone_loss_high",
            "all_but_accuracy",
            "added_loss",
            "added_loss_low",
            "added_loss_high",
        ])?;
        for share in &self.shares {
            let name = share.non_ideality.unwrap_or(TOGETHER).to_owned();
            let settings = [self.chips.to_string(), self.images.to_string(), rounded(self.ideal)];
            let alone = [rounded(share.alone)].into_iter().chain(figures(Some(share.alone_loss)));
            let all_but = share.all_but.map(rounded).unwrap_or_default();
            let added = [all_but].into_iter().chain(figures(share.added_loss));
            writer.write_record([name].into_iter().chain(settings).chain(alone).chain(added))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    /// For people: losses in percentage points with half their intervals.
    pub fn to_text(&self) -> String {
        let ideal = 100.0 * self.ideal;
        let mut text = format!(
            "{} images on {} chips, {} runs; {ideal:.2} % on ideal chips\n\n{:<26}{:>18}{:>22}\n",
            self.images, self.chips, self.runs, "points of accuracy lost", "alone", "added to all others"
        );
        for share in &self.shares {
            let name = share.non_ideality.unwrap_or(TOGETHER);
            let added = share.added_loss.map(points).unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name:<26}{:>18}{added:>22}", points(share.alone_loss));
        }
        text
    }
}

/// The mean and the ends of its interval, empty where there are none.
fn figures(mean: Option<Mean>) -> [String; 3] {
    let interval = mean.and_then(|mean| mean.interval);
    let end = |end: Option<f64>| end.map(rounded).unwrap_or_default();
    [end(mean.map(|mean| mean.mean)), end(interval.map(|ends| ends.0)), end(interval.map(|ends| ends.1))]
}

/// To twelve significant digits, as other results.
fn rounded(number: f64) -> String {
    let number: f64 = format!("{number:.11e}").parse().unwrap_or(number);
    number.to_string()
}

fn points(loss: Mean) -> String {
    let half = loss.interval.map(|(low, high)| format!(" ± {:.2}", 50.0 * (high - low)));
    format!("{:.2}{}", 100.0 * loss.mean, half.unwrap_or_default())
}
