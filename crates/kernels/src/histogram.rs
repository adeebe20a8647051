//! How often each sum occurred.

use std::ops::Range;

use crate::Position;

/// Numbers of up to so many bits share one page.
const ONE_PAGE_BITS: u32 = 16;
/// Fewest bins of one page of many.
const MIN_PAGE_BITS: u32 = 10;
/// Most pages.
const MAX_PAGES_BITS: u32 = 20;

/// An exact histogram of whole numbers up to a bound; pages that no number falls into take no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    page_bits: u32,
    pages: Vec<Option<Box<[u64]>>>,
}

impl Histogram {
    /// An empty histogram of numbers up to `max`.
    pub fn new(max: u64) -> Self {
        let bits = u64::BITS - max.leading_zeros();
        let page_bits =
            if bits <= ONE_PAGE_BITS { bits } else { bits.saturating_sub(MAX_PAGES_BITS).max(MIN_PAGE_BITS) };
        Self { page_bits, pages: vec![None; (max >> page_bits) as usize + 1] }
    }

    /// Adds numbers.
    ///
    /// # Panics
    ///
    /// If one is far above the bound.
    #[inline]
    pub fn record(&mut self, numbers: impl Iterator<Item = u64>) {
        let page_bins = 1 << self.page_bits;
        if let [page] = &mut self.pages[..] {
            // Most often one page is enough.
            let bins = page.get_or_insert_with(|| vec![0; page_bins].into());
            numbers.for_each(|number| bins[number as usize] += 1);
        } else {
            for number in numbers {
                let page = &mut self.pages[(number >> self.page_bits) as usize];
                let bins = page.get_or_insert_with(|| vec![0; page_bins].into());
                bins[number as usize & (page_bins - 1)] += 1;
            }
        }
    }

    /// Adds the numbers of another histogram of the same bound.
    ///
    /// # Panics
    ///
    /// If the bounds differ.
    pub fn merge(&mut self, other: Self) {
        assert_eq!((self.page_bits, self.pages.len()), (other.page_bits, other.pages.len()), "bounds are the same");
        for (mine, theirs) in self.pages.iter_mut().zip(other.pages) {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs),
                (None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
    }

    /// The numbers that occurred, ascending, each with how often it did.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.pages.iter().enumerate().flat_map(move |(page, bins)| {
            let bins = bins.as_deref().unwrap_or(&[]);
            let first = (page as u64) << self.page_bits;
            bins.iter()
                .enumerate()
                .filter(|&(_, &times)| times > 0)
                .map(move |(bin, &times)| (first + bin as u64, times))
        })
    }

    /// How many numbers there are.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, times)| times).sum()
    }

    /// The least number that at least `percent` per cent of all numbers don't exceed (nearest rank; 0 gives the least
    /// number); `None` without numbers.
    pub fn percentile(&self, percent: f64) -> Option<u64> {
        let rank = (percent * self.total() as f64 / 100.0).ceil().max(1.0);
        let mut seen = 0;
        let mut last = None;
        for (number, times) in self.iter() {
            seen += times;
            last = Some(number);
            if seen as f64 >= rank {
                break;
            }
        }
        last
    }
}

/// Records the analog sums that converters see, all or some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The sums, less `first`, in units of 2^`shift`.
    pub histogram: Histogram,
    /// The least sum that is told from lesser ones.
    pub first: i64,
    /// Fraction bits that recorded sums don't have.
    pub shift: u32,
    /// Of 2^`sparsity` columns and positions one is recorded, evenly spread over both: those whose numbers add up to a
    /// multiple of it; 0 for all.
    pub sparsity: u32,
}

impl Tally {
    /// Whether the sums of a column in a position are recorded.
    #[inline]
    pub(crate) fn takes(&self, column: usize, position: &Position) -> bool {
        (column + position.pixel as usize) & ((1 << self.sparsity) - 1) == 0
    }

    /// Those of some columns whose sums are recorded.
    #[inline]
    pub(crate) fn taken(&self, columns: Range<usize>, position: &Position) -> impl Iterator<Item = usize> + use<> {
        let period = 1usize << self.sparsity;
        let first = columns.start + (columns.start + position.pixel as usize).wrapping_neg() % period;
        (first..columns.end).step_by(period)
    }

    /// Whether it may take one of a tile of columns that begins at a multiple of four.
    #[inline]
    pub(crate) fn takes_one_of(&self, first: usize, position: &Position) -> bool {
        // Four columns in a row differ in their low two bits.
        let rest = position.pixel.wrapping_neg() as usize ^ first;
        rest & ((1 << self.sparsity) - 1) & !3 == 0
    }

    #[inline]
    pub(crate) fn record(&mut self, analogs: impl Iterator<Item = i64>) {
        let (first, shift) = (self.first, self.shift);
        self.histogram.record(analogs.map(|analog| ((analog - first) >> shift).max(0) as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let mut histogram = Histogram::new(1 << 21);
        histogram.record([5, 1, 9, 1 << 21].into_iter());
        let percentiles = [0.0, 25.0, 25.1, 50.0, 75.0, 76.0, 100.0];
        let expected = [1, 1, 5, 5, 9, 1 << 21, 1 << 21];
        assert_eq!(percentiles.map(|percent| histogram.percentile(percent)), expected.map(Some));
        assert_eq!(Histogram::new(3).percentile(50.0), None);
    }

    #[test]
    fn merging_is_recording_both() {
        let (mut left, mut right, mut both) = (Histogram::new(5000), Histogram::new(5000), Histogram::new(5000));
        left.record([0, 7, 7, 4000].into_iter());
        right.record([7, 2000, 5000].into_iter());
        both.record([0, 7, 7, 4000, 7, 2000, 5000].into_iter());
        left.merge(right);
        assert_eq!(left, both);
        assert_eq!(left.iter().collect::<Vec<_>>(), [(0, 1), (7, 3), (2000, 1), (4000, 1), (5000, 1)]);
        assert_eq!(left.total(), 7);
    }

    #[test]
    fn a_huge_bound_takes_little_memory() {
        let mut histogram = Histogram::new(1 << 40);
        histogram.record(std::iter::once(1 << 40));
        assert_eq!(histogram.iter().collect::<Vec<_>>(), [(1 << 40, 1)]);
    }
}
