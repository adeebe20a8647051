//! Which kernel runs.

#[cfg(target_arch = "x86_64")]
use crate::amx;
use crate::dispatch::Isa;
use crate::patterns::QUAD;
use crate::stack::Tables;
use crate::{Job, Output, Scratch, Total, Work, columns, scalar, tiled};

/// The environment variable that forces a kernel.
pub const KERNEL_VARIABLE: &str = "REBIAS_KERNEL";

/// A way to compute the totals of arrays. All give the same.
///
/// A value of this type is a proof that this machine can run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kernel(Way);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// A loop over cells: the reference.
    Scalar,
    /// Look-up tables in memory, columns in the lanes.
    Portable,
    /// The same with vectors of 256 bits.
    Avx2,
    /// Look-up tables of six word lines in registers, images in the lanes: `VPERMB` and `VPERMI2W`.
    Avx512,
    /// Products of tiles in registers, images in the columns of one factor: `TDPBUUD`.
    Amx,
}

/// How much of a layer a kernel is best given at a time, so that totals stay in a core's cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Positions.
    pub positions: usize,
    /// Columns.
    pub columns: usize,
}

/// A kernel that can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{KERNEL_VARIABLE}` is `{name}`, but this machine has {}", listed(.available))]
pub struct KernelError {
    /// What was asked for.
    pub name: String,
    /// The kernels that this machine can run.
    pub available: Vec<&'static str>,
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Kernel {
    /// The reference.
    pub const SCALAR: Self = Self(Way::Scalar);
    /// For any machine: with no more instructions than all of its architecture have.
    pub const PORTABLE: Self = Self(Way::Portable);

    /// The kernels that this machine can run, the fastest last.
    pub fn available() -> Vec<Self> {
        let mut kernels = vec![Self::SCALAR, Self::PORTABLE];
        if Isa::has_avx2() {
            kernels.push(Self(Way::Avx2));
        }
        if Isa::has_avx512() {
            kernels.push(Self(Way::Avx512));
        }
        if Isa::has_amx() {
            kernels.push(Self(Way::Amx));
        }
        kernels
    }

    /// The fastest kernel on this machine.
    pub fn fastest() -> Self {
        Self::available().last().copied().unwrap_or(Self::PORTABLE)
    }

    /// The kernel of that name.
    ///
    /// # Errors
    ///
    /// If there is none, or this machine lacks its instructions.
    pub fn named(name: &str) -> Result<Self, KernelError> {
        let available = Self::available();
        let found = available.iter().find(|kernel| kernel.name() == name).copied();
        let names = || available.iter().map(|kernel| kernel.name()).collect();
        found.ok_or_else(|| KernelError { name: name.to_owned(), available: names() })
    }

    /// The kernel that the environment variable [`KERNEL_VARIABLE`] asks for; without it the fastest.
    ///
    /// # Errors
    ///
    /// As [`named`](Self::named).
    pub fn from_environment() -> Result<Self, KernelError> {
        match std::env::var_os(KERNEL_VARIABLE) {
            Some(name) => Self::named(&name.to_string_lossy()),
            None => Ok(Self::fastest()),
        }
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Way::Scalar => "scalar",
            Way::Portable => "portable",
            Way::Avx2 => "avx2",
            Way::Avx512 => "avx512",
            Way::Amx => "amx",
        }
    }

    /// Word lines whose bits form one index: as many as its tables tell apart.
    pub const fn group_lines(self) -> usize {
        match self.0 {
            Way::Scalar | Way::Portable | Way::Avx2 | Way::Amx => 8,
            Way::Avx512 => 6,
        }
    }

    /// Whether it takes images one after another.
    pub(crate) const fn has_columns_in_lanes(self) -> bool {
        match self.0 {
            Way::Portable | Way::Avx2 => true,
            Way::Scalar | Way::Avx512 | Way::Amx => false,
        }
    }

    /// How much it is best given at a time.
    pub const fn portion(self) -> Portion {
        match self.0 {
            Way::Scalar | Way::Portable | Way::Avx2 | Way::Avx512 => Portion { positions: 64, columns: 64 },
            // What drives a read is made once for all columns, and its cells are loaded once for all positions.
            Way::Amx => Portion { positions: 8, columns: 512 },
        }
    }

    /// Positions of a strip of [`Patterns`](crate::Patterns), so that a group has vectors enough for what it reads at a
    /// time.
    pub(crate) fn strip(self, n_planes: usize) -> usize {
        match self.0 {
            Way::Scalar | Way::Portable | Way::Avx2 | Way::Avx512 => QUAD * (QUAD / 2).div_ceil(n_planes),
            Way::Amx => 1,
        }
    }

    /// Reads a stack of arrays for all positions of a job.
    ///
    /// Totals must fit in `T`: sums are taken modulo its range. `scratch` is room that jobs use one after another.
    ///
    /// # Panics
    ///
    /// If the slices of `job` and `output` don't have their shapes, or the stack is another kernel's.
    pub fn run<T: Total>(self, job: &Job<'_>, output: Output<'_, T>, scratch: &mut Scratch) -> Work {
        job.check(&output);
        match &job.stack.tables {
            Tables::Cells(_) => scalar::run(job, output),
            Tables::Memory8(_) | Tables::Memory16(_) | Tables::Memory32(_) => {
                columns::run(self.isa(), job, output, scratch)
            }
            Tables::Tiles(tiles) => tiled::run(self.isa(), tiles, job, output),
            #[cfg(target_arch = "x86_64")]
            Tables::Products(products) => amx::run(products, job, output),
            #[cfg(not(target_arch = "x86_64"))]
            Tables::Products(_) => unreachable!("no kernel of this machine multiplies tiles"),
        }
    }

    pub(crate) const fn way(self) -> Way {
        self.0
    }

    /// The instructions that the machine surely has when it has this kernel.
    pub(crate) const fn isa(self) -> Isa {
        match self.0 {
            Way::Scalar | Way::Portable => Isa::baseline(),
            Way::Avx2 => Isa::avx2(),
            Way::Avx512 | Way::Amx => Isa::avx512(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_found_by_their_names() {
        for kernel in Kernel::available() {
            assert_eq!(Kernel::named(kernel.name()), Ok(kernel));
        }
    }

    #[test]
    fn an_unknown_kernel_is_told_with_those_that_there_are() {
        let told = Kernel::named("fast").expect_err("no such kernel").to_string();
        assert!(told.starts_with("`REBIAS_KERNEL` is `fast`, but this machine has `scalar`, `portable`"), "{told}");
    }
}
