//! Products of tiles, set after set: sums of one set are written while those of the next are made.
//!
//! ```text
//! registers 0 to 3: sums of 16 columns, one for each group of images
//!           4, 5:   cells of 16 columns and 64 word lines: first bytes, second bytes
//!           6, 7:   what drives those word lines for a group of images, in turns
//! ```
//!
//! A product takes 16 cycles, but its sums are there only after some 50: each is added to the sums of another group than
//! the one before. Sums stay in their registers until those of the next set need them, for to write them at once would
//! keep the core from looking further ahead.

use super::inputs::{GROUPS, InputTiles};
use super::registers::Registers;
use crate::products::{Tile, ZEROS};

/// Sums of 16 columns, for each group of images.
pub(super) type Sums = [Tile; GROUPS];

/// Parts in which other work is done between products.
pub(super) const QUARTERS: usize = GROUPS;

/// What sums begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Zero,
    /// What is there.
    Present,
}

/// Which cells are in registers.
#[derive(Clone, Copy)]
enum Held {
    First,
    Both,
}

/// Makes sums in sets.
pub(super) struct Multiplier {
    registers: Registers,
    sets: Vec<Sums>,
    /// The set whose sums are still in their registers.
    unwritten: Option<usize>,
}

impl Multiplier {
    /// With so many sets of sums.
    ///
    /// # Safety
    ///
    /// This machine has tile registers, and the system lets this process use them.
    pub(super) unsafe fn new(n_sets: usize) -> Self {
        // SAFETY: the caller says so.
        let registers = unsafe { Registers::configured() };
        Self { registers, sets: vec![[ZEROS; GROUPS]; n_sets], unwritten: None }
    }

    /// All sets; the last one that was made is complete once [`finish`](Self::finish) has been called.
    #[inline(always)]
    pub(super) fn sets(&self) -> &[Sums] {
        &self.sets
    }

    /// Makes the sums of a set from tiles of cells, and from second ones that are driven alike, if there are any. `between`
    /// is called with all sets for each quarter of other work, which is done meanwhile; the set before is being written
    /// then. Without cells it is completed first.
    #[inline(always)]
    pub(super) fn multiply(
        &mut self,
        (cells, seconds): (&[Tile], &[Tile]),
        inputs: &[InputTiles],
        (set, start): (usize, Start),
        mut between: impl FnMut(&[Sums], usize),
    ) {
        if cells.is_empty() {
            self.finish();
            return (0..QUARTERS).for_each(|quarter| between(&self.sets, quarter));
        }
        let mut first = Some((set, start));
        let mut seconds = seconds.iter();
        // A quarter for as many products as there are steps.
        let (mut quarter, mut products) = (0, 0);
        for (step, inputs) in cells.iter().zip(inputs) {
            self.registers.load::<4>(step);
            let held = match seconds.next() {
                Some(second) => {
                    self.registers.load::<5>(second);
                    Held::Both
                }
                None => Held::First,
            };
            macro_rules! group {
                ($group:literal, $register:literal) => {
                    self.add_up::<$group, $register>(held, &inputs[$group], first);
                    products += 1;
                    if products == cells.len() {
                        between(&self.sets, quarter);
                        (quarter, products) = (quarter + 1, 0);
                    }
                };
            }
            group!(0, 6);
            group!(1, 7);
            group!(2, 6);
            group!(3, 7);
            first = None;
        }
        self.unwritten = Some(set);
    }

    /// Writes what is still in registers.
    #[inline(always)]
    pub(super) fn finish(&mut self) {
        self.write::<0>();
        self.write::<1>();
        self.write::<2>();
        self.write::<3>();
        self.unwritten = None;
    }

    /// Adds up what a tile of inputs makes of the cells that are held, first of all to what the set starts with.
    #[inline(always)]
    fn add_up<const GROUP: u8, const INPUTS: u8>(&mut self, held: Held, inputs: &Tile, first: Option<(usize, Start)>) {
        if let Some((set, start)) = first {
            self.write::<GROUP>();
            match start {
                Start::Zero => self.registers.clear::<GROUP>(),
                Start::Present => self.registers.load::<GROUP>(&self.sets[set][usize::from(GROUP)]),
            }
        }
        self.registers.load::<INPUTS>(inputs);
        self.registers.multiply::<GROUP, 4, INPUTS>();
        match held {
            Held::First => {}
            Held::Both => self.registers.multiply::<GROUP, 5, INPUTS>(),
        }
    }

    /// Writes the sums of a group that are still in their register.
    #[inline(always)]
    fn write<const GROUP: u8>(&mut self) {
        if let Some(set) = self.unwritten {
            self.registers.store::<GROUP>(&mut self.sets[set][usize::from(GROUP)]);
        }
    }
}
