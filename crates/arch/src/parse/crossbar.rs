//! `[crossbar]`: the arrays.

use rebias_config::{Interval, Problem, Table};
use rebias_crossbar::{CellSpec, CrossbarSpec, Solve, WiringSpec};
use rebias_units::{Capacitance, Resistance};

use super::MAX_PARTS;

/// An array's own keys, before its cells are known.
pub(super) struct CrossbarKeys {
    word_lines: u32,
    bit_lines: u32,
    active_word_lines: u32,
    wiring: WiringSpec,
    solve: Solve,
}

impl CrossbarKeys {
    /// The array of these cells, if they can be read through its wires.
    pub(super) fn with(self, cell: CellSpec, table: &Table<'_>) -> Option<CrossbarSpec> {
        let Self { word_lines, bit_lines, active_word_lines, wiring, solve } = self;
        // The cell in the corner farthest from driver and sense amplifier, alone.
        let n_segments = f64::from(word_lines) + f64::from(bit_lines);
        let share = wiring.segment.ohms() * cell.on_conductance.siemens() * n_segments;
        if share > 1.0 {
            let most = wiring.segment.ohms() / share;
            let text = format!(
                "the wires to the farthest cell have {:.4} Ω, more than a cell of the highest level",
                wiring.segment.ohms() * n_segments
            );
            let problem = Problem::new(text)
                .legal(format!(
                    "0 <= x <= {most:.4} for {word_lines} word lines, {bit_lines} bit lines and these cells"
                ))
                .hint("such an array can't be read: take smaller arrays, wider wires or less conductive cells");
            table.fault("wire_resistance_ohm", problem);
            return None;
        }
        Some(CrossbarSpec { word_lines, bit_lines, active_word_lines, cell, wiring, solve })
    }
}

pub(super) fn crossbar(table: &Table<'_>) -> Option<CrossbarKeys> {
    let word_lines = table.integer::<u32>("word_lines", 1..=MAX_PARTS);
    let bit_lines = table.integer::<u32>("bit_lines", 1..=MAX_PARTS);
    let active = table.optional_integer::<u32>("active_word_lines", 1..=MAX_PARTS);
    let segment = table.number_or("wire_resistance_ohm", Interval::closed(0.0, 1e6), 0.0);
    let segment_capacitance = table.number_or("wire_capacitance_ff", Interval::closed(0.0, 1e6), 0.0);
    let access = table.number_or("access_resistance_ohm", Interval::closed(0.0, 1e6), 0.0);
    let solve = table.choice_or_first("solve", &[("matrix", Solve::Matrix), ("per-read", Solve::PerRead)]);
    let word_lines = word_lines?;
    let active_word_lines = active?.unwrap_or(word_lines);
    if active_word_lines > word_lines {
        let problem = Problem::new("more than the array's word lines").legal(format!("1..={word_lines}"));
        table.fault("active_word_lines", problem);
        return None;
    }
    let wiring = WiringSpec {
        segment: Resistance::from_ohms(segment?),
        segment_capacitance: Capacitance::from_femtofarads(segment_capacitance?),
        access: Resistance::from_ohms(access?),
    };
    Some(CrossbarKeys { word_lines, bit_lines: bit_lines?, active_word_lines, wiring, solve: solve? })
}
