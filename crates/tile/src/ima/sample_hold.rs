//! An array's sample-and-holds: when they are free.
//!
//! ```text
//!  bit lines ─► S&H ─► multiplexer ─► ADCs
//! ```

use rebias_engine::Busy;

/// The sample-and-holds of an array: one for each column that the shared ADCs convert. They keep a read's columns until
/// all are converted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SampleHoldUnit {
    n_columns: u64,
    held: u64,
}

impl SampleHoldUnit {
    pub(super) fn new(n_columns: u64) -> Self {
        Self { n_columns, held: 0 }
    }

    /// Takes the columns of a read.
    ///
    /// # Errors
    /// [`Busy`] with their number while some of the read before are not converted.
    pub(super) fn hold(&mut self) -> Result<u64, Busy<u64>> {
        if self.held > 0 {
            return Err(Busy(self.n_columns));
        }
        self.held = self.n_columns;
        Ok(self.n_columns)
    }

    /// Gives columns to the converters.
    pub(super) fn give(&mut self, columns: u64) {
        self.held -= columns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_before_the_last_column_is_converted_is_refused_and_after_it_accepted() {
        let mut unit = SampleHoldUnit::new(3);
        assert_eq!(unit.hold(), Ok(3));
        unit.give(2);
        let before = unit.clone();
        assert_eq!(unit.hold(), Err(Busy(3)));
        assert_eq!(unit, before);
        unit.give(1);
        assert_eq!(unit.hold(), Ok(3));
    }
}
