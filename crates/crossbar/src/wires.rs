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

use rebias_kernels::vectorised;

use crate::CrossbarError;

/// Right-hand sides that are solved side by side: with more, their voltages leave the cache of a core.
const LANES: usize = 4;
/// Word lines that are solved at a time: each is a chain of operations that wait for one another.
const CHAINS: usize = 4;
/// Sweeps at most.
const MAX_SWEEPS: u32 = 5_000;

type Lanes = [f64; LANES];

/// When a solution is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// For emulated networks, whose cells are rounded to 1/128 level: a relative residual of 10⁻⁶.
    Network,
    /// For comparison with other tools: a relative residual of 10⁻¹³.
    Reference,
}

impl Precision {
    fn tolerance(self) -> f64 {
        match self {
            Self::Network => 1e-6,
            Self::Reference => 1e-13,
        }
    }
}

/// An array of ohmic cells between wires with resistance; conductances are relative to a segment's.
pub(crate) struct WiredArray {
    n_bit_lines: usize,
    /// The cells, `[word line][bit line]`.
    cells: Vec<f64>,
    /// Pivots of the word lines' systems, `[word line][bit line]`.
    word_pivots: Vec<f64>,
    /// Pivots of the bit lines' systems, `[word line][bit line]`.
    bit_pivots: Vec<f64>,
}

/// What stands for an array with its wires.
pub(crate) struct Effective {
    /// Current of a bit line for each volt on a word line, relative to a segment's conductance;
    /// `[word line][bit line]`.
    pub(crate) matrix: Vec<f64>,
    /// The largest relative residual of its solutions.
    pub(crate) residual: f64,
}

/// Voltages for several word lines driven alone, relative to their drivers'.
struct Voltages {
    /// b, `[word line][bit line]`, and a row of zeros behind them: the sense amplifiers.
    rise: Vec<Lanes>,
    /// A row of zeros and the bit lines' half solved systems, `[word line][bit line]`.
    forward: Vec<Lanes>,
    /// e of some word lines, one after another.
    drop: Vec<Lanes>,
}

impl WiredArray {
    /// An array of cells `[word line][bit line]`, relative to a segment's conductance.
    pub(crate) fn new(cells: Vec<f64>, n_bit_lines: usize) -> Self {
        let mut word_pivots = vec![0.0; cells.len()];
        let mut bit_pivots = vec![0.0; cells.len()];
        for (at, cell) in cells.iter().enumerate() {
            let (word, bit) = (at / n_bit_lines, at % n_bit_lines);
            // A node has a segment on each side, but for a word line's last and a bit line's first.
            let segments = |is_end: bool| if is_end { 1.0 } else { 2.0 };
            let before = if bit == 0 { 0.0 } else { word_pivots[at - 1] };
            word_pivots[at] = 1.0 / (segments(bit + 1 == n_bit_lines) + cell - before);
            let before = if word == 0 { 0.0 } else { bit_pivots[at - n_bit_lines] };
            bit_pivots[at] = 1.0 / (segments(word == 0) + cell - before);
        }
        Self { n_bit_lines, cells, word_pivots, bit_pivots }
    }

    /// Solves the array for each of its word lines.
    pub(crate) fn effective(&self, precision: Precision) -> Result<Effective, CrossbarError> {
        vectorised(
            #[inline(always)]
            || self.solved(precision),
        )
    }

    #[inline(always)]
    fn solved(&self, precision: Precision) -> Result<Effective, CrossbarError> {
        let (n, n_word_lines) = (self.n_bit_lines, self.cells.len() / self.n_bit_lines);
        let zeros = |n| vec![[0.0; LANES]; n];
        let mut voltages = Voltages { rise: zeros(0), forward: zeros(self.cells.len() + n), drop: zeros(CHAINS * n) };
        let mut matrix = vec![0.0; self.cells.len()];
        let mut residual: f64 = 0.0;
        for first in (0..n_word_lines).step_by(LANES) {
            voltages.rise = zeros(self.cells.len() + n);
            residual = residual.max(self.solve(first, &mut voltages, precision)?);
            let last = &voltages.rise[(n_word_lines - 1) * n..];
            for (lane, row) in matrix[first * n..].chunks_exact_mut(n).take(LANES).enumerate() {
                for (entry, rise) in row.iter_mut().zip(last) {
                    *entry = rise[lane];
                }
            }
        }
        Ok(Effective { matrix, residual })
    }

    /// The voltages for the word lines from `first` on driven alone; returns the largest relative residual.
    #[inline(always)]
    fn solve(&self, first: usize, voltages: &mut Voltages, precision: Precision) -> Result<f64, CrossbarError> {
        let scale = self.driven_currents(first);
        let tolerance = precision.tolerance();
        let mut residual = f64::INFINITY;
        for _ in 0..MAX_SWEEPS {
            let left = self.sweep(first, voltages);
            let relative = |(left, scale): (f64, f64)| if scale == 0.0 { 0.0 } else { (left / scale).sqrt() };
            residual = left.into_iter().zip(scale).map(relative).fold(0.0, f64::max);
            if residual <= tolerance {
                return Ok(residual);
            }
        }
        Err(CrossbarError::NotConverged { sweeps: MAX_SWEEPS, residual, tolerance })
    }

    /// Σ f² of each lane, over the nodes of word lines and bit lines.
    fn driven_currents(&self, first: usize) -> Lanes {
        let mut scale = [0.0; LANES];
        let rows = self.cells[first * self.n_bit_lines..].chunks_exact(self.n_bit_lines);
        for (scale, row) in scale.iter_mut().zip(rows) {
            *scale = 2.0 * row.iter().map(|cell| cell * cell).sum::<f64>();
        }
        scale
    }

    /// Solves all word lines, then all bit lines; returns Σ of squared left-over currents of each lane.
    #[inline(always)]
    fn sweep(&self, first: usize, voltages: &mut Voltages) -> Lanes {
        let n_word_lines = self.cells.len() / self.n_bit_lines;
        for word in (0..n_word_lines).step_by(CHAINS) {
            if word + CHAINS <= n_word_lines {
                self.sweep_words::<CHAINS>(first, word, voltages);
            } else {
                (word..n_word_lines).for_each(|word| self.sweep_words::<1>(first, word, voltages));
            }
        }
        self.back_substitute(&voltages.forward[self.n_bit_lines..], &mut voltages.rise)
    }

    /// Solves some word lines from `word` on, and their rows of the bit lines' systems halfway.
    #[inline(always)]
    fn sweep_words<const N: usize>(&self, first: usize, word: usize, Voltages { rise, forward, drop }: &mut Voltages) {
        let n = self.n_bit_lines;
        let driven = |at: usize| std::array::from_fn(|lane| if word + at == first + lane { 1.0 } else { 0.0 });
        let driven: [Lanes; N] = std::array::from_fn(driven);
        let rows = word * n..(word + N) * n;
        let (cells, pivots) = (&self.cells[rows.clone()], &self.word_pivots[rows.clone()]);
        solve_word_lines((cells, pivots), &driven, &rise[rows.clone()], &mut drop[..N * n]);
        for (at, driven) in driven.iter().enumerate() {
            let (above, now) = forward[(word + at) * n..(word + at + 2) * n].split_at_mut(n);
            let row = at * n..(at + 1) * n;
            let pivots = &self.bit_pivots[rows.clone()][row.clone()];
            for ((((now, above), drop), cell), pivot) in
                now.iter_mut().zip(above).zip(&drop[row.clone()]).zip(&cells[row]).zip(pivots)
            {
                for lane in 0..LANES {
                    now[lane] = (cell * (driven[lane] - drop[lane]) + above[lane]) * pivot;
                }
            }
        }
    }

    /// b from the half solved systems of the bit lines; returns Σ (D·(b_before − b))².
    #[inline(always)]
    fn back_substitute(&self, forward: &[Lanes], rise: &mut [Lanes]) -> Lanes {
        let n = self.n_bit_lines;
        let mut left = [0.0; LANES];
        for word in (0..forward.len() / n).rev() {
            let row = word * n..(word + 1) * n;
            let (now, below) = rise[row.start..row.end + n].split_at_mut(n);
            let parts = self.cells[row.clone()].iter().zip(&self.bit_pivots[row.clone()]).zip(&forward[row]);
            for (((now, below), forward), (cell, pivot)) in
                now.iter_mut().zip(below).zip(parts.clone().map(|it| it.1)).zip(parts.map(|it| it.0))
            {
                for lane in 0..LANES {
                    let new = forward[lane] + pivot * below[lane];
                    let change = cell * (now[lane] - new);
                    left[lane] += change * change;
                    now[lane] = new;
                }
            }
        }
        left
    }
}

/// e of some word lines from b, all `[word line][bit line]`.
#[inline(always)]
fn solve_word_lines<const N: usize>(
    (cells, pivots): (&[f64], &[f64]),
    driven: &[Lanes; N],
    rise: &[Lanes],
    drop: &mut [Lanes],
) {
    let n = cells.len() / N;
    let mut before = [[0.0; LANES]; N];
    for bit in 0..n {
        for (word, before) in before.iter_mut().enumerate() {
            let at = word * n + bit;
            let (cell, pivot, rise) = (cells[at], pivots[at], &rise[at]);
            for lane in 0..LANES {
                before[lane] = (cell * (driven[word][lane] - rise[lane]) + before[lane]) * pivot;
            }
            drop[at] = *before;
        }
    }
    let mut after = [[0.0; LANES]; N];
    for bit in (0..n).rev() {
        for (word, after) in after.iter_mut().enumerate() {
            let at = word * n + bit;
            let (pivot, drop) = (pivots[at], &mut drop[at]);
            for lane in 0..LANES {
                after[lane] = drop[lane] + pivot * after[lane];
            }
            *drop = *after;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn effective(cells: &[f64], n_bit_lines: usize) -> Vec<f64> {
        let effective = WiredArray::new(cells.to_vec(), n_bit_lines).effective(Precision::Reference);
        effective.expect("it converges").matrix
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            // A residual of 10⁻¹³ times the condition of the tests' most conductive array, about 100.
            assert!((found - expected).abs() <= 2e-11 * expected.abs(), "{found} {expected}");
        }
    }

    #[test]
    fn one_cell_is_in_series_with_two_segments() {
        for cell in [0.0, 1e-3, 0.5, 40.0] {
            assert_close(&effective(&[cell], 1), &[cell / (1.0 + 2.0 * cell)]);
        }
    }

    #[test]
    fn a_word_line_of_cells_is_a_ladder() {
        // From the end: a cell and its segment to ground, a segment, in parallel with the next …
        let cells = [0.2, 0.05, 0.1];
        let to_ground = cells.map(|cell| cell / (1.0 + cell));
        let mut admittance = 0.0;
        let mut shares = [0.0; 3];
        for (share, branch) in shares.iter_mut().zip(to_ground).rev() {
            // Voltage at the node, for each volt before its segment.
            *share = 1.0 / (1.0 + admittance + branch);
            admittance = (admittance + branch) * *share;
        }
        let mut voltage = 1.0;
        let expected = shares.iter().zip(to_ground).map(|(share, branch)| {
            voltage *= share;
            voltage * branch
        });
        assert_close(&effective(&cells, 3), &expected.collect::<Vec<_>>());
    }

    #[test]
    fn a_bit_line_of_cells_is_a_ladder_too() {
        // By reciprocity, driving the word lines of a column is driving a word line's cells from their other ends.
        let cells = [0.1, 0.05, 0.2];
        let mut upside_down = cells;
        upside_down.reverse();
        let mut expected = effective(&upside_down, 3);
        expected.reverse();
        assert_close(&effective(&cells, 1), &expected);
    }

    #[test]
    fn wires_that_conduct_well_change_little() {
        let cells: Vec<_> = (0..64).map(|at| 1e-9 * f64::from(at % 5)).collect();
        for (found, cell) in effective(&cells, 8).iter().zip(&cells) {
            assert!((found - cell).abs() < 1e-6 * cell + 1e-20);
        }
    }

    #[test]
    fn an_array_that_is_all_wire_is_an_error() {
        let array = WiredArray::new(vec![1e9; 64 * 64], 64).effective(Precision::Reference);
        assert!(matches!(array, Err(CrossbarError::NotConverged { .. })));
    }

    /// Currents that are left over at the nodes, computed node by node.
    fn residual(array: &WiredArray, voltages: &Voltages, lane: usize) -> f64 {
        let n = array.n_bit_lines;
        let n_words = array.cells.len() / n;
        let rise = |word: usize, bit: usize| voltages.rise[word * n + bit][lane];
        let mut left: f64 = 0.0;
        for word in 0..n_words {
            let mut drop = vec![[0.0; LANES]; n];
            let mut driven = [0.0; LANES];
            driven[word % LANES] = if word == lane { 1.0 } else { 0.0 };
            let row = word * n..(word + 1) * n;
            let matrices = (&array.cells[row.clone()], &array.word_pivots[row.clone()]);
            solve_word_lines(matrices, &[driven], &voltages.rise[row], &mut drop);
            for (bit, drop) in drop.iter().enumerate() {
                let cell = array.cells[word * n + bit] * (driven[lane] - drop[lane] - rise(word, bit));
                let above = if word > 0 { rise(word - 1, bit) - rise(word, bit) } else { 0.0 };
                let below = rise(word + 1, bit) - rise(word, bit);
                left = left.max((cell + above + below).abs());
            }
        }
        left
    }

    proptest! {
        #[test]
        fn prop_currents_balance_and_the_matrix_is_that_of_the_mirrored_network(
            cells in prop::collection::vec(0.0..0.01f64, 24),
        ) {
            let array = WiredArray::new(cells.clone(), 4);
            let zeros = |n| vec![[0.0; LANES]; n];
            let mut voltages = Voltages { rise: zeros(28), forward: zeros(28), drop: zeros(4 * CHAINS) };
            array.solve(0, &mut voltages, Precision::Reference).expect("it converges");
            for lane in 0..LANES.min(6) {
                prop_assert!(residual(&array, &voltages, lane) < 1e-14);
            }
            // Reciprocity: exchange word lines and bit lines, and mirror both.
            let matrix = effective(&cells, 4);
            let transposed: Vec<_> = (0..24).map(|at| cells[(5 - at % 6) * 4 + (3 - at / 6)]).collect();
            let mirrored = effective(&transposed, 6);
            for at in 0..24 {
                prop_assert!((mirrored[at] - matrix[(5 - at % 6) * 4 + (3 - at / 6)]).abs() < 1e-12);
            }
        }
    }
}
