//! A tile's bus: what it is, and when it moves something.
//!
//! ```text
//!  eDRAM        ─►┐       ┌─► IR of an IMA
//!                 ├─ bus ─┤
//!  OR of an IMA ─►┘       └─► S+A of the tile
//! ```

use rebias_engine::{Busy, Resource, Span, Tick, ticks_to_move};
use rebias_units::{Bytes, Cycles};

/// What the bus inside a tile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusSpec {
    /// Bits moved in one tick of the tile's clock.
    pub wires: u32,
}

/// The bus inside a tile: one transfer at a time, in order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct BusUnit {
    spec: BusSpec,
    wires: Resource,
}

impl BusUnit {
    /// An idle bus.
    pub fn new(spec: BusSpec) -> Self {
        Self { spec, wires: Resource::new(1) }
    }

    /// Moves some bytes when all that came before has been moved.
    #[inline]
    pub fn transfer(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.wires.serve(arrival, ticks_to_move(bytes, self.spec.wires))
    }

    /// Moves some bytes at once.
    ///
    /// # Errors
    /// [`Busy`] with the bytes while others are being moved.
    pub fn try_transfer(&mut self, now: Tick, bytes: Bytes) -> Result<Span, Busy<Bytes>> {
        self.wires.try_serve(now, ticks_to_move(bytes, self.spec.wires)).map_err(|_| Busy(bytes))
    }

    /// Ticks that it has worked before a tick.
    pub fn busy_before(&self, tick: Tick) -> Cycles {
        self.wires.busy_before(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_one_tick_early_is_refused_and_on_time_accepted() {
        let mut bus = BusUnit::new(BusSpec { wires: 384 });
        // 128 bytes are 1024 bits: two full ticks and one of 256 bits.
        assert_eq!(bus.try_transfer(Tick(0), Bytes(128)), Ok(Span { start: Tick(0), end: Tick(3) }));
        let before = bus.clone();
        assert_eq!(bus.try_transfer(Tick(2), Bytes(1)), Err(Busy(Bytes(1))));
        assert_eq!(bus, before);
        assert_eq!(bus.try_transfer(Tick(3), Bytes(1)), Ok(Span { start: Tick(3), end: Tick(4) }));
    }

    #[test]
    fn a_transfer_that_comes_early_waits() {
        let mut bus = BusUnit::new(BusSpec { wires: 384 });
        bus.transfer(Tick(0), Bytes(128));
        assert_eq!(bus.transfer(Tick(1), Bytes(48)), Span { start: Tick(3), end: Tick(4) });
        assert_eq!(bus.busy_before(Tick(2)), Cycles(2));
    }
}
