//! What leads from chip to chip, and when it is busy.
//!
//! ```text
//!  mesh of a chip ─► │ room ─► links, side by side ─► │ ─► mesh of another chip
//!                    └──────────── held ─────────────►┘
//! ```
//!
//! A message takes room before it leaves its tile and gives it back when it has entered the other chip's mesh, so that
//! a mesh never has to wait for the link that it leads to. It is spread over all links of its chip, so messages arrive
//! in the order in which they came.

use rebias_engine::{Busy, Resource, Span, Tick};
use rebias_units::{Bytes, Cycles, Time};

/// How much of a tick too long a transfer may be by the rounding of its rate.
const TICK_TOLERANCE: f64 = 1e-6;

/// What a chip's link to the other chips is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChipLinkSpec {
    /// Links that work side by side; at least 1.
    pub n_links: u32,
    /// What a link takes for a byte.
    pub byte_time: Time,
    /// From a byte's departure to its arrival.
    pub latency: Time,
    /// What it holds of messages that are on their way to it, over it and out of it. A longer message passes alone.
    pub capacity: Bytes,
    /// The router that leads to it, on every chip.
    pub router: u32,
}

impl ChipLinkSpec {
    /// Ticks from a byte's departure to its arrival.
    pub fn latency_ticks(&self, tick: Time) -> Cycles {
        Cycles(whole_ticks(self.latency / tick))
    }

    /// Ticks in which all links together move some bytes.
    pub fn ticks_to_move(&self, bytes: Bytes, tick: Time) -> Cycles {
        Cycles(whole_ticks(self.byte_time / tick * bytes.0 as f64 / f64::from(self.n_links)))
    }
}

/// Ticks rounded up; quotients of typed decimals are not exact.
fn whole_ticks(ticks: f64) -> u64 {
    (ticks - TICK_TOLERANCE).ceil().max(0.0) as u64
}

/// A chip's link to the other chips.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipLinkUnit {
    spec: ChipLinkSpec,
    tick: Time,
    held: Bytes,
    links: Resource,
}

impl ChipLinkUnit {
    /// An idle link, next to parts whose clock ticks every `tick`.
    pub fn new(spec: ChipLinkSpec, tick: Time) -> Self {
        Self { spec, tick, held: Bytes(0), links: Resource::new(1) }
    }

    /// Takes room for a message.
    ///
    /// # Errors
    /// [`Busy`] if there is too little, unless nothing else holds any.
    pub fn reserve(&mut self, bytes: Bytes) -> Result<(), Busy<Bytes>> {
        if self.held > Bytes(0) && self.held + bytes > self.spec.capacity {
            return Err(Busy(bytes));
        }
        self.held += bytes;
        Ok(())
    }

    /// Gives the room of a message back.
    pub fn release(&mut self, bytes: Bytes) {
        self.held = self.held - bytes;
    }

    /// Moves a message that has room; its last byte arrives [`latency`](Self::latency) after the end.
    pub fn cross(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.links.serve(arrival, self.spec.ticks_to_move(bytes, self.tick))
    }

    /// Ticks from a byte's departure to its arrival.
    pub fn latency(&self) -> Cycles {
        self.spec.latency_ticks(self.tick)
    }

    /// Ticks that it has worked before a tick.
    pub fn busy_before(&self, tick: Tick) -> Cycles {
        self.links.busy_before(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISAAC's: 4 links of 6.4 GB/s, which together move 64 bytes in three ticks of 1.2 GHz.
    fn spec() -> ChipLinkSpec {
        ChipLinkSpec {
            n_links: 4,
            byte_time: Time::from_nanoseconds(1.0 / 6.4),
            latency: Time::from_nanoseconds(50.0),
            capacity: Bytes(100),
            router: 0,
        }
    }

    fn unit() -> ChipLinkUnit {
        ChipLinkUnit::new(spec(), Time::from_nanoseconds(1.0 / 1.2))
    }

    #[test]
    fn links_share_a_messages_bytes() {
        let mut link = unit();
        assert_eq!(link.latency(), Cycles(60));
        assert_eq!(link.cross(Tick(0), Bytes(64)), Span { start: Tick(0), end: Tick(3) });
        assert_eq!(link.cross(Tick(2), Bytes(65)), Span { start: Tick(3), end: Tick(7) });
        assert_eq!(link.busy_before(Tick(5)), Cycles(5));
    }

    #[test]
    fn the_last_byte_of_room_is_given_and_one_more_is_refused() {
        let mut link = unit();
        assert_eq!(link.reserve(Bytes(60)), Ok(()));
        let before = link.clone();
        assert_eq!(link.reserve(Bytes(41)), Err(Busy(Bytes(41))));
        assert_eq!(link, before);
        assert_eq!(link.reserve(Bytes(40)), Ok(()));
    }

    #[test]
    fn a_message_longer_than_the_room_passes_alone() {
        let mut link = unit();
        assert_eq!(link.reserve(Bytes(101)), Ok(()));
        assert_eq!(link.reserve(Bytes(1)), Err(Busy(Bytes(1))));
        link.release(Bytes(101));
        assert_eq!(link.reserve(Bytes(1)), Ok(()));
    }
}
