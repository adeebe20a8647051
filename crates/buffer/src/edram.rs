//! A tile's eDRAM buffer: what it is, when it is accessed, and what it holds.

use rebias_engine::{Busy, Claim, RegionId, Resource, Space, Span, Tick, ticks_to_move};
use rebias_units::{Bytes, Cycles};

/// What a tile's eDRAM buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdramSpec {
    /// What it holds.
    pub capacity: Bytes,
    /// Banks, each with one port; an access takes the bank that is free first.
    pub banks: u32,
    /// Bits that a bank moves in one tick of the tile's clock.
    pub port_bits: u32,
}

/// An eDRAM buffer: banks that serve one access at a time, and room shared by the maps that it holds.
///
/// ```text
///  access ─► bank 0 ─┐   each moves port_bits a tick
///  access ─► bank 1 ─┴─ capacity: a region for each map, part of it reserved, the rest shared
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdramUnit<W> {
    spec: EdramSpec,
    banks: Resource,
    space: Space<W>,
}

impl<W> EdramUnit<W> {
    /// An empty buffer with a region for each reserved size; `None` if these exceed the capacity.
    pub fn new(spec: EdramSpec, reserved: impl IntoIterator<Item = Bytes>) -> Option<Self> {
        let space = Space::new(spec.capacity.0, reserved.into_iter().map(|bytes| bytes.0))?;
        Some(Self { spec, banks: Resource::new(spec.banks), space })
    }

    /// Reads or writes some bytes, through the bank that is free first.
    pub fn access(&mut self, arrival: Tick, bytes: Bytes) -> Span {
        self.banks.serve(arrival, ticks_to_move(bytes, self.spec.port_bits))
    }

    /// Reads or writes some bytes at once.
    ///
    /// # Errors
    /// [`Busy`] with the bytes if no bank is free.
    pub fn try_access(&mut self, now: Tick, bytes: Bytes) -> Result<Span, Busy<Bytes>> {
        self.banks.try_serve(now, ticks_to_move(bytes, self.spec.port_bits)).map_err(|_| Busy(bytes))
    }

    /// Claims the addresses of a region below `end`; see [`Space::claim`].
    pub fn claim(&mut self, region: RegionId, end: Bytes, claimant: W) -> Claim<W> {
        self.space.claim(region, end.0, claimant)
    }

    /// Gives back the addresses of a region below `base`; see [`Space::release`].
    pub fn release(&mut self, region: RegionId, base: Bytes, granted: &mut Vec<W>) {
        self.space.release(region, base.0, granted);
    }

    /// What it can hold.
    pub fn capacity(&self) -> Bytes {
        self.spec.capacity
    }

    /// What a region holds.
    pub fn held(&self, region: RegionId) -> Bytes {
        Bytes(self.space.held(region))
    }

    /// Whether someone waits for room in any region.
    #[inline]
    pub fn is_awaited(&self) -> bool {
        self.space.is_awaited()
    }

    /// Who waits for room in a region.
    pub fn waiting(&self, region: RegionId) -> impl Iterator<Item = &W> {
        self.space.waiting(region)
    }

    /// Ticks of access before a tick, of all banks together.
    pub fn busy_before(&self, tick: Tick) -> Cycles {
        self.banks.busy_before(tick)
    }

    /// The number of banks.
    pub fn n_banks(&self) -> u32 {
        self.banks.servers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_banks_take_two_accesses_at_once_and_the_third_waits() {
        let spec = EdramSpec { capacity: Bytes(64), banks: 2, port_bits: 256 };
        let mut edram = EdramUnit::<()>::new(spec, [Bytes(0)]).expect("nothing is reserved");
        // 65 bytes are 520 bits: two full ticks and one of 8 bits.
        assert_eq!(edram.access(Tick(0), Bytes(65)), Span { start: Tick(0), end: Tick(3) });
        assert_eq!(edram.access(Tick(0), Bytes(32)), Span { start: Tick(0), end: Tick(1) });
        assert_eq!(edram.access(Tick(0), Bytes(32)), Span { start: Tick(1), end: Tick(2) });
        assert_eq!(edram.busy_before(Tick(3)), Cycles(5));
    }

    #[test]
    fn an_access_one_tick_before_a_bank_is_free_is_refused_and_on_time_accepted() {
        let spec = EdramSpec { capacity: Bytes(64), banks: 1, port_bits: 256 };
        let mut edram = EdramUnit::<()>::new(spec, []).expect("nothing is reserved");
        assert_eq!(edram.try_access(Tick(0), Bytes(64)), Ok(Span { start: Tick(0), end: Tick(2) }));
        let before = edram.clone();
        assert_eq!(edram.try_access(Tick(1), Bytes(8)), Err(Busy(Bytes(8))));
        assert_eq!(edram, before);
        assert_eq!(edram.try_access(Tick(2), Bytes(8)), Ok(Span { start: Tick(2), end: Tick(3) }));
    }

    #[test]
    fn a_byte_without_room_waits_and_nothing_is_taken_until_one_is_given_back() {
        let spec = EdramSpec { capacity: Bytes(64), banks: 1, port_bits: 256 };
        let (mut edram, map) = (EdramUnit::new(spec, [Bytes(0)]).expect("nothing is reserved"), RegionId(0));
        assert_eq!(edram.claim(map, Bytes(64), 'a'), Claim::Granted('a'));
        assert_eq!(edram.claim(map, Bytes(65), 'b'), Claim::Waits);
        assert_eq!((edram.held(map), edram.waiting(map).collect::<Vec<_>>()), (Bytes(64), vec![&'b']));
        let mut granted = Vec::new();
        edram.release(map, Bytes(1), &mut granted);
        assert_eq!((granted, edram.held(map), edram.is_awaited()), (vec!['b'], Bytes(64), false));
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        let spec = EdramSpec { capacity: Bytes(64), banks: 1, port_bits: 8 };
        assert!(EdramUnit::<()>::new(spec, [Bytes(40), Bytes(24)]).is_some());
        assert!(EdramUnit::<()>::new(spec, [Bytes(40), Bytes(25)]).is_none());
    }
}
