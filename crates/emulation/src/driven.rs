//! What the driven cells conduct, for read energy that depends on data.

use rebias_kernels::{Slice, Source};

/// Σ g·x² over the cells of a layer's word lines.
#[derive(Clone, Debug)]
pub(crate) struct DrivenConductance {
    /// Of each word line, the conductance of all its cells.
    word_lines: Vec<u64>,
}

impl DrivenConductance {
    pub(crate) fn new(word_lines: Vec<u64>) -> Self {
        Self { word_lines }
    }

    /// The sum over all positions and images of a source, each slice being read by itself.
    ///
    /// With x = Σ 2^t·b_t, x² is Σ 4^t·b_t + Σ over t < u of 2^(t + u + 1)·b_t·b_u.
    pub(crate) fn sum(&self, source: &Source<'_>, slices: &[Slice]) -> u128 {
        let mut sum = 0;
        for (&conductance, line) in self.word_lines.iter().zip(source.lines) {
            let mut squares = 0u128;
            for slice in slices {
                for (t, low) in slice.planes.clone().enumerate() {
                    squares += u128::from(both(source, *line, (low, low))) << (2 * t);
                    for (u, high) in slice.planes.clone().enumerate().skip(t + 1) {
                        squares += u128::from(both(source, *line, (low, high))) << (t + u + 1);
                    }
                }
            }
            sum += squares * u128::from(conductance);
        }
        sum
    }
}

/// How many positions and images drive a word line in both of two planes.
fn both(source: &Source<'_>, line: usize, (low, high): (usize, usize)) -> u64 {
    let (low, high) = (low * source.plane_stride + line, high * source.plane_stride + line);
    let ones = |first: &usize| (source.words[low + first] & source.words[high + first]).count_ones();
    source.positions.iter().map(|first| u64::from(ones(first))).sum()
}

#[cfg(test)]
mod tests {
    use rebias_kernels::SliceSign;

    use super::*;

    #[test]
    fn conductances_are_weighted_with_squares_of_levels() {
        let word_lines: [u64; 5] = [3, 1, 4, 1, 5];
        let levels: [u64; 5] = [0, 7, 2, 3, 5];
        // Two images of one position; the second drives with level 1 throughout.
        let word = |plane: u32, level: u64| (level >> plane & 1) | u64::from(plane == 0) << 1;
        let words: Vec<_> = (0..3).flat_map(|plane| levels.map(|level| word(plane, level))).collect();
        let source = Source { words: &words, plane_stride: 5, positions: &[0], lines: &[0, 1, 2, 3, 4] };
        let driven = DrivenConductance::new(word_lines.to_vec());
        let slice = |planes| Slice { planes, shift: 0, sign: SliceSign::Plus };
        let squares = |of: &dyn Fn(u64) -> u64| -> u64 {
            word_lines.iter().zip(levels).map(|(conductance, level)| conductance * (of(level) + of(1))).sum()
        };
        assert_eq!(driven.sum(&source, &[slice(0..3)]), u128::from(squares(&|level| level * level)));
        // Low two bits and high bit, each driven as a level of its own.
        let apart = squares(&|level| (level & 3).pow(2) + (level >> 2));
        assert_eq!(driven.sum(&source, &[slice(0..2), slice(2..3)]), u128::from(apart));
    }
}
