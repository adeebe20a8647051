//! The voltages of an array whose wires have resistance.
//!
//! ```text
//!  driver ──r──┬────r──┬────r──┬          Word line r is driven at its left end through one segment, and ends open.
//!              │g      │g      │g         Bit line c is held at 0 V at its lower end through one segment.
//!       ┬──r──(┼─┬─r──(┼─┬─r──(┼─┬        Cells of word line and bit line are bridges between the two.
//!              r │     r │     r │
//!              ▽ 0 V   ▽ 0 V   ▽ 0 V      Idle word lines are driven with 0 V.
//! ```
//!
//! Cells are ohmic, so that the currents of the bit lines are a linear map of the drivers' voltages: one solution for
//! each word line driven alone gives the matrix. Its unknowns are e, the drop of each word line's node below its driver,
//! and b, the rise of each bit line's node. With D the cells' conductances, L_w and L_b the conductances of the
//! segments along word lines and bit lines, and f = D·x the currents that the cells would have with ideal wires,
//!
//! ```text
//! (L_w + D)·e + D·b = f
//! D·e + (L_b + D)·b = f
//! ```
//!
//! Each block is a set of tridiagonal systems, one a line. They are solved in turn, all word lines, then all bit lines,
//! until the currents balance at every node: after the bit lines' turn their nodes do, and D·(b_before − b) is left
//! over at the word lines' nodes.
//!
//! A line's system −e_(i−1) + a_i·e_i − e_(i+1) = f_i has the pivots d_i = a_i − 1/d_(i−1). With the scales u_0 = 1,
//! u_(i+1) = u_i·d_i, that is with e_i = u_i·w_i, both its substitutions are plain sums,
//!
//! ```text
//! z_i = z_(i−1) + u_i·f_i        w_i = w_(i+1) + z_i/(u_i·u_(i+1))
//! ```
//!
//! so that with both e and b scaled, by u and v, the cells come in as the one factor D·u·v. Nothing cancels, as all terms
//! of a sum have one sign; and scales stay far within the range of numbers for all arrays whose sweeps converge.

use rebias_kernels::vectorised;

use crate::CrossbarError;
use narrow::{NARROW_LANES, Narrow};
use sweeps::{Factors, Lanes, Part, Sweeps, Voltages};

mod narrow;
mod sweeps;

/// Right-hand sides that are solved side by side: with more, their voltages leave the cache of a core.
const LANES: usize = 4;
/// Sweeps at most.
const MAX_SWEEPS: u32 = 5_000;
/// Scales at most: beyond it, cells conduct so much more than wires that nothing converges, and products of scales would
/// leave the range of numbers.
const MAX_SCALE: f64 = 1e140;
/// Scales at most in single precision, so that products of two, and what they scale, stay far within its range.
const MAX_NARROW_SCALE: f64 = 1e6;

/// When a solution is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// For emulated networks, whose cells are rounded to 1/128 level: a relative residual of 10⁻⁶.
    Network,
    /// For comparison with other tools: a relative residual of 10⁻¹³.
    Reference,
}

impl Precision {
    pub(crate) fn tolerance(self) -> f64 {
        match self {
            Self::Network => 1e-6,
            Self::Reference => 1e-13,
        }
    }
}

/// An array of ohmic cells between wires with resistance; conductances are relative to a segment's.
///
/// All are `[word line][bit line]`.
pub(crate) struct WiredArray {
    n_bit_lines: usize,
    cells: Vec<f64>,
    /// u_i of the systems of word lines, and of those of bit lines.
    word_scales: Vec<f64>,
    bit_scales: Vec<f64>,
    factors: Factors<f64>,
}

/// Room for the voltages of arrays that are solved one after another.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    wide: Voltages,
    narrow: Voltages<f32, NARROW_LANES>,
}

/// What stands for an array with its wires.
pub(crate) struct Effective {
    /// Current of a bit line for each volt on a word line, relative to a segment's conductance;
    /// `[word line][bit line]`.
    pub(crate) matrix: Vec<f64>,
    /// The largest relative residual of its solutions.
    pub(crate) residual: f64,
}

/// How a solution came about.
struct Solved {
    /// The largest relative residual.
    residual: f64,
    /// Sweeps done.
    done: u32,
}

impl WiredArray {
    /// An array of cells `[word line][bit line]`, relative to a segment's conductance.
    pub(crate) fn new(cells: Vec<f64>, n_bit_lines: usize) -> Self {
        // A node has a segment on each side, but for a word line's last and a bit line's first.
        let (word_scales, word_weights) = scaled(
            &cells,
            |at| (at % n_bit_lines).checked_sub(1).map(|_| at - 1),
            |at| {
                if at % n_bit_lines + 1 == n_bit_lines { 1.0 } else { 2.0 }
            },
        );
        let (bit_scales, bit_weights) =
            scaled(&cells, |at| at.checked_sub(n_bit_lines), |at| if at < n_bit_lines { 1.0 } else { 2.0 });
        let scales = word_scales.iter().zip(&bit_scales);
        let couplings: Vec<_> = cells.iter().zip(scales).map(|(cell, (u, v))| cell * u * v).collect();
        let factors = Factors::new((&couplings, &word_weights), bit_weights, n_bit_lines);
        Self { n_bit_lines, cells, word_scales, bit_scales, factors }
    }

    /// Solves the array for each of its word lines.
    pub(crate) fn effective(
        &self,
        precision: Precision,
        workspace: &mut Workspace,
    ) -> Result<Effective, CrossbarError> {
        vectorised(
            #[inline(always)]
            || self.solved(precision, workspace),
        )
    }

    #[inline(always)]
    fn solved(
        &self,
        precision: Precision,
        Workspace { wide: voltages, narrow }: &mut Workspace,
    ) -> Result<Effective, CrossbarError> {
        let tolerance = precision.tolerance();
        if !self.scales_are_below(MAX_SCALE) {
            return Err(CrossbarError::NotConverged { sweeps: 0, residual: f64::INFINITY, tolerance });
        }
        let (n, n_word_lines) = (self.n_bit_lines, self.cells.len() / self.n_bit_lines);
        let last_scales = &self.bit_scales[(n_word_lines - 1) * n..];
        voltages.fit(self.cells.len(), n);
        let is_narrow = precision == Precision::Network && self.scales_are_below(MAX_NARROW_SCALE);
        let mut narrow = if is_narrow { Some(Narrow::new(self, narrow, tolerance)) } else { None };
        let mut matrix = vec![0.0; self.cells.len()];
        let mut residual: f64 = 0.0;
        let mut sweeps = 2;
        for first in (0..n_word_lines).step_by(LANES) {
            if let Some(narrow) = &mut narrow {
                let within = first % NARROW_LANES;
                if within == 0 {
                    narrow.approach(self, first);
                }
                let (from, n_sweeps) = narrow.part(within / LANES);
                let solved = self.settle(first, (&mut *voltages, Some(from)), (precision, n_sweeps))?;
                residual = residual.max(solved.residual);
                narrow.learn(solved, tolerance);
            } else {
                let solved = self.solve(first, voltages, (precision, sweeps))?;
                residual = residual.max(solved.residual);
                // A sweep leaves less than a third of what the one before it has left, if the wires are worth having.
                sweeps = if 3.0 * solved.residual <= tolerance { solved.done - 1 } else { solved.done };
            }
            let last = &voltages.rise[n_word_lines * n..];
            for (lane, row) in matrix[first * n..].chunks_exact_mut(n).take(LANES).enumerate() {
                for ((entry, rise), scale) in row.iter_mut().zip(last).zip(last_scales) {
                    *entry = rise[lane] * scale;
                }
            }
        }
        Ok(Effective { matrix, residual })
    }

    /// The voltages for the word lines from `first` on driven alone, first checked when so many sweeps are done.
    #[inline(always)]
    fn solve(
        &self,
        first: usize,
        voltages: &mut Voltages,
        (precision, checked): (Precision, u32),
    ) -> Result<Solved, CrossbarError> {
        let sweeps = Sweeps { array: self, factors: &self.factors };
        sweeps.start(first, voltages);
        for _ in 2..checked {
            sweeps.sweep(first, voltages);
        }
        self.settle(first, (voltages, None), (precision, checked.max(2) - 1))
    }

    /// Goes on until the voltages, or others to begin from, are good enough; so many sweeps are done.
    #[inline(always)]
    fn settle(
        &self,
        first: usize,
        (voltages, mut from): (&mut Voltages, Option<Part<'_, f32, NARROW_LANES>>),
        (precision, done): (Precision, u32),
    ) -> Result<Solved, CrossbarError> {
        let sweeps = Sweeps { array: self, factors: &self.factors };
        let scale = self.driven_currents(first);
        let tolerance = precision.tolerance();
        let mut residual = f64::INFINITY;
        for done in done + 1..=MAX_SWEEPS {
            let left = match from.take() {
                Some(from) => sweeps.sweep_from(first, voltages, from),
                None => sweeps.sweep_checked(first, voltages),
            };
            residual = relative(left, scale);
            if residual <= tolerance {
                return Ok(Solved { residual, done });
            }
        }
        Err(CrossbarError::NotConverged { sweeps: MAX_SWEEPS, residual, tolerance })
    }

    fn scales_are_below(&self, most: f64) -> bool {
        self.word_scales.iter().chain(&self.bit_scales).all(|scale| *scale <= most)
    }

    /// Σ f² of each lane, over the nodes of word lines and bit lines.
    fn driven_currents<const L: usize>(&self, first: usize) -> Lanes<f64, L> {
        let mut scale = [0.0; L];
        let rows = self.cells[first * self.n_bit_lines..].chunks_exact(self.n_bit_lines);
        for (scale, row) in scale.iter_mut().zip(rows) {
            *scale = 2.0 * row.iter().map(|cell| cell * cell).sum::<f64>();
        }
        scale
    }
}

/// The largest relative residual, by Σ of squared currents that are left over and Σ of those driven.
fn relative<const L: usize>(left: Lanes<f64, L>, scale: Lanes<f64, L>) -> f64 {
    let relative = |(left, scale): (f64, f64)| if scale == 0.0 { 0.0 } else { (left / scale).sqrt() };
    left.into_iter().zip(scale).map(relative).fold(0.0, f64::max)
}

/// What the systems of all word lines, or all bit lines, are scaled with: the scales u_i, and the weights 1/(u_i·u_(i+1)).
/// `before` tells the node that comes before one on its line, `segments` how many segments a node has.
fn scaled(
    cells: &[f64],
    before: impl Fn(usize) -> Option<usize>,
    segments: impl Fn(usize) -> f64,
) -> (Vec<f64>, Vec<f64>) {
    // u_i and u_(i+1) of each node.
    let mut scales: Vec<(f64, f64)> = Vec::with_capacity(cells.len());
    for (at, cell) in cells.iter().enumerate() {
        let diagonal = segments(at) + cell;
        scales.push(match before(at).map(|before| scales[before]) {
            None => (1.0, diagonal),
            // d_i = a_i − 1/d_(i−1) with d_(i−1) = u_i/u_(i−1).
            Some((before, scale)) => (scale, diagonal * scale - before),
        });
    }
    let weights = scales.iter().map(|(scale, next)| 1.0 / scale / next).collect();
    (scales.into_iter().map(|it| it.0).collect(), weights)
}

#[cfg(test)]
mod tests;
