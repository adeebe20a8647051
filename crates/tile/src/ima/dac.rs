//! The DACs of an array: when they drive which slice of their inputs.
//!
//! ```text
//!  IR ─► latches ─► DACs ─► word lines, one group of them in a cycle
//! ```

use rebias_engine::Busy;

/// The DACs before an array's word lines. For each position they drive every input slice, and if not all word lines may
/// be driven at once, every group of them for each slice. A slice is latched when it is driven, so that the input
/// register is free from the last on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DacUnit {
    n_groups: u32,
    /// Drives for a position.
    n_drives: u32,
    /// Drives of these that have begun.
    begun: u32,
}

impl DacUnit {
    /// Idle DACs for some slices and groups of word lines.
    pub(super) fn new(n_slices: u32, n_groups: u32) -> Self {
        let n_drives = n_slices * n_groups;
        Self { n_groups, n_drives, begun: n_drives }
    }

    /// Takes the inputs of a position.
    ///
    /// # Errors
    /// [`Busy`] with the drives that those of the position before still need.
    pub(super) fn accept(&mut self) -> Result<(), Busy<u32>> {
        if !self.is_done() {
            return Err(Busy(self.n_drives - self.begun));
        }
        self.begun = 0;
        Ok(())
    }

    /// Drives the next slice; returns the group of word lines, if there was anything to drive.
    pub(super) fn drive(&mut self) -> Option<u32> {
        let group = self.begun % self.n_groups;
        let drives = !self.is_done();
        self.begun += u32::from(drives);
        drives.then_some(group)
    }

    /// Whether a position has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun > 0
    }

    /// Whether nothing is left to drive.
    pub(super) fn is_done(&self) -> bool {
        self.begun == self.n_drives
    }

    /// Drives for a position.
    pub(super) fn n_drives(&self) -> u32 {
        self.n_drives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_before_the_last_slice_is_driven_are_refused_and_after_it_accepted() {
        let mut dacs = DacUnit::new(2, 2);
        assert_eq!(dacs.drive(), None);
        assert_eq!(dacs.accept(), Ok(()));
        assert_eq!([dacs.drive(), dacs.drive(), dacs.drive()], [Some(0), Some(1), Some(0)]);
        let before = dacs.clone();
        assert_eq!(dacs.accept(), Err(Busy(1)));
        assert_eq!(dacs, before);
        assert_eq!((dacs.drive(), dacs.drive()), (Some(1), None));
        assert_eq!(dacs.accept(), Ok(()));
    }
}
