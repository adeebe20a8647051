//! What the driven cells conduct together.

use std::ops::Range;

use rebias_kernels::GROUP;

/// Conductances of word lines, tabulated over the patterns of their groups.
#[derive(Clone, Debug)]
pub(crate) struct LineConductance {
    /// For each group and pattern, the conductance of the driven word lines.
    groups: Vec<[u64; 1 << GROUP]>,
}

impl LineConductance {
    /// `groups`: the conductance of each word line, group by group.
    pub(crate) fn new<'a>(groups: impl Iterator<Item = &'a [u64]>) -> Self {
        let table = |word_lines: &[u64]| {
            let mut table = [0; 1 << GROUP];
            for (line, conductance) in word_lines.iter().enumerate() {
                let (known, new) = table.split_at_mut(1 << line);
                for (new, known) in new.iter_mut().zip(known) {
                    *new = *known + conductance;
                }
            }
            table
        };
        Self { groups: groups.map(table).collect() }
    }

    /// Σ g·x of one read, x being the levels of a slice's planes, `[plane][group]`.
    pub(crate) fn current(&self, planes: &[u8], groups: Range<usize>) -> u64 {
        let plane = |(bit, plane): (usize, &[u8])| {
            let driven = self.groups[groups.clone()].iter().zip(&plane[groups.clone()]);
            driven.map(|(table, &bits)| table[usize::from(bits)]).sum::<u64>() << bit
        };
        planes.chunks_exact(self.groups.len()).enumerate().map(plane).sum()
    }

    /// Σ g·x² of one read, x being the levels of a slice's planes, `[plane][group]`.
    ///
    /// With x = Σ 2^t·b_t it is Σ 4^t·G(b_t) + Σ over t < u of 2^(t + u + 1)·G(b_t ∧ b_u), G being the conductance on
    /// the word lines of a pattern.
    pub(crate) fn power(&self, planes: &[u8], groups: Range<usize>) -> u128 {
        let planes: Vec<_> = planes.chunks_exact(self.groups.len()).map(|plane| &plane[groups.clone()]).collect();
        let tables = &self.groups[groups];
        let mut sum = 0;
        for (t, low) in planes.iter().enumerate() {
            let alone: u64 = tables.iter().zip(*low).map(|(table, &bits)| table[usize::from(bits)]).sum();
            sum += u128::from(alone) << (2 * t);
            for (u, high) in planes.iter().enumerate().skip(t + 1) {
                let bits = low.iter().zip(*high).map(|(low, high)| low & high);
                let both: u64 = tables.iter().zip(bits).map(|(table, bits)| table[usize::from(bits)]).sum();
                sum += u128::from(both) << (t + u + 1);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conductances_are_weighted_with_squares_of_levels() {
        let word_lines: [u64; 11] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
        let levels: [u64; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 7, 2, 1];
        let driven = LineConductance::new(word_lines.chunks(GROUP));
        let pattern = |plane: u32, levels: &[u64]| {
            levels.iter().enumerate().map(|(line, level)| ((level >> plane & 1) as u8) << line).sum::<u8>()
        };
        let planes: Vec<_> =
            (0..3).flat_map(|plane| levels.chunks(GROUP).map(move |levels| pattern(plane, levels))).collect();
        let expected = |lines: Range<usize>| lines.map(|line| u128::from(word_lines[line] * levels[line].pow(2))).sum();
        let (all, last): (u128, u128) = (expected(0..11), expected(8..11));
        assert_eq!(driven.power(&planes, 0..2), all);
        assert_eq!(driven.power(&planes, 1..2), last);
        let current: u64 = word_lines.iter().zip(levels).map(|(conductance, level)| conductance * level).sum();
        assert_eq!(driven.current(&planes, 0..2), current);
    }
}
