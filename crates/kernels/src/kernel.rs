//! Which kernel runs.

use crate::{Job, Output, Work, portable, scalar};

/// A way to compute the totals of an array. All give the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// A loop over cells: the reference.
    Scalar,
    /// Look-up tables in memory, columns in the lanes; any instruction set.
    Portable,
}

impl Kernel {
    /// All kernels.
    pub const ALL: &'static [Self] = &[Self::Scalar, Self::Portable];

    /// The fastest kernel on this machine.
    pub const fn fastest() -> Self {
        Self::Portable
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
        }
    }

    /// Reads an array for all positions of a job.
    ///
    /// # Panics
    ///
    /// If the slices of `job` and `output` don't have their shapes.
    pub fn run(self, job: &Job<'_>, output: Output<'_>) -> Work {
        job.check(&output);
        match self {
            Self::Scalar => scalar::run(job, output),
            Self::Portable => portable::run(job, output),
        }
    }
}
