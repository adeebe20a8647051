//! Networks that a design cannot run, told with the line of the design that they fail by.

use rebias_config::{Document, Faults, Problem, Table};
use rebias_mapper::MapError;
use rebias_scheduler::{ReplayError, RunError};

use crate::failure::Failure;

/// Why a network does not run, told at the value that would have to be another.
pub(crate) fn of_run(design: &Document, error: &RunError) -> Failure {
    match error {
        RunError::Map(error) => of_map(design, error),
        RunError::Replay(error) => of_replay(design, error),
        RunError::Emulation(_) | _ => Failure::input(error),
    }
}

/// Why a network is not placed, told likewise.
pub(crate) fn of_map(design: &Document, error: &MapError) -> Failure {
    match error {
        MapError::TooFewTiles { .. } => at(design, "chip.tiles", error),
        MapError::TargetTooSmall { .. } => at(design, "mapping.target_crossbars", error),
        MapError::ArrayTooNarrow { .. } => at(design, "crossbar.bit_lines", error),
        MapError::NoPairs { .. } | MapError::TwoScales { .. } => at(design, "mapping.pairs", error),
        MapError::NoWeights { .. } | _ => Failure::input(error),
    }
}

/// Why a placed network is not replayed, told likewise.
pub(crate) fn of_replay(design: &Document, error: &ReplayError) -> Failure {
    match error {
        ReplayError::BufferTooSmall { .. } => at(design, "tile.edram.capacity_kib", error),
        ReplayError::InputRegisterTooSmall { .. } => at(design, "ima.input_register.capacity_bytes", error),
        ReplayError::Deadlock { .. } | _ => Failure::input(error),
    }
}

/// A failure at a dotted key of a design that is legal in itself.
fn at(design: &Document, dotted: &str, error: &impl ToString) -> Failure {
    let told = error.to_string();
    let problem = match told.split_once("\nhint: ") {
        Some((problem, hint)) => Problem::new(problem).hint(hint),
        None => Problem::new(&*told),
    };
    let marked: Result<(), Faults> = design.read(|root| {
        mark(root, dotted, problem);
        None
    });
    marked.map_or_else(Failure::from, |()| Failure::input(told))
}

/// Records a problem at a dotted key, or at the first section on the way that the design leaves out.
fn mark(table: &Table<'_>, dotted: &str, problem: Problem) {
    table.disregard();
    match dotted.split_once('.') {
        Some((section, key)) if table.has(section) => {
            if let Some(section) = table.table(section) {
                mark(&section, key, problem);
            }
        }
        Some((section, _)) => table.fault(section, problem),
        None => table.fault(dotted, problem),
    }
}
