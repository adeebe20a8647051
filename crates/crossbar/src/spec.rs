//! What arrays are.

use rebias_units::Resistance;

use crate::CellSpec;

/// What an array is.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossbarSpec {
    /// Word lines, R: inputs of an array; 1 … 65 536.
    pub word_lines: u32,
    /// Bit lines, C: outputs of an array, without an extra bias column; 1 … 65 536.
    pub bit_lines: u32,
    /// Word lines driven in one read at most ("operation unit"); 1 … R.
    pub active_word_lines: u32,
    /// The cells.
    pub cell: CellSpec,
    /// What stands between drivers, cells and sense amplifiers.
    pub wiring: WiringSpec,
}

/// Resistances in series with the cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WiringSpec {
    /// Of a word line's or a bit line's piece from one cell to the next; 0 for ideal wires.
    pub segment: Resistance,
    /// Of the ohmic access device at each cell; 0 for none.
    pub access: Resistance,
}

impl WiringSpec {
    /// Nothing in series with the cells.
    pub const IDEAL: Self = Self { segment: Resistance::ZERO, access: Resistance::ZERO };

    /// Whether wires conduct perfectly, so that columns don't influence each other.
    pub fn has_ideal_wires(&self) -> bool {
        self.segment == Resistance::ZERO
    }
}
