//! Most of the way to a solution, in single precision: half the memory a voltage, twice the voltages an operation.
//!
//! After a few sweeps the error is a multiple of one pattern, the same for all word lines, of which each sweep leaves the
//! same share λ. So a solution b₂ after b₁ is nearest at b₂ + λ/(1−λ)·(b₂ − b₁), where nothing of that pattern is left: it
//! takes the place of about two sweeps. The sweeps in double precision that follow leave less than λ of whatever has been
//! rounded.

use super::sweeps::{Factors, Part, Sweeps, Voltages};
use super::{LANES, MAX_SWEEPS, Solved, WiredArray, relative};

/// Right-hand sides that are solved side by side: as large as [`LANES`] in double precision.
pub(super) const NARROW_LANES: usize = 2 * LANES;
/// The largest share λ that is taken out, so that of other patterns no more is left than there was.
const MAX_SHARE: f64 = 0.5;

/// Voltages on the way to the solutions for some word lines.
pub(super) struct Narrow<'a> {
    factors: Factors<f32>,
    voltages: &'a mut Voltages<f32, NARROW_LANES>,
    /// λ.
    share: f64,
    /// Sweeps for each word line.
    n_sweeps: u32,
    /// So few sweeps are not enough.
    too_few: u32,
}

impl<'a> Narrow<'a> {
    /// Tries out the first word lines to learn how fast an array converges.
    #[inline(always)]
    pub(super) fn new(array: &WiredArray, voltages: &'a mut Voltages<f32, NARROW_LANES>, tolerance: f64) -> Self {
        let factors = array.factors.narrowed();
        voltages.fit(array.cells.len(), array.n_bit_lines);
        let sweeps = Sweeps { array, factors: &factors };
        sweeps.start(0, voltages);
        let scale = array.driven_currents(0);
        let before = relative(sweeps.sweep_checked(0, voltages), scale);
        let mut residual = relative(sweeps.sweep_checked(0, voltages), scale);
        let share = if before > 0.0 { (residual / before).min(MAX_SHARE) } else { 0.0 };
        let mut enough = 3;
        while residual > tolerance && enough < MAX_SWEEPS {
            residual *= share;
            enough += 1;
        }
        // One of them is in double precision, and two are saved.
        Self { factors, voltages, share, n_sweeps: (enough - 2).max(2) - 1, too_few: 0 }
    }

    /// Sweeps for the word lines from `first` on.
    #[inline(always)]
    pub(super) fn approach(&mut self, array: &WiredArray, first: usize) {
        let sweeps = Sweeps { array, factors: &self.factors };
        sweeps.start(first, self.voltages);
        for more in (1..self.n_sweeps).rev() {
            if more > 1 {
                sweeps.sweep(first, self.voltages);
            } else {
                sweeps.sweep_beyond(first, self.voltages, (self.share / (1.0 - self.share)) as f32);
            }
        }
    }

    /// The voltages for [`LANES`] word lines, and the sweeps that these took.
    pub(super) fn part(&self, part: usize) -> (Part<'_, f32, NARROW_LANES>, u32) {
        (self.voltages.part(part), self.n_sweeps)
    }

    /// Plans the sweeps for the next word lines by a solution from here.
    pub(super) fn learn(&mut self, Solved { residual, done }: Solved, tolerance: f64) {
        if done > self.n_sweeps + 1 {
            self.too_few = self.n_sweeps.max(self.too_few);
            self.n_sweeps = done - 1;
        } else if residual < self.share * self.share * tolerance && self.n_sweeps > self.too_few + 1 {
            self.n_sweeps -= 1;
        }
    }
}
