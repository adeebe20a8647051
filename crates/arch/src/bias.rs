//! How arrays deal with the bias: `[mapping.bias]` of an architecture.
//!
//! ```text
//!  word line x₀ ──■──■──■──□──○        ■ weights   □ bias column: ℓ_b in every cell   ○ reference column: r in every cell
//!  word line x₁ ──■──■──■──□──○
//!                 │  │  │  │  └─ r·S is taken off each weights' column, before its signed ADC
//!                 │  │  │  └──── an ADC: ℓ_b·S
//!                 └──┴──┴─────── ADCs: P
//! ```

use rebias_crossbar::DriftSpec;
use rebias_tile::BiasConverter;
use rebias_units::Time;

/// Where the sum S of an array's inputs comes from, and what is done with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BiasSource {
    /// An adder tree on the input slice; exact.
    DigitalCount,
    /// Bias columns.
    Columns(BiasColumnsSpec),
    /// A reference is subtracted before signed ADCs; an adder tree counts for what it leaves.
    Reference(ReferenceSpec),
}

/// Columns that store one level in every cell, so that each gives (ℓ_b + g₀)·S.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasColumnsSpec {
    /// Which arrays have them.
    pub sharing: BiasSharing,
    /// How many stand side by side, whose estimates are averaged; at least 1.
    pub n: u32,
    /// Level ℓ_b stored in every cell; 1 … 2^c − 1.
    pub level: u32,
    /// Where they stand.
    pub place: BiasColumnPlace,
    /// What converts them.
    pub converter: BiasConverter,
    /// Resolution of their conversion in bits.
    pub adc_bits: u32,
    /// Deviation of Gaussian noise before their conversion, in its steps; at least 0.
    pub adc_noise: f64,
}

/// Which arrays have bias columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasSharing {
    /// Each.
    Array,
    /// Of the arrays that share their inputs, the one with the first outputs.
    RowBlock,
}

/// Where a bias column or a reference column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasColumnPlace {
    /// Beside the C bit lines (ISAAC's 129th column).
    Extra,
    /// One of the C bit lines.
    Inside,
}

/// Columns whose current is subtracted from those of an array's weights.
///
/// A reference between two levels that the device can be programmed to is made of two columns at half gain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceSpec {
    /// What is subtracted.
    pub level: ReferenceLevel,
    /// What becomes of the (β + Σ_j 2^(c·j)·r_j)·S that it leaves.
    pub remainder: Remainder,
    /// Where its columns stand.
    pub place: BiasColumnPlace,
    /// From one level that the device can be programmed to to the next, in cell levels.
    pub device_step: f64,
}

/// The levels r_j of a reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ReferenceLevel {
    /// The same for all slices, 0 … 2^c − 1, in cell levels; one reference serves all.
    All(f64),
    /// For each slice its own, so that Σ_j 2^(c·j)·r_j is as near −β as levels allow.
    MinusBeta,
}

/// What becomes of the bias that a reference leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    /// It is added digitally, unless it is 0.
    Digital,
    /// It is dropped: no sum of inputs is counted.
    Dropped,
}

/// How arrays are read once programmed, so that the mean error δ of each column's cells is known and δ·S is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BiasCalibrationSpec {
    /// Resolution of these reads in bits; 1 … 16.
    pub adc_bits: u32,
    /// Deviation of Gaussian noise before their conversion, in its steps; at least 0.
    pub adc_noise: f64,
    /// Greatest sum of such a read that is converted, in levels, and with a reference also the least one; `None` for
    /// the greatest that its cells can give.
    pub full_scale: Option<f64>,
    /// How often each read is made; its mean counts.
    pub repeats: u32,
    /// Word lines driven at a time; `None` for as many as in any read.
    pub rows_per_read: Option<u32>,
    /// Fraction bits F of the stored δ; 0 … 7.
    pub fraction_bits: u32,
    /// From one calibration to the next; `None` for a chip that is calibrated once, just before it computes.
    pub interval: Option<Time>,
}

/// What the first and the last weighted layer have of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeLayersSpec {
    /// Resolution of their ADCs in bits; `None` for that of all.
    pub adc_bits: Option<u32>,
    /// Whether their cells are as all others.
    pub cells: EdgeCells,
}

/// Where a weighted layer stands in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerPlace {
    /// First or last.
    Edge,
    /// Between them.
    Inside,
}

impl LayerPlace {
    /// Of layer `index` of `n` weighted ones.
    pub fn of(index: usize, n: usize) -> Self {
        if index == 0 || index + 1 == n { Self::Edge } else { Self::Inside }
    }
}

/// Cells of the first and the last weighted layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeCells {
    /// As all.
    AsOthers,
    /// Without variation, faults, drift, noise and curvature.
    Ideal,
}

impl EdgeLayersSpec {
    /// As all layers.
    pub const AS_OTHERS: Self = Self { adc_bits: None, cells: EdgeCells::AsOthers };
}

impl BiasCalibrationSpec {
    /// The age of cells when they were last read, of those that drift as this says: values are those just before the next
    /// calibration, and cells are first read when they are at their levels.
    pub fn age_of_cells(&self, drift: &DriftSpec) -> Time {
        let first = if drift.time < drift.reference { drift.time } else { drift.reference };
        match self.interval {
            Some(interval) if drift.time - interval > first => drift.time - interval,
            Some(_) => first,
            None => drift.time,
        }
    }
}

impl BiasColumnsSpec {
    /// One column in each array, with level 1 in every cell and a converter without noise.
    pub const fn one(place: BiasColumnPlace, converter: BiasConverter, adc_bits: u32) -> Self {
        Self { sharing: BiasSharing::Array, n: 1, level: 1, place, converter, adc_bits, adc_noise: 0.0 }
    }
}

impl BiasSource {
    /// Columns of bias or reference beside the C bit lines of an array that has them all, and among them.
    pub fn columns_place(&self) -> Option<BiasColumnPlace> {
        match self {
            Self::DigitalCount => None,
            Self::Columns(columns) => Some(columns.place),
            Self::Reference(reference) => Some(reference.place),
        }
    }

    /// The bias columns, if it is they.
    pub fn columns(&self) -> Option<&BiasColumnsSpec> {
        match self {
            Self::Columns(columns) => Some(columns),
            Self::DigitalCount | Self::Reference(_) => None,
        }
    }
}

impl ReferenceSpec {
    /// The levels of the columns that make a reference `r`, in cell levels: one, or two at half gain; `None` if no levels
    /// that the device can be programmed to do.
    pub fn columns(&self, r: f64) -> Option<Vec<f64>> {
        let halves = r / self.device_step * 2.0;
        let n = (halves + 0.5).floor();
        if (halves - n).abs() > 1e-6 {
            return None;
        }
        let low = (n / 2.0).floor();
        let level = |steps: f64| steps * self.device_step;
        Some(if n == 2.0 * low { vec![level(low)] } else { vec![level(low), level(low + 1.0)] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_step_takes_two_columns() {
        let reference = |device_step| ReferenceSpec {
            level: ReferenceLevel::All(1.5),
            remainder: Remainder::Digital,
            place: BiasColumnPlace::Extra,
            device_step,
        };
        assert_eq!(reference(1.0).columns(1.5), Some(vec![1.0, 2.0]));
        assert_eq!(reference(1.0).columns(2.0), Some(vec![2.0]));
        assert_eq!(reference(1.0).columns(1.25), None);
        assert_eq!(reference(0.5).columns(1.5), Some(vec![1.5]));
        assert_eq!(reference(0.2).columns(0.3).map(|levels| levels.len()), Some(2));
    }
}
