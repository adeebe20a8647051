//! A store shared by regions.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A store of finite capacity, shared by circular regions.
///
/// A region is a window that moves over an endless line of addresses: claims move its top up, releases its base. Each
/// region has a part of the capacity for itself, and what is left is shared in order of arrival, so that a region can
/// always hold what is reserved for it, whatever the others do.
///
/// ```text
///   …────┬───────────────┬──────┬───…
///      base   held      top    end      claim(end): top moves to end, or the claim waits
///        └── release moves base up
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space<W> {
    capacity: u64,
    shared_free: u64,
    regions: Vec<Region<W>>,
    n_arrivals: u64,
    n_waiting: usize,
}

/// A region of a [`Space`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegionId(pub usize);

/// The answer to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim<W> {
    /// Granted at once; here is the claimant back.
    Granted(W),
    /// The claimant waits, and comes out of a later [`Space::release`].
    Waits,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Region<W> {
    reserved: u64,
    base: u64,
    top: u64,
    /// By claimed end, then arrival: the lowest address is wanted first.
    waiting: BTreeMap<(u64, u64), W>,
    /// The arrival of the claim that has waited longest, if any waits.
    first_arrival: u64,
}

impl<W> Region<W> {
    /// What the region holds of the shared part if its top moves to `end`.
    fn excess(&self, end: u64) -> u64 {
        (self.top.max(end) - self.base).saturating_sub(self.reserved)
    }

    /// Arrival of the claim that has waited longest, and the lowest end that is waited for.
    fn first_waiting(&self) -> Option<(u64, u64)> {
        let (&(end, _), _) = self.waiting.first_key_value()?;
        Some((self.first_arrival, end))
    }

    /// A claim of an end waits, behind all others in order of arrival.
    fn wait(&mut self, end: u64, arrival: u64, claimant: W) {
        if self.waiting.is_empty() {
            self.first_arrival = arrival;
        }
        self.waiting.insert((end, arrival), claimant);
    }

    /// Takes out the claim of the lowest end.
    fn serve(&mut self) -> Option<(u64, W)> {
        let ((end, arrival), claimant) = self.waiting.pop_first()?;
        if arrival == self.first_arrival {
            self.first_arrival = self.waiting.keys().map(|&(_, arrival)| arrival).min().unwrap_or(arrival);
        }
        Some((end, claimant))
    }
}

impl<W> Space<W> {
    /// A store of `capacity` with one empty region for each reserved amount; `None` if these do not fit together.
    pub fn new(capacity: u64, reserved: impl IntoIterator<Item = u64>) -> Option<Self> {
        let regions: Vec<_> = reserved
            .into_iter()
            .map(|reserved| Region { reserved, base: 0, top: 0, waiting: BTreeMap::new(), first_arrival: 0 })
            .collect();
        let reserved = regions.iter().try_fold(0u64, |sum, region| sum.checked_add(region.reserved))?;
        let shared_free = capacity.checked_sub(reserved)?;
        Some(Self { capacity, shared_free, regions, n_arrivals: 0, n_waiting: 0 })
    }

    /// Claims all addresses of a region below `end`.
    ///
    /// The region's own part is always granted; what goes beyond it only while nobody waits.
    pub fn claim(&mut self, region: RegionId, end: u64, claimant: W) -> Claim<W> {
        let place = &self.regions[region.0];
        let extra = place.excess(end) - place.excess(0);
        if extra == 0 || (self.n_waiting == 0 && extra <= self.shared_free) {
            self.take(region, end);
            return Claim::Granted(claimant);
        }
        self.regions[region.0].wait(end, self.n_arrivals, claimant);
        self.n_arrivals += 1;
        self.n_waiting += 1;
        Claim::Waits
    }

    /// Whether a claim of any region waits.
    #[inline]
    pub fn is_awaited(&self) -> bool {
        self.n_waiting > 0
    }

    /// Gives back all addresses of a region below `base`, and appends to `granted` who has waited and is served now.
    pub fn release(&mut self, region: RegionId, base: u64, granted: &mut Vec<W>) {
        let place = &mut self.regions[region.0];
        let before = place.excess(0);
        place.base = place.base.max(base);
        place.top = place.top.max(place.base);
        self.shared_free += before - place.excess(0);
        while self.n_waiting > 0 {
            let Some(next) = self.next_grant() else { return };
            let Some((end, claimant)) = self.regions[next.0].serve() else { return };
            self.n_waiting -= 1;
            self.take(next, end);
            granted.push(claimant);
        }
    }

    /// What all regions together can hold.
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// What a region holds.
    pub fn held(&self, region: RegionId) -> u64 {
        let place = &self.regions[region.0];
        place.top - place.base
    }

    /// Who waits for room in a region, the lowest address first.
    pub fn waiting(&self, region: RegionId) -> impl Iterator<Item = &W> {
        self.regions[region.0].waiting.values()
    }

    fn take(&mut self, region: RegionId, end: u64) {
        let place = &mut self.regions[region.0];
        let before = place.excess(0);
        place.top = place.top.max(end);
        self.shared_free -= place.excess(0) - before;
    }

    /// The region whose lowest claim can be granted: one that stays within its own part, or else the one that has
    /// waited longest, if the shared part has room for it.
    fn next_grant(&self) -> Option<RegionId> {
        let mut longest = None;
        for (place, region) in self.regions.iter().enumerate() {
            let Some((arrival, end)) = region.first_waiting() else {
                continue;
            };
            let extra = region.excess(end) - region.excess(0);
            if extra == 0 {
                return Some(RegionId(place));
            }
            longest = longest.max(Some((Reverse(arrival), place, extra)));
        }
        let (_, place, extra) = longest?;
        (extra <= self.shared_free).then_some(RegionId(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: RegionId = RegionId(0);
    const B: RegionId = RegionId(1);

    fn release(space: &mut Space<char>, region: RegionId, base: u64) -> String {
        let mut granted = Vec::new();
        space.release(region, base, &mut granted);
        granted.into_iter().collect()
    }

    #[test]
    fn reserved_parts_that_do_not_fit_are_refused() {
        assert!(Space::<char>::new(10, [6, 5]).is_none());
        assert!(Space::<char>::new(11, [6, 5]).is_some());
    }

    #[test]
    fn the_last_byte_is_granted_and_the_next_waits_for_one_to_be_given_back() {
        let mut space = Space::new(4, [0]).expect("nothing is reserved");
        assert_eq!(space.claim(A, 4, 'a'), Claim::Granted('a'));
        assert_eq!(space.claim(A, 5, 'b'), Claim::Waits);
        assert_eq!(space.held(A), 4);
        assert_eq!(release(&mut space, A, 1), "b");
        assert_eq!(space.held(A), 4);
    }

    #[test]
    fn the_shared_part_is_served_in_order_of_arrival_and_a_reserved_part_at_once() {
        // 10 = 2 for A + 2 for B + 6 shared.
        let mut space = Space::new(10, [2, 2]).expect("fits");
        assert_eq!(space.claim(A, 8, 'a'), Claim::Granted('a'));
        assert_eq!(space.claim(B, 5, 'b'), Claim::Waits, "3 of the shared part, which is full");
        assert_eq!(space.claim(A, 9, 'c'), Claim::Waits);
        assert_eq!(space.claim(B, 2, 'd'), Claim::Granted('d'), "within B's own part");
        // Two free bytes are not enough for b, who came first; c could have one but came later.
        assert_eq!(release(&mut space, A, 2), "");
        assert_eq!(release(&mut space, A, 3), "b");
        assert_eq!(release(&mut space, A, 4), "c");
    }

    #[test]
    fn of_one_region_the_lowest_address_is_served_first() {
        let mut space = Space::new(4, [4]).expect("fits");
        assert_eq!(space.claim(A, 4, 'a'), Claim::Granted('a'));
        assert_eq!(space.claim(A, 7, 'b'), Claim::Waits);
        assert_eq!(space.claim(A, 6, 'c'), Claim::Waits);
        assert_eq!(space.waiting(A).collect::<String>(), "cb");
        assert_eq!(release(&mut space, A, 2), "c");
        assert_eq!(release(&mut space, A, 3), "b");
    }

    proptest! {
        #[test]
        fn prop_never_more_is_held_than_fits_and_own_parts_never_wait(
            capacity in 8u64..40,
            steps in prop::collection::vec((0usize..3, 1u64..9, prop::bool::ANY), 1..120),
        ) {
            let reserved = [3, 2, 1];
            let mut space = Space::new(capacity, reserved).expect("6 of at least 8");
            let mut bases = [0u64; 3];
            for (place, amount, claims) in steps {
                let region = RegionId(place);
                if claims {
                    let end = bases[place] + amount;
                    let claim = space.claim(region, end, ());
                    prop_assert!(amount > reserved[place] || claim == Claim::Granted(()));
                } else {
                    bases[place] += amount.min(space.held(region));
                    space.release(region, bases[place], &mut Vec::new());
                }
                let held: u64 = (0..3).map(|place| space.held(RegionId(place))).sum();
                prop_assert!(held <= capacity);
            }
        }
    }
}
