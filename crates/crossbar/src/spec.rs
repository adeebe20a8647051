//! What arrays are.

use rebias_units::{Capacitance, Resistance};

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
    /// The wires between them.
    pub wiring: WiringSpec,
    /// How the voltages of its nodes are found.
    pub solve: Solve,
}

/// How the voltages of an array's nodes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solve {
    /// Once, as a matrix, which stands for the array in every read.
    Matrix,
    /// At each read, with the inputs of that read: also for arrays that no matrix stands for.
    PerRead,
}

/// What the wires of an array are, and what else stands in series with its cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WiringSpec {
    /// Resistance of a word line's or a bit line's piece from one cell to the next; 0 for ideal wires.
    pub segment: Resistance,
    /// Capacitance of such a piece; 0 for wires that settle at once.
    pub segment_capacitance: Capacitance,
    /// Resistance of the ohmic access device at each cell; 0 for none.
    pub access: Resistance,
}

impl WiringSpec {
    /// Wires that conduct perfectly and settle at once.
    pub const IDEAL: Self =
        Self { segment: Resistance::ZERO, segment_capacitance: Capacitance::ZERO, access: Resistance::ZERO };

    /// Whether wires conduct perfectly, so that columns don't influence each other.
    pub fn has_ideal_wires(&self) -> bool {
        self.segment == Resistance::ZERO
    }

    /// Whether cells see the drivers' voltages.
    pub fn has_no_drops(&self) -> bool {
        self.has_ideal_wires() && self.access == Resistance::ZERO
    }
}
