//! An IMA's shift-and-add units: how much they take in a cycle.
//!
//! ```text
//!  ADCs ─► << slice ─► + ─► OR
//!                      ▲    │
//!                      └────┘  what has come of a sum so far
//! ```

use rebias_engine::Busy;

/// The shift-and-add units behind the ADCs of an IMA. They take the conversions of a cycle in the next, so many at most.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ShiftAddsUnit {
    per_cycle: u64,
    cycle: u64,
    /// Values taken in that cycle.
    taken: u64,
}

impl ShiftAddsUnit {
    /// Idle units that together take so many values in a cycle.
    pub(super) fn new(per_cycle: u64) -> Self {
        Self { per_cycle, cycle: 0, taken: 0 }
    }

    /// Values that can still be taken in a cycle, which is not before that of the last call.
    pub(super) fn room(&self, cycle: u64) -> u64 {
        if cycle == self.cycle { self.per_cycle - self.taken } else { self.per_cycle }
    }

    /// Takes converted columns in a cycle, which is not before that of the last call.
    ///
    /// # Errors
    /// [`Busy`] with their number if they are more than the cycle has room for.
    pub(super) fn accept(&mut self, cycle: u64, columns: u64) -> Result<(), Busy<u64>> {
        let room = self.room(cycle);
        if columns > room {
            return Err(Busy(columns));
        }
        (self.cycle, self.taken) = (cycle, self.per_cycle - room + columns);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_cycle_has_room_for_is_refused_and_taken_in_the_next() {
        let mut adders = ShiftAddsUnit::new(4);
        assert_eq!(adders.accept(7, 3), Ok(()));
        let before = adders.clone();
        assert_eq!(adders.accept(7, 2), Err(Busy(2)));
        assert_eq!(adders, before);
        assert_eq!((adders.room(7), adders.room(8)), (1, 4));
        assert_eq!(adders.accept(8, 2), Ok(()));
    }
}
