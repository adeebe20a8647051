//! Plain values as bytes, little-endian and to the bit; lengths before what is counted.

/// A value that is written and read back.
pub(super) trait Encode: Sized {
    /// Appends the value's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes a value from the front of `input`; `None` if there is none.
    fn decode(input: &mut &[u8]) -> Option<Self>;
}

/// A struct is its fields in order.
macro_rules! encode_fields {
    ($name:ident { $($field:ident),* }) => {
        impl $crate::checkpoint::codec::Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$field.encode(out);)*
            }

            fn decode(input: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::checkpoint::codec::Encode::decode(input)?),* })
            }
        }
    };
}
pub(super) use encode_fields;

macro_rules! encode_number {
    ($($number:ty),*) => {$(
        impl Encode for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }

            fn decode(input: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(Self::from_le_bytes(*bytes))
            }
        }
    )*};
}
encode_number!(u8, u64, f32, f64);

impl Encode for usize {
    fn encode(&self, out: &mut Vec<u8>) {
        (*self as u64).encode(out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        u64::decode(input)?.try_into().ok()
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        u8::from(*self).encode(out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        match u8::decode(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.len().encode(out);
        self.iter().for_each(|item| item.encode(out));
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        let len = usize::decode(input)?;
        // Every item takes a byte at least, so that no length asks for memory that the file could not fill.
        if len > input.len() {
            return None;
        }
        (0..len).map(|_| T::decode(input)).collect()
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_bytes().to_vec().encode(out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::decode(input)?).ok()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        self.iter().for_each(|value| value.encode(out));
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        if bool::decode(input)? { T::decode(input).map(Some) } else { Some(None) }
    }
}

impl<T: Encode> Encode for [T; 2] {
    fn encode(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.encode(out));
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        Some([T::decode(input)?, T::decode(input)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{BatchesState, ParameterState, PhaseState, StageState};
    use proptest::prelude::*;

    fn state() -> PhaseState {
        let parameter = ParameterState {
            values: vec![0.1, f32::MIN_POSITIVE, -0.0],
            moments: Some([vec![1.0; 3], vec![2.5; 3]]),
            is_fixed: true,
        };
        let stage = StageState { stored: vec![1.25], parameters: vec![parameter], statistics: vec![vec![], vec![3.0]] };
        let batches = BatchesState { order: vec![2, 0, 1], next: 1, stream: u64::MAX };
        PhaseState { step: 7, model: vec![stage], best: None, batches }
    }

    #[test]
    fn what_was_written_is_read_to_the_bit() {
        let mut bytes = Vec::new();
        state().encode(&mut bytes);
        assert_eq!(PhaseState::decode(&mut bytes.as_slice()), Some(state()));
        let none = f32::NAN;
        let mut bytes = Vec::new();
        none.encode(&mut bytes);
        assert_eq!(f32::decode(&mut bytes.as_slice()).map(f32::to_bits), Some(none.to_bits()));
    }

    #[test]
    fn every_part_that_is_cut_off_is_missed() {
        let mut bytes = Vec::new();
        state().encode(&mut bytes);
        for len in 0..bytes.len() {
            assert_eq!(PhaseState::decode(&mut &bytes[..len]), None, "{len} of {}", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn prop_no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PhaseState::decode(&mut bytes.as_slice());
            let _ = String::decode(&mut bytes.as_slice());
        }
    }
}
