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

/// Right-hand sides that are solved side by side: with more, their voltages leave the cache of a core.
const LANES: usize = 4;
/// Word lines that are solved at a time: each is a chain of operations that wait for one another.
const CHAINS: usize = 4;
/// Sweeps at most.
const MAX_SWEEPS: u32 = 5_000;
/// Scales at most: beyond it, cells conduct so much more than wires that nothing converges, and products of scales would
/// leave the range of numbers.
const MAX_SCALE: f64 = 1e140;

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
    words: Scales,
    bits: Scales,
    /// D·u·v.
    couplings: Vec<f64>,
}

/// What the systems of all word lines, or all bit lines, are scaled with.
struct Scales {
    /// u_i.
    scales: Vec<f64>,
    /// 1/(u_i·u_(i+1)).
    weights: Vec<f64>,
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
    /// A row of zeros, b/v, `[word line][bit line]`, and a row of zeros again, the sense amplifiers. On the way down the
    /// bit lines' half solved systems take the place of b.
    rise: Vec<Lanes>,
    /// b/v before a sweep, `[word line][bit line]`, where the sweep is checked.
    before: Vec<Lanes>,
    /// The half solved systems of some word lines, `[bit line][word line]`.
    forward: Vec<Lanes>,
}

/// How a solution came about.
struct Solved {
    /// The largest relative residual.
    residual: f64,
    /// Sweeps that are likely to be enough for the next word lines.
    enough: u32,
}

/// What a sweep is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sweep {
    /// The first: all bit lines are at 0 V.
    Start,
    /// To come nearer.
    Nearer,
    /// To come nearer, and to know how near.
    Checked,
}

impl Voltages {
    fn new(n_cells: usize, n_bit_lines: usize) -> Self {
        let zeros = |n| vec![[0.0; LANES]; n];
        Self { rise: zeros(n_cells + 2 * n_bit_lines), before: zeros(n_cells), forward: zeros(CHAINS * n_bit_lines) }
    }
}

impl WiredArray {
    /// An array of cells `[word line][bit line]`, relative to a segment's conductance.
    pub(crate) fn new(cells: Vec<f64>, n_bit_lines: usize) -> Self {
        // A node has a segment on each side, but for a word line's last and a bit line's first.
        let words = Scales::new(
            &cells,
            |at| (at % n_bit_lines).checked_sub(1).map(|_| at - 1),
            |at| {
                if at % n_bit_lines + 1 == n_bit_lines { 1.0 } else { 2.0 }
            },
        );
        let bits = Scales::new(&cells, |at| at.checked_sub(n_bit_lines), |at| if at < n_bit_lines { 1.0 } else { 2.0 });
        let scales = words.scales.iter().zip(&bits.scales);
        let couplings = cells.iter().zip(scales).map(|(cell, (u, v))| cell * u * v).collect();
        Self { n_bit_lines, cells, words, bits, couplings }
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
        let mut scales = self.words.scales.iter().chain(&self.bits.scales);
        if !scales.all(|scale| *scale <= MAX_SCALE) {
            let (residual, tolerance) = (f64::INFINITY, precision.tolerance());
            return Err(CrossbarError::NotConverged { sweeps: 0, residual, tolerance });
        }
        let (n, n_word_lines) = (self.n_bit_lines, self.cells.len() / self.n_bit_lines);
        let last_scales = &self.bits.scales[(n_word_lines - 1) * n..];
        let mut voltages = Voltages::new(self.cells.len(), n);
        let mut matrix = vec![0.0; self.cells.len()];
        let mut residual: f64 = 0.0;
        let mut sweeps = 2;
        for first in (0..n_word_lines).step_by(LANES) {
            let solved = self.solve(first, &mut voltages, (precision, sweeps))?;
            residual = residual.max(solved.residual);
            sweeps = solved.enough;
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
        (precision, unchecked): (Precision, u32),
    ) -> Result<Solved, CrossbarError> {
        let scale = self.driven_currents(first);
        let tolerance = precision.tolerance();
        let mut residual = f64::INFINITY;
        self.sweep(first, voltages, Sweep::Start);
        for done in 2..=MAX_SWEEPS {
            if done < unchecked {
                self.sweep(first, voltages, Sweep::Nearer);
                continue;
            }
            let left = self.sweep(first, voltages, Sweep::Checked);
            let relative = |(left, scale): (f64, f64)| if scale == 0.0 { 0.0 } else { (left / scale).sqrt() };
            residual = left.into_iter().zip(scale).map(relative).fold(0.0, f64::max);
            if residual <= tolerance {
                // A sweep leaves less than a third of what the one before it has left, if the wires are worth having.
                let enough = if 3.0 * residual <= tolerance { done - 1 } else { done };
                return Ok(Solved { residual, enough });
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

    /// Solves all word lines, then all bit lines; returns Σ of squared left-over currents of each lane, where that is
    /// checked.
    #[inline(always)]
    fn sweep(&self, first: usize, voltages: &mut Voltages, sweep: Sweep) -> Lanes {
        let n_word_lines = self.cells.len() / self.n_bit_lines;
        for word in (0..n_word_lines).step_by(CHAINS) {
            if word + CHAINS <= n_word_lines {
                self.sweep_words::<CHAINS>((first, word), voltages, sweep);
            } else {
                (word..n_word_lines).for_each(|word| self.sweep_words::<1>((first, word), voltages, sweep));
            }
        }
        match sweep {
            Sweep::Start | Sweep::Nearer => {
                self.back_substitute(&mut voltages.rise);
                [0.0; LANES]
            }
            Sweep::Checked => self.back_substitute_checked(voltages),
        }
    }

    /// Solves some word lines from `word` on, and their rows of the bit lines' systems halfway.
    #[inline(always)]
    fn sweep_words<const N: usize>(
        &self,
        (first, word): (usize, usize),
        Voltages { rise, before, forward }: &mut Voltages,
        sweep: Sweep,
    ) {
        let n = self.n_bit_lines;
        let rows = word * n..(word + N) * n;
        let rise = &mut rise[word * n..(word + N + 1) * n];
        if sweep == Sweep::Checked {
            before[rows.clone()].copy_from_slice(&rise[n..]);
        }
        let is_idle = word + N <= first || first + LANES <= word;
        if sweep == Sweep::Start {
            if is_idle {
                // Nothing flows in its word lines yet.
                (0..N).for_each(|at| rise.copy_within(at * n..(at + 1) * n, (at + 1) * n));
                return;
            }
            rise[n..].fill([0.0; LANES]);
        }
        let forward = &mut forward[..N * n];
        let couplings = &self.couplings[rows.clone()];
        substitute_forward::<N>(couplings, &rise[n..], forward);
        let driven = (word.max(first)..(word + N).min(first + LANES)).map(|driven| (driven - word, driven - first));
        for (at, lane) in driven.clone() {
            let row = rows.start + at * n..rows.start + (at + 1) * n;
            let mut sum = 0.0;
            let currents = self.cells[row.clone()].iter().zip(&self.words.scales[row]);
            for (forward, (cell, scale)) in forward.chunks_exact_mut(N).zip(currents) {
                sum += cell * scale;
                forward[at][lane] += sum;
            }
        }
        substitute_back::<N>((couplings, &self.words.weights[rows.clone()]), forward, rise);
        for (at, lane) in driven {
            let row = rows.start + at * n..rows.start + (at + 1) * n;
            for (bit, (cell, scale)) in self.cells[row.clone()].iter().zip(&self.bits.scales[row]).enumerate() {
                // All rows below have it as part of their sums.
                (at..N).for_each(|at| rise[(at + 1) * n + bit][lane] += cell * scale);
            }
        }
    }

    /// b from the half solved systems of the bit lines, which stand in its place.
    #[inline(always)]
    fn back_substitute(&self, rise: &mut [Lanes]) {
        let n = self.n_bit_lines;
        for (word, weights) in self.bits.weights.chunks_exact(n).enumerate().rev() {
            let (now, below) = rise[(word + 1) * n..(word + 3) * n].split_at_mut(n);
            for ((now, below), weight) in now.iter_mut().zip(below).zip(weights) {
                for lane in 0..LANES {
                    now[lane] = below[lane] + weight * now[lane];
                }
            }
        }
    }

    /// Likewise; returns Σ (D·(b_before − b))².
    #[inline(always)]
    fn back_substitute_checked(&self, Voltages { rise, before, .. }: &mut Voltages) -> Lanes {
        let n = self.n_bit_lines;
        let mut left = [0.0; LANES];
        for (word, weights) in self.bits.weights.chunks_exact(n).enumerate().rev() {
            let row = word * n..(word + 1) * n;
            let (now, below) = rise[(word + 1) * n..(word + 3) * n].split_at_mut(n);
            let systems = now.iter_mut().zip(below).zip(weights);
            let cells = self.cells[row.clone()].iter().zip(&self.bits.scales[row.clone()]);
            for ((((now, below), weight), before), (cell, scale)) in systems.zip(&before[row]).zip(cells) {
                // As one array, else the compiler picks lanes apart.
                *now = std::array::from_fn(|lane| below[lane] + weight * now[lane]);
                let conductance = cell * scale;
                for lane in 0..LANES {
                    let change = conductance * (before[lane] - now[lane]);
                    left[lane] += change * change;
                }
            }
        }
        left
    }
}

impl Scales {
    /// `before` tells the node that comes before one on its line, `segments` how many segments a node has.
    fn new(cells: &[f64], before: impl Fn(usize) -> Option<usize>, segments: impl Fn(usize) -> f64) -> Self {
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
        Self { scales: scales.into_iter().map(|it| it.0).collect(), weights }
    }
}

/// z of some idle word lines, `[bit line][word line]`, from b, `[word line][bit line]`.
#[inline(always)]
fn substitute_forward<const N: usize>(couplings: &[f64], rise: &[Lanes], forward: &mut [Lanes]) {
    let n = couplings.len() / N;
    let mut sums = [[0.0; LANES]; N];
    for (bit, forward) in forward.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        for (word, sum) in sums.iter_mut().enumerate() {
            let (coupling, rise) = (couplings[word * n + bit], &rise[word * n + bit]);
            for lane in 0..LANES {
                sum[lane] -= coupling * rise[lane];
            }
        }
        *forward = sums;
    }
}

/// e of some word lines, and their rows of the bit lines' half solved systems: those are written behind the row above
/// them, with which `rise` begins.
#[inline(always)]
fn substitute_back<const N: usize>((couplings, weights): (&[f64], &[f64]), forward: &[Lanes], rise: &mut [Lanes]) {
    let n = couplings.len() / N;
    let mut sums = [[0.0; LANES]; N];
    for (bit, forward) in forward.as_chunks::<N>().0.iter().enumerate().rev() {
        let mut above = rise[bit];
        for (word, (sum, forward)) in sums.iter_mut().zip(forward).enumerate() {
            let at = word * n + bit;
            let (coupling, weight) = (couplings[at], weights[at]);
            for lane in 0..LANES {
                sum[lane] += weight * forward[lane];
                above[lane] -= coupling * sum[lane];
            }
            rise[at + n] = above;
        }
    }
}

#[cfg(test)]
mod tests;
