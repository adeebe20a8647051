//! Things that come and go.

use std::num::NonZeroU32;
use std::ops::{Index, IndexMut};

/// Things that come and go, each at a place of its own; places that become free are taken again, the last first, so that
/// they stay in a processor's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<T> {
    items: Vec<T>,
    free: Vec<PoolId>,
}

/// A place in a [`Pool`]: its index and one, so that none at all takes no more room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolId(NonZeroU32);

impl PoolId {
    #[inline]
    fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl<T: Copy> Pool<T> {
    /// Keeps something; returns its place.
    // Inlined, and room is made without the item, so that it is written straight into its place.
    #[inline(always)]
    pub fn insert(&mut self, item: T) -> PoolId {
        let Some(place) = self.free.pop() else {
            self.items.push(item);
            // So many places are more than any memory holds.
            return PoolId(NonZeroU32::new(self.items.len() as u32).unwrap_or(NonZeroU32::MAX));
        };
        self.items[place.at()] = item;
        place
    }

    /// Gives what is at a place, which becomes free.
    #[inline]
    pub fn remove(&mut self, place: PoolId) -> T {
        self.free.push(place);
        self.items[place.at()]
    }
}

impl<T> Index<PoolId> for Pool<T> {
    type Output = T;
    #[inline]
    fn index(&self, place: PoolId) -> &T {
        &self.items[place.at()]
    }
}

impl<T> IndexMut<PoolId> for Pool<T> {
    #[inline]
    fn index_mut(&mut self, place: PoolId) -> &mut T {
        &mut self.items[place.at()]
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_that_became_free_last_is_taken_first() {
        let mut pool = Pool::default();
        let (one, other) = (pool.insert('a'), pool.insert('b'));
        assert_eq!((pool.remove(one), pool.remove(other)), ('a', 'b'));
        assert_eq!((pool.insert('c'), pool.insert('d')), (other, one));
        assert_eq!((pool[one], pool[other]), ('d', 'c'));
    }
}
