//! A queue of a few places.

use std::collections::VecDeque;

use crate::Busy;

/// A queue with a fixed number of places, first in, first out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fifo<T> {
    places: usize,
    items: VecDeque<T>,
}

impl<T> Fifo<T> {
    /// An empty queue of `places` places.
    pub fn new(places: usize) -> Self {
        Self { places, items: VecDeque::with_capacity(places) }
    }

    /// Takes an item in at the end.
    ///
    /// # Errors
    /// [`Busy`] with the item if all places are taken.
    pub fn accept(&mut self, item: T) -> Result<(), Busy<T>> {
        if self.items.len() == self.places {
            return Err(Busy(item));
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Takes the oldest item out.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// The oldest item, to be changed in its place.
    pub fn front_mut(&mut self) -> Option<&mut T> {
        self.items.front_mut()
    }

    /// Whether nothing is inside.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_hands_the_item_back_and_keeps_its_own() {
        let mut fifo = Fifo::new(2);
        assert_eq!(fifo.accept('a'), Ok(()));
        assert_eq!(fifo.accept('b'), Ok(()));
        let before = fifo.clone();
        assert_eq!(fifo.accept('c'), Err(Busy('c')));
        assert_eq!(fifo, before);
        assert_eq!(fifo.pop(), Some('a'));
        assert_eq!(fifo.accept('c'), Ok(()));
        assert_eq!((fifo.pop(), fifo.pop(), fifo.pop()), (Some('b'), Some('c'), None));
    }
}
