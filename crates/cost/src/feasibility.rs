//! Whether an array can be read at all: the current of a column, and the time that its line takes to settle.
//!
//! A design that draws a warning is still simulated: its values and costs are those of a chip that nobody can build.

use std::fmt;

use rebias_arch::Arch;
use rebias_units::{Current, Time};

use crate::row::{Confidence, Costs};

/// What circuits can bear.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Current of a bit line.
    pub column_current: Current,
    /// Where the number is from.
    pub source: String,
    /// How much it is to be trusted.
    pub confidence: Confidence,
}

/// Why a read is not feasible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Warning {
    /// All word lines of a read drive cells of the highest level, and their currents add up beyond the limit.
    ColumnCurrent {
        /// Word lines × on conductance × read voltage.
        current: Current,
        /// The cost table's limit.
        limit: Current,
    },
    /// The farthest cell's current does not reach the sense amplifier within a read.
    Settling {
        /// Time until half a code of the ADC is left.
        needed: Time,
        /// Time of a read.
        available: Time,
        /// The wait in time constants of the line, ln 2^(bits + 1).
        time_constants: f64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::ColumnCurrent { current, limit } => write!(
                f,
                "a column may carry {:.0} µA, above its limit of {:.0} µA\n\
                 hint: drive fewer word lines at once, or lower the read voltage or the on conductance",
                current.microamperes(),
                limit.microamperes()
            ),
            Warning::Settling { needed, available, time_constants } => write!(
                f,
                "a bit line settles to half a code in {:.3} ns ({time_constants:.1} time constants), a read takes {:.3} ns\n\
                 hint: use shorter bit lines, fewer ADC bits or a longer cycle",
                needed.nanoseconds(),
                available.nanoseconds()
            ),
        }
    }
}

/// What makes reads of a design infeasible; empty if nothing that is known of it does.
pub fn warnings(arch: &Arch, costs: &Costs) -> Vec<Warning> {
    [column_current(arch, costs), settling(arch)].into_iter().flatten().collect()
}

fn column_current(arch: &Arch, costs: &Costs) -> Option<Warning> {
    let limit = costs.limits()?.column_current;
    let crossbar = &arch.ima().crossbar;
    let of_cell = crossbar.cell.on_conductance * crossbar.cell.read_voltage;
    let current = of_cell * f64::from(crossbar.active_word_lines);
    (current > limit).then_some(Warning::ColumnCurrent { current, limit })
}

fn settling(arch: &Arch) -> Option<Warning> {
    let crossbar = &arch.ima().crossbar;
    let n_cells = f64::from(crossbar.word_lines);
    // Elmore's delay from the farthest cell: each piece of the line charges all that lies behind it.
    let time_constant =
        crossbar.wiring.segment * crossbar.wiring.segment_capacitance * (n_cells * (n_cells + 1.0) / 2.0);
    let time_constants = f64::from(arch.ima().adc.bits + 1) * std::f64::consts::LN_2;
    let (needed, available) = (time_constant * time_constants, arch.chip().cycle_time);
    (needed > available).then_some(Warning::Settling { needed, available, time_constants })
}
