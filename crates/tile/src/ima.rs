//! When an IMA reads its arrays, converts their columns and adds them up.
//!
//! ```text
//!           cycle c        c + 1           c + 2
//!  IR ─► DACs ─► arrays ─► S&H ─► ADCs ─► S+A ─► OR
//!                 read      convert        add
//! ```
//!
//! An array's sample-and-holds keep the columns of one read until all of them are converted, so its next read may end
//! only when they are. Columns of all arrays queue for the IMA's ADCs in order of their reads; each goes to the ADC
//! that is free first. What is converted in a cycle is added up in the next, so no more is converted than can be
//! added. A bias column's own converter keeps up with every read and takes no part in the queue.
//!
//! Between the two registers each part is a file: DACs, crossbar, sample-and-holds, ADCs, shift-and-add units. They act
//! cycle by cycle where some of them can be full; where none can, reads follow one another in every cycle, and when a
//! product is made is known from its start. A property test holds the two to the same cycles.

mod adc;
mod counts;
mod crossbar;
mod dac;
mod sample_hold;
mod scarce;
mod shift_add;
mod spec;

use rebias_engine::Busy;
use rebias_units::Counts;

use scarce::Scarce;

pub use spec::{BiasConverter, ImaSpec};

/// A matrix–vector product that an IMA makes again and again: some of its arrays, all fed from the input register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MvmShape {
    /// Input slices of a code.
    pub n_slices: u32,
    /// The arrays, none of which belongs to another product.
    pub arrays: Vec<ArrayShape>,
}

/// An array's part of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayShape {
    /// Word lines in use; at least 1.
    pub rows: u32,
    /// Currents of weights that are converted, each of a bit line or the difference of two; at least 1.
    pub data_columns: u32,
    /// How the sum of the inputs is found.
    pub input_sum: InputSum,
}

/// How an array finds the sum of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputSum {
    /// Counted digitally.
    Counted,
    /// Read from bias columns.
    Columns {
        /// How many.
        n: u32,
        /// What converts them.
        converter: BiasConverter,
    },
    /// Not at all: references take what it is needed for, or pairs need none.
    Unneeded,
}

/// When a product is made, in chip cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MvmTiming {
    /// The cycle of the last read.
    pub last_read: u64,
    /// The cycle in which the last sum is complete.
    pub summed: u64,
}

/// How a product that was accepted goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Nothing can hold it up.
    Timed(MvmTiming),
    /// It must wait for converters: [`ImaUnit::step`] tells how it goes on.
    Stepwise,
}

/// What happens in a cycle of an IMA whose converters are scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImaEvent {
    /// Arrays of a product are read.
    Read {
        /// The product.
        mvm: usize,
    },
    /// Columns of a product are converted, and will be added up in the next cycle.
    Converted {
        /// The product.
        mvm: usize,
    },
    /// All arrays of a product have begun their last read.
    LastRead {
        /// The product.
        mvm: usize,
    },
    /// The last columns of a product are converted; its sums are complete in the next cycle.
    Summed {
        /// The product.
        mvm: usize,
        /// What was done for it.
        counts: Counts,
    },
}

/// The arrays and converters of an IMA.
#[derive(Clone, Debug, PartialEq)]
pub struct ImaUnit {
    conversions_per_cycle: u64,
    n_conversions: u64,
    mvms: Vec<Mvm>,
    /// What is done for each product once.
    counts: Vec<Counts>,
    converters: Converters,
}

/// Whether the converters can ever hold up a read.
#[derive(Clone, Debug, PartialEq)]
enum Converters {
    /// All columns of all arrays together are converted in the cycle after their read.
    Ample,
    /// Some columns wait.
    Scarce(Box<Scarce>),
}

#[derive(Clone, Debug, PartialEq)]
struct Mvm {
    n_reads: u64,
    n_conversions: u64,
    n_accepted: u64,
    /// The cycle behind the last read of the product accepted last, if nothing holds it up.
    free_from: u64,
}

impl Mvm {
    /// Reads whose conversions begin in a cycle or later: those of the cycle before and of all later ones.
    fn reads_from(&self, cycle: u64) -> u64 {
        (self.free_from + 1).saturating_sub(cycle).min(self.n_reads)
    }
}

impl ImaUnit {
    /// An idle IMA that makes some products.
    pub fn new(spec: &ImaSpec, shapes: &[MvmShape]) -> Self {
        let active = spec.crossbar.active_word_lines;
        let conversions_per_cycle = spec.conversions_per_cycle().min(u64::from(spec.shift_adds_per_cycle));
        let columns: u64 = shapes.iter().flat_map(|shape| &shape.arrays).map(|array| array.queued_columns()).sum();
        let mvms = shapes
            .iter()
            .map(|shape| Mvm {
                n_reads: shape.n_reads(active),
                n_conversions: shape.n_conversions(active),
                n_accepted: 0,
                free_from: 0,
            })
            .collect();
        let converters = if columns <= conversions_per_cycle {
            Converters::Ample
        } else {
            Converters::Scarce(Box::new(Scarce::new(spec, shapes)))
        };
        let counts = shapes.iter().map(|shape| shape.counts(active)).collect();
        Self { conversions_per_cycle, n_conversions: 0, mvms, counts, converters }
    }

    /// Begins a product with its first reads in a cycle.
    ///
    /// # Errors
    /// [`Busy`] with the product if some of its arrays still have reads of the one before to do.
    pub fn accept(&mut self, mvm: usize, cycle: u64) -> Result<Accepted, Busy<usize>> {
        let product = &mut self.mvms[mvm];
        let accepted = match &mut self.converters {
            Converters::Ample => {
                if cycle < product.free_from {
                    return Err(Busy(mvm));
                }
                self.n_conversions += product.n_conversions;
                let last_read = cycle + product.n_reads - 1;
                Accepted::Timed(MvmTiming { last_read, summed: last_read + 2 })
            }
            Converters::Scarce(scarce) => {
                scarce.accept(mvm)?;
                Accepted::Stepwise
            }
        };
        product.n_accepted += 1;
        product.free_from = cycle + product.n_reads;
        Ok(accepted)
    }

    /// Does what can be done in a cycle, and appends what happened. May be called again in a cycle, after another
    /// product was accepted.
    pub fn step(&mut self, cycle: u64, events: &mut Vec<ImaEvent>) {
        if let Converters::Scarce(scarce) = &mut self.converters {
            self.n_conversions += scarce.step(cycle, events);
        }
    }

    /// Whether nothing is left to do in later cycles.
    pub fn is_idle(&self) -> bool {
        match &self.converters {
            Converters::Ample => true,
            Converters::Scarce(scarce) => scarce.is_idle(),
        }
    }

    /// What is done for one product, by going through all its reads.
    pub fn counts(&self, mvm: usize) -> &Counts {
        &self.counts[mvm]
    }

    /// Conversions that the shared ADCs have made before a cycle, which is not before the last one that was accepted or
    /// stepped.
    pub fn conversions_before(&self, cycle: u64) -> u64 {
        let ahead = match &self.converters {
            // Columns of read `free_from − 1` are converted in cycle `free_from`.
            Converters::Ample => {
                self.mvms.iter().map(|mvm| mvm.n_conversions * mvm.reads_from(cycle) / mvm.n_reads).sum()
            }
            Converters::Scarce(_) => 0,
        };
        self.n_conversions - ahead
    }

    /// Cycles before a cycle in which a product's arrays are read, counted for the array with most reads.
    pub fn read_cycles_before(&self, mvm: usize, cycle: u64) -> u64 {
        let mvm = &self.mvms[mvm];
        mvm.n_accepted * mvm.n_reads - mvm.reads_from(cycle + 1)
    }

    /// Conversions that the shared ADCs make in a cycle at most, with what the adders can take.
    pub fn conversions_per_cycle(&self) -> u64 {
        self.conversions_per_cycle
    }
}

#[cfg(test)]
mod tests;
