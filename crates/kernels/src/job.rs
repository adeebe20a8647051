//! What a kernel is asked to do.

use std::ops::Range;

use crate::{Array, Tally, Transfer};

/// One array, read for many output positions.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The cells.
    pub array: &'a Array,
    /// The input slices, each of which every read of the array takes once.
    pub slices: &'a [Slice],
    /// What the converters do to a sum.
    pub transfer: &'a Transfer,
    /// What drives the word lines.
    pub inputs: Inputs<'a>,
}

/// The bits of inputs that are driven at a time, and what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Their bit planes, least significant first; at most 8.
    pub planes: Range<usize>,
    /// A converted sum is shifted left by so many bits …
    pub shift: u32,
    /// … and added to or subtracted from the total.
    pub sign: SliceSign,
}

/// Whether a slice's sums are added or subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SliceSign {
    /// Added.
    Plus,
    /// Subtracted: the sign bit of two's complement.
    Minus,
}

/// Inputs of output positions.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Bits of the word lines, `[position][plane][group]`; word line r of a group is bit r.
    pub patterns: &'a [u8],
    /// What the cells' floor adds to each column's sum, `[position][slice][read]`, in the transfer's units.
    pub lifts: &'a [i64],
    /// What is subtracted for it after conversion, likewise.
    pub drops: &'a [i64],
    /// Number of positions.
    pub n_positions: usize,
    /// Number of planes.
    pub n_planes: usize,
}

/// Where a kernel writes.
#[derive(Debug)]
pub struct Output<'a> {
    /// Σ ± converted sum · 2^shift over slices and reads, `[position][padded column]`; overwritten. Columns beyond the
    /// array's hold anything.
    pub totals: &'a mut [i64],
    /// Records the sums before conversion.
    pub tally: Option<&'a mut Tally>,
}

/// What a kernel executed, counted in its loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Reads of the array.
    pub reads: u64,
    /// Word lines driven in them.
    pub word_lines: u64,
    /// Columns converted in them.
    pub conversions: u64,
}

impl Work {
    /// Adds other work.
    pub fn merge(&mut self, other: Self) {
        self.reads += other.reads;
        self.word_lines += other.word_lines;
        self.conversions += other.conversions;
    }
}

impl Job<'_> {
    /// Lifts, or drops, of a position: one for each slice and read.
    pub(crate) fn n_offsets(&self) -> usize {
        self.slices.len() * self.array.reads().len()
    }

    /// Pattern bytes of a position.
    pub(crate) fn n_patterns(&self) -> usize {
        self.inputs.n_planes * self.array.n_groups()
    }

    /// Greatest magnitude that a total can have when a converted sum is at most the sum itself.
    pub(crate) fn max_total(&self) -> u128 {
        let slice = |slice: &Slice| ((1u128 << slice.planes.len()) - 1) << slice.shift;
        let levels: u128 = self.slices.iter().map(slice).sum();
        levels * u128::from(self.array.max_sum()) * self.array.reads().len() as u128
    }

    /// Checks the shapes once, so that the kernels need not.
    pub(crate) fn check(&self, output: &Output<'_>) {
        let n = self.inputs.n_positions;
        assert_eq!(self.inputs.patterns.len(), n * self.n_patterns(), "patterns: [position][plane][group]");
        assert_eq!(self.inputs.lifts.len(), n * self.n_offsets(), "lifts: [position][slice][read]");
        assert_eq!(self.inputs.drops.len(), n * self.n_offsets(), "drops: [position][slice][read]");
        assert_eq!(output.totals.len(), n * self.array.padded_columns(), "totals: [position][padded column]");
        for slice in self.slices {
            assert!(slice.planes.end <= self.inputs.n_planes, "slices are made of planes");
        }
    }
}
