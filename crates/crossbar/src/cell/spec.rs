//! What a cell is.

use rebias_units::{Conductance, Voltage};

use super::{CurrentVoltageSpec, DriftSpec, FaultSpec, ReadNoiseSpec, VariationSpec};

/// What a cell is.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSpec {
    /// Bits stored in a cell, c; 1 … 8 and at most `device_bits`.
    pub bits: u32,
    /// Bits that the device can be programmed to.
    pub device_bits: u32,
    /// Ratio of the device's highest conductance to its lowest.
    pub on_off: OnOff,
    /// Conductance of the highest level, the device's highest.
    pub on_conductance: Conductance,
    /// Voltage of the largest input slice on a word line.
    pub read_voltage: Voltage,
    /// How the energy of a read is counted.
    pub read_energy: ReadEnergy,
    /// How far level 0 stands above the device's lowest conductance, in levels; at least 0.
    pub headroom: f64,
    /// How cells differ from their levels.
    pub non_idealities: NonIdealities,
}

impl CellSpec {
    /// The highest level, 2^c − 1.
    pub const fn max_level(&self) -> u32 {
        (1 << self.bits) - 1
    }
}

/// How cells differ from their levels; each may be absent.
#[derive(Clone, Debug, PartialEq)]
pub struct NonIdealities {
    /// Conductance below which no programming error or drift takes a cell.
    pub lowest: Conductance,
    /// Programming errors.
    pub variation: Option<VariationSpec>,
    /// Cells that cannot be programmed.
    pub faults: Option<FaultSpec>,
    /// What time does to programmed cells.
    pub drift: Option<DriftSpec>,
    /// What changes from read to read.
    pub read_noise: Option<ReadNoiseSpec>,
    /// Currents that are not proportional to voltage.
    pub current_voltage: Option<CurrentVoltageSpec>,
}

impl NonIdealities {
    /// Every cell conducts what its level says.
    pub const NONE: Self = Self {
        lowest: Conductance::ZERO,
        variation: None,
        faults: None,
        drift: None,
        read_noise: None,
        current_voltage: None,
    };
}

/// On/off ratio of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OnOff {
    /// The lowest state conducts nothing.
    Infinite,
    /// The lowest state conducts 1/ratio of the highest level; above 1.
    Ratio(f64),
}

/// How the energy of an array read is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadEnergy {
    /// Σ V²·G·t over the cells that are driven.
    DataDependent,
    /// A constant from the cost table for each read of an array.
    Constant,
}
