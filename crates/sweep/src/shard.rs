//! Parts of a sweep for several machines.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;
use std::str::FromStr;

/// One of several parts of a sweep, as nearly equal as can be; written `I/N`, I from 1 to N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    of: NonZeroU32,
}

/// A text that is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `I/N`, such as `1/8`, with I from 1 to N")]
pub struct NoShard;

impl Shard {
    /// All of the sweep.
    pub const WHOLE: Self = Self { index: 1, of: NonZeroU32::MIN };

    /// All `n` shards of a sweep.
    pub fn all(n: NonZeroU32) -> impl Iterator<Item = Self> {
        (1..=n.get()).map(move |index| Self { index, of: n })
    }

    /// Its share of `n` things in a row.
    pub(crate) fn range(self, n: usize) -> Range<usize> {
        let end = |shards: u32| (n as u128 * u128::from(shards) / u128::from(self.of.get())) as usize;
        end(self.index - 1)..end(self.index)
    }

    /// The name of its file.
    pub(crate) fn file_name(self) -> String {
        format!("{}-of-{}.jsonl", self.index, self.of)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (index, of) = text.split_once('/').ok_or(NoShard)?;
        let (index, of) = (index.parse::<NonZeroU32>(), of.parse::<NonZeroU32>());
        match (index, of) {
            (Ok(index), Ok(of)) if index <= of => Ok(Self { index: index.get(), of }),
            _ => Err(NoShard),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_everything_and_differ_by_one_at_most() {
        for (n, shards) in [(10, 3), (2, 4), (0, 1), (100, 7)] {
            let of = NonZeroU32::new(shards).expect("some");
            let ranges: Vec<_> = Shard::all(of).map(|shard| shard.range(n)).collect();
            let all: Vec<_> = ranges.iter().cloned().flatten().collect();
            assert_eq!(all, (0..n).collect::<Vec<_>>());
            let lengths = || ranges.iter().map(|range| range.len());
            assert!(lengths().max().expect("some") - lengths().min().expect("some") <= 1);
        }
    }

    #[test]
    fn shards_are_written_with_a_slash() {
        assert_eq!("2/3".parse::<Shard>().expect("a shard").to_string(), "2/3");
        for text in ["0/3", "4/3", "1", "1/0", "a/b", "1/2/3"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }
}
