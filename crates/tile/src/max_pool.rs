//! A tile's max-pool units: when they compare.
//!
//! ```text
//!  codes ─► max ─► eDRAM
//!            ▲       │
//!            └───────┘  the running maximum of a window
//! ```

use rebias_engine::{Busy, Resource, Span, Tick, ticks_to_handle};
use rebias_units::Cycles;

/// The max-pool units of a tile, which work together on a block of values: each takes one a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxPoolUnit {
    n_units: u32,
    units: Resource,
}

impl MaxPoolUnit {
    /// So many idle units.
    pub fn new(n_units: u32) -> Self {
        Self { n_units, units: Resource::new(1) }
    }

    /// Compares values with running maxima, when all that came before has been compared.
    pub fn pool(&mut self, arrival: Tick, values: u64) -> Span {
        self.units.serve(arrival, ticks_to_handle(values, self.n_units))
    }

    /// Compares values with running maxima at once.
    ///
    /// # Errors
    /// [`Busy`] with the number of values while others are being worked on.
    pub fn try_pool(&mut self, now: Tick, values: u64) -> Result<Span, Busy<u64>> {
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
    fn codes_one_tick_early_are_refused_and_on_time_accepted() {
        let mut units = MaxPoolUnit::new(2);
        assert_eq!(units.try_pool(Tick(0), 5), Ok(Span { start: Tick(0), end: Tick(3) }));
        let before = units.clone();
        assert_eq!(units.try_pool(Tick(2), 4), Err(Busy(4)));
        assert_eq!(units, before);
        assert_eq!(units.try_pool(Tick(3), 4), Ok(Span { start: Tick(3), end: Tick(5) }));
        assert_eq!(units.pool(Tick(4), 1), Span { start: Tick(5), end: Tick(6) });
    }
}
