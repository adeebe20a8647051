//! What value a cell has.

use crate::{CellSpec, OnOff};

/// Fraction bits of a conductance in units of one level: 1 level = 128 units.
pub const FRACTION_BITS: u32 = 7;

/// Conductances of a cell in units of 1/128 level above zero conductance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellModel {
    /// Conductance of level 0, g₀ = (2^c − 1)/(on_off_ratio − 1) levels, rounded half up to a unit.
    pub floor: u32,
}

impl CellModel {
    /// The model of a cell.
    pub fn new(spec: &CellSpec) -> Self {
        let floor = match spec.on_off {
            OnOff::Infinite => 0,
            OnOff::Ratio(ratio) => {
                let levels = f64::from(spec.max_level()) / (ratio - 1.0);
                (levels * f64::from(1u32 << FRACTION_BITS) + 0.5).floor() as u32
            }
        };
        Self { floor }
    }

    /// Conductance of a level.
    pub fn units(&self, level: u32) -> u32 {
        (level << FRACTION_BITS) + self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReadEnergy;
    use rebias_units::{Conductance, Voltage};

    fn spec(on_off: OnOff) -> CellSpec {
        CellSpec {
            bits: 2,
            device_bits: 2,
            on_off,
            on_conductance: Conductance::from_microsiemens(50.0),
            read_voltage: Voltage::from_volts(0.2),
            read_energy: ReadEnergy::Constant,
        }
    }

    #[test]
    fn an_infinite_ratio_has_no_floor() {
        assert_eq!(CellModel::new(&spec(OnOff::Infinite)).units(3), 384);
    }

    #[test]
    fn a_finite_ratio_lifts_every_level_alike() {
        // g₀ = 3/19 of a level = 20.2 units
        let model = CellModel::new(&spec(OnOff::Ratio(20.0)));
        assert_eq!(model.floor, 20);
        assert_eq!(model.units(3), 404);
    }
}
