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
/// come to the wheel as soon as it reaches them. So an event costs the same however many there are.
///
/// ```text
///       now
///  slots ┬─▼─┬───┬───┬─ … ─┐     beyond   8200: e, f   9000: g
///        │ a │   │ b │     │
///        │   │   │ c │     │
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// First and last node of each slot's list; meaningful where the slot is occupied.
    slots: Box<[(u32, u32); SLOTS]>,
    /// One bit for each slot that has events, and one for each word of these that is not 0.
    occupied: [u64; WORDS],
    occupied_words: u128,
    nodes: Vec<Node<E>>,
    /// Nodes without an event: the one that became free last leads to the one before it, and so on.
    last_free: u32,
    n_free: u32,
    /// Events of ticks that the wheel does not reach yet, in the order of their pushes.
    beyond: BTreeMap<u64, Vec<E>>,
    /// The first tick beyond the wheel that has events.
    first_beyond: Option<u64>,
    pushed: u64,
    now: Tick,
}

/// An event in a slot's list; the last one's `next` means nothing.
#[derive(Clone, Copy, Debug)]
struct Node<E> {
    event: E,
    next: u32,
}

impl<E: Copy> EventQueue<E> {
    /// Nothing to happen, at the start of time.
    pub fn new() -> Self {
        Self {
            slots: Box::new([(0, 0); SLOTS]),
            occupied: [0; WORDS],
            occupied_words: 0,
            nodes: Vec::new(),
            last_free: 0,
            n_free: 0,
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
    pub fn push(&mut self, at: Tick, event: E) {
        self.pushed += 1;
        if at.0.wrapping_sub(self.now.0) < SLOTS as u64 {
            self.append(at, event);
        } else {
            self.push_beyond(at, event);
        }
    }

    #[cold]
    fn push_beyond(&mut self, at: Tick, event: E) {
        assert!(at >= self.now, "an event at tick {} is pushed at tick {}", at.0, self.now.0);
        self.beyond.entry(at.0).or_default().push(event);
        self.first_beyond = Some(self.first_beyond.map_or(at.0, |first| first.min(at.0)));
    }

    /// The next event, and its tick becomes now.
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        // Most events happen in the tick of the one before.
        let here = self.now.0 as usize % SLOTS;
        let has_more = self.occupied[here / WORD] >> (here % WORD) & 1 == 1;
        let slot = if has_more { here } else { self.advance()? };
        let (first, last) = self.slots[slot];
        let Node { event, next } = self.nodes[first as usize];
        self.nodes[first as usize].next = self.last_free;
        self.last_free = first;
        self.n_free += 1;
        if first == last {
            let word = slot / WORD;
            self.occupied[word] &= !(1 << (slot % WORD));
            if self.occupied[word] == 0 {
                self.occupied_words &= !(1 << word);
            }
        } else {
            self.slots[slot].0 = next;
        }
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

    /// Goes to the next tick with events; returns its slot.
    #[inline(never)]
    fn advance(&mut self) -> Option<usize> {
        let slot = match self.next_slot() {
            Some(slot) => slot,
            None => self.jump()?,
        };
        let ahead = slot.wrapping_sub(self.now.0 as usize) % SLOTS;
        if ahead > 0 {
            self.now.0 += ahead as u64;
            self.reach();
        }
        Some(slot % SLOTS)
    }

    /// The first occupied slot from now on, around the wheel.
    fn next_slot(&self) -> Option<usize> {
        let here = self.now.0 as usize % SLOTS;
        let (word, bit) = (here / WORD, here % WORD);
        let in_word = |word: usize, bits: u64| word * WORD + bits.trailing_zeros() as usize;
        let ahead = self.occupied[word] >> bit << bit;
        if ahead != 0 {
            return Some(in_word(word, ahead));
        }
        if self.occupied_words == 0 {
            return None;
        }
        // Words behind this one, then those before it, then the slots of this one that stand before now.
        let behind = self.occupied_words.checked_shr(word as u32 + 1).unwrap_or(0);
        let next = if behind == 0 {
            self.occupied_words.trailing_zeros() as usize
        } else {
            word + 1 + behind.trailing_zeros() as usize
        };
        Some(in_word(next, self.occupied[next]))
    }

    /// Goes to the first tick beyond an empty wheel.
    #[cold]
    fn jump(&mut self) -> Option<usize> {
        let (&at, _) = self.beyond.first_key_value()?;
        self.now = Tick(at);
        self.reach();
        Some(at as usize % SLOTS)
    }

    /// Brings to the wheel what it reaches now.
    #[inline]
    fn reach(&mut self) {
        while self.first_beyond.is_some_and(|at| at - self.now.0 < SLOTS as u64) {
            let Some((at, events)) = self.beyond.pop_first() else { return };
            for event in events {
                self.append(Tick(at), event);
            }
            self.first_beyond = self.beyond.first_key_value().map(|(&at, _)| at);
        }
    }

    /// Puts an event at the end of its slot's list.
    #[inline]
    fn append(&mut self, at: Tick, event: E) {
        let node = self.store(event);
        let slot = at.0 as usize % SLOTS;
        let (word, bit) = (slot / WORD, 1 << (slot % WORD));
        if self.occupied[word] & bit == 0 {
            self.occupied[word] |= bit;
            self.occupied_words |= 1 << word;
            self.slots[slot] = (node, node);
        } else {
            let last = self.slots[slot].1;
            self.nodes[last as usize].next = node;
            self.slots[slot].1 = node;
        }
    }

    #[inline]
    fn store(&mut self, event: E) -> u32 {
        if self.n_free == 0 {
            return self.store_behind(event);
        }
        let place = self.last_free;
        let node = &mut self.nodes[place as usize];
        node.event = event;
        self.last_free = node.next;
        self.n_free -= 1;
        place
    }

    #[cold]
    fn store_behind(&mut self, event: E) -> u32 {
        self.nodes.push(Node { event, next: 0 });
        (self.nodes.len() - 1) as u32
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
