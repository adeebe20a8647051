//! Cells that cannot be programmed.

/// Cells stuck at one of the device's ends, whatever is written to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultSpec {
    /// Share stuck in the low-resistance state, at the highest level's conductance; 0 … 1.
    pub stuck_lrs: f64,
    /// Share stuck in the high-resistance state, at the device's lowest conductance; 0 … 1 − `stuck_lrs`.
    pub stuck_hrs: f64,
}

/// What became of one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    StuckLrs,
    StuckHrs,
}

impl FaultSpec {
    /// The fault of a cell whose draw, uniform in 0 … 1, is this.
    pub(crate) fn of(&self, draw: f64) -> Option<Fault> {
        if draw < self.stuck_lrs {
            Some(Fault::StuckLrs)
        } else if draw < self.stuck_lrs + self.stuck_hrs {
            Some(Fault::StuckHrs)
        } else {
            None
        }
    }
}
