//! The `[limits]` and `[programming]` of a cost table.

use rebias_config::{Interval, Table};
use rebias_units::{Current, Energy, Time};

use crate::feasibility::Limits;
use crate::programming::ProgrammingSpec;
use crate::row::Confidence;

pub(super) fn limits(table: &Table<'_>) -> Option<Limits> {
    let column_current = table.number("column_current_ua", Interval::positive());
    let source = super::source(table);
    let confidence = table.choice("confidence", Confidence::WORDS);
    let column_current = Current::from_microamperes(column_current?);
    Some(Limits { column_current, source: source?, confidence: confidence? })
}

pub(super) fn programming(table: &Table<'_>) -> Option<ProgrammingSpec> {
    let pulses_per_cell = table.number("pulses_per_cell", Interval::positive());
    let pulse_energy = table.number("pulse_energy_pj", Interval::non_negative());
    let pulse_width = table.number("pulse_width_ns", Interval::positive());
    let verify_reads_per_pulse = table.number("verify_reads_per_pulse", Interval::non_negative());
    let verify_energy = table.number("verify_energy_pj", Interval::non_negative());
    let verify_time = table.number("verify_time_ns", Interval::non_negative());
    let cells_in_parallel = table.integer::<u32>("cells_in_parallel", 1..=i64::from(u32::MAX));
    let source = super::source(table);
    let confidence = table.choice("confidence", Confidence::WORDS);
    Some(ProgrammingSpec {
        pulses_per_cell: pulses_per_cell?,
        pulse_energy: Energy::from_picojoules(pulse_energy?),
        pulse_width: Time::from_nanoseconds(pulse_width?),
        verify_reads_per_pulse: verify_reads_per_pulse?,
        verify_energy: Energy::from_picojoules(verify_energy?),
        verify_time: Time::from_nanoseconds(verify_time?),
        cells_in_parallel: cells_in_parallel?,
        source: source?,
        confidence: confidence?,
    })
}
