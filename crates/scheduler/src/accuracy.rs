//! Accuracy over images, with its confidence interval.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::statistics::Statistics;

/// A mean with Student's 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Lower and upper end of the interval; `None` for a single value, which says nothing of others.
    pub interval: Option<(f64, f64)>,
}

impl Mean {
    /// The mean of some values; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.mean();
        let half = StudentsT::new(0.0, 1.0, n - 1.0).ok().map(|t| t.inverse_cdf(0.975) * values.std_dev() / n.sqrt());
        Some(Self { mean, interval: half.map(|half| (mean - half, mean + half)) })
    }
}

/// A proportion of images with its 95 % interval: Wilson's score interval on one chip, and Student's t interval of the
/// mean over several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportion {
    /// Images that count, on all chips.
    pub hits: usize,
    /// All images, those of each chip counted; at least 1.
    pub images: usize,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Proportion {
    /// The share of `hits` among `images`; `None` without images.
    ///
    /// # Source
    /// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    pub fn new(hits: usize, images: usize) -> Option<Self> {
        if images == 0 {
            return None;
        }
        let z = Normal::standard().inverse_cdf(0.975);
        let n = images as f64;
        let share = hits as f64 / n;
        let denominator = 1.0 + z * z / n;
        let centre = (share + z * z / (2.0 * n)) / denominator;
        let half = z / denominator * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        // At the ends the formula gives 0 and 1 but for rounding.
        let low = if hits == 0 { 0.0 } else { centre - half };
        let high = if hits == images { 1.0 } else { centre + half };
        Some(Self { hits, images, low, high })
    }

    /// The mean share of `hits` of each chip among `images`; `None` without images or chips.
    ///
    /// The interval is for the mean over all chips on these images: where it would end beyond 0 or 1, it ends there.
    pub fn over_chips(hits: &[usize], images: usize) -> Option<Self> {
        if let &[hits] = hits {
            return Self::new(hits, images);
        }
        if images == 0 || hits.is_empty() {
            return None;
        }
        let shares: Vec<_> = hits.iter().map(|&hits| hits as f64 / images as f64).collect();
        let (low, high) = Mean::of(&shares)?.interval?;
        Some(Self { hits: hits.iter().sum(), images: images * hits.len(), low: low.max(0.0), high: high.min(1.0) })
    }

    /// The share itself, 0 … 1.
    pub fn share(&self) -> f64 {
        self.hits as f64 / self.images as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_by_the_closed_form() {
        let proportion = Proportion::new(9, 10).expect("ten images");
        assert_eq!(proportion.share(), 0.9);
        // (0.9 + 1.92073 / 10 ± 1.95996·√(0.009 + 0.0096036)) / 1.384146
        assert!((proportion.low - 0.595_849_6).abs() < 1e-5, "{}", proportion.low);
        assert!((proportion.high - 0.982_123_8).abs() < 1e-5, "{}", proportion.high);
    }

    #[test]
    fn the_interval_stays_within_zero_and_one() {
        let all = Proportion::new(20, 20).expect("twenty images");
        assert_eq!(all.high, 1.0);
        assert!(all.low < 1.0);
        assert_eq!(Proportion::new(0, 20).expect("twenty images").low, 0.0);
    }

    #[test]
    fn several_chips_have_a_t_interval() {
        // Shares 0.8, 0.9, 1.0: mean 0.9, deviation 0.1; t of 2 degrees of freedom is 4.30265.
        let proportion = Proportion::over_chips(&[8, 9, 10], 10).expect("three chips");
        assert_eq!((proportion.share(), proportion.hits, proportion.images), (0.9, 27, 30));
        let proportion = Proportion::over_chips(&[80, 90, 82], 100).expect("three chips");
        // Mean 0.84, deviation √((16 + 36 + 4)/2)/100 = 0.0529150, half 4.302653·0.0529150/√3.
        assert!((proportion.low - (0.84 - 0.131_447)).abs() < 1e-5, "{}", proportion.low);
        assert!((proportion.high - (0.84 + 0.131_447)).abs() < 1e-5, "{}", proportion.high);
        assert_eq!(Proportion::over_chips(&[9], 10), Proportion::new(9, 10));
        assert_eq!(Proportion::over_chips(&[], 10), None);
    }

    #[test]
    fn no_images_no_proportion() {
        assert_eq!(Proportion::new(0, 0), None);
    }
}
