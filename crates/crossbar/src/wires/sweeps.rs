//! Sweeps over an array: all word lines are solved, then all bit lines, for several drivers side by side.

use std::ops::{Add, AddAssign, Mul, Range, Sub, SubAssign};

use super::{LANES, WiredArray};

/// Word lines that are solved at a time: each is a chain of operations that wait for one another.
const CHAINS: usize = 4;

/// A value for each of the drivers.
pub(super) type Lanes<T, const L: usize> = [T; L];

/// Single or double precision.
pub(super) trait Number:
    Copy + Default + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + AddAssign + SubAssign + Into<f64>
{
    fn nearest(value: f64) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value
    }
}

/// What the voltages of scaled systems are multiplied with.
pub(super) struct Factors<T> {
    /// D·u·v, `[bit line][word line]` for each [`CHAINS`] word lines, `[word line][bit line]` for those left over.
    couplings: Vec<T>,
    /// 1/(u_i·u_(i+1)) of word lines, likewise.
    words: Vec<T>,
    /// 1/(v_i·v_(i+1)) of bit lines, `[word line][bit line]`.
    bits: Vec<T>,
}

impl Factors<f64> {
    /// From `[word line][bit line]`.
    pub(super) fn new((couplings, words): (&[f64], &[f64]), bits: Vec<f64>, n_bit_lines: usize) -> Self {
        let side_by_side = |values: &[f64]| {
            let (together, alone) = values.split_at(values.len() - values.len() % (CHAINS * n_bit_lines));
            let together = together
                .chunks_exact(CHAINS * n_bit_lines)
                .flat_map(|rows| (0..rows.len()).map(|at| rows[at % CHAINS * n_bit_lines + at / CHAINS]));
            together.chain(alone.iter().copied()).collect()
        };
        Self { couplings: side_by_side(couplings), words: side_by_side(words), bits }
    }

    /// In single precision.
    pub(super) fn narrowed(&self) -> Factors<f32> {
        let narrowed = |values: &[f64]| values.iter().map(|&value| value as f32).collect();
        Factors { couplings: narrowed(&self.couplings), words: narrowed(&self.words), bits: narrowed(&self.bits) }
    }
}

/// Voltages for several word lines driven alone, relative to their drivers'.
#[derive(Clone, Debug, Default)]
pub(super) struct Voltages<T = f64, const L: usize = LANES> {
    /// A row of zeros, b/v, `[word line][bit line]`, and a row of zeros again, the sense amplifiers. On the way down the
    /// bit lines' half solved systems take the place of b.
    pub(super) rise: Vec<Lanes<T, L>>,
    /// Likewise before the last sweep; empty where it has never been needed.
    before: Vec<Lanes<T, L>>,
    /// The half solved systems of some word lines, `[bit line][word line]`; on the way up, rows of bit lines.
    forward: Vec<Lanes<T, L>>,
}

impl<T: Number, const L: usize> Voltages<T, L> {
    pub(super) fn new(n_cells: usize, n_bit_lines: usize) -> Self {
        let zeros = |n| vec![[T::default(); L]; n];
        let framed = n_cells + 2 * n_bit_lines;
        Self { rise: zeros(framed), before: Vec::new(), forward: zeros(CHAINS * n_bit_lines) }
    }

    /// Makes room for an array; that of another one of the same shape is kept as it is, for each solution starts anew.
    pub(super) fn fit(&mut self, n_cells: usize, n_bit_lines: usize) {
        if (self.rise.len(), self.forward.len()) != (n_cells + 2 * n_bit_lines, CHAINS * n_bit_lines) {
            *self = Self::new(n_cells, n_bit_lines);
        }
    }

    /// Puts the voltages aside, to sweep from there.
    fn put_aside(&mut self) {
        std::mem::swap(&mut self.rise, &mut self.before);
        self.rise.resize(self.before.len(), [T::default(); L]);
    }

    /// The voltages for some of the drivers: for so many side by side, the `part`-th of them.
    pub(super) fn part(&self, part: usize) -> Part<'_, T, L> {
        Part { rise: &self.rise, part }
    }
}

/// [`Voltages`] for some drivers.
#[derive(Clone, Copy)]
pub(super) struct Part<'a, T, const L: usize> {
    rise: &'a [Lanes<T, L>],
    part: usize,
}

/// Sweeps over an array in the precision of its factors.
pub(super) struct Sweeps<'a, T> {
    pub(super) array: &'a WiredArray,
    pub(super) factors: &'a Factors<T>,
}

impl<T: Number> Sweeps<'_, T> {
    /// One more sweep.
    #[inline(always)]
    pub(super) fn sweep<const L: usize>(&self, first: usize, voltages: &mut Voltages<T, L>) {
        voltages.put_aside();
        let Voltages { rise, before, forward } = voltages;
        self.sweep_words(first, (rise, forward), Part { rise: before, part: 0 });
        self.back_substitute(
            (rise, forward),
            #[inline(always)]
            |_, rise| rise,
        );
    }

    /// One more sweep, and beyond it by a share of what it has changed.
    #[inline(always)]
    pub(super) fn sweep_beyond<const L: usize>(&self, first: usize, voltages: &mut Voltages<T, L>, share: T) {
        voltages.put_aside();
        let Voltages { rise, before, forward } = voltages;
        self.sweep_words(first, (rise, forward), Part { rise: before, part: 0 });
        self.back_substitute(
            (rise, forward),
            #[inline(always)]
            |at, rise| {
                let before = before[at];
                std::array::from_fn(|lane| rise[lane] + share * (rise[lane] - before[lane]))
            },
        );
    }

    /// One more sweep; returns Σ of squared currents of each lane that were left over before it, (D·(b_before − b))².
    #[inline(always)]
    pub(super) fn sweep_checked<const L: usize>(&self, first: usize, voltages: &mut Voltages<T, L>) -> Lanes<f64, L> {
        voltages.put_aside();
        let before = std::mem::take(&mut voltages.before);
        let left = self.sweep_from(first, voltages, Part { rise: &before, part: 0 });
        voltages.before = before;
        left
    }

    /// Likewise from other voltages.
    #[inline(always)]
    pub(super) fn sweep_from<S: Number + Into<T>, const M: usize, const L: usize>(
        &self,
        first: usize,
        Voltages { rise, forward, .. }: &mut Voltages<T, L>,
        from: Part<'_, S, M>,
    ) -> Lanes<f64, L> {
        self.sweep_words(first, (rise, forward), from);
        let n = self.array.n_bit_lines;
        let (cells, scales) = (&self.array.cells, &self.array.bit_scales);
        let mut left = [0.0; L];
        self.back_substitute(
            (rise, forward),
            #[inline(always)]
            |at, rise| {
                let conductance = cells[at - n] * scales[at - n];
                let before = part_of::<S, T, M, L>(&from.rise[at], from.part);
                for lane in 0..L {
                    let change: f64 = (before[lane] - rise[lane]).into();
                    let current = conductance * change;
                    left[lane] += current * current;
                }
                rise
            },
        );
        left
    }

    /// The first sweep, with all bit lines at 0 V: currents flow in the driven word lines only.
    #[inline(always)]
    pub(super) fn start<const L: usize>(&self, first: usize, voltages: &mut Voltages<T, L>) {
        voltages.put_aside();
        let Voltages { rise, before, forward } = voltages;
        let n = self.array.n_bit_lines;
        let driven = first..(first + L).min(self.array.cells.len() / n);
        let zeros = [T::default(); L];
        rise[first * n..(first + 1) * n].fill(zeros);
        before[(first + 1) * n..(driven.end + 1) * n].fill(zeros);
        self.sweep_lines(driven.clone(), first, (rise, forward), Part { rise: before, part: 0 });
        // Further down nothing is added, and further up there is nothing yet.
        let sums = &mut forward[..n];
        sums.copy_from_slice(&rise[driven.end * n..(driven.end + 1) * n]);
        for (word, weights) in self.factors.bits.chunks_exact(n).enumerate().rev() {
            let (now, below) = rise[(word + 1) * n..(word + 3) * n].split_at_mut(n);
            if word < first {
                now.copy_from_slice(below);
                continue;
            }
            if word < driven.end {
                sums.copy_from_slice(now);
            }
            for (((now, below), &weight), sum) in now.iter_mut().zip(below).zip(weights).zip(&*sums) {
                *now = plus(*below, weight, *sum);
            }
        }
    }

    /// Solves all word lines, and all bit lines halfway.
    #[inline(always)]
    fn sweep_words<S: Number + Into<T>, const M: usize, const L: usize>(
        &self,
        first: usize,
        (rise, forward): (&mut [Lanes<T, L>], &mut [Lanes<T, L>]),
        from: Part<'_, S, M>,
    ) {
        self.sweep_lines(0..self.array.cells.len() / self.array.n_bit_lines, first, (rise, forward), from);
    }

    /// Solves some word lines, and their rows of the bit lines' systems halfway.
    #[inline(always)]
    fn sweep_lines<S: Number + Into<T>, const M: usize, const L: usize>(
        &self,
        lines: Range<usize>,
        first: usize,
        (rise, forward): (&mut [Lanes<T, L>], &mut [Lanes<T, L>]),
        from: Part<'_, S, M>,
    ) {
        for word in lines.clone().step_by(CHAINS) {
            if word + CHAINS <= lines.end {
                self.sweep_chains::<S, M, L, CHAINS>((first, word), (rise, forward), from);
            } else {
                for word in word..lines.end {
                    self.sweep_chains::<S, M, L, 1>((first, word), (rise, forward), from);
                }
            }
        }
    }

    #[inline(always)]
    fn sweep_chains<S: Number + Into<T>, const M: usize, const L: usize, const N: usize>(
        &self,
        (first, word): (usize, usize),
        (rise, forward): (&mut [Lanes<T, L>], &mut [Lanes<T, L>]),
        from: Part<'_, S, M>,
    ) {
        let n = self.array.n_bit_lines;
        let rows = word * n..(word + N) * n;
        let framed = word * n..(word + N + 1) * n;
        let from = Part { rise: &from.rise[framed.clone()][n..], ..from };
        let (forward, rise) = (&mut forward[..N * n], &mut rise[framed]);
        let couplings = &self.factors.couplings[rows.clone()];
        substitute_forward::<S, T, M, L, N>(couplings, from, forward);
        let driven = (word.max(first)..(word + N).min(first + L)).map(|driven| (driven - word, driven - first));
        for (at, lane) in driven.clone() {
            let row = rows.start + at * n..rows.start + (at + 1) * n;
            let mut sum = T::default();
            let currents = self.array.cells[row.clone()].iter().zip(&self.array.word_scales[row]);
            for (forward, (cell, scale)) in forward.chunks_exact_mut(N).zip(currents) {
                sum += T::nearest(cell * scale);
                forward[at][lane] += sum;
            }
        }
        substitute_back::<T, L, N>((couplings, &self.factors.words[rows.clone()]), forward, rise);
        for (at, lane) in driven {
            let row = rows.start + at * n..rows.start + (at + 1) * n;
            let currents = self.array.cells[row.clone()].iter().zip(&self.array.bit_scales[row]);
            for (bit, (cell, scale)) in currents.enumerate() {
                // All rows below have it as part of their sums.
                (at..N).for_each(|at| rise[(at + 1) * n + bit][lane] += T::nearest(cell * scale));
            }
        }
    }

    /// b from the half solved systems of the bit lines, which stand in its place; what is kept is what `keep` makes of it.
    #[inline(always)]
    fn back_substitute<const L: usize>(
        &self,
        (rise, forward): (&mut [Lanes<T, L>], &mut [Lanes<T, L>]),
        mut keep: impl FnMut(usize, Lanes<T, L>) -> Lanes<T, L>,
    ) {
        let n = self.array.n_bit_lines;
        let below = &mut forward[..n];
        below.fill([T::default(); L]);
        for (word, weights) in self.factors.bits.chunks_exact(n).enumerate().rev() {
            let row = (word + 1) * n..(word + 2) * n;
            let systems = rise[row.clone()].iter_mut().zip(&mut *below).zip(weights);
            for (at, ((rise, below), &weight)) in row.zip(systems) {
                *below = plus(*below, weight, *rise);
                *rise = keep(at, *below);
            }
        }
    }
}

/// A part of some lanes.
#[inline(always)]
fn part_of<S: Number + Into<T>, T: Number, const M: usize, const L: usize>(
    lanes: &Lanes<S, M>,
    part: usize,
) -> Lanes<T, L> {
    let part = lanes.as_chunks::<L>().0[part];
    std::array::from_fn(|lane| part[lane].into())
}

/// `to` + `factor`·`values`.
#[inline(always)]
fn plus<T: Number, const L: usize>(to: Lanes<T, L>, factor: T, values: Lanes<T, L>) -> Lanes<T, L> {
    std::array::from_fn(|lane| to[lane] + factor * values[lane])
}

/// `from` − `factor`·`values`.
#[inline(always)]
fn minus<T: Number, const L: usize>(from: Lanes<T, L>, factor: T, values: Lanes<T, L>) -> Lanes<T, L> {
    std::array::from_fn(|lane| from[lane] - factor * values[lane])
}

/// z of some idle word lines, `[bit line][word line]`, from b, `[word line][bit line]`.
#[inline(always)]
fn substitute_forward<S: Number + Into<T>, T: Number, const M: usize, const L: usize, const N: usize>(
    couplings: &[T],
    from: Part<'_, S, M>,
    forward: &mut [Lanes<T, L>],
) {
    let n = couplings.len() / N;
    let rise: [&[Lanes<S, M>]; N] = std::array::from_fn(|word| &from.rise[word * n..][..n]);
    let mut sums = [[T::default(); L]; N];
    let systems = couplings.as_chunks::<N>().0.iter().zip(forward.as_chunks_mut::<N>().0);
    for (bit, (couplings, forward)) in systems.enumerate() {
        for word in 0..N {
            sums[word] = minus(sums[word], couplings[word], part_of(&rise[word][bit], from.part));
            forward[word] = sums[word];
        }
    }
}

/// e of some word lines, and their rows of the bit lines' half solved systems: those are written behind the row above
/// them, with which `rise` begins.
#[inline(always)]
fn substitute_back<T: Number, const L: usize, const N: usize>(
    (couplings, weights): (&[T], &[T]),
    forward: &[Lanes<T, L>],
    rise: &mut [Lanes<T, L>],
) {
    let n = couplings.len() / N;
    let systems = couplings.as_chunks::<N>().0.iter().zip(weights.as_chunks::<N>().0).zip(forward.as_chunks::<N>().0);
    let (first, rise) = rise.split_at_mut(n);
    let mut rows = rise.chunks_exact_mut(n);
    let rows: [&mut [Lanes<T, L>]; N] = std::array::from_fn(|_| &mut rows.next().unwrap_or_default()[..n]);
    let mut sums = [[T::default(); L]; N];
    for (bit, ((couplings, weights), forward)) in systems.enumerate().rev() {
        let mut above = first[bit];
        for word in 0..N {
            sums[word] = plus(sums[word], weights[word], forward[word]);
            above = minus(above, couplings[word], sums[word]);
            rows[word][bit] = above;
        }
    }
}
