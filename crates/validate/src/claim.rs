//! What is claimed of a figure, and whether it holds.

use std::fmt;

/// What `expected.toml` claims of a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It follows from what the design's files say: a difference beyond the tolerance is a failure.
    Reproduced {
        /// As the source prints it.
        published: Printed,
        /// How far ours may be from it.
        tolerance: Tolerance,
    },
    /// Ours rests on guesses that the source does not confirm, or the source has no such figure: never a failure.
    Predicted {
        /// As the source prints it, if it does.
        published: Option<Printed>,
    },
}

impl Claim {
    /// The figure as the source prints it.
    pub fn published(&self) -> Option<&Printed> {
        match self {
            Claim::Reproduced { published, .. } => Some(published),
            Claim::Predicted { published } => published.as_ref(),
        }
    }

    /// What our figure makes of the claim.
    pub fn judge(&self, ours: f64) -> Verdict {
        match self {
            Claim::Predicted { .. } => Verdict::Predicted,
            Claim::Reproduced { published, tolerance } if tolerance.admits(ours, published) => Verdict::Reproduced,
            Claim::Reproduced { .. } => Verdict::Failed,
        }
    }
}

/// A number as its source prints it; above 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Printed {
    text: String,
    value: f64,
}

impl Printed {
    /// Reads a number as printed: digits, with a decimal point or without. `None` for anything else, and for zero.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse().ok().filter(|&value: &f64| value > 0.0 && value.is_finite())?;
        (digits(whole) && digits(decimals)).then(|| Self { text: text.to_owned(), value })
    }

    /// The number.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Half a unit of the last printed digit.
    fn half_a_digit(&self) -> f64 {
        let decimals = self.text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        0.5 * 10f64.powi(-i32::try_from(decimals).unwrap_or(i32::MAX))
    }
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// How far our figure may be from the printed one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// Equal once rounded to the printed digits; a half may be rounded either way.
    Digits,
    /// Equal.
    Exact,
    /// Within so many per cent of the printed one.
    Percent(f64),
}

impl Tolerance {
    /// Whether our figure is near enough.
    fn admits(self, ours: f64, published: &Printed) -> bool {
        // Sums of decimals are not exact in binary; no printed digit is that small.
        let noise = 1e-9 * published.value;
        let allowed = match self {
            Tolerance::Digits => published.half_a_digit(),
            Tolerance::Exact => 0.0,
            Tolerance::Percent(percent) => percent / 100.0 * published.value,
        };
        (ours - published.value).abs() <= allowed + noise
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tolerance::Digits => f.pad("printed digits"),
            Tolerance::Exact => f.pad("exact"),
            Tolerance::Percent(percent) => f.pad(&format!("{percent} %")),
        }
    }
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ours is the published figure, within the tolerance.
    Reproduced,
    /// Ours is a prediction.
    Predicted,
    /// Ours should be the published figure, and is not.
    Failed,
}

impl Verdict {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Reproduced => "reproduced",
            Verdict::Predicted => "predicted",
            Verdict::Failed => "FAILED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(published: &str, tolerance: Tolerance, ours: f64) -> Verdict {
        Claim::Reproduced { published: Printed::parse(published).expect("a number"), tolerance }.judge(ours)
    }

    #[test]
    fn printed_digits_are_those_of_the_text() {
        assert_eq!(judged("0.090", Tolerance::Digits, 0.0904), Verdict::Reproduced);
        assert_eq!(judged("0.090", Tolerance::Digits, 0.0906), Verdict::Failed);
        assert_eq!(judged("0.09", Tolerance::Digits, 0.0906), Verdict::Reproduced);
        assert_eq!(judged("330", Tolerance::Digits, 329.81), Verdict::Reproduced);
        assert_eq!(judged("330", Tolerance::Digits, 330.6), Verdict::Failed);
    }

    #[test]
    fn a_half_may_be_rounded_either_way() {
        assert_eq!(judged("40.9", Tolerance::Digits, 40.85), Verdict::Reproduced);
        assert_eq!(judged("40.8", Tolerance::Digits, 40.85), Verdict::Reproduced);
        assert_eq!(judged("40.8", Tolerance::Digits, 40.8501), Verdict::Failed);
    }

    #[test]
    fn exact_and_per_cent() {
        assert_eq!(judged("22", Tolerance::Exact, 22.0), Verdict::Reproduced);
        assert_eq!(judged("22", Tolerance::Exact, 23.0), Verdict::Failed);
        assert_eq!(judged("0.25", Tolerance::Exact, 0.2501), Verdict::Failed);
        assert_eq!(judged("200", Tolerance::Percent(0.5), 201.0), Verdict::Reproduced);
        assert_eq!(judged("200", Tolerance::Percent(0.5), 198.9), Verdict::Failed);
    }

    #[test]
    fn a_prediction_never_fails() {
        let claim = Claim::Predicted { published: Printed::parse("1") };
        assert_eq!(claim.judge(2.0), Verdict::Predicted);
    }

    #[test]
    fn only_plain_decimals_are_printed_numbers() {
        for text in ["", ".", "1.", ".5", "1e3", "-1", "+1", "0", "0.00", "nan", "inf", "1 000", "1,5"] {
            assert_eq!(Printed::parse(text), None, "{text}");
        }
    }
}
