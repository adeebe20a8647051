//! An array between its DACs and its sample-and-holds: when it is read.
//!
//! ```text
//!  IR ─► DACs ─► word lines ─► cells ─► bit lines ─► S&H ─► shared ADCs
//! ```

use rebias_engine::Busy;

use super::ArrayShape;
use super::dac::DacUnit;
use super::sample_hold::SampleHoldUnit;

/// An array, which is read in one cycle: as soon as its DACs have a slice to drive and its sample-and-holds are free by
/// the end of the cycle.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CrossbarUnit {
    shape: ArrayShape,
    active_word_lines: u32,
    dacs: DacUnit,
    sample_hold: SampleHoldUnit,
}

/// What an array has been read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// Word lines that were driven.
    pub(super) driven: u32,
    /// Columns that wait for the ADCs.
    pub(super) columns: u64,
}

impl CrossbarUnit {
    /// An idle array of which some word lines are driven at once, for inputs of some slices.
    pub(super) fn new(shape: ArrayShape, n_slices: u32, active_word_lines: u32) -> Self {
        Self {
            shape,
            active_word_lines,
            dacs: DacUnit::new(n_slices, shape.n_groups(active_word_lines)),
            sample_hold: SampleHoldUnit::new(shape.queued_columns()),
        }
    }

    /// Takes the inputs of a position.
    ///
    /// # Errors
    /// [`Busy`] with the reads that the position before still needs.
    pub(super) fn accept(&mut self) -> Result<(), Busy<u32>> {
        self.dacs.accept()
    }

    /// Reads the array once, if there is a slice to drive.
    ///
    /// # Errors
    /// [`Busy`] with the number of columns while those of the read before are not converted.
    pub(super) fn read(&mut self) -> Result<Option<Read>, Busy<u64>> {
        if self.dacs.is_done() {
            return Ok(None);
        }
        let columns = self.sample_hold.hold()?;
        let driven = |group| Read { driven: self.shape.driven(group, self.active_word_lines), columns };
        Ok(self.dacs.drive().map(driven))
    }

    /// Gives columns to the converters.
    pub(super) fn give(&mut self, columns: u64) {
        self.sample_hold.give(columns);
    }

    pub(super) fn shape(&self) -> &ArrayShape {
        &self.shape
    }

    pub(super) fn dacs(&self) -> &DacUnit {
        &self.dacs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InputSum;

    #[test]
    fn a_read_waits_for_the_sample_and_holds_and_keeps_its_slice_meanwhile() {
        let shape = ArrayShape { rows: 6, data_columns: 3, input_sum: InputSum::Counted };
        let mut array = CrossbarUnit::new(shape, 1, 4);
        assert_eq!(array.read(), Ok(None));
        assert_eq!(array.accept(), Ok(()));
        assert_eq!(array.read(), Ok(Some(Read { driven: 4, columns: 3 })));
        array.give(2);
        let before = array.clone();
        assert_eq!(array.read(), Err(Busy(3)));
        assert_eq!(array, before);
        array.give(1);
        assert_eq!(array.read(), Ok(Some(Read { driven: 2, columns: 3 })));
        assert_eq!(array.read(), Ok(None));
    }
}
