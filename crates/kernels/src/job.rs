//! What a kernel is asked to do.

use std::ops::Range;

use crate::{LANES, Patterns, Scratch, Stack, Tally, Transfer};

/// A stack of arrays, read for many output positions.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The cells.
    pub stack: &'a Stack,
    /// The first column and the one behind the last.
    pub columns: (usize, usize),
    /// The input slices, each of which every read takes once.
    pub slices: &'a [Slice],
    /// What drives the word lines.
    pub patterns: &'a Patterns,
    /// What is known of each position of the patterns.
    pub positions: &'a [Position],
    /// What the converters do to a sum.
    pub transfer: &'a Transfer,
    /// Added to every column's analog sum, `[read][position][slice]`, in units; `None` for nothing.
    pub lifts: Option<&'a [Lift]>,
    /// What [`Transfer::Rounded`] subtracts, likewise.
    pub drops: Option<&'a [Lift]>,
    /// The stream of read noise; only stacks with variances have noise.
    pub stream: u64,
}

/// A number for each lane.
pub type Lift = [i32; LANES];

/// The bits of inputs that are driven at a time, and what they are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Their bit planes, least significant first.
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

/// Where the values of a vector belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Place on the output map.
    pub pixel: u32,
    /// The image in the first lane; a multiple of [`LANES`].
    pub image: u64,
    /// Lanes that hold images; the others hold anything.
    pub n_lanes: usize,
}

/// Where the totals of columns in positions stand: those of a column side by side, or those of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// From one column to the next.
    pub(crate) of_column: usize,
    /// From one position to the next.
    pub(crate) of_position: usize,
    /// Number of positions.
    pub(crate) n_positions: usize,
}

impl Grid {
    /// Where the totals of a column in a position stand.
    #[inline(always)]
    pub fn at(&self, column: usize, position: usize) -> usize {
        column * self.of_column + position * self.of_position
    }

    /// Number of positions.
    pub fn n_positions(&self) -> usize {
        self.n_positions
    }
}

/// The totals of an output's columns.
#[derive(Clone, Copy, Debug)]
pub struct OutputTotals<'a, T> {
    /// Those of all columns.
    pub totals: &'a [[T; LANES]],
    /// Where they stand.
    pub grid: Grid,
    /// The first of the output's columns.
    pub column: usize,
}

impl<'a, T> OutputTotals<'a, T> {
    /// The same, if they have 16 bits.
    pub(crate) fn words(&self) -> Option<OutputTotals<'a, i16>>
    where
        T: Total,
    {
        let Self { totals, grid, column } = *self;
        T::lanes_of_words(totals).map(|totals| OutputTotals { totals, grid, column })
    }

    /// Those of one of the output's columns in a position.
    #[inline(always)]
    pub(crate) fn of(&self, column: usize, position: usize) -> &'a [T; LANES] {
        &self.totals[self.grid.at(self.column + column, position)]
    }
}

/// Where a kernel writes.
#[derive(Debug)]
pub struct Output<'a, T> {
    /// Σ ± converted sum · 2^shift over slices and reads, where [`Stack::grid`] says; overwritten.
    pub totals: &'a mut [[T; LANES]],
    /// Records the sums before conversion.
    pub tally: Option<&'a mut Tally>,
}

/// What a kernel executed, counted in its loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Reads of arrays, each of all columns of the job.
    pub reads: u64,
    /// Word lines driven in them.
    pub word_lines: u64,
    /// Columns converted in them.
    pub conversions: u64,
}

/// A number that totals are kept in.
pub trait Total: Copy + private::Sealed {
    /// Nothing.
    const ZERO: Self;
    /// The low bits of a number.
    fn wrapped(number: i64) -> Self;
    /// The number.
    fn wide(self) -> i64;
    /// The sum of two, modulo the number's range.
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// The difference of two, likewise.
    #[must_use]
    fn minus(self, other: Self) -> Self;
    /// Times a power of two, likewise.
    #[must_use]
    fn shifted(self, bits: u32) -> Self;
    /// The product of two, likewise.
    #[must_use]
    fn times(self, other: Self) -> Self;
    /// Totals of 16 bits, if these are such.
    fn words(_: &mut [Self]) -> Option<&mut [i16]> {
        None
    }
    /// Likewise.
    fn lanes_of_words(_: &[[Self; LANES]]) -> Option<&[[i16; LANES]]> {
        None
    }
}

pub(crate) mod private {
    use crate::Scratch;
    use crate::interleave::transposed;

    /// A number of its own width.
    pub trait Sealed: Copy {
        /// The room for totals of this width.
        fn totals(scratch: &mut Scratch) -> &mut Vec<Self>;
        /// Element j of row i becomes element i of row j.
        #[inline(always)]
        fn transposed(rows: [[Self; 8]; 8]) -> [[Self; 8]; 8] {
            transposed(rows)
        }
    }
}

macro_rules! total {
    ($total:ty, $room:ident $(, $words:item, $lanes:item, $transposed:item)?) => {
        impl private::Sealed for $total {
            fn totals(scratch: &mut Scratch) -> &mut Vec<Self> {
                &mut scratch.$room
            }
            $($transposed)?
        }
        impl Total for $total {
            const ZERO: Self = 0;
            #[inline(always)]
            fn wrapped(number: i64) -> Self {
                number as Self
            }
            #[inline(always)]
            fn wide(self) -> i64 {
                self.into()
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn shifted(self, bits: u32) -> Self {
                self.wrapping_shl(bits)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            $($words $lanes)?
        }
    };
}

total!(
    i16,
    totals_16,
    #[inline(always)]
    fn words(totals: &mut [Self]) -> Option<&mut [i16]> {
        Some(totals)
    },
    #[inline(always)]
    fn lanes_of_words(totals: &[[Self; LANES]]) -> Option<&[[i16; LANES]]> {
        Some(totals)
    },
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn transposed(rows: [[Self; 8]; 8]) -> [[Self; 8]; 8] {
        // SAFETY: every machine of this architecture has the instructions.
        unsafe { crate::sse2::transposed(&rows) }
    }
);
total!(i32, totals_32);
total!(i64, totals_64);

impl Slice {
    /// With the other sign, if its converted sums are negated.
    #[inline(always)]
    pub(crate) fn signed(&self, is_negated: bool) -> SliceSign {
        self.sign.times(is_negated)
    }

    /// A converted sum in its place.
    #[inline(always)]
    pub(crate) fn placed(&self, converted: i64, is_negated: bool) -> i64 {
        match self.signed(is_negated) {
            SliceSign::Plus => converted << self.shift,
            SliceSign::Minus => -(converted << self.shift),
        }
    }
}

impl SliceSign {
    /// The other sign, if it is negated.
    #[inline(always)]
    pub(crate) fn times(self, is_negated: bool) -> Self {
        match (self, is_negated) {
            (Self::Plus, false) | (Self::Minus, true) => Self::Plus,
            (Self::Plus, true) | (Self::Minus, false) => Self::Minus,
        }
    }
}

impl Work {
    /// Adds other work.
    pub fn merge(&mut self, other: Self) {
        self.reads += other.reads;
        self.word_lines += other.word_lines;
        self.conversions += other.conversions;
    }

    /// Counts a read of word lines for the images of a position.
    pub(crate) fn add_read(&mut self, word_lines: usize, position: &Position) {
        self.reads += position.n_lanes as u64;
        self.word_lines += (word_lines * position.n_lanes) as u64;
    }
}

impl Job<'_> {
    /// The columns.
    pub(crate) fn columns(&self) -> Range<usize> {
        self.columns.0..self.columns.1
    }

    /// The lift of a read, position and slice.
    #[inline]
    pub(crate) fn lift(&self, read: usize, position: usize, slice: usize) -> Option<&Lift> {
        self.lifts.map(|lifts| &lifts[self.lift_index(read, position, slice)])
    }

    /// The drop of a read, position and slice.
    #[inline]
    pub(crate) fn drop(&self, read: usize, position: usize, slice: usize) -> Option<&Lift> {
        self.drops.map(|drops| &drops[self.lift_index(read, position, slice)])
    }

    fn lift_index(&self, read: usize, position: usize, slice: usize) -> usize {
        (read * self.positions.len() + position) * self.slices.len() + slice
    }

    /// Checks the shapes once, so that the kernels need not.
    pub(crate) fn check<T>(&self, output: &Output<'_, T>) {
        let n = self.positions.len();
        assert_eq!(self.patterns.n_positions(), n, "patterns of each position");
        assert_eq!(self.patterns.n_groups(), self.stack.lines().n_groups(), "patterns of each group");
        assert!(self.columns.0 < self.columns.1 && self.columns.1 <= self.stack.n_columns(), "columns of the stack");
        assert_eq!(output.totals.len(), n * self.columns().len(), "totals of each column and position");
        let n_lifts = n * self.slices.len() * self.stack.lines().reads().len();
        for lifts in [self.lifts, self.drops].into_iter().flatten() {
            assert_eq!(lifts.len(), n_lifts, "lifts are [read][position][slice]");
        }
        for slice in self.slices {
            assert!(slice.planes.end <= self.patterns.n_planes(), "slices are made of planes");
        }
        assert!(self.positions.iter().all(|position| position.n_lanes <= LANES), "images have lanes");
    }
}
