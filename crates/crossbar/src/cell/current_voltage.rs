//! Currents that are not proportional to voltage.

use super::variation::polynomial;

/// The current of a cell as a polynomial in its voltage, one for each level.
///
/// With u the voltage as a share of the read voltage and G the conductance, the current is G·V_read·p(u),
/// p(u) = Σ a_k·u^k from k = 1 on.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentVoltageSpec {
    /// a₁, a₂, … of each level; as many as the cell has levels.
    pub coefficients: Vec<Vec<f64>>,
}

impl CurrentVoltageSpec {
    /// p(u) of a level; an ohmic cell has p(u) = u. Voltages the other way round drive the same current the other way round.
    pub fn relative_current(&self, level: usize, u: f64) -> f64 {
        u * polynomial(&self.coefficients[level], u.abs())
    }

    /// How fast the current of a level grows with its voltage, p′(u).
    pub fn relative_slope(&self, level: usize, u: f64) -> f64 {
        let powers = (1..).zip(&self.coefficients[level]);
        let slopes: Vec<_> = powers.map(|(power, coefficient)| f64::from(power) * coefficient).collect();
        polynomial(&slopes, u.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_starts_with_the_linear_term() {
        let cubic = CurrentVoltageSpec { coefficients: vec![vec![1.0], vec![0.8, 0.0, 0.2]] };
        assert_eq!(cubic.relative_current(0, 0.25), 0.25);
        assert_eq!(cubic.relative_current(1, 1.0), 1.0);
        assert_eq!(cubic.relative_current(1, -1.0), -1.0);
        assert!((cubic.relative_slope(1, 0.5) - 0.95).abs() < 1e-15, "0.8 + 3·0.2/4");
        assert_eq!(cubic.relative_slope(1, -0.5), cubic.relative_slope(1, 0.5));
        assert!((cubic.relative_current(1, 0.5) - 0.425).abs() < 1e-15, "0.8/2 + 0.2/8");
    }
}
