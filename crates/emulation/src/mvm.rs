//! A layer's sums from its emulated arrays.

use rebias_kernels::{Inputs, Job, Kernel, Output, Slice, SliceSign};
use rebias_network::{FeatureMap, LayerId, Mvm};

use crate::arrays::{LayerArrays, ProgrammedArray, RowBlock};
use crate::converters::Converters;
use crate::emulator::EmulatedLayer;
use crate::packing::Patterns;
use crate::record::Record;
use crate::{FRACTION_BITS, LEVEL};

/// Positions for which an array is read at a time: what they give stays in a core's cache.
const POSITIONS: usize = 256;

/// Emulated arrays as the network's way to compute sums; counts what they do.
///
/// Made by [`Emulator::mvm`](crate::Emulator::mvm); each thread has its own.
#[derive(Clone, Debug)]
pub struct EmulatedMvm<'e> {
    layers: &'e [EmulatedLayer],
    kernel: Kernel,
    scratch: Scratch,
    /// One for each of `layers`.
    pub(crate) records: Vec<Record>,
}

impl<'e> EmulatedMvm<'e> {
    pub(crate) fn new(layers: &'e [EmulatedLayer], kernel: Kernel) -> Self {
        let record = |layer: &EmulatedLayer| Record::new(&layer.arrays, layer.converters.tally(&layer.arrays));
        Self { layers, kernel, scratch: Scratch::default(), records: layers.iter().map(record).collect() }
    }
}

impl Mvm for EmulatedMvm<'_> {
    fn fraction_bits(&self) -> u32 {
        FRACTION_BITS
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        let layers = self.layers.iter().zip(&mut self.records);
        for (EmulatedLayer { arrays, converters }, record) in layers.filter(|(it, _)| it.arrays.layer == layer) {
            Emulation { arrays, converters, kernel: self.kernel }.run(ifmap, (&mut self.scratch, record), out);
        }
    }
}

/// Room for what is computed on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    patterns: Patterns,
    inputs: InputSums,
    /// `[position][column]` of one array.
    totals: Vec<i64>,
    /// P̂, `[position][output]`, in units.
    products: Vec<i64>,
    /// Ŝ as the arrays of each column block see it, `[column block][position]`.
    estimates: Vec<i64>,
}

/// Sums of a row block's inputs.
#[derive(Clone, Debug, Default)]
struct InputSums {
    /// What the floor of the cells adds to a column, `[position][slice][read]`, in units.
    lifts: Vec<i64>,
    /// What is taken for it.
    drops: Vec<i64>,
    /// The block's part of Ŝ, `[position]`.
    estimates: Vec<i64>,
}

/// One layer, ready to run.
pub(crate) struct Emulation<'a> {
    pub(crate) arrays: &'a LayerArrays,
    pub(crate) converters: &'a Converters,
    pub(crate) kernel: Kernel,
}

impl Emulation<'_> {
    /// Writes Y in units, `[output][position]`.
    pub(crate) fn run(&self, ifmap: &FeatureMap, (scratch, record): (&mut Scratch, &mut Record), out: &mut [i64]) {
        let arrays = self.arrays;
        let Scratch { patterns, inputs, totals, products, estimates } = scratch;
        arrays.packing.pack(ifmap, patterns);
        refill(products, arrays.n_positions * arrays.out_channels());
        refill(estimates, arrays.n_positions * arrays.n_column_blocks());
        for (index, block) in arrays.row_blocks.iter().enumerate() {
            let patterns = patterns.block(index);
            self.add_power(block, patterns, record);
            for (column_block, array) in block.arrays.iter().enumerate() {
                // Bias columns that are alike give one sum.
                if column_block == 0 || array.bias.is_some() {
                    self.sum_inputs((block, array), patterns, inputs);
                }
                let estimates = &mut estimates[column_block * arrays.n_positions..][..arrays.n_positions];
                for (estimate, part) in estimates.iter_mut().zip(&inputs.estimates) {
                    *estimate += part;
                }
                self.read(array, (patterns, inputs), (totals, record), products);
            }
        }
        self.finish((products, estimates), record, out);
    }

    /// Adds the power of a row block's reads, where it depends on data.
    fn add_power(&self, block: &RowBlock, patterns: &[u8], record: &mut Record) {
        let (Some(driven), Some(power)) = (&block.driven, &mut record.driven) else { return };
        let n_groups = block.n_groups();
        for patterns in patterns.chunks_exact(self.arrays.packing.n_planes() * n_groups) {
            for slice in &self.arrays.slices {
                let planes = &patterns[slice.planes.start * n_groups..slice.planes.end * n_groups];
                *power += block.reads().iter().map(|read| driven.power(planes, read.groups.clone())).sum::<u128>();
            }
        }
    }

    /// Sums the inputs of each read, as an array's bias source sees them.
    fn sum_inputs(&self, (block, array): (&RowBlock, &ProgrammedArray), patterns: &[u8], inputs: &mut InputSums) {
        let (arrays, n_groups) = (self.arrays, block.n_groups());
        let n_planes = arrays.packing.n_planes();
        inputs.lifts.clear();
        inputs.drops.clear();
        inputs.estimates.clear();
        for patterns in patterns.chunks_exact(n_planes * n_groups) {
            let mut total = 0;
            for slice in &arrays.slices {
                let planes = &patterns[slice.planes.start * n_groups..slice.planes.end * n_groups];
                for read in block.reads() {
                    let plane = |(bit, plane): (u32, &[u8])| i64::from(ones(&plane[read.groups.clone()])) << bit;
                    let sum = (0..).zip(planes.chunks_exact(n_groups)).map(plane).sum();
                    let estimate = match &array.bias {
                        Some(bias) => arrays.bias.estimate_from(bias.current(planes, read.groups.clone()) as i64),
                        None => arrays.estimate(sum),
                    };
                    inputs.lifts.push(arrays.lift() * sum);
                    inputs.drops.push(arrays.floor * estimate);
                    total += weighted(slice, estimate);
                }
            }
            inputs.estimates.push(total);
        }
    }

    /// Reads one array for all positions and adds what it gives to P̂.
    fn read(
        &self,
        array: &ProgrammedArray,
        (patterns, inputs): (&[u8], &InputSums),
        (totals, record): (&mut Vec<i64>, &mut Record),
        products: &mut [i64],
    ) {
        let (arrays, n_columns) = (self.arrays, array.cells.padded_columns());
        let n_planes = arrays.packing.n_planes();
        let n_offsets = arrays.slices.len() * array.cells.reads().len();
        let blocks = patterns
            .chunks(POSITIONS * n_planes * array.cells.n_groups())
            .zip(inputs.lifts.chunks(POSITIONS * n_offsets).zip(inputs.drops.chunks(POSITIONS * n_offsets)))
            .zip(inputs.estimates.chunks(POSITIONS))
            .zip(products.chunks_mut(POSITIONS * arrays.out_channels()));
        for (((patterns, (lifts, drops)), estimates), products) in blocks {
            let n_positions = estimates.len();
            totals.resize(n_positions * n_columns, 0);
            let inputs = Inputs { patterns, lifts, drops, n_positions, n_planes };
            let transfer = &self.converters.transfer;
            let job = Job { array: &array.cells, slices: &arrays.slices, transfer, inputs };
            let work = self.kernel.run(&job, Output { totals, tally: record.tally.as_mut() });
            record.add_work(arrays, work);
            let rows = products.chunks_exact_mut(arrays.out_channels());
            for ((products, totals), &estimate) in rows.zip(totals.chunks_exact(n_columns)).zip(estimates) {
                self.shift_add(array, (totals, estimate), &mut products[array.outputs.clone()]);
            }
        }
    }

    /// Adds the weight slices of an array's outputs in one position.
    fn shift_add(&self, array: &ProgrammedArray, read: (&[i64], i64), products: &mut [i64]) {
        match self.arrays.n_weight_slices {
            1 => self.shift_add_slices::<1>(array, read, products),
            2 => self.shift_add_slices::<2>(array, read, products),
            4 => self.shift_add_slices::<4>(array, read, products),
            n => {
                let (totals, estimate) = read;
                let columns = totals.chunks_exact(n).zip(array.worth.chunks_exact(n));
                self.add_outputs(array, (columns, estimate), products);
            }
        }
    }

    /// For J known when this is compiled.
    fn shift_add_slices<const J: usize>(
        &self,
        array: &ProgrammedArray,
        (totals, estimate): (&[i64], i64),
        products: &mut [i64],
    ) {
        let (totals, worth) = (totals.as_chunks::<J>().0, array.worth.as_chunks::<J>().0);
        self.add_outputs(array, (totals.iter().zip(worth), estimate), products);
    }

    /// A complemented column gives (2^c − 1)·S − Σ ℓ·x, so that (2^c − 1)·Ŝ less what it gives is added.
    #[inline(always)]
    fn add_outputs<'t, T: AsRef<[i64]> + ?Sized + 't>(
        &self,
        array: &ProgrammedArray,
        (columns, estimate): (impl Iterator<Item = (&'t T, &'t T)>, i64),
        products: &mut [i64],
    ) {
        let to_units = FRACTION_BITS - self.converters.fraction_bits;
        let complement = self.arrays.max_level * estimate * LEVEL;
        for ((product, (totals, worth)), flipped) in products.iter_mut().zip(columns).zip(&array.flipped) {
            let sum: i64 = totals.as_ref().iter().zip(worth.as_ref()).map(|(total, worth)| total * worth).sum();
            *product += (sum << to_units) + complement * flipped;
        }
    }

    /// Y = 2^F·P̂ + n·Ŝ.
    fn finish(&self, (products, estimates): (&[i64], &[i64]), record: &mut Record, out: &mut [i64]) {
        let arrays = self.arrays;
        let mut n_outputs = 0;
        for (channel, (out, beta)) in out.chunks_exact_mut(arrays.n_positions).zip(&arrays.beta).enumerate() {
            let products = products.chunks_exact(arrays.out_channels()).map(|products| products[channel]);
            let estimates = &estimates[arrays.column_block_of(channel) * arrays.n_positions..][..arrays.n_positions];
            for ((out, product), estimate) in out.iter_mut().zip(products).zip(estimates) {
                *out = (product << arrays.beta_fraction_bits) + beta * estimate * LEVEL;
                n_outputs += 1;
            }
        }
        record.add_outputs(arrays, n_outputs);
    }
}

fn refill(sums: &mut Vec<i64>, length: usize) {
    sums.clear();
    sums.resize(length, 0);
}

fn weighted(slice: &Slice, sum: i64) -> i64 {
    match slice.sign {
        SliceSign::Plus => sum << slice.shift,
        SliceSign::Minus => -(sum << slice.shift),
    }
}

/// Bits that are set.
fn ones(patterns: &[u8]) -> u32 {
    let (words, rest) = patterns.as_chunks();
    let words: u32 = words.iter().map(|&word| u64::from_le_bytes(word).count_ones()).sum();
    words + rest.iter().map(|pattern| pattern.count_ones()).sum::<u32>()
}
