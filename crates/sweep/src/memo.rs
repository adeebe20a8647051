//! Values that several points share: made once, kept for as long as a point will ask for them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared values by key. Who asks for a value that another thread is making waits for it.
#[derive(Debug)]
pub(crate) struct Memo<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
    made: AtomicUsize,
}

#[derive(Debug)]
struct Slot<V> {
    uses_left: usize,
    value: Arc<Mutex<Option<Arc<V>>>>,
}

impl<K: Eq + Hash, V> Memo<K, V> {
    /// A memo that keeps each value for as many uses as its key occurs here.
    pub(crate) fn new(uses: impl IntoIterator<Item = K>) -> Self {
        let mut slots = HashMap::new();
        for key in uses {
            slots.entry(key).or_insert_with(|| Slot { uses_left: 0, value: Arc::default() }).uses_left += 1;
        }
        Self { slots: Mutex::new(slots), made: AtomicUsize::new(0) }
    }

    /// The value of a key, made if it is not there. A failure is not kept, nor is a value whose use was not foreseen.
    pub(crate) fn take<E>(&self, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let place = self.place(key);
        let mut value = locked(&place);
        if let Some(value) = &*value {
            return Ok(Arc::clone(value));
        }
        let made = Arc::new(make()?);
        self.made.fetch_add(1, Ordering::Relaxed);
        *value = Some(Arc::clone(&made));
        Ok(made)
    }

    /// How many values have been made.
    pub(crate) fn n_made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    /// Where the value is, forgotten here with its last use.
    fn place(&self, key: &K) -> Arc<Mutex<Option<Arc<V>>>> {
        let mut slots = locked(&self.slots);
        let Some(slot) = slots.get_mut(key) else { return Arc::default() };
        slot.uses_left -= 1;
        let place = Arc::clone(&slot.value);
        if slot.uses_left == 0 {
            slots.remove(key);
        }
        place
    }
}

/// A value is whole whether or not a thread that held it has panicked.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_kept_for_its_uses() {
        let memo = Memo::new(["a", "b", "a"]);
        let take = |key, value: i32| *memo.take::<()>(&key, || Ok(value)).expect("made");
        assert_eq!((take("a", 1), take("b", 2), take("a", 3)), (1, 2, 1));
        assert_eq!(memo.n_made(), 2);
        assert!(locked(&memo.slots).is_empty());
        assert_eq!(take("a", 4), 4, "an unforeseen use makes its own");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let memo = Memo::new(["a", "a"]);
        assert_eq!(memo.take(&"a", || Err("no")).map(|value: Arc<i32>| *value), Err("no"));
        assert_eq!(memo.take::<()>(&"a", || Ok(1)).map(|value| *value), Ok(1));
    }
}
