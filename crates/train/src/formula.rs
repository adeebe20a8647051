//! The quantisers as plain formulas on `f64`.
//!
//! The tensor operations of training are checked against these, and export uses them to fix the codes.

/// w = α·(q + β) with unsigned codes q of `bits` bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Bits of a code, k; 1 … 8.
    pub bits: u32,
    /// Distance of two levels, α; positive.
    pub alpha: f64,
    /// Level of code 0 in units of α, β.
    pub beta: f64,
}

impl Levels {
    /// The largest code, 2^k − 1.
    pub fn max_code(self) -> f64 {
        f64::from((1u32 << self.bits) - 1)
    }

    /// v = w/α − β: where `value` lies on the scale of codes, neither rounded nor clipped.
    fn position(self, value: f64) -> f64 {
        value / self.alpha - self.beta
    }

    /// q = clip(⌊v + ½⌋, 0, 2^k − 1).
    pub fn code(self, value: f64) -> f64 {
        rounded(self.position(value)).clamp(0.0, self.max_code())
    }

    /// The level nearest to `value`.
    pub fn quantise(self, value: f64) -> f64 {
        self.alpha * (self.code(value) + self.beta)
    }
}

/// The nearest integer, ⌊v + ½⌋: ties go up.
pub fn rounded(v: f64) -> f64 {
    (v + 0.5).floor()
}

/// Gradients of a loss with respect to the inputs of a quantiser.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// One for each value.
    pub values: Vec<f64>,
    /// With respect to α.
    pub alpha: f64,
    /// With respect to β.
    pub beta: f64,
}

/// The straight-through gradients of [`Levels::quantise`], given those of the quantised values.
///
/// With I = 1 where 0 ≤ v ≤ 2^k − 1, else 0: ∂L/∂w = I·∂L/∂ŵ; ∂L/∂α = Σ ∂L/∂ŵ·(q + β − I·w/α);
/// ∂L/∂β = α·Σ ∂L/∂ŵ·(1 − I).
pub fn gradients(levels: Levels, values: &[f64], upstream: &[f64]) -> Gradients {
    let mut result = Gradients { values: Vec::with_capacity(values.len()), alpha: 0.0, beta: 0.0 };
    for (&value, &upstream) in values.iter().zip(upstream) {
        let level = levels.code(value) + levels.beta;
        if (0.0..=levels.max_code()).contains(&levels.position(value)) {
            result.values.push(upstream);
            result.alpha += upstream * (level - value / levels.alpha);
        } else {
            result.values.push(0.0);
            result.alpha += upstream * level;
            result.beta += upstream * levels.alpha;
        }
    }
    result
}

/// Whether the least-squares fit may move the level of code 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// α and β are fitted.
    Free,
    /// β is given, and α fitted.
    At(f64),
}

/// Parts of the values' range from which the fit starts; the best end wins.
const STARTS: [f64; 6] = [1.0, 0.8, 0.6, 0.45, 0.3, 0.2];
/// Rounds of the fit; it stands still long before.
const ROUNDS: usize = 60;

/// The levels with the least squared error over `values`: codes and levels are fitted in turn (Lloyd's method with
/// equidistant levels). Constant values get levels of width 1 at least around them.
pub fn least_squares(values: &[f64], bits: u32, origin: Origin) -> Levels {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = match origin {
        Origin::Free => (low, high),
        Origin::At(_) => (0.0, high.max(-low)),
    };
    let levels = f64::from((1u32 << bits) - 1);
    if !(high > low && (high - low).is_finite()) {
        let beta = match origin {
            Origin::Free => {
                if low.is_finite() {
                    low
                } else {
                    0.0
                }
            }
            Origin::At(beta) => beta,
        };
        return Levels { bits, alpha: 1.0, beta };
    }
    let start = |part: f64| {
        let (centre, half) = (0.5 * (low + high), 0.5 * part * (high - low));
        match origin {
            Origin::Free => {
                let alpha = 2.0 * half / levels;
                Levels { bits, alpha, beta: (centre - half) / alpha }
            }
            Origin::At(beta) => Levels { bits, alpha: part * high / (levels + beta).max(-beta), beta },
        }
    };
    let fits = STARTS.iter().map(|&part| fit(start(part), values, origin));
    let best = fits.min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or(start(1.0), |(levels, _)| levels)
}

/// Fits levels and codes in turn; returns them with their squared error.
fn fit(mut levels: Levels, values: &[f64], origin: Origin) -> (Levels, f64) {
    let count = values.len() as f64;
    let shift = match origin {
        Origin::Free => 0.0,
        Origin::At(beta) => beta,
    };
    for _ in 0..ROUNDS {
        let (mut q, mut w, mut qq, mut qw) = (0.0, 0.0, 0.0, 0.0);
        for &value in values {
            let code = levels.code(value) + shift;
            q += code;
            w += value;
            qq += code * code;
            qw += code * value;
        }
        let (alpha, beta) = match origin {
            Origin::Free => {
                let slope = (count * qw - q * w) / (count * qq - q * q);
                (slope, (w - slope * q) / count / slope)
            }
            Origin::At(beta) => (qw / qq, beta),
        };
        if !(alpha.is_finite() && alpha > 0.0) {
            break;
        }
        let next = Levels { alpha, beta, ..levels };
        if next == levels {
            break;
        }
        levels = next;
    }
    (levels, values.iter().map(|&value| (levels.quantise(value) - value).powi(2)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values inside and outside of the levels' range, none of them where the assignment changes.
    const VALUES: [f64; 7] = [-0.31, -0.149, -0.04, 0.03, 0.0871, 0.16, 0.42];
    const UPSTREAM: [f64; 7] = [0.7, -1.3, 0.4, 1.1, -0.6, 2.0, -0.9];
    const LEVELS: Levels = Levels { bits: 2, alpha: 0.11, beta: -1.47 };

    /// L = Σ upstream·ŵ at other α and β, with what stays put while α and β move: each value's code, and which
    /// values lie inside the range. Inside, the straight-through rule takes the rounding error q − v for a constant,
    /// so that ŵ = α·(v + error + β) = w + α·error; outside ŵ = α·(q + β).
    fn surrogate(alpha: f64, beta: f64) -> f64 {
        let terms = VALUES.iter().zip(UPSTREAM).map(|(&value, upstream)| {
            let code = LEVELS.code(value);
            let position = LEVELS.position(value);
            let quantised = if (0.0..=LEVELS.max_code()).contains(&position) {
                let error = code - position;
                alpha * (value / alpha - beta + error + beta)
            } else {
                alpha * (code + beta)
            };
            upstream * quantised
        });
        terms.sum()
    }

    #[test]
    fn gradients_are_the_derivatives_of_the_smooth_surrogate() {
        let found = gradients(LEVELS, &VALUES, &UPSTREAM);
        let (alpha, beta, h) = (LEVELS.alpha, LEVELS.beta, 1e-6);
        let by_alpha = (surrogate(alpha + h, beta) - surrogate(alpha - h, beta)) / (2.0 * h);
        let by_beta = (surrogate(alpha, beta + h) - surrogate(alpha, beta - h)) / (2.0 * h);
        assert!((found.alpha - by_alpha).abs() < 1e-8, "{} {by_alpha}", found.alpha);
        assert!((found.beta - by_beta).abs() < 1e-8, "{} {by_beta}", found.beta);
        // The range is −0.1617 … 0.1683: the first and the last value lie outside.
        assert_eq!(found.values, [0.0, -1.3, 0.4, 1.1, -0.6, 2.0, 0.0]);
    }

    #[test]
    fn gradient_of_alpha_with_frozen_codes_outside_the_range() {
        // All values clipped: the quantiser is a true function of α and β, with no straight-through part.
        let values = [-1.0, -0.5, 0.5, 2.0];
        let upstream = [0.3, -0.8, 1.7, 0.2];
        let loss = |alpha, beta| -> f64 {
            let levels = Levels { alpha, beta, ..LEVELS };
            values.iter().zip(upstream).map(|(&value, upstream)| upstream * levels.quantise(value)).sum()
        };
        let found = gradients(LEVELS, &values, &upstream);
        let (alpha, beta, h) = (LEVELS.alpha, LEVELS.beta, 1e-6);
        assert!((found.alpha - (loss(alpha + h, beta) - loss(alpha - h, beta)) / (2.0 * h)).abs() < 1e-8);
        assert!((found.beta - (loss(alpha, beta + h) - loss(alpha, beta - h)) / (2.0 * h)).abs() < 1e-8);
    }

    #[test]
    fn codes_round_ties_up_and_clip() {
        let levels = Levels { bits: 2, alpha: 1.0, beta: 0.0 };
        let codes = [-9.0, 0.49, 0.5, 1.5, 2.5, 2.49, 3.5, 9.0].map(|value| levels.code(value));
        assert_eq!(codes, [0.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn least_squares_finds_the_levels_that_made_the_values() {
        let made = Levels { bits: 3, alpha: 0.07, beta: -2.75 };
        let values: Vec<f64> = (0..80).map(|i| made.alpha * (f64::from(i % 8) + made.beta)).collect();
        let found = least_squares(&values, 3, Origin::Free);
        assert!((found.alpha - made.alpha).abs() < 1e-12 && (found.beta - made.beta).abs() < 1e-9, "{found:?}");
        let unsigned: Vec<f64> = (0..40).map(|i| 0.3 * f64::from(i % 4)).collect();
        let found = least_squares(&unsigned, 2, Origin::At(0.0));
        assert!((found.alpha - 0.3).abs() < 1e-12 && found.beta == 0.0, "{found:?}");
        let signed: Vec<f64> = (0..40).map(|i| 0.3 * (f64::from(i % 4) - 1.5)).collect();
        let found = least_squares(&signed, 2, Origin::At(-1.5));
        assert!((found.alpha - 0.3).abs() < 1e-12 && found.beta == -1.5, "{found:?}");
    }

    #[test]
    fn least_squares_beats_levels_over_the_whole_range() {
        // A bell has few values at its ends, so that the best levels leave them out.
        let values: Vec<f64> = (-500..=500).map(|i| f64::from(i).powi(3) * 1e-9).collect();
        let error = |levels: Levels| -> f64 { values.iter().map(|&v| (levels.quantise(v) - v).powi(2)).sum() };
        let (low, high) = (values[0], values[1000]);
        let alpha = (high - low) / 3.0;
        let whole = Levels { bits: 2, alpha, beta: low / alpha };
        assert!(error(least_squares(&values, 2, Origin::Free)) < 0.8 * error(whole));
    }

    #[test]
    fn constant_values_have_levels() {
        for values in [&[0.25; 4][..], &[], &[0.0]] {
            for origin in [Origin::Free, Origin::At(0.0), Origin::At(-1.5)] {
                let levels = least_squares(values, 2, origin);
                assert!(levels.alpha > 0.0 && levels.beta.is_finite(), "{levels:?}");
            }
        }
    }
}
