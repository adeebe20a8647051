//! An IMA's shared ADCs: when they convert whose columns.
//!
//! ```text
//!  S&H of array 0 ─┐
//!  S&H of array 1 ─┼─► queue of reads ─► ADCs ─► S+A
//!  …              ─┘
//! ```

use rebias_engine::{Busy, Fifo};

/// The ADCs of an IMA, which take columns in order of their reads, each the ADC that is free first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AdcUnit {
    /// One place for each array: its sample-and-holds.
    queue: Fifo<HeldColumns>,
    /// Columns that all of them convert in a cycle.
    per_cycle: u64,
}

/// Columns of one read of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeldColumns {
    pub(super) array: usize,
    pub(super) columns: u64,
}

impl AdcUnit {
    pub(super) fn new(n_arrays: usize, per_cycle: u64) -> Self {
        Self { queue: Fifo::new(n_arrays), per_cycle }
    }

    /// Columns that all of them convert in a cycle.
    pub(super) fn per_cycle(&self) -> u64 {
        self.per_cycle
    }

    /// Queues the columns of a read.
    ///
    /// # Errors
    /// [`Busy`] with them if as many reads as there are arrays wait.
    pub(super) fn accept(&mut self, read: HeldColumns) -> Result<(), Busy<HeldColumns>> {
        self.queue.accept(read)
    }

    /// Converts columns of the read that came first, of `left` that can still be converted in a cycle.
    pub(super) fn convert(&mut self, left: &mut u64) -> Option<HeldColumns> {
        if *left == 0 {
            return None;
        }
        let first = self.queue.front_mut()?;
        let converted = HeldColumns { columns: first.columns.min(*left), ..*first };
        *left -= converted.columns;
        first.columns -= converted.columns;
        if first.columns == 0 {
            self.queue.pop();
        }
        Some(converted)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_converted_in_order_of_their_reads_as_many_as_a_cycle_allows() {
        let mut adcs = AdcUnit::new(2, 4);
        let (first, second) = (HeldColumns { array: 1, columns: 3 }, HeldColumns { array: 0, columns: 2 });
        assert_eq!((adcs.accept(first), adcs.accept(second)), (Ok(()), Ok(())));
        let before = adcs.clone();
        assert_eq!(adcs.accept(first), Err(Busy(first)));
        assert_eq!(adcs, before);
        let mut left = adcs.per_cycle();
        assert_eq!(adcs.convert(&mut left), Some(first));
        assert_eq!(adcs.convert(&mut left), Some(HeldColumns { array: 0, columns: 1 }));
        assert_eq!(adcs.convert(&mut left), None);
        assert!(!adcs.is_idle());
        assert_eq!(adcs.convert(&mut 4), Some(HeldColumns { array: 0, columns: 1 }));
        assert!(adcs.is_idle());
    }
}
