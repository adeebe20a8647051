//! How the word lines of arrays are cut into reads and groups.

use std::ops::Range;

use crate::Kernel;

/// The word lines of arrays that stand one under another, cut into reads, and each read into groups.
///
/// A group never reaches beyond its read; the last of a read may have fewer word lines than others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    group_lines: usize,
    n_lines: usize,
    reads: Vec<Read>,
}

/// Word lines that are driven at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Which they are.
    pub lines: Range<usize>,
    /// Their groups.
    pub groups: Range<usize>,
}

impl Lines {
    /// `reads`: the word lines of each, one read after another.
    ///
    /// # Panics
    ///
    /// If a read has no word lines.
    pub fn new(kernel: Kernel, reads: impl IntoIterator<Item = usize>) -> Self {
        let group_lines = kernel.group_lines();
        let (mut n_lines, mut n_groups) = (0, 0);
        let read = |word_lines: usize| {
            assert!(word_lines > 0, "a read drives word lines");
            let lines = n_lines..n_lines + word_lines;
            let groups = n_groups..n_groups + word_lines.div_ceil(group_lines);
            (n_lines, n_groups) = (lines.end, groups.end);
            Read { lines, groups }
        };
        let reads = reads.into_iter().map(read).collect();
        Self { group_lines, n_lines, reads }
    }

    /// The reads, in the order of their word lines.
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Number of word lines.
    pub fn n_lines(&self) -> usize {
        self.n_lines
    }

    /// Number of groups.
    pub fn n_groups(&self) -> usize {
        self.reads.last().map_or(0, |read| read.groups.end)
    }

    /// Most word lines of a group.
    pub(crate) fn group_lines(&self) -> usize {
        self.group_lines
    }

    /// The groups with their word lines.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let most = self.group_lines;
        let of_read = move |read: &Read| {
            let end = read.lines.end;
            read.lines.clone().step_by(most).map(move |start| start..end.min(start + most))
        };
        self.reads.iter().flat_map(of_read)
    }
}

impl Read {
    /// How many word lines it drives.
    pub fn word_lines(&self) -> usize {
        self.lines.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_do_not_straddle_reads() {
        let lines = Lines::new(Kernel::SCALAR, [10, 10, 3]);
        let groups: Vec<_> = lines.reads().iter().map(|read| (read.word_lines(), read.groups.clone())).collect();
        assert_eq!(groups, [(10, 0..2), (10, 2..4), (3, 4..5)]);
        assert_eq!((lines.n_lines(), lines.n_groups()), (23, 5));
        assert_eq!(lines.groups().collect::<Vec<_>>(), [0..8, 8..10, 10..18, 18..20, 20..23]);
    }
}
