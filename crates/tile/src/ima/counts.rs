//! What the reads of a product amount to.

use rebias_units::{Action, Counts};

use super::{ArrayShape, InputSum, MvmShape};
use crate::BiasConverter;

impl MvmShape {
    /// Everything done for one product, read by read.
    pub(super) fn counts(&self, active_word_lines: u32) -> Counts {
        let mut counts = Counts::ZERO;
        for array in &self.arrays {
            for _slice in 0..self.n_slices {
                for group in 0..array.n_groups(active_word_lines) {
                    array.count_read(array.driven(group, active_word_lines), &mut counts);
                    array.count_conversions(array.queued_columns(), &mut counts);
                }
            }
        }
        counts
    }

    /// Reads of the array that has most of them, if so many word lines are driven at once.
    pub fn n_reads(&self, active_word_lines: u32) -> u64 {
        let groups = self.arrays.iter().map(|array| array.n_groups(active_word_lines)).max();
        u64::from(self.n_slices) * u64::from(groups.unwrap_or(0))
    }

    /// Conversions by the shared ADCs.
    pub(super) fn n_conversions(&self, active_word_lines: u32) -> u64 {
        let of_slice = |array: &ArrayShape| array.queued_columns() * u64::from(array.n_groups(active_word_lines));
        u64::from(self.n_slices) * self.arrays.iter().map(of_slice).sum::<u64>()
    }
}

impl ArrayShape {
    /// Reads of one slice: groups of word lines that are driven together.
    pub(super) fn n_groups(&self, active_word_lines: u32) -> u32 {
        self.rows.div_ceil(active_word_lines)
    }

    /// Word lines in a group.
    pub(super) fn driven(&self, group: u32, active_word_lines: u32) -> u32 {
        active_word_lines.min(self.rows - group * active_word_lines)
    }

    /// Columns that queue for the shared ADCs after each read.
    pub(super) fn queued_columns(&self) -> u64 {
        let bias_columns = match self.input_sum {
            InputSum::Columns { n, converter: BiasConverter::Shared } => n,
            InputSum::Columns { converter: BiasConverter::Own, .. } | InputSum::Counted | InputSum::Unneeded => 0,
        };
        u64::from(self.data_columns) + u64::from(bias_columns)
    }

    /// Counts a read that drives some word lines, with what follows it without queueing.
    pub(super) fn count_read(&self, driven: u32, counts: &mut Counts) {
        let driven = u64::from(driven);
        counts.add(Action::CrossbarRead, 1);
        counts.add(Action::DacDrive, driven);
        counts.add(Action::SampleHold, u64::from(self.data_columns));
        match self.input_sum {
            InputSum::Counted => counts.add(Action::BiasCount, driven),
            InputSum::Columns { n, converter } => {
                counts.add(Action::SampleHold, u64::from(n));
                if converter == BiasConverter::Own {
                    counts.add(Action::BiasConversion, u64::from(n));
                    counts.add(Action::ShiftAdd, u64::from(n));
                }
            }
            InputSum::Unneeded => {}
        }
    }

    /// Counts conversions by the shared ADCs, each with its addition.
    pub(super) fn count_conversions(&self, columns: u64, counts: &mut Counts) {
        counts.add(Action::AdcConversion, columns);
        counts.add(Action::ShiftAdd, columns);
    }
}
