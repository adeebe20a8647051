//! A tile's shift-and-add units: when they merge sums.
//!
//! ```text
//!  bus or network ─► S+A ─► tile's OR
//!                     ▲        │
//!                     └────────┘  what has come of an output so far
//! ```
//!
//! Partial sums of IMAs and of other tiles are merged here, and so are all additions of whole values: the residual
//! additions of a network add the codes that the shortcut brings to the outputs, and sum (average) pools add the codes of
//! a window; no other adder is needed for them.

use rebias_engine::{Busy, Resource, Span, Tick, ticks_to_handle};
use rebias_units::Cycles;

/// The shift-and-add units of a tile, which work together on a block of values: each takes one a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct ShiftAddUnit {
    n_units: u32,
    units: Resource,
}

impl ShiftAddUnit {
    /// So many idle units.
    pub fn new(n_units: u32) -> Self {
        Self { n_units, units: Resource::new(1) }
    }

    /// Adds values to what the output register holds, when all that came before has been added.
    pub fn merge(&mut self, arrival: Tick, values: u64) -> Span {
        self.units.serve(arrival, ticks_to_handle(values, self.n_units))
    }

    /// Adds values to what the output register holds, at once.
    ///
    /// # Errors
    /// [`Busy`] with the number of values while others are being worked on.
    pub fn try_merge(&mut self, now: Tick, values: u64) -> Result<Span, Busy<u64>> {
        self.units.try_serve(now, ticks_to_handle(values, self.n_units)).map_err(|_| Busy(values))
    }

    /// Ticks that they have worked before a tick.
    pub fn busy_before(&self, tick: Tick) -> Cycles {
        self.units.busy_before(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_one_tick_early_are_refused_and_on_time_accepted() {
        let mut units = ShiftAddUnit::new(2);
        assert_eq!(units.try_merge(Tick(0), 5), Ok(Span { start: Tick(0), end: Tick(3) }));
        let before = units.clone();
        assert_eq!(units.try_merge(Tick(2), 4), Err(Busy(4)));
        assert_eq!(units, before);
        assert_eq!(units.try_merge(Tick(3), 4), Ok(Span { start: Tick(3), end: Tick(5) }));
        assert_eq!(units.merge(Tick(4), 1), Span { start: Tick(5), end: Tick(6) });
    }
}
