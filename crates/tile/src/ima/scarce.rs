//! An IMA whose columns wait for converters, cycle by cycle.

use std::collections::VecDeque;

use rebias_engine::Busy;
use rebias_units::Counts;

use super::adc::{AdcUnit, HeldColumns};
use super::sample_hold::SampleHoldUnit;
use super::{ArrayShape, ImaEvent, MvmShape};

/// Arrays with their sample-and-holds, and the ADCs that they share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scarce {
    active_word_lines: u32,
    arrays: Vec<Array>,
    products: Vec<Product>,
    adcs: AdcUnit,
    /// The first cycle whose conversions are not yet made.
    next_conversions: u64,
    reads_left: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Array {
    shape: ArrayShape,
    mvm: usize,
    n_reads: u32,
    next_read: u32,
    sample_hold: SampleHoldUnit,
}

/// A product, and those of its runs whose columns are not all converted: at most one that waits for its last
/// conversions, and one that reads.
#[derive(Clone, Debug, PartialEq)]
struct Product {
    columns: u64,
    arrays_reading: u32,
    runs: VecDeque<Run>,
}

#[derive(Clone, Debug, PartialEq)]
struct Run {
    columns_left: u64,
    counts: Counts,
}

impl Scarce {
    pub(super) fn new(shapes: &[MvmShape], active_word_lines: u32) -> Self {
        let mut arrays = Vec::new();
        for (mvm, shape) in shapes.iter().enumerate() {
            arrays.extend(shape.arrays.iter().map(|&array| {
                let n_reads = shape.n_slices * array.n_groups(active_word_lines);
                let sample_hold = SampleHoldUnit::new(array.queued_columns());
                Array { shape: array, mvm, n_reads, next_read: n_reads, sample_hold }
            }));
        }
        let products = shapes
            .iter()
            .map(|shape| Product {
                columns: shape.n_conversions(active_word_lines),
                arrays_reading: 0,
                runs: VecDeque::new(),
            })
            .collect();
        let adcs = AdcUnit::new(arrays.len());
        Self { active_word_lines, arrays, products, adcs, next_conversions: 0, reads_left: 0 }
    }

    pub(super) fn accept(&mut self, mvm: usize) -> Result<(), Busy<usize>> {
        let product = &mut self.products[mvm];
        if product.arrays_reading > 0 {
            return Err(Busy(mvm));
        }
        product.runs.push_back(Run { columns_left: product.columns, counts: Counts::ZERO });
        for array in self.arrays.iter_mut().filter(|array| array.mvm == mvm) {
            array.next_read = 0;
            product.arrays_reading += 1;
            self.reads_left += u64::from(array.n_reads);
        }
        Ok(())
    }

    /// Converts once in a cycle, then reads; returns the conversions made.
    pub(super) fn step(&mut self, cycle: u64, conversions_per_cycle: u64, events: &mut Vec<ImaEvent>) -> u64 {
        let mut converted = 0;
        if self.next_conversions <= cycle {
            self.next_conversions = cycle + 1;
            converted = self.convert(conversions_per_cycle, events);
        }
        if self.reads_left > 0 {
            self.read(events);
        }
        converted
    }

    pub(super) fn is_idle(&self) -> bool {
        self.adcs.is_idle() && self.reads_left == 0
    }

    /// Converts as many columns as a cycle allows, in order of their reads.
    fn convert(&mut self, conversions_per_cycle: u64, events: &mut Vec<ImaEvent>) -> u64 {
        let mut left = conversions_per_cycle;
        while let Some(HeldColumns { array, columns }) = self.adcs.convert(&mut left) {
            let array = &mut self.arrays[array];
            array.sample_hold.give(columns);
            self.products[array.mvm].convert(array, columns, events);
        }
        conversions_per_cycle - left
    }

    /// Reads every array that has a read to do and whose sample-and-holds are free by the end of the cycle.
    fn read(&mut self, events: &mut Vec<ImaEvent>) {
        for (place, array) in self.arrays.iter_mut().enumerate() {
            if array.next_read == array.n_reads {
                continue;
            }
            let Ok(columns) = array.sample_hold.hold() else { continue };
            let queued = self.adcs.accept(HeldColumns { array: place, columns });
            debug_assert!(queued.is_ok(), "the queue has a place for each array's sample-and-holds");
            let product = &mut self.products[array.mvm];
            let group = array.next_read % array.shape.n_groups(self.active_word_lines);
            if let Some(run) = product.runs.back_mut() {
                array.shape.count_read(array.shape.driven(group, self.active_word_lines), &mut run.counts);
            }
            array.next_read += 1;
            self.reads_left -= 1;
            events.push(ImaEvent::Read { mvm: array.mvm });
            if array.next_read == array.n_reads {
                product.arrays_reading -= 1;
                if product.arrays_reading == 0 {
                    events.push(ImaEvent::LastRead { mvm: array.mvm });
                }
            }
        }
    }
}

impl Product {
    /// Takes converted columns of an array to the oldest run that still waits for columns of it.
    fn convert(&mut self, array: &Array, columns: u64, events: &mut Vec<ImaEvent>) {
        // An array begins a run only when all its columns of the run before are converted.
        let run = if array.next_read > 0 { self.runs.back_mut() } else { self.runs.front_mut() };
        let Some(run) = run else { return };
        array.shape.count_conversions(columns, &mut run.counts);
        run.columns_left -= columns;
        events.push(ImaEvent::Converted { mvm: array.mvm });
        if run.columns_left == 0 {
            events.push(ImaEvent::Summed { mvm: array.mvm, counts: run.counts });
            self.runs.pop_front();
        }
    }
}
