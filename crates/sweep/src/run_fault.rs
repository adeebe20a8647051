//! Errors of runs, at the keys of the design that they are a matter of.

use rebias_config::{Document, Faults, Problem};
use rebias_mapper::MapError;
use rebias_scheduler::{ReplayError, RunError};

/// The fault that an error of a run is: at the key that it is a matter of, as far as `arch` has one.
pub fn run_fault(error: &RunError, arch: &Document) -> Faults {
    let told = error.to_string();
    let problem = match told.split_once("\nhint: ") {
        Some((told, hint)) => Problem::new(told).hint(hint),
        None => Problem::new(told),
    };
    match keys(error).into_iter().find(|key| arch.get(key).is_some()) {
        Some(key) => arch.fault(key, problem),
        None => Faults::plain(problem),
    }
}

/// The keys of an architecture that an error of a run may be a matter of, the likeliest first; sections stand for keys
/// that are left out.
fn keys(error: &RunError) -> Vec<&'static str> {
    match error {
        RunError::Emulation(error) => error.keys(),
        RunError::Map(error) => match error {
            MapError::NoPairs { .. } | MapError::TwoScales { .. } => vec!["mapping.pairs", "mapping"],
            MapError::TooFewTiles { .. } => vec!["chip.tiles", "chip"],
            MapError::TargetTooSmall { .. } => vec!["mapping.target_crossbars", "mapping"],
            MapError::ArrayTooNarrow { .. } => vec!["crossbar.bit_lines", "crossbar"],
            MapError::NoWeights { .. } | _ => Vec::new(),
        },
        RunError::Replay(error) => match error {
            ReplayError::BufferTooSmall { .. } => vec!["tile.edram.capacity_kib", "tile.edram", "tile"],
            ReplayError::InputRegisterTooSmall { .. } => {
                vec!["ima.input_register.capacity_bytes", "ima.input_register", "ima"]
            }
            ReplayError::Deadlock { .. } | _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
