//! Why a command ended early, and with which exit code.

use std::fmt;
use std::process::ExitCode;

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
}

impl Failure {
    /// Wraps an error of the input.
    pub(crate) fn input(error: impl fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Input(_) => ExitCode::from(2),
            Failure::Run(_) | Failure::Results { .. } => ExitCode::from(1),
        }
    }

    /// What belongs on standard output all the same.
    pub(crate) fn output(&self) -> Option<&str> {
        match self {
            Failure::Results { output, .. } => Some(output),
            Failure::Input(_) | Failure::Run(_) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Input(told) | Failure::Run(told) | Failure::Results { told, .. }) = self;
        if told.starts_with("error") { f.write_str(told) } else { write!(f, "error: {told}") }
    }
}

impl From<rebias_sweep::FileError> for Failure {
    fn from(error: rebias_sweep::FileError) -> Self {
        Self::input(error)
    }
}

impl From<rebias_config::Faults> for Failure {
    fn from(faults: rebias_config::Faults) -> Self {
        Self::input(faults)
    }
}
