//! An output register, of an IMA or of a tile: when sums may come in.

use rebias_engine::Busy;

/// An output register as one of its users sees it: places for the sums of the positions that have not left.
///
/// ```text
///         ┌──── places ────┐
///  S+A ─► │ left + 1 │ left │ ─► bus, activation units or network
///         ▲ enter           ▲ leave
/// ```
///
/// Positions are counted from 0, and leave in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRegisterUnit {
    places: u64,
    left: u64,
}

impl OutputRegisterUnit {
    /// An empty register.
    pub fn new(places: u64) -> Self {
        Self { places, left: 0 }
    }

    /// Asks for the place of a position. Several parts may bring sums of one position; they share its place.
    ///
    /// # Errors
    /// [`Busy`] with the position while those before it keep all places.
    #[inline]
    pub fn enter(&self, position: u64) -> Result<(), Busy<u64>> {
        if position < self.left + self.places { Ok(()) } else { Err(Busy(position)) }
    }

    /// The oldest position leaves.
    #[inline]
    pub fn leave(&mut self) {
        self.left += 1;
    }

    /// Positions that have left.
    #[inline]
    pub fn left(&self) -> u64 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_behind_the_last_place_is_refused_until_the_oldest_leaves() {
        let mut register = OutputRegisterUnit::new(2);
        assert_eq!((register.enter(0), register.enter(1)), (Ok(()), Ok(())));
        let before = register;
        assert_eq!(register.enter(2), Err(Busy(2)));
        assert_eq!(register, before);
        register.leave();
        assert_eq!((register.enter(2), register.enter(3)), (Ok(()), Err(Busy(3))));
        assert_eq!(register.left(), 1);
    }
}
