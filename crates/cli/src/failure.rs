//! Why a command ended early, and with which exit code.

use std::fmt;
use std::process::ExitCode;

use rebias_config::Document;
use rebias_scheduler::RunError;
use rebias_sweep::run_fault;

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

impl Failure {
    /// Wraps an error of the input.
    pub(crate) fn input(error: impl fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Wraps an error of a run, at the key that it is a matter of, as far as `arch` has one.
    pub(crate) fn of_run(error: &RunError, arch: &Document) -> Self {
        Self::input(run_fault(error, arch))
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
