//! An IMA whose columns wait for converters, cycle by cycle.

use std::collections::VecDeque;

use rebias_engine::Busy;
use rebias_units::Counts;

use super::adc::{AdcUnit, HeldColumns};
use super::crossbar::{CrossbarUnit, Read};
use super::shift_add::ShiftAddsUnit;
use super::{ArrayShape, ImaEvent, ImaSpec, MvmShape};

/// Arrays with their DACs and sample-and-holds, and the ADCs and adders that they share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scarce {
    arrays: Vec<Array>,
    products: Vec<Product>,
    adcs: AdcUnit,
    adders: ShiftAddsUnit,
    /// The first cycle whose conversions are not yet made.
    next_conversions: u64,
    reads_left: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Array {
    mvm: usize,
    crossbar: CrossbarUnit,
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
    pub(super) fn new(spec: &ImaSpec, shapes: &[MvmShape]) -> Self {
        let active_word_lines = spec.crossbar.active_word_lines;
        let mut arrays = Vec::new();
        for (mvm, shape) in shapes.iter().enumerate() {
            let crossbar = |&array: &ArrayShape| CrossbarUnit::new(array, shape.n_slices, active_word_lines);
            arrays.extend(shape.arrays.iter().map(|array| Array { mvm, crossbar: crossbar(array) }));
        }
        let products = shapes
            .iter()
            .map(|shape| Product {
                columns: shape.n_conversions(active_word_lines),
                arrays_reading: 0,
                runs: VecDeque::new(),
            })
            .collect();
        let adcs = AdcUnit::new(arrays.len(), spec.conversions_per_cycle());
        let adders = ShiftAddsUnit::new(u64::from(spec.shift_adds_per_cycle));
        Self { arrays, products, adcs, adders, next_conversions: 0, reads_left: 0 }
    }

    pub(super) fn accept(&mut self, mvm: usize) -> Result<(), Busy<usize>> {
        let product = &mut self.products[mvm];
        if product.arrays_reading > 0 {
            return Err(Busy(mvm));
        }
        product.runs.push_back(Run { columns_left: product.columns, counts: Counts::ZERO });
        for Array { crossbar, .. } in self.arrays.iter_mut().filter(|array| array.mvm == mvm) {
            let taken = crossbar.accept();
            debug_assert!(taken.is_ok(), "no array of the product has reads left to do");
            product.arrays_reading += 1;
            self.reads_left += u64::from(crossbar.dacs().n_drives());
        }
        Ok(())
    }

    /// Converts once in a cycle, then reads; returns the conversions made.
    pub(super) fn step(&mut self, cycle: u64, events: &mut Vec<ImaEvent>) -> u64 {
        let mut converted = 0;
        if self.next_conversions <= cycle {
            self.next_conversions = cycle + 1;
            converted = self.convert(cycle, events);
        }
        if self.reads_left > 0 {
            self.read(events);
        }
        converted
    }

    pub(super) fn is_idle(&self) -> bool {
        self.adcs.is_idle() && self.reads_left == 0
    }

    /// Converts as many columns as a cycle allows, in order of their reads, and no more than can be added in the next.
    fn convert(&mut self, cycle: u64, events: &mut Vec<ImaEvent>) -> u64 {
        let at_most = self.adcs.per_cycle().min(self.adders.room(cycle + 1));
        let mut left = at_most;
        while let Some(HeldColumns { array, columns }) = self.adcs.convert(&mut left) {
            let added = self.adders.accept(cycle + 1, columns);
            debug_assert!(added.is_ok(), "no more is converted than there is room for in the adders");
            let Array { mvm, crossbar } = &mut self.arrays[array];
            crossbar.give(columns);
            self.products[*mvm].convert(*mvm, crossbar, columns, events);
        }
        at_most - left
    }

    /// Reads every array that has a read to do and whose sample-and-holds are free by the end of the cycle.
    fn read(&mut self, events: &mut Vec<ImaEvent>) {
        for (place, Array { mvm, crossbar }) in self.arrays.iter_mut().enumerate() {
            let Ok(Some(Read { driven, columns })) = crossbar.read() else { continue };
            let queued = self.adcs.accept(HeldColumns { array: place, columns });
            debug_assert!(queued.is_ok(), "the queue has a place for each array's sample-and-holds");
            let product = &mut self.products[*mvm];
            if let Some(run) = product.runs.back_mut() {
                crossbar.shape().count_read(driven, &mut run.counts);
            }
            self.reads_left -= 1;
            events.push(ImaEvent::Read { mvm: *mvm });
            if crossbar.dacs().is_done() {
                product.arrays_reading -= 1;
                if product.arrays_reading == 0 {
                    events.push(ImaEvent::LastRead { mvm: *mvm });
                }
            }
        }
    }
}

impl Product {
    /// Takes converted columns of an array to the oldest run that still waits for columns of it.
    fn convert(&mut self, mvm: usize, array: &CrossbarUnit, columns: u64, events: &mut Vec<ImaEvent>) {
        // An array begins a run only when all its columns of the run before are converted.
        let run = if array.dacs().has_begun() { self.runs.back_mut() } else { self.runs.front_mut() };
        let Some(run) = run else { return };
        array.shape().count_conversions(columns, &mut run.counts);
        run.columns_left -= columns;
        events.push(ImaEvent::Converted { mvm });
        if run.columns_left == 0 {
            events.push(ImaEvent::Summed { mvm, counts: run.counts });
            self.runs.pop_front();
        }
    }
}
