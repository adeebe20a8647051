//! Content hashes: what is equal has equal ones, on every machine.

use std::fmt::{self, Debug, Display};

use sha2::{Digest, Sha256};

/// A hash of content: 128 bits of SHA-256, so that different content has different ones for all practical purposes.
/// `Display` is 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of some byte strings in a row; where one ends and the next begins matters.
    pub fn of<B: AsRef<[u8]>>(parts: impl IntoIterator<Item = B>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            let part = part.as_ref();
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut first = [0; 16];
        first.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
        Self(first)
    }

    /// Its first 53 bits as a number from 0 to below 1, as good as random.
    pub fn share(&self) -> f64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        (u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The fingerprint of values whose debug form says all of them, as a derived one does; it writes floats exactly.
    pub(crate) fn of_values(values: &[&dyn Debug]) -> Self {
        Self::of(values.iter().map(|value| format!("{value:?}")))
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_beginning_of_sha_256_of_lengths_and_bytes() {
        // sha256sum of eight zero bytes.
        assert_eq!(Fingerprint::of([""]).to_string(), "af5570f5a1810b7af78caf4bc70a660f");
    }

    #[test]
    fn where_parts_end_matters() {
        assert_eq!(Fingerprint::of(["ab", "c"]), Fingerprint::of([b"ab".as_slice(), b"c"]));
        assert_ne!(Fingerprint::of(["ab", "c"]), Fingerprint::of(["a", "bc"]));
    }
}
