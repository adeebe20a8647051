//! Accuracy over images, with its confidence interval.

use statrs::distribution::{ContinuousCDF, Normal};

/// A proportion of images with its 95 % Wilson score interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proportion {
    /// Images that count.
    pub hits: usize,
    /// All images; at least 1.
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
    fn no_images_no_proportion() {
        assert_eq!(Proportion::new(0, 0), None);
    }
}
