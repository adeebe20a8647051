//! What happens when.

use std::collections::BTreeMap;

use crate::Tick;

/// Ticks that the wheel looks ahead.
const SLOTS: usize = 1 << 13;
/// Slots in a word of the occupancy map.
const WORD: usize = u64::BITS as usize;
const WORDS: usize = SLOTS / WORD;

/// Events in order of time; events of one time in the order in which they were pushed.
///
/// A timing wheel: a list of events for each of the next ticks, and a sorted store for those beyond, from which they
/// come to the wheel as soon as it reaches them. So an event costs the same however many there are. Lists are read from
/// front to end and then used for other ticks.
///
/// ```text
///  present    slots ┬───┬───┬─ … ─┐     beyond   8200: e, f   9000: g
///     a             │   │ b │     │
///                   │   │ c │     │
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// The events of now, and how many of them have been popped.
    present: Vec<E>,
    n_popped: usize,
    /// Which list each slot has; meaningful where the slot is occupied. That of now never is.
    slots: Box<[u32; SLOTS]>,
    /// One bit for each slot that has events, and one for each word of these that is not 0.
    occupied: [u64; WORDS],
    occupied_words: u128,
    lists: Vec<Vec<E>>,
    /// Lists that no slot has, all empty.
    spare: Vec<u32>,
    /// Events of ticks that the wheel does not reach yet.
    beyond: BTreeMap<u64, Vec<E>>,
    /// The first tick beyond the wheel that has events.
    first_beyond: Option<u64>,
    pushed: u64,
    now: Tick,
}

impl<E: Copy> EventQueue<E> {
    /// Nothing to happen, at the start of time.
    pub fn new() -> Self {
        Self {
            present: Vec::new(),
            n_popped: 0,
            slots: Box::new([0; SLOTS]),
            occupied: [0; WORDS],
            occupied_words: 0,
            lists: Vec::new(),
            spare: Vec::new(),
            beyond: BTreeMap::new(),
            first_beyond: None,
            pushed: 0,
            now: Tick::ZERO,
        }
    }

    /// Lets an event happen at a tick.
    ///
    /// # Panics
    /// If the tick has passed: nothing acts on the past.
    // Inlined so that an event is written straight into its list: on the way through memory, its parts are stored one
    // by one and loaded as a whole, for which a processor waits.
    #[inline(always)]
    pub fn push(&mut self, at: Tick, event: E) {
        self.pushed += 1;
        let ahead = at.0.wrapping_sub(self.now.0);
        if ahead == 0 {
            self.present.push(event);
        } else if ahead < SLOTS as u64 {
            self.list_of(at).push(event);
        } else {
            self.push_beyond(at, event);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, at: Tick, event: E) {
        assert!(at >= self.now, "an event at tick {} is pushed at tick {}", at.0, self.now.0);
        self.beyond.entry(at.0).or_default().push(event);
        self.first_beyond = Some(self.first_beyond.map_or(at.0, |first| first.min(at.0)));
    }

    /// The next event, and its tick becomes now.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        // Most events happen in the tick of the one before.
        if self.n_popped == self.present.len() {
            self.advance()?;
        }
        let event = self.present[self.n_popped];
        self.n_popped += 1;
        Some(event)
    }

    /// The tick of the event popped last.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// Events pushed so far.
    pub fn n_pushed(&self) -> u64 {
        self.pushed
    }

    /// Goes to the next tick with events, if there is one.
    #[inline(never)]
    fn advance(&mut self) -> Option<()> {
        if self.occupied_words == 0 {
            let (&at, _) = self.beyond.first_key_value()?;
            self.now = Tick(at);
            self.reach();
        }
        let slot = self.next_slot();
        self.now.0 += (slot.wrapping_sub(self.now.0 as usize) % SLOTS) as u64;
        let word = slot / WORD;
        self.occupied[word] &= !(1 << (slot % WORD));
        if self.occupied[word] == 0 {
            self.occupied_words &= !(1 << word);
        }
        self.present.clear();
        self.n_popped = 0;
        let list = self.slots[slot];
        std::mem::swap(&mut self.present, &mut self.lists[list as usize]);
        self.spare.push(list);
        self.reach();
        Some(())
    }

    /// The first occupied slot from now on, around the wheel, of which one is.
    fn next_slot(&self) -> usize {
        let here = self.now.0 as usize % SLOTS;
        let (word, bit) = (here / WORD, here % WORD);
        let in_word = |word: usize, bits: u64| word * WORD + bits.trailing_zeros() as usize;
        let ahead = self.occupied[word] >> bit << bit;
        if ahead != 0 {
            return in_word(word, ahead);
        }
        // Words behind this one, then those before it, then the slots of this one that stand before now.
        let behind = self.occupied_words.checked_shr(word as u32 + 1).unwrap_or(0);
        let next = if behind == 0 {
            self.occupied_words.trailing_zeros() as usize
        } else {
            word + 1 + behind.trailing_zeros() as usize
        };
        in_word(next, self.occupied[next])
    }

    /// Brings to the wheel what it reaches now. No event of such a tick is there yet.
    #[inline]
    fn reach(&mut self) {
        while self.first_beyond.is_some_and(|at| at - self.now.0 < SLOTS as u64) {
            let Some((at, events)) = self.beyond.pop_first() else { return };
            *self.list_of(Tick(at)) = events;
            self.first_beyond = self.beyond.first_key_value().map(|(&at, _)| at);
        }
    }

    /// The list of a tick that the wheel reaches.
    #[inline]
    fn list_of(&mut self, at: Tick) -> &mut Vec<E> {
        let slot = at.0 as usize % SLOTS;
        let (word, bit) = (slot / WORD, 1 << (slot % WORD));
        if self.occupied[word] & bit == 0 {
            self.occupied[word] |= bit;
            self.occupied_words |= 1 << word;
            self.slots[slot] = match self.spare.pop() {
                Some(list) => list,
                None => self.add_list(),
            };
        }
        &mut self.lists[self.slots[slot] as usize]
    }

    #[cold]
    fn add_list(&mut self) -> u32 {
        self.lists.push(Vec::new());
        (self.lists.len() - 1) as u32
    }
}

impl<E: Copy> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn events_of_one_tick_come_in_the_order_of_their_pushes() {
        let mut queue = EventQueue::new();
        queue.push(Tick(5), 'c');
        queue.push(Tick(3), 'a');
        queue.push(Tick(5), 'd');
        queue.push(Tick(3), 'b');
        let mut order = Vec::new();
        while let Some(event) = queue.pop() {
            order.push((queue.now().0, event));
        }
        assert_eq!(order, [(3, 'a'), (3, 'b'), (5, 'c'), (5, 'd')]);
    }

    #[test]
    fn an_event_that_was_far_away_comes_before_one_pushed_later_for_its_tick() {
        let far = SLOTS as u64 + 7;
        let mut queue = EventQueue::new();
        queue.push(Tick(far), 'b');
        queue.push(Tick(8), 'a');
        assert_eq!(queue.pop(), Some('a'));
        queue.push(Tick(far), 'c');
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some('b'), Some('c'), None));
        assert_eq!(queue.now(), Tick(far));
    }

    proptest! {
        #[test]
        fn prop_the_order_is_that_of_a_sorted_list(
            steps in prop::collection::vec((prop::bool::ANY, 0u64..40, 0u64..3), 0..300),
        ) {
            let mut queue = EventQueue::new();
            let mut list: Vec<(u64, usize)> = Vec::new();
            for (place, (pushes, near, turns)) in steps.into_iter().enumerate() {
                if pushes {
                    // Near ticks, and such around whole turns of the wheel.
                    let tick = queue.now().0 + near + turns * (SLOTS as u64 - 20);
                    queue.push(Tick(tick), (tick, place));
                    list.push((tick, place));
                    list.sort_unstable();
                } else {
                    let expected = (!list.is_empty()).then(|| list.remove(0));
                    prop_assert_eq!(queue.pop(), expected);
                }
            }
        }
    }
}
