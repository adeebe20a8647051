//! Safe Rust compiled for several instruction sets, and the choice among them.
//!
//! The one place where a function that needs instructions is entered from one that does not.

use crate::Kernel;

/// Runs `task` with the widest vectors that this machine has: a closure, and functions that it calls, that are marked
/// `#[inline(always)]` are compiled for them. Every machine gives the same bytes.
pub fn vectorised<R>(task: impl FnOnce() -> R) -> R {
    Kernel::fastest().isa().run(task)
}

/// Instructions that safe code may be compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Baseline,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only this architecture has it"))]
    Avx2,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only this architecture has it"))]
    Avx512,
}

impl Isa {
    pub(crate) const fn baseline() -> Self {
        Self(Level::Baseline)
    }

    /// Whether vectors of 256 bits are among them.
    pub(crate) const fn has_vectors_of_256_bits(self) -> bool {
        match self.0 {
            Level::Baseline => false,
            Level::Avx2 | Level::Avx512 => true,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa {
    pub(crate) fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("aes")
    }

    /// With byte permutes, byte population counts and what Zen 4 and Ice Lake have beside them.
    pub(crate) fn has_avx512() -> bool {
        Self::has_avx2()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512bitalg")
            && is_x86_feature_detected!("vaes")
    }

    /// With what [`has_avx512`](Self::has_avx512) tells, products with matrices of bits, and tile registers.
    pub(crate) fn has_amx() -> bool {
        Self::has_avx512() && is_x86_feature_detected!("gfni") && crate::amx::are_available()
    }

    /// Of a kernel that is there only where [`has_avx2`](Self::has_avx2) said so.
    pub(crate) const fn avx2() -> Self {
        Self(Level::Avx2)
    }

    /// Of a kernel that is there only where [`has_avx512`](Self::has_avx512) said so.
    pub(crate) const fn avx512() -> Self {
        Self(Level::Avx512)
    }

    /// Runs `task`, compiled for those of these instructions that work on up to 256 bits: for code that isn't worth being
    /// compiled once more.
    #[inline]
    pub(crate) fn run_up_to_256_bits<R>(self, task: impl FnOnce() -> R) -> R {
        match self.0 {
            Level::Baseline => task(),
            // SAFETY: an `Isa` of these levels is made only for kernels that `has_avx2` has found.
            Level::Avx2 | Level::Avx512 => unsafe { run_avx2(task) },
        }
    }

    /// Runs `task`, compiled for these instructions.
    #[inline]
    pub(crate) fn run<R>(self, task: impl FnOnce() -> R) -> R {
        match self.0 {
            Level::Baseline => task(),
            // SAFETY: an `Isa` of this level is made only for kernels that `has_avx2` has found.
            Level::Avx2 => unsafe { run_avx2(task) },
            // SAFETY: an `Isa` of this level is made only for kernels that `has_avx512` has found.
            Level::Avx512 => unsafe { run_avx512(task) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi2,aes")]
fn run_avx2<R>(task: impl FnOnce() -> R) -> R {
    task()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,bmi2,aes,vaes,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512bitalg")]
fn run_avx512<R>(task: impl FnOnce() -> R) -> R {
    task()
}

#[cfg(not(target_arch = "x86_64"))]
impl Isa {
    pub(crate) const fn has_avx2() -> bool {
        false
    }

    pub(crate) const fn has_avx512() -> bool {
        false
    }

    pub(crate) const fn has_amx() -> bool {
        false
    }

    pub(crate) const fn avx2() -> Self {
        Self::baseline()
    }

    pub(crate) const fn avx512() -> Self {
        Self::baseline()
    }

    /// Runs `task`.
    #[inline]
    pub(crate) fn run<R>(self, task: impl FnOnce() -> R) -> R {
        task()
    }

    /// Runs `task`.
    #[inline]
    pub(crate) fn run_up_to_256_bits<R>(self, task: impl FnOnce() -> R) -> R {
        task()
    }
}
