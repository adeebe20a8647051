//! What happens when.

use std::collections::BTreeMap;

use crate::Tick;

/// Ticks that the wheel looks ahead.
const SLOTS: usize = 1 << 13;
/// Slots in a word of the occupancy map.
const WORD: usize = u64::BITS as usize;
const WORDS: usize = SLOTS / WORD;
/// Events that stand side by side.
const SIDE_BY_SIDE: usize = 8;
/// The block that slots without events lead to: it is always full.
const FULL: u32 = 0;

/// Events in order of time; events of one time in the order in which they were pushed.
///
/// A timing wheel: a chain of blocks of events for each of the next ticks, and a sorted store for those beyond, from
/// which they come to the wheel as soon as it reaches them. So an event costs the same however many there are. The block
/// whose turn it is is taken out of its chain; of those that are free, the one that became so last is used first.
///
/// ```text
///  present    slots ┬────┬────┬─ … ─┐     beyond   8200: e, f   9000: g
///    a, b           │ c  │ d  │     │
///                   │    │    │     │
/// ```
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    /// The events whose turn it is, and how many of them have been popped.
    present: Block<E>,
    n_popped: u32,
    blocks: Vec<Block<E>>,
    /// Blocks that no slot has.
    spare: Vec<u32>,
    slots: Box<[Slot; SLOTS]>,
    /// One bit for each slot that has blocks, and one for each word of these that is not 0.
    occupied: [u64; WORDS],
    occupied_words: u128,
    /// Events of ticks that the wheel does not reach yet.
    beyond: BTreeMap<u64, Vec<E>>,
    /// The first tick beyond the wheel that has events.
    first_beyond: Option<u64>,
    pushed: u64,
    now: Tick,
}

/// Events of one tick.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Block<E> {
    events: [Option<E>; SIDE_BY_SIDE],
    /// How many there are; all but the last block of a slot are full.
    len: u32,
    /// The next block of the slot; the last one's means nothing.
    next: u32,
}

/// The blocks of a tick.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Means nothing if there is none.
    first: u32,
    last: u32,
}

impl<E: Copy> EventQueue<E> {
    /// Nothing to happen, at the start of time.
    pub fn new() -> Self {
        let block = |len| Block { events: [None; SIDE_BY_SIDE], len, next: FULL };
        Self {
            present: block(0),
            n_popped: 0,
            blocks: vec![block(SIDE_BY_SIDE as u32)],
            spare: Vec::new(),
            slots: Box::new([Slot { first: FULL, last: FULL }; SLOTS]),
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
    // Inlined, and nothing else is given the event, so that it is written straight into its block: on the way through
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

    /// Puts an event at the end of the slot of a tick that the wheel reaches.
    #[inline(always)]
    fn put(&mut self, at: Tick, event: E) {
        let slot = at.0 as usize % SLOTS;
        let mut last = self.slots[slot].last;
        if self.blocks[last as usize].len as usize == SIDE_BY_SIDE {
            last = self.lengthen(slot);
        }
        let block = &mut self.blocks[last as usize];
        block.events[block.len as usize % SIDE_BY_SIDE] = Some(event);
        block.len += 1;
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
        if self.n_popped == self.present.len {
            self.advance()?;
        }
        let event = self.present.events[self.n_popped as usize % SIDE_BY_SIDE];
        self.n_popped += 1;
        event
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

    /// Takes the next block of events, if there is one, of this tick or the next one that has some.
    #[inline(never)]
    fn advance(&mut self) -> Option<()> {
        if self.occupied_words == 0 {
            let (&at, _) = self.beyond.first_key_value()?;
            self.now = Tick(at);
            self.reach();
        }
        let slot = self.next_slot();
        let ahead = slot.wrapping_sub(self.now.0 as usize) % SLOTS;
        let Slot { first, last } = self.slots[slot];
        self.present = self.blocks[first as usize];
        self.n_popped = 0;
        self.spare.push(first);
        if first == last {
            self.vacate(slot);
        } else {
            self.slots[slot].first = self.present.next;
        }
        if ahead > 0 {
            self.now.0 += ahead as u64;
            self.reach();
        }
        Some(())
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

    /// Gives a slot another block.
    #[inline(never)]
    fn lengthen(&mut self, slot: usize) -> u32 {
        let block = match self.spare.pop() {
            Some(block) => {
                self.blocks[block as usize].len = 0;
                block
            }
            None => {
                self.blocks.push(Block { events: [None; SIDE_BY_SIDE], len: 0, next: FULL });
                (self.blocks.len() - 1) as u32
            }
        };
        let before = std::mem::replace(&mut self.slots[slot].last, block);
        if before == FULL {
            self.slots[slot].first = block;
            self.occupied[slot / WORD] |= 1 << (slot % WORD);
            self.occupied_words |= 1 << (slot / WORD);
        } else {
            self.blocks[before as usize].next = block;
        }
        block
    }

    /// Leaves a slot without blocks.
    #[inline]
    fn vacate(&mut self, slot: usize) {
        self.slots[slot].last = FULL;
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
