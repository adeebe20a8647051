//! What arrays and their cells are.

use rebias_units::{Capacitance, Conductance, Resistance, Voltage};

/// What an array is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossbarSpec {
    /// Word lines, R: inputs of an array; 1 … 65 536.
    pub word_lines: u32,
    /// Bit lines, C: outputs of an array, without an extra bias column; 1 … 65 536.
    pub bit_lines: u32,
    /// Word lines driven in one read at most ("operation unit"); 1 … R.
    pub active_word_lines: u32,
    /// The cells.
    pub cell: CellSpec,
    /// The wires between them.
    pub wiring: WiringSpec,
}

/// What the wires of an array are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WiringSpec {
    /// Resistance of a word line's or a bit line's piece from one cell to the next; 0 for ideal wires.
    pub segment: Resistance,
    /// Capacitance of such a piece; 0 for wires that settle at once.
    pub segment_capacitance: Capacitance,
}

impl WiringSpec {
    /// Wires that conduct perfectly and settle at once.
    pub const IDEAL: Self = Self { segment: Resistance::ZERO, segment_capacitance: Capacitance::ZERO };
}

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellSpec {
    /// Bits stored in a cell, c; 1 … 8 and at most `device_bits`.
    pub bits: u32,
    /// Bits that the device can be programmed to.
    pub device_bits: u32,
    /// Ratio of the highest level's conductance to the lowest's.
    pub on_off: OnOff,
    /// Conductance of the highest level.
    pub on_conductance: Conductance,
    /// Voltage of the largest input slice on a word line.
    pub read_voltage: Voltage,
    /// How the energy of a read is counted.
    pub read_energy: ReadEnergy,
}

impl CellSpec {
    /// The highest level, 2^c − 1.
    pub const fn max_level(&self) -> u32 {
        (1 << self.bits) - 1
    }
}

/// On/off ratio of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OnOff {
    /// Level 0 conducts nothing.
    Infinite,
    /// Level 0 conducts 1/ratio of the highest level; above 1.
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
