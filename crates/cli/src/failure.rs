//! Why a command ended early, and with which exit code.

use std::fmt;
use std::process::ExitCode;

use rebias_config::{Document, Problem};
use rebias_mapper::MapError;
use rebias_scheduler::{ReplayError, RunError};

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The user's input is wrong: exit code 2.
    Input(String),
    /// The input is right, and the run failed: exit code 1.
    Run(String),
    /// The run is done, and its results are not what they should be: exit code 1.
    Results {
        /// The results, for standard output.
        output: String,
        /// What is wrong with them.
        told: String,
    },
    /// The user asked for an early end: exit code 130, as shells have it for a program that Ctrl-C ends.
    Interrupted(String),
}

/// The exit code of an interrupted run.
pub(crate) const INTERRUPTED: u8 = 130;

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

impl Failure {
    /// Wraps an error of the input.
    pub(crate) fn input(error: impl fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Wraps an error of a run, at the key that it is a matter of, as far as `arch` has one.
    pub(crate) fn of_run(error: &RunError, arch: &Document) -> Self {
        let Some(key) = keys(error).into_iter().find(|key| arch.get(key).is_some()) else { return Self::input(error) };
        let told = error.to_string();
        let problem = match told.split_once("\nhint: ") {
            Some((told, hint)) => Problem::new(told).hint(hint),
            None => Problem::new(told),
        };
        Self::input(arch.fault(key, problem))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Input(_) => ExitCode::from(2),
            Failure::Run(_) | Failure::Results { .. } => ExitCode::from(1),
            Failure::Interrupted(_) => ExitCode::from(INTERRUPTED),
        }
    }

    /// What belongs on standard output all the same.
    pub(crate) fn output(&self) -> Option<&str> {
        match self {
            Failure::Results { output, .. } => Some(output),
            Failure::Input(_) | Failure::Run(_) | Failure::Interrupted(_) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Input(told) | Failure::Run(told) | Failure::Results { told, .. } | Failure::Interrupted(told)) =
            self;
        if told.starts_with("error") { f.write_str(told) } else { write!(f, "error: {told}") }
    }
}

impl From<rebias_sweep::FileError> for Failure {
    fn from(error: rebias_sweep::FileError) -> Self {
        Self::input(error)
    }
}

impl From<rebias_sweep::SweepError> for Failure {
    /// Rows that cannot be written make a run fail that was right until then.
    fn from(error: rebias_sweep::SweepError) -> Self {
        let is_of_writing = matches!(error, rebias_sweep::SweepError::File(rebias_sweep::FileError::Write { .. }));
        if is_of_writing { Self::Run(error.to_string()) } else { Self::input(error) }
    }
}

impl From<rebias_config::Faults> for Failure {
    fn from(faults: rebias_config::Faults) -> Self {
        Self::input(faults)
    }
}
