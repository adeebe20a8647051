//! What time does to programmed cells.

use rebias_units::Time;

/// Conductance at time t: G = G₀·(t/t₀)^ν, ν Gaussian and drawn once for each cell.
///
/// A cell that loses conductance has ν < 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriftSpec {
    /// Time since programming, t; above 0.
    pub time: Time,
    /// Time at which a cell has its programmed conductance, t₀; above 0.
    pub reference: Time,
    /// Mean of ν.
    pub exponent_mean: f64,
    /// Deviation of ν; at least 0.
    pub exponent_sigma: f64,
}

impl DriftSpec {
    /// The factor of a cell whose standard normal draw is this.
    pub(crate) fn factor(&self, draw: f64) -> f64 {
        libm::pow(self.time / self.reference, self.exponent_mean + self.exponent_sigma * draw)
    }
}
