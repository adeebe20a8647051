//! From the totals of an output's columns to its codes: shift-and-add over weight slices, bias, thresholds.

use crate::bits::mask;
use crate::dispatch::Isa;
use crate::{Kernel, LANES, Lift, OutputTotals, Total};

/// Most thresholds that are compared one by one; among more, each lane searches.
const FEW: usize = 31;

/// Y = Σ_j weights_j·T_j + Σ_b slopes_b·S_b + offset, from the totals T_j of an output's columns and sums of inputs S_b.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine {
    /// One for each column.
    pub weights: Vec<i64>,
    /// One for each sum of inputs.
    pub slopes: Vec<i64>,
    /// Added.
    pub offset: i64,
}

/// What becomes of an output.
#[derive(Clone, Debug)]
pub struct Finish {
    affine: Affine,
    /// Ascending: the code is how many of them Y reaches.
    thresholds: Vec<i64>,
    /// Whether |Y| and all on the way to it is below 2^31 − 1.
    is_narrow: bool,
}

impl Affine {
    /// Writes Y for each position. It and all on the way to it must fit in 64 bits.
    ///
    /// # Shapes
    ///
    /// `inputs`: `[sum][position]`.
    pub fn apply<T: Total>(
        &self,
        kernel: Kernel,
        totals: OutputTotals<'_, T>,
        inputs: &[Lift],
        sums: &mut [[i64; LANES]],
    ) {
        let isa = kernel.isa();
        isa.run(
            #[inline(always)]
            || {
                for (position, sums) in sums.iter_mut().enumerate() {
                    *sums = self.at::<T, i64>(isa, (totals, inputs), position);
                }
            },
        );
    }

    /// What |Y|, and the magnitude of all on the way to it, can't exceed, from the greatest magnitudes of totals and of
    /// sums of inputs.
    pub fn bound(&self, max_total: u128, max_input: u128) -> u128 {
        let sum = |numbers: &[i64]| numbers.iter().map(|number| u128::from(number.unsigned_abs())).sum::<u128>();
        let products = sum(&self.weights).saturating_mul(max_total);
        products.saturating_add(sum(&self.slopes).saturating_mul(max_input)).saturating_add(sum(&[self.offset]))
    }

    /// −Y.
    #[must_use]
    pub fn negated(&self) -> Self {
        let negated = |numbers: &[i64]| numbers.iter().map(|number| -number).collect();
        Self { weights: negated(&self.weights), slopes: negated(&self.slopes), offset: -self.offset }
    }

    /// Y of a position.
    #[inline(always)]
    fn at<T: Total, Y: Lane>(
        &self,
        isa: Isa,
        (totals, inputs): (OutputTotals<'_, T>, &[Lift]),
        position: usize,
    ) -> [Y; LANES] {
        let mut sums = [Y::wrapped(self.offset); LANES];
        for (column, &weight) in self.weights.iter().enumerate() {
            Y::add_products(isa, Y::wrapped(weight), totals.of(column, position), &mut sums);
        }
        for (block, &slope) in self.slopes.iter().enumerate() {
            Y::add_products(isa, Y::wrapped(slope), &inputs[block * totals.grid.n_positions + position], &mut sums);
        }
        sums
    }

    /// Divides all by what they have in common, and gives that.
    fn reduce(&mut self) -> i64 {
        let all = self.weights.iter().chain(&self.slopes).chain([&self.offset]);
        let divisor = all.fold(0, |divisor, &number| gcd(divisor, number.unsigned_abs())).clamp(1, 1 << 62) as i64;
        self.weights.iter_mut().chain(&mut self.slopes).for_each(|number| *number /= divisor);
        self.offset /= divisor;
        divisor
    }
}

#[inline(always)]
fn add_products<T: Total, Y: Lane>(factor: Y, numbers: &[T; LANES], sums: &mut [Y; LANES]) {
    for lane in 0..LANES {
        sums[lane] = sums[lane].plus(factor * Y::wrapped(numbers[lane].wide()));
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Finish {
    /// The code is how many of the ascending `thresholds` Y reaches.
    ///
    /// `bound`: what |Y| and the magnitudes of all on the way to it can't exceed.
    pub fn new(mut affine: Affine, thresholds: impl Iterator<Item = i64>, bound: u128) -> Self {
        let divisor = affine.reduce();
        let is_narrow = bound / (divisor as u128) < i32::MAX as u128;
        // Y/d ≥ Θ/d for whole Y/d is Y/d ≥ ⌈Θ/d⌉.
        let ceiling = |threshold: i64| -(-i128::from(threshold)).div_euclid(divisor.into()) as i64;
        // Beyond all Y thresholds are alike.
        let limit = if is_narrow { i32::MAX.into() } else { i64::MAX };
        let thresholds = thresholds.map(|threshold| ceiling(threshold).clamp(-limit, limit)).collect();
        Self { affine, thresholds, is_narrow }
    }

    /// Writes the bit planes of the codes of each position, `[plane][position]`, planes `stride` apart.
    ///
    /// # Shapes
    ///
    /// As [`Affine::apply`].
    pub fn codes<T: Total>(
        &self,
        kernel: Kernel,
        (totals, inputs): (OutputTotals<'_, T>, &[Lift]),
        (planes, stride): (&mut [u64], usize),
    ) {
        let isa = kernel.isa();
        #[cfg(target_arch = "x86_64")]
        if let (true, [first, second, third], Some(totals)) = (self.is_narrow, &self.thresholds[..], totals.words())
            && isa.has_vectors_of_256_bits()
            && let Some((low, high)) = planes.split_at_mut_checked(stride)
        {
            let (sources, thresholds) = ((totals, inputs), [*first as i32, *second as i32, *third as i32]);
            if isa == Isa::avx512() {
                // SAFETY: the machine has the instructions that an `Isa` stands for.
                return unsafe { crate::avx512::two_bits(&self.affine, sources, thresholds, [low, high]) };
            }
            // SAFETY: likewise.
            return unsafe { crate::avx2::two_bits(&self.affine, sources, thresholds, [low, high]) };
        }
        isa.run(
            #[inline(always)]
            || {
                for position in 0..totals.grid.n_positions {
                    let planes = planes[position..].iter_mut().step_by(stride);
                    if self.is_narrow {
                        self.write::<T, i32>(isa, (totals, inputs), (position, planes));
                    } else {
                        self.write::<T, i64>(isa, (totals, inputs), (position, planes));
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn write<'p, T: Total, Y: Lane>(
        &self,
        isa: Isa,
        sources: (OutputTotals<'_, T>, &[Lift]),
        (position, planes): (usize, impl Iterator<Item = &'p mut u64>),
    ) {
        if self.thresholds.len() > FEW {
            let sums: [Y; LANES] = self.affine.at(isa, sources, position);
            let codes = sums.map(|sum| self.thresholds.partition_point(|&threshold| sum.wide() >= threshold));
            for (plane, word) in planes.enumerate() {
                *word = mask(isa, &codes.map(|code| (code >> plane & 1) as u8));
            }
            return;
        }
        let sums: [Y; LANES] = self.affine.at(isa, sources, position);
        let mut reached = [0u64; FEW + 1];
        for (reached, &threshold) in reached[1..].iter_mut().zip(&self.thresholds) {
            *reached = Y::at_least(isa, &sums, Y::wrapped(threshold));
        }
        for (plane, word) in planes.enumerate() {
            // How many multiples of 2^p there are up to the code is odd where bit p is set.
            let multiples = reached[..=self.thresholds.len()].iter().step_by(1 << plane).skip(1);
            *word = multiples.fold(0, |word, reached| word ^ reached);
        }
    }
}

/// A number that Y is computed in.
trait Lane: Total + PartialOrd + std::ops::Mul<Output = Self> {
    /// Bit l is whether lane l is at least `threshold`.
    #[inline(always)]
    fn at_least(isa: Isa, lanes: &[Self; LANES], threshold: Self) -> u64 {
        compared(isa, lanes, threshold)
    }

    /// Adds products of `factor` with numbers.
    #[inline(always)]
    fn add_products<T: Total>(_: Isa, factor: Self, numbers: &[T; LANES], sums: &mut [Self; LANES]) {
        add_products(factor, numbers, sums);
    }
}

impl Lane for i32 {
    #[inline(always)]
    fn at_least(isa: Isa, lanes: &[Self; LANES], threshold: Self) -> u64 {
        #[cfg(target_arch = "x86_64")]
        if isa == Isa::avx512() {
            // SAFETY: the machine has the instructions that an `Isa` stands for.
            return unsafe { crate::avx512::at_least(lanes, threshold) };
        }
        #[cfg(target_arch = "x86_64")]
        if isa == Isa::avx2() {
            // SAFETY: likewise.
            return unsafe { crate::avx2::at_least(lanes, threshold) };
        }
        let _ = isa;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every machine of this architecture has the instructions.
        return unsafe { crate::sse2::at_least(lanes, threshold) };
        #[cfg(not(target_arch = "x86_64"))]
        compared(isa, lanes, threshold)
    }

    #[inline(always)]
    fn add_products<T: Total>(isa: Isa, factor: Self, numbers: &[T; LANES], sums: &mut [Self; LANES]) {
        // Vectors of 128 bits have no products of 32 bits.
        #[cfg(target_arch = "x86_64")]
        if let (false, Ok(factor), Some([words])) =
            (isa.has_vectors_of_256_bits(), factor.try_into(), T::lanes_of_words(std::slice::from_ref(numbers)))
        {
            // SAFETY: every machine of this architecture has the instructions.
            return unsafe { crate::sse2::add_products(factor, words, sums) };
        }
        let _ = isa;
        add_products(factor, numbers, sums);
    }
}

impl Lane for i64 {}

/// Bit l is whether lane l is at least `threshold`.
#[inline(always)]
fn compared<Y: Lane>(isa: Isa, lanes: &[Y; LANES], threshold: Y) -> u64 {
    let mut bytes = [0; LANES];
    for lane in 0..LANES {
        bytes[lane] = u8::from(lanes[lane] >= threshold);
    }
    mask(isa, &bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Grid;

    const POSITIONS: usize = 3;

    /// Holds the codes of every kernel to sums, for totals that stand by column and by position.
    fn check<T: Total>(affine: &Affine, thresholds: &[i64], totals: &[[T; LANES]], inputs: &[Lift]) {
        let max_total = totals.iter().flatten().map(|total| total.wide().unsigned_abs()).max().unwrap_or(0);
        let max_input = inputs.iter().flatten().map(|input| input.unsigned_abs()).max().unwrap_or(0);
        let bound = affine.bound(max_total.into(), max_input.into());
        let finish = Finish::new(affine.clone(), thresholds.iter().copied(), bound);
        let n_planes = thresholds.len().ilog2() as usize + 1;
        let by_column = Grid { of_column: POSITIONS, of_position: 1, n_positions: POSITIONS };
        let by_position = Grid { of_column: 1, of_position: affine.weights.len(), n_positions: POSITIONS };
        for (kernel, grid) in Kernel::available().into_iter().flat_map(|it| [(it, by_column), (it, by_position)]) {
            let mut sums = vec![[0; LANES]; POSITIONS];
            let totals = OutputTotals { totals, grid, column: 0 };
            affine.apply(kernel, totals, inputs, &mut sums);
            let mut planes = vec![0; n_planes * POSITIONS];
            finish.codes(kernel, (totals, inputs), (&mut planes, POSITIONS));
            for (position, sums) in sums.iter().enumerate() {
                for (lane, &sum) in sums.iter().enumerate() {
                    let expected = thresholds.iter().filter(|&&threshold| sum >= threshold).count();
                    let bit = |plane: usize| (planes[plane * POSITIONS + position] >> lane & 1) << plane;
                    let found: u64 = (0..n_planes).map(bit).sum();
                    assert_eq!(found, expected as u64, "{}: {sum} among {thresholds:?}", kernel.name());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn prop_codes_count_the_thresholds_that_are_reached(
            weights in prop::collection::vec(-3000i64..3000, 1..3),
            slope in -9000i64..9000,
            offset in -100_000i64..100_000,
            factor in prop::sample::select(vec![1i64, 128, 1 << 22]),
            bits in 1u32..=7,
            spacing in 1i64..100_000,
        ) {
            let affine = Affine {
                weights: weights.iter().map(|weight| weight * factor).collect(),
                slopes: vec![slope * factor],
                offset: offset * factor + factor / 2,
            };
            let totals: Vec<[i32; LANES]> = (0..weights.len() * POSITIONS)
                .map(|at| std::array::from_fn(|lane| (at * 100 + lane * 7) as i32 - 200))
                .collect();
            let words: Vec<_> = totals.iter().map(|totals| totals.map(|total| total as i16)).collect();
            let inputs: Vec<Lift> =
                (0..POSITIONS).map(|at| std::array::from_fn(|lane| (at + lane * lane % 91) as i32)).collect();
            let n_thresholds = (1i64 << bits) - 1;
            let mut thresholds: Vec<_> = (0..n_thresholds).map(|at| (at - n_thresholds / 2) * spacing * factor).collect();
            thresholds[0] = i64::MIN;
            check(&affine, &thresholds, &totals, &inputs);
            check(&affine, &thresholds, &words, &inputs);
        }
    }
}
