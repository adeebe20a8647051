//! Programming errors.

use rebias_units::Conductance;

/// How far programmed conductances are from their targets, one independent error for each cell.
#[derive(Clone, Debug, PartialEq)]
pub enum VariationSpec {
    /// Gaussian; its deviation is a share of the range from level 0 to the highest level, at least 0.
    GaussianOfRange(f64),
    /// Gaussian; its deviation is a share of the target conductance, at least 0.
    GaussianOfTarget(f64),
    /// A factor e^(σ·z), z standard normal, so that the target is the median; σ at least 0.
    Lognormal(f64),
    /// Gaussian; its deviation depends on the target as measured.
    Measured(MeasuredSigma),
}

/// Deviation of programmed conductances as a polynomial in the target, both in microsiemens.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredSigma {
    /// Coefficients, constant first.
    pub coefficients: Vec<f64>,
    /// Lowest conductance measured.
    pub from: Conductance,
    /// Highest conductance measured.
    pub to: Conductance,
}

impl MeasuredSigma {
    /// The deviation at a target within the measured range; never below 0.
    pub fn at(&self, target: Conductance) -> Conductance {
        Conductance::from_microsiemens(polynomial(&self.coefficients, target.microsiemens()).max(0.0))
    }
}

/// Σ coefficients\[k\]·x^k.
pub(crate) fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_deviation_is_its_polynomial() {
        let milo = MeasuredSigma {
            coefficients: vec![4.782, -0.009107],
            from: Conductance::from_microsiemens(50.0),
            to: Conductance::from_microsiemens(225.0),
        };
        let sigma = milo.at(Conductance::from_microsiemens(100.0)).microsiemens();
        assert!((sigma - 3.8713).abs() < 1e-12, "4.782 − 0.9107 = {sigma}");
    }
}
