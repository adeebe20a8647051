//! The tile registers: eight squares of 16 rows of 64 bytes, and the product of two that is added to a third.
//!
//! The compiler has no intrinsics for them in stable Rust, so they are written in assembly. Nothing that it compiles
//! touches them, as it isn't told that it may: what is in them stays from one statement to the next.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::marker::PhantomData;

use crate::LANES;
use crate::products::{ROWS, Tile};

/// Bytes from one row of a tile to the next.
const STRIDE: usize = LANES;

/// Leaf 7 of CPUID, EDX: tiles, and products of bytes.
const TILES_AND_BYTES: u32 = 1 << 24 | 1 << 25;

/// Whether this machine has tile registers with products of bytes, and the system lets this process use them.
pub(crate) fn are_available() -> bool {
    let has_leaf = __cpuid_count(0, 0).eax >= 7;
    has_leaf && __cpuid_count(7, 0).edx & TILES_AND_BYTES == TILES_AND_BYTES && are_permitted()
}

/// Asks the system for the registers' data: a process has to, once, and all its threads may then use them.
#[cfg(target_os = "linux")]
fn are_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let mut answer = ARCH_PRCTL;
    // SAFETY: the call reads and writes no memory of this process; it changes the registers that are named here.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") answer,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn are_permitted() -> bool {
    false
}

/// What the registers' shapes are loaded from (palette 1).
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// The registers of a thread, configured while it lives.
///
/// # Safety
///
/// All methods rely on [`are_available`] having said so, which a value of this type proves.
pub(super) struct Registers {
    /// They are a thread's own.
    _not_send: PhantomData<*const ()>,
}

impl Registers {
    /// Configures all registers as whole tiles.
    ///
    /// # Safety
    ///
    /// [`are_available`] has said so.
    pub(super) unsafe fn configured() -> Self {
        let first_eight = |number: u16| std::array::from_fn(|register| if register < 8 { number } else { 0 });
        let shapes = Shapes {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: first_eight(STRIDE as u16),
            rows: first_eight(ROWS as u16).map(|rows| rows as u8),
        };
        // SAFETY: the shapes are 64 bytes that palette 1 allows, and the caller says that there are tiles.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &raw const shapes, options(nostack, readonly)) };
        Self { _not_send: PhantomData }
    }

    /// Zeros in a register.
    #[inline(always)]
    pub(super) fn clear<const R: u8>(&mut self) {
        // SAFETY: the registers are configured, and the compiler knows of none.
        unsafe { asm!("tilezero tmm{}", const R, options(nostack, nomem, preserves_flags)) };
    }

    /// Fills a register.
    #[inline(always)]
    pub(super) fn load<const R: u8>(&mut self, tile: &Tile) {
        // SAFETY: as above; a tile has 16 rows of 64 bytes, one behind another.
        unsafe {
            asm!(
                "tileloadd tmm{}, [{} + {}]",
                const R,
                in(reg) tile.as_ptr(),
                in(reg) STRIDE,
                options(nostack, readonly, preserves_flags),
            );
        }
    }

    /// Writes a register.
    #[inline(always)]
    pub(super) fn store<const R: u8>(&mut self, tile: &mut Tile) {
        // SAFETY: as above.
        unsafe {
            asm!(
                "tilestored [{} + {}], tmm{}",
                in(reg) tile.as_mut_ptr(),
                in(reg) STRIDE,
                const R,
                options(nostack, preserves_flags),
            );
        }
    }

    /// Adds to the 16 × 16 numbers of 32 bits in `C` the product of the 16 × 64 bytes in `A` and the 64 × 16 in `B`,
    /// all without sign. Row r of `B` has lines 4·r to 4·r + 3 of each column side by side.
    #[inline(always)]
    pub(super) fn multiply<const C: u8, const A: u8, const B: u8>(&mut self) {
        // SAFETY: as above; the shapes of all registers fit together.
        unsafe {
            asm!(
                "tdpbuud tmm{}, tmm{}, tmm{}",
                const C,
                const A,
                const B,
                options(nostack, nomem, preserves_flags),
            );
        }
    }
}

impl Drop for Registers {
    /// Forgets them, so that the system need not keep them.
    fn drop(&mut self) {
        // SAFETY: the registers are configured.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::ZEROS;

    #[test]
    fn a_product_is_sums_over_lines() {
        if !are_available() {
            return;
        }
        let (mut left, mut right, mut product) = (ZEROS, ZEROS, ZEROS);
        for (row, left) in left.iter_mut().enumerate() {
            left.0 = std::array::from_fn(|line| (row * 7 + line * 5) as u8);
        }
        for (row, right) in right.iter_mut().enumerate() {
            right.0 = std::array::from_fn(|at| (row * 31 + at * 3) as u8);
        }
        // SAFETY: they are available.
        let mut registers = unsafe { Registers::configured() };
        registers.clear::<1>();
        registers.load::<4>(&left);
        registers.load::<5>(&right);
        registers.multiply::<1, 4, 5>();
        registers.multiply::<1, 4, 5>();
        registers.store::<1>(&mut product);
        for (row, product) in product.iter().enumerate() {
            for (column, sum) in product.0.as_chunks().0.iter().enumerate() {
                let line =
                    |line: usize| u32::from(left[row].0[line]) * u32::from(right[line / 4].0[4 * column + line % 4]);
                assert_eq!(u32::from_le_bytes(*sum), 2 * (0..64).map(line).sum::<u32>());
            }
        }
    }
}
