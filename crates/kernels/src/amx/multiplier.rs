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
    /// The last one is for what registers hold before there are sums.
    sets: Vec<Sums>,
    /// The set whose sums are still in their registers.
    unwritten: usize,
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
        Self { registers, sets: vec![[ZEROS; GROUPS]; n_sets + 1], unwritten: n_sets }
    }

    /// All sets; the last one that was made is complete once [`finish`](Self::finish) has been called.
    #[inline(always)]
    pub(super) fn sets(&self) -> &[Sums] {
        &self.sets
    }

    /// Makes the sums of a set from tiles of cells, and from second ones that are driven alike, if there are any.
    #[inline(always)]
    pub(super) fn multiply(&mut self, cells: (&[Tile], &[Tile]), inputs: &[InputTiles], set: (usize, Start)) {
        self.multiply_amid(cells, inputs, set, (0, |_, _| {}));
    }

    /// Likewise; meanwhile `between` is called with all sets for each of so many parts of other work, and the set before is
    /// written.
    #[inline(always)]
    pub(super) fn multiply_amid(
        &mut self,
        (cells, seconds): (&[Tile], &[Tile]),
        inputs: &[InputTiles],
        (set, start): (usize, Start),
        between: (usize, impl FnMut(&[Sums], usize)),
    ) {
        let mut making = Making { registers: &mut self.registers, sets: &mut self.sets, before: self.unwritten, set };
        // Where it is known how many there are, all of it is one piece of code.
        match (cells, seconds, inputs) {
            ([cells], [], [inputs, ..]) => {
                making.step(Some(start), (cells, None), inputs, &mut Share::of(between, GROUPS));
            }
            ([first, other], [], [first_inputs, other_inputs, ..]) => {
                let share = &mut Share::of(between, 2 * GROUPS);
                making.step(Some(start), (first, None), first_inputs, share);
                making.step(None, (other, None), other_inputs, share);
            }
            ([first, other], [first_second, other_second], [first_inputs, other_inputs, ..]) => {
                let share = &mut Share::of(between, 2 * GROUPS);
                making.step(Some(start), (first, Some(first_second)), first_inputs, share);
                making.step(None, (other, Some(other_second)), other_inputs, share);
            }
            _ => {
                let share = &mut Share::of(between, GROUPS * cells.len());
                for (step, (cells, inputs)) in cells.iter().zip(inputs).enumerate() {
                    let start = if step == 0 { Some(start) } else { None };
                    making.step(start, (cells, seconds.get(step)), inputs, share);
                }
            }
        }
        self.unwritten = set;
    }

    /// Writes what is still in registers.
    #[inline(always)]
    pub(super) fn finish(&mut self) {
        let unwritten = &mut self.sets[self.unwritten];
        self.registers.store::<0>(&mut unwritten[0]);
        self.registers.store::<1>(&mut unwritten[1]);
        self.registers.store::<2>(&mut unwritten[2]);
        self.registers.store::<3>(&mut unwritten[3]);
    }
}

/// A set that is being made.
struct Making<'m> {
    registers: &'m mut Registers,
    sets: &'m mut [Sums],
    /// The set that is still in registers.
    before: usize,
    set: usize,
}

/// Other work, of which some parts are done after each product.
struct Share<F> {
    work: F,
    n_parts: usize,
    n_products: usize,
    /// Parts that were done.
    part: usize,
    /// How much of the next is due.
    due: usize,
}

impl<F: FnMut(&[Sums], usize)> Share<F> {
    #[inline(always)]
    fn of((n_parts, work): (usize, F), n_products: usize) -> Self {
        Self { work, n_parts, n_products, part: 0, due: 0 }
    }

    /// Does what is due after a product.
    #[inline(always)]
    fn go_on(&mut self, sets: &[Sums]) {
        self.due += self.n_parts;
        while self.due >= self.n_products {
            (self.work)(sets, self.part);
            self.part += 1;
            self.due -= self.n_products;
        }
    }
}

impl Making<'_> {
    /// Of 64 word lines. The first ones know what sums start with, and those of the set before are written.
    #[inline(always)]
    fn step<F: FnMut(&[Sums], usize)>(
        &mut self,
        start: Option<Start>,
        cells: (&Tile, Option<&Tile>),
        inputs: &InputTiles,
        share: &mut Share<F>,
    ) {
        let held = self.hold(cells);
        self.add_up::<0, 6>((start, held), &inputs[0]);
        share.go_on(self.sets);
        self.add_up::<1, 7>((start, held), &inputs[1]);
        share.go_on(self.sets);
        self.add_up::<2, 6>((start, held), &inputs[2]);
        share.go_on(self.sets);
        self.add_up::<3, 7>((start, held), &inputs[3]);
        share.go_on(self.sets);
    }

    /// Brings cells to their registers.
    #[inline(always)]
    fn hold(&mut self, (cells, seconds): (&Tile, Option<&Tile>)) -> Held {
        self.registers.load::<4>(cells);
        match seconds {
            Some(seconds) => {
                self.registers.load::<5>(seconds);
                Held::Both
            }
            None => Held::First,
        }
    }

    /// Writes the sums of a group that are in their register, and replaces them.
    #[inline(always)]
    fn begin<const GROUP: u8>(&mut self, start: Start) {
        self.registers.store::<GROUP>(&mut self.sets[self.before][usize::from(GROUP)]);
        match start {
            Start::Zero => self.registers.clear::<GROUP>(),
            Start::Present => self.registers.load::<GROUP>(&self.sets[self.set][usize::from(GROUP)]),
        }
    }

    /// Adds up what a tile of inputs makes of the cells that are held.
    #[inline(always)]
    fn add_up<const GROUP: u8, const INPUTS: u8>(&mut self, (start, held): (Option<Start>, Held), inputs: &Tile) {
        if let Some(start) = start {
            self.begin::<GROUP>(start);
        }
        self.registers.load::<INPUTS>(inputs);
        self.registers.multiply::<GROUP, 4, INPUTS>();
        match held {
            Held::First => {}
            Held::Both => self.registers.multiply::<GROUP, 5, INPUTS>(),
        }
    }
}
