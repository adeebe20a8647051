//! What happens when.

use std::collections::BTreeMap;

use crate::Tick;

/// Ticks of one turn of the wheel.
const SLOTS: usize = 1 << 13;
/// Slots in a word of the occupancy map.
const WORD: usize = u64::BITS as usize;
const WORDS: usize = SLOTS / WORD;

/// Events in order of time; events of one time in the order in which they were pushed.
///
/// A timing wheel: a list of events for each tick of the present turn, and one for each later turn, which is spread
/// over the slots when its turn comes. So an event costs the same however many there are.
///
/// ```text
///  slots  ┬───┬─▼─┬───┬───┬─ … ─┐     later turns   12: e, f   15: g
///         │   │ a │   │ b │     │
///         │   │   │   │ c │     │
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// First and last node of each slot's list; meaningful where the slot is occupied.
    slots: Vec<(u32, u32)>,
    /// One bit for each slot that has events, and one for each word of these that is not 0.
    occupied: [u64; WORDS],
    occupied_words: u128,
    nodes: Vec<Node<E>>,
    /// Nodes without an event.
    free: Vec<u32>,
    turn: u64,
    /// Events of later turns, in the order of their pushes.
    later: BTreeMap<u64, Vec<(Tick, E)>>,
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
            slots: vec![(0, 0); SLOTS],
            occupied: [0; WORDS],
            occupied_words: 0,
            nodes: Vec::new(),
            free: Vec::new(),
            turn: 0,
            later: BTreeMap::new(),
            pushed: 0,
            now: Tick::ZERO,
        }
    }

    /// Lets an event happen at a tick.
    ///
    /// # Panics
    /// If the tick has passed: nothing acts on the past.
    pub fn push(&mut self, at: Tick, event: E) {
        assert!(at >= self.now, "an event at tick {} is pushed at tick {}", at.0, self.now.0);
        let turn = at.0 / SLOTS as u64;
        if turn == self.turn {
            self.append(at, event);
        } else {
            self.later.entry(turn).or_default().push((at, event));
        }
        self.pushed += 1;
    }

    /// The next event, and its tick becomes now.
    pub fn pop(&mut self) -> Option<E> {
        if self.occupied_words == 0 {
            let (turn, events) = self.later.pop_first()?;
            self.turn = turn;
            for (at, event) in events {
                self.append(at, event);
            }
        }
        let word = self.occupied_words.trailing_zeros() as usize;
        let bit = self.occupied[word].trailing_zeros() as usize;
        let slot = word * WORD + bit;
        self.now = Tick(self.turn * SLOTS as u64 + slot as u64);
        let (first, last) = self.slots[slot];
        let Node { event, next } = self.nodes[first as usize];
        self.free.push(first);
        if first != last {
            self.slots[slot].0 = next;
            return Some(event);
        }
        self.occupied[word] &= !(1 << bit);
        if self.occupied[word] == 0 {
            self.occupied_words &= !(1 << word);
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

    /// Puts an event of the present turn at the end of its slot's list.
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

    fn store(&mut self, event: E) -> u32 {
        let node = Node { event, next: 0 };
        if let Some(place) = self.free.pop() {
            self.nodes[place as usize] = node;
            return place;
        }
        self.nodes.push(node);
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
