//! Messages and packets on their way.

use std::ops::{Index, IndexMut};

/// What is on its way, from its injection to its arrival, each at a place of its own; places that become free are taken
/// again, the last first, so that they stay in a processor's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InFlight<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T: Copy> InFlight<T> {
    /// Keeps something; returns its place.
    #[inline]
    pub(super) fn insert(&mut self, item: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.items[place as usize] = item;
            return place;
        }
        self.items.push(item);
        (self.items.len() - 1) as u32
    }

    /// Gives what is at a place, which becomes free.
    #[inline]
    pub(super) fn remove(&mut self, place: u32) -> T {
        self.free.push(place);
        self.items[place as usize]
    }
}

impl<T> Index<u32> for InFlight<T> {
    type Output = T;
    #[inline]
    fn index(&self, place: u32) -> &T {
        &self.items[place as usize]
    }
}

impl<T> IndexMut<u32> for InFlight<T> {
    #[inline]
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.items[place as usize]
    }
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }
}
