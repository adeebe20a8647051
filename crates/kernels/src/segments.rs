//! Cutting a read where narrow sums would overflow.

use std::ops::Range;

/// Cuts the groups of a read so that no column's cells add up to more than `max` within a segment.
pub(crate) struct Segments<const COLUMNS: usize> {
    max: u64,
    sums: [u64; COLUMNS],
    start: usize,
    end: usize,
    done: Vec<Range<usize>>,
}

impl<const COLUMNS: usize> Segments<COLUMNS> {
    /// For groups from `first` on.
    pub(crate) fn new(max: u64, first: usize) -> Self {
        Self { max, sums: [0; COLUMNS], start: first, end: first, done: Vec::new() }
    }

    /// The next group, whose columns add up to `sums`.
    pub(crate) fn add(&mut self, sums: [u64; COLUMNS]) {
        if self.sums.iter().zip(&sums).any(|(sum, added)| sum + added > self.max) {
            self.done.push(self.start..self.end);
            self.start = self.end;
            self.sums = [0; COLUMNS];
        }
        self.sums.iter_mut().zip(sums).for_each(|(sum, added)| *sum += added);
        self.end += 1;
    }

    pub(crate) fn finish(mut self) -> Vec<Range<usize>> {
        self.done.push(self.start..self.end);
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_end_before_an_entry_overflows() {
        let mut segments = Segments::new(255, 10);
        for sums in [[248, 0], [7, 1], [1, 2], [3, 255], [0, 0]] {
            segments.add(sums);
        }
        assert_eq!(segments.finish(), [10..12, 12..13, 13..15]);
    }
}
