//! What happens when.

use std::collections::BTreeMap;

use crate::Tick;

/// Ticks that the wheel looks ahead.
const SLOTS: usize = 1 << 13;
/// Slots in a word of the occupancy map.
const WORD: usize = u64::BITS as usize;
const WORDS: usize = SLOTS / WORD;
/// No node: the first one is never used.
const NONE: u32 = 0;

/// Events in order of time; events of one time in the order in which they were pushed.
///
/// A timing wheel: a chain of events for each of the next ticks, and a sorted store for those beyond, from which they
/// come to the wheel as soon as it reaches them. So an event costs the same however many there are. Of the nodes that are
/// free, the one that became so last is used first, so that they stay in a processor's cache.
///
/// ```text
///  present    slots ┬────┬────┬─ … ─┐     beyond   8200: e, f   9000: g
///    a, b           │ c  │ d  │     │
///                   │    │    │     │
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    nodes: Vec<Node<E>>,
    /// The node of the event popped last, which stays in the chain of its slot until the next one is popped: so an
    /// event that is pushed for the present tick finds the end of a chain like any other.
    popped: u32,
    /// The first of the nodes that no chain has.
    free: u32,
    slots: Box<[Slot; SLOTS]>,
    /// One bit for each slot that has a chain, and one for each word of these that is not 0.
    occupied: [u64; WORDS],
    occupied_words: u128,
    /// Events of ticks that the wheel does not reach yet.
    beyond: BTreeMap<u64, Vec<E>>,
    /// The first tick beyond the wheel that has events.
    first_beyond: Option<u64>,
    pushed: u64,
    now: Tick,
}

/// An event in a chain.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    /// None in a node that is free.
    event: Option<E>,
    next: u32,
}

/// The chain of a tick.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Means nothing if there is no last one.
    first: u32,
    last: u32,
}

impl<E: Copy> EventQueue<E> {
    /// Nothing to happen, at the start of time.
    pub fn new() -> Self {
        Self {
            nodes: vec![Node { event: None, next: NONE }],
            popped: NONE,
            free: NONE,
            slots: Box::new([Slot { first: NONE, last: NONE }; SLOTS]),
            occupied: [0; WORDS],
            occupied_words: 0,
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
    // Inlined, and nothing else is given the event, so that it is written straight into its node: on the way through
    // memory, its parts are stored one by one and loaded as a whole, for which a processor waits.
    #[inline(always)]
    pub fn push(&mut self, at: Tick, event: E) {
        self.pushed += 1;
        if at.0.wrapping_sub(self.now.0) < SLOTS as u64 {
            self.put(at, event);
        } else {
            self.list_beyond(at).push(event);
        }
    }

    /// Puts an event at the end of the chain of a tick that the wheel reaches.
    #[inline(always)]
    fn put(&mut self, at: Tick, event: E) {
        if self.free == NONE {
            self.grow();
        }
        let new = self.free;
        let node = &mut self.nodes[new as usize];
        self.free = node.next;
        *node = Node { event: Some(event), next: NONE };
        let slot = at.0 as usize % SLOTS;
        let last = std::mem::replace(&mut self.slots[slot].last, new);
        if last == NONE {
            self.begin(slot, new);
        } else {
            self.nodes[last as usize].next = new;
        }
    }

    #[cold]
    #[inline(never)]
    fn list_beyond(&mut self, at: Tick) -> &mut Vec<E> {
        assert!(at >= self.now, "an event at tick {} is pushed at tick {}", at.0, self.now.0);
        self.first_beyond = Some(self.first_beyond.map_or(at.0, |first| first.min(at.0)));
        self.beyond.entry(at.0).or_default()
    }

    /// The next event, and its tick becomes now.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<E> {
        let mut next = self.nodes[self.popped as usize].next;
        if next == NONE {
            next = self.advance()?;
        } else {
            self.release();
        }
        self.popped = next;
        self.nodes[next as usize].event
    }

    /// The tick of the event popped last.
    #[inline]
    pub fn now(&self) -> Tick {
        self.now
    }

    /// Events pushed so far.
    pub fn n_pushed(&self) -> u64 {
        self.pushed
    }

    /// Lets the node popped last be used again.
    #[inline]
    fn release(&mut self) {
        self.nodes[self.popped as usize].next = self.free;
        self.free = self.popped;
    }

    /// The first node of the next tick that has events, which becomes now, if there is one.
    #[inline(never)]
    fn advance(&mut self) -> Option<u32> {
        if self.popped != NONE {
            self.release();
            self.popped = NONE;
            self.vacate(self.now.0 as usize % SLOTS);
        }
        if self.occupied_words == 0 {
            let (&at, _) = self.beyond.first_key_value()?;
            self.now = Tick(at);
            self.reach();
        }
        let slot = self.next_slot();
        let ahead = slot.wrapping_sub(self.now.0 as usize) % SLOTS;
        if ahead > 0 {
            self.now.0 += ahead as u64;
            self.reach();
        }
        Some(self.slots[slot].first)
    }

    /// The first occupied slot from now on, around the wheel, of which one is.
    #[inline]
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
            self.first_beyond = self.beyond.first_key_value().map(|(&at, _)| at);
            events.into_iter().for_each(|event| self.put(Tick(at), event));
        }
    }

    /// Makes a free node.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.free = self.nodes.len() as u32;
        self.nodes.push(Node { event: None, next: NONE });
    }

    /// Gives a slot a chain.
    #[inline(never)]
    fn begin(&mut self, slot: usize, first: u32) {
        self.slots[slot].first = first;
        self.occupied[slot / WORD] |= 1 << (slot % WORD);
        self.occupied_words |= 1 << (slot / WORD);
    }

    /// Leaves a slot without a chain.
    #[inline]
    fn vacate(&mut self, slot: usize) {
        self.slots[slot].last = NONE;
        self.occupied[slot / WORD] &= !(1 << (slot % WORD));
        if self.occupied[slot / WORD] == 0 {
            self.occupied_words &= !(1 << (slot / WORD));
        }
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
