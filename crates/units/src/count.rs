//! Countable quantities: exact, never float.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

macro_rules! count {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self(0), Add::add)
            }
        }
    };
}

count!(
    /// Steps of a clock. Which clock (the chip's read cycle or a tile's digital clock) is said where it is used.
    Cycles
);
count!(
    /// An amount of data in bits.
    Bits
);
count!(
    /// An amount of data in bytes.
    Bytes
);

impl Bits {
    /// Whole bytes that hold these bits.
    pub const fn to_bytes(self) -> Bytes {
        Bytes(self.0.div_ceil(8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_up_to_bytes() {
        assert_eq!(Bits(0).to_bytes(), Bytes(0));
        assert_eq!(Bits(1).to_bytes(), Bytes(1));
        assert_eq!(Bits(16).to_bytes(), Bytes(2));
        assert_eq!(Bits(17).to_bytes(), Bytes(3));
    }
}
