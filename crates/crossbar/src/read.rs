//! One read of an array for which no matrix stands: cells of a non-linear I–V behind wires or access devices.
//!
//! Wires are those of [`crate::wires`]. The unknowns are e, the drop of each word line's node below its driver, and b, the
//! rise of each bit line's node, as shares of the read voltage. Both are small, so that their differences are precise. With a
//! tangent in place of each cell, that is a conductance and a current source, a word line is a tridiagonal system while bit
//! lines stay as they are, and so is a bit line while word lines do. All word lines are solved, then all bit lines with
//! tangents at what that gave, until currents balance at every node.

use crate::cell::CellModel;
use crate::wires::Precision;
use crate::{CrossbarError, ProgrammedCell, ProgrammedCrossbar};

/// Sweeps over the array at most.
const MAX_SWEEPS: u32 = 5_000;
/// Steps at most to divide a voltage between a cell and its access device.
const MAX_STEPS: u32 = 60;

/// What an array is read through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resistances {
    /// Of a segment of wire; in 1/levels, as all here are relative to the conductance of one level.
    pub(crate) segment: f64,
    /// Of the access device of a cell.
    pub(crate) access: f64,
}

/// What a read of an array gives.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayRead {
    /// Current of each cell, in levels at the read voltage; `[word line][bit line]`.
    pub cells: Vec<f64>,
    /// How well its node currents balance, relative to the cells' currents with ideal wires; 0 with ideal wires.
    pub residual: f64,
}

/// A cell with its access device at some voltage: the current, and how fast it grows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tangent {
    current: f64,
    slope: f64,
}

/// An array that is being read.
pub(crate) struct Reading<'a> {
    pub(crate) model: &'a CellModel,
    pub(crate) array: &'a ProgrammedCrossbar,
    pub(crate) through: Resistances,
}

/// Voltages of all nodes, `[word line][bit line]`.
struct Nodes<'a> {
    /// Of each word line's driver.
    drives: &'a [f64],
    /// e.
    drops: Vec<f64>,
    /// b.
    rises: Vec<f64>,
}

/// A tridiagonal system whose neighbours are all coupled alike.
#[derive(Default)]
struct Line {
    diagonal: Vec<f64>,
    right: Vec<f64>,
}

impl Reading<'_> {
    /// Reads with word lines at these shares of the read voltage.
    ///
    /// # Errors
    /// Voltages that don't settle.
    pub(crate) fn read(&self, drives: &[f64], precision: Precision) -> Result<ArrayRead, CrossbarError> {
        let n = self.array.n_bit_lines;
        let driven = self.array.cells.chunks_exact(n).zip(drives);
        let ideal: Vec<f64> = driven
            .flat_map(|(cells, &drive)| cells.iter().map(move |&cell| self.tangent(cell, drive).current))
            .collect();
        let scale = ideal.iter().map(|current| current * current).sum::<f64>().sqrt();
        if self.through.segment == 0.0 || scale == 0.0 {
            return Ok(ArrayRead { cells: ideal, residual: 0.0 });
        }
        let mut nodes = Nodes { drives, drops: vec![0.0; ideal.len()], rises: vec![0.0; ideal.len()] };
        let mut line = Line::default();
        let mut residual = f64::INFINITY;
        for _ in 0..MAX_SWEEPS {
            for word_line in 0..drives.len() {
                self.solve_word_line(word_line, &mut nodes, &mut line);
            }
            for bit_line in 0..n {
                self.solve_bit_line(bit_line, &mut nodes, &mut line);
            }
            let cells = self.currents(&nodes);
            residual = self.left_over(&nodes, &cells) / scale;
            if residual <= precision.tolerance().max(self.rounding(&nodes) / scale) {
                return Ok(ArrayRead { cells, residual });
            }
        }
        Err(CrossbarError::NotConverged { sweeps: MAX_SWEEPS, residual, tolerance: precision.tolerance() })
    }

    /// A cell and its access device at the voltage `across` both.
    fn tangent(&self, cell: ProgrammedCell, across: f64) -> Tangent {
        let access = self.through.access;
        let mut at_cell = across;
        if access > 0.0 {
            // Newton's steps from where the whole voltage is at the cell.
            for _ in 0..MAX_STEPS {
                let left = at_cell + access * self.model.current(cell, at_cell) - across;
                let step = left / (1.0 + access * self.model.slope(cell, at_cell));
                at_cell -= step;
                if step.abs() <= f64::EPSILON * across.abs() {
                    break;
                }
            }
        }
        let slope = self.model.slope(cell, at_cell);
        Tangent { current: self.model.current(cell, at_cell), slope: slope / (1.0 + access * slope) }
    }

    fn tangent_at(&self, at: usize, nodes: &Nodes<'_>) -> Tangent {
        let drive = nodes.drives[at / self.array.n_bit_lines];
        self.tangent(self.array.cells[at], drive - nodes.drops[at] - nodes.rises[at])
    }

    fn currents(&self, nodes: &Nodes<'_>) -> Vec<f64> {
        (0..self.array.cells.len()).map(|at| self.tangent_at(at, nodes).current).collect()
    }

    /// Sets a word line's voltages, driven at its left end, while bit lines stay as they are.
    fn solve_word_line(&self, word_line: usize, nodes: &mut Nodes<'_>, line: &mut Line) {
        let n = self.array.n_bit_lines;
        let wire = 1.0 / self.through.segment;
        line.clear();
        for bit_line in 0..n {
            let at = word_line * n + bit_line;
            let Tangent { current, slope } = self.tangent_at(at, nodes);
            let n_wires = if bit_line + 1 < n { 2.0 } else { 1.0 };
            line.push(n_wires * wire + slope, current + slope * nodes.drops[at]);
        }
        nodes.drops[word_line * n..][..n].copy_from_slice(line.solve(wire));
    }

    /// Sets a bit line's voltages, held at 0 V at its lower end, while word lines stay as they are.
    fn solve_bit_line(&self, bit_line: usize, nodes: &mut Nodes<'_>, line: &mut Line) {
        let n = self.array.n_bit_lines;
        let wire = 1.0 / self.through.segment;
        let places = || (bit_line..self.array.cells.len()).step_by(n);
        line.clear();
        for at in places() {
            let Tangent { current, slope } = self.tangent_at(at, nodes);
            let n_wires = if at < n { 1.0 } else { 2.0 };
            line.push(n_wires * wire + slope, current + slope * nodes.rises[at]);
        }
        for (at, &voltage) in places().zip(line.solve(wire)) {
            nodes.rises[at] = voltage;
        }
    }

    /// What rounding leaves of the currents of wires, which are differences of much larger terms.
    fn rounding(&self, Nodes { drops, rises, .. }: &Nodes<'_>) -> f64 {
        let squares: f64 = drops.iter().chain(rises).map(|voltage| voltage * voltage).sum();
        2.0 * f64::EPSILON * squares.sqrt() / self.through.segment
    }

    /// √(Σ of the squared currents that are left over at nodes).
    fn left_over(&self, Nodes { drops, rises, .. }: &Nodes<'_>, cells: &[f64]) -> f64 {
        let n = self.array.n_bit_lines;
        let wire = 1.0 / self.through.segment;
        let mut sum = 0.0;
        for (at, &current) in cells.iter().enumerate() {
            let before = if at % n == 0 { 0.0 } else { drops[at - 1] };
            let behind = if (at + 1) % n == 0 { drops[at] } else { drops[at + 1] };
            let above = if at < n { rises[at] } else { rises[at - n] };
            let below = rises.get(at + n).copied().unwrap_or(0.0);
            let at_word = wire * ((drops[at] - before) + (drops[at] - behind)) - current;
            let at_bit = wire * ((rises[at] - above) + (rises[at] - below)) - current;
            sum += at_word * at_word + at_bit * at_bit;
        }
        sum.sqrt()
    }
}

impl Line {
    fn clear(&mut self) {
        self.diagonal.clear();
        self.right.clear();
    }

    fn push(&mut self, diagonal: f64, right: f64) {
        self.diagonal.push(diagonal);
        self.right.push(right);
    }

    /// The solution, where each unknown is coupled to its neighbours by −`coupling`.
    fn solve(&mut self, coupling: f64) -> &[f64] {
        let Self { diagonal, right } = self;
        for at in 1..right.len() {
            let factor = coupling / diagonal[at - 1];
            diagonal[at] -= factor * coupling;
            right[at] += factor * right[at - 1];
        }
        let mut behind = 0.0;
        for (value, pivot) in right.iter_mut().zip(diagonal.iter()).rev() {
            *value = (*value + coupling * behind) / pivot;
            behind = *value;
        }
        right
    }
}
