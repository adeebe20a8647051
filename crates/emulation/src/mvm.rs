//! A layer's sums from its emulated arrays.

use rebias_kernels::{
    self as kernels, Job, Kernel, LANES, Lift, Output, OutputTotals, Patterns, Position, Slice, SliceSign, Source,
    Total, Work,
};
use rebias_network::{FeatureMap, LayerId, Mvm};

use crate::FRACTION_BITS;
use crate::arrays::LayerArrays;
use crate::bias_columns::Inputs;
use crate::emulator::EmulatedLayer;
use crate::planes::{Batch, Planes};
use crate::record::Record;

/// Emulated arrays as the network's way to compute sums, one image at a time; counts what they do.
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
        Self { layers, kernel, scratch: Scratch::new(kernel), records: layers.iter().map(record).collect() }
    }

    /// Runs a weighted layer on the maps of a batch.
    pub(crate) fn run(&mut self, layer: LayerId, maps: &Planes, sink: Sink<'_>) {
        let mut layers = self.layers.iter().zip(&mut self.records);
        if let Some((layer, record)) = layers.find(|(it, _)| it.arrays.layer == layer) {
            Emulation { layer, kernel: self.kernel }.run(maps, (&mut self.scratch, record), sink);
        }
    }
}

impl Mvm for EmulatedMvm<'_> {
    fn fraction_bits(&self) -> u32 {
        FRACTION_BITS
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        let Some(emulated) = self.layers.iter().find(|it| it.arrays.layer == layer) else { return };
        let batch = Batch { first: 0, n_images: 1 };
        let maps = Planes::new(self.kernel, batch, ifmap.shape(), emulated.arrays.n_planes, &[ifmap.codes()]);
        let mut sums = vec![[0; LANES]; out.len()];
        self.run(layer, &maps, Sink::Sums(&mut sums));
        out.iter_mut().zip(sums).for_each(|(out, sums)| *out = sums[0]);
    }
}

/// What is made of a layer's totals.
pub(crate) enum Sink<'a> {
    /// Y in units, `[output][position][word]`.
    Sums(&'a mut [[i64; LANES]]),
    /// The codes after activation.
    Codes(&'a mut Planes),
    /// Nothing: the record is all that is wanted.
    Nothing,
}

/// Room for what is computed on the way.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    padded: Vec<u64>,
    patterns: Patterns,
    /// Patterns of each row block, where their bias columns are read by themselves.
    apart: Vec<Patterns>,
    /// Sums of inputs, `[read][position][slice]`.
    sums: Vec<Lift>,
    /// What is taken for the floor of the cells, likewise.
    drops: Vec<Lift>,
    /// What cells are lifted above what is left of them where something is subtracted, taken off, likewise.
    lifts: Vec<Lift>,
    /// Ŝ, `[row block][position]`, or all row blocks' together.
    estimates: Vec<Lift>,
    /// `[column][position]`, in as many bits as hold them.
    totals_16: Vec<i16>,
    totals_32: Vec<i32>,
    totals_64: Vec<i64>,
    kernel: kernels::Scratch,
}

impl Scratch {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self {
            padded: Vec::new(),
            patterns: Patterns::new(kernel),
            apart: Vec::new(),
            sums: Vec::new(),
            drops: Vec::new(),
            lifts: Vec::new(),
            estimates: Vec::new(),
            totals_16: Vec::new(),
            totals_32: Vec::new(),
            totals_64: Vec::new(),
            kernel: kernels::Scratch::default(),
        }
    }
}

/// One layer, ready to run.
pub(crate) struct Emulation<'a> {
    pub(crate) layer: &'a EmulatedLayer,
    pub(crate) kernel: Kernel,
}

/// Some positions of a batch.
#[derive(Clone, Copy)]
struct Block<'a> {
    /// The first of them among all.
    first: usize,
    positions: &'a [Position],
    patterns: &'a Patterns,
    /// Patterns of each row block, where their bias columns are read by themselves.
    apart: &'a [Patterns],
    estimates: &'a [Lift],
    drops: Option<&'a [Lift]>,
    lifts: Option<&'a [Lift]>,
    /// Positions of the whole batch.
    n_positions: usize,
}

/// Where sums of inputs go, and what follows from them.
struct InputSums<'s> {
    /// Of each read, position and input slice.
    sums: &'s mut Vec<Lift>,
    /// What the floor of the cells takes off; empty if nothing.
    drops: &'s mut Vec<Lift>,
    /// What references add; empty if nothing.
    lifts: &'s mut Vec<Lift>,
    /// Of each position, as the bias source sees them.
    estimates: &'s mut Vec<Lift>,
}

impl Emulation<'_> {
    /// Runs the maps of a batch.
    pub(crate) fn run(&self, maps: &Planes, (scratch, record): (&mut Scratch, &mut Record), mut sink: Sink<'_>) {
        let arrays = &self.layer.arrays;
        let Scratch { padded, patterns, apart, sums, drops, lifts, estimates, totals_16, totals_32, totals_64, kernel } =
            scratch;
        maps.pad(arrays.window.padding, padded);
        let (positions, first_words, lines) = places(arrays, maps.batch);
        let plane_stride = padded.len() / arrays.n_planes;
        let max_total = self.layer.converters.max_totals(arrays).0;
        let at_a_time = self.kernel.portion().positions;
        for (index, positions_of_block) in positions.chunks(at_a_time).enumerate() {
            let first = index * at_a_time;
            let source = Source {
                words: padded,
                plane_stride,
                positions: &first_words[first..][..positions_of_block.len()],
                lines: &lines,
            };
            patterns.fill(&arrays.lines, arrays.n_planes, &source);
            if let Some(bias) = &self.layer.bias {
                bias.drive(apart, (self.kernel, arrays.n_planes), &source);
            }
            if let (Some(driven), Some(record)) = (&arrays.driven, &mut record.driven) {
                *record += driven.sum(&source, &arrays.slices);
            }
            let found = InputSums { sums, drops, lifts, estimates };
            self.estimate((patterns, positions_of_block.len()), found);
            let block = Block {
                first,
                positions: positions_of_block,
                patterns,
                apart,
                estimates,
                drops: (!drops.is_empty()).then_some(drops),
                lifts: (!lifts.is_empty()).then_some(lifts),
                n_positions: positions.len(),
            };
            if max_total <= i16::MAX as u128 {
                self.read_all(&block, (totals_16, kernel), record, &mut sink);
            } else if max_total <= i32::MAX as u128 {
                self.read_all(&block, (totals_32, kernel), record, &mut sink);
            } else {
                self.read_all(&block, (totals_64, kernel), record, &mut sink);
            }
        }
    }

    /// Sums the inputs of each read, as the bias source sees them.
    fn estimate(
        &self,
        (patterns, n_positions): (&Patterns, usize),
        InputSums { sums, drops, lifts, estimates }: InputSums<'_>,
    ) {
        let (arrays, converters) = (&self.layer.arrays, &self.layer.converters);
        let n_slices = arrays.slices.len();
        lifts.clear();
        drops.clear();
        estimates.clear();
        // Bias columns that are converted one by one have estimates of their own.
        if self.layer.bias.is_some() && arrays.lift == 0 && !converters.takes_drops() {
            return;
        }
        sums.resize(arrays.lines.reads().len() * n_positions * n_slices, [0; LANES]);
        patterns.sum_inputs(&arrays.lines, &arrays.slices, sums);
        if arrays.lift > 0 {
            let lift = arrays.lift as i32;
            lifts.extend(sums.iter().map(|sums| sums.map(|sum| -sum * lift)));
        }
        if !arrays.bias.is_exact(arrays.max_input_sum()) {
            sums.iter_mut().flatten().for_each(|sum| *sum = arrays.estimate((*sum).into()) as i32);
        }
        let n_blocks = arrays.n_estimates();
        estimates.resize(n_blocks * n_positions, [0; LANES]);
        for (row_block, sums) in arrays.row_block_of.iter().zip(sums.chunks_exact(n_positions * n_slices)) {
            let estimates = &mut estimates[row_block % n_blocks * n_positions..][..n_positions];
            for (estimate, sums) in estimates.iter_mut().zip(sums.chunks_exact(n_slices)) {
                for (slice, sum) in arrays.slices.iter().zip(sums) {
                    add_slice(slice, sum, estimate);
                }
            }
        }
        if converters.takes_drops() {
            let floor = arrays.floor as i32;
            drops.extend(sums.iter().map(|sums| sums.map(|sum| sum * floor)));
        }
    }

    /// Reads all arrays for a block of positions.
    fn read_all<T: Total>(
        &self,
        block: &Block<'_>,
        (totals, scratch): (&mut Vec<T>, &mut kernels::Scratch),
        record: &mut Record,
        sink: &mut Sink<'_>,
    ) {
        let arrays = &self.layer.arrays;
        let n_columns = self.layer.converters.n_columns(arrays);
        // Whole outputs, and whole tiles of kernels.
        let n_outputs = (self.kernel.portion().columns / n_columns / 16 * 16).max(16);
        let Block { positions, patterns, apart, .. } = *block;
        let inputs = Inputs { slices: &arrays.slices, positions, patterns, apart };
        let own_estimates = self.layer.bias.as_ref().map(|bias| bias.estimates(self.kernel, &inputs, scratch));
        let n_images: usize = block.positions.iter().map(|position| position.n_lanes).sum();
        for first in (0..arrays.out_channels()).step_by(n_outputs) {
            let outputs = first..arrays.out_channels().min(first + n_outputs);
            let totals = room(totals, outputs.len() * n_columns * block.positions.len());
            let job = Job {
                stack: &self.layer.stack,
                columns: (first * n_columns, outputs.end * n_columns),
                slices: &arrays.slices,
                patterns: block.patterns,
                positions: block.positions,
                transfer: &self.layer.converters.transfer,
                lifts: block.lifts,
                drops: block.drops,
                stream: arrays.column_blocks[0].stream,
            };
            let work = self.kernel.run(&job, Output { totals, tally: record.tally.as_mut() }, scratch);
            let grid = self.layer.stack.grid(outputs.len() * n_columns, block.positions.len());
            for (index, columns) in arrays.column_blocks.iter().enumerate() {
                let of_block = outputs.start.max(columns.outputs.start)..outputs.end.min(columns.outputs.end);
                if of_block.is_empty() {
                    continue;
                }
                // A sum of codes stands for the converted sums of all slices.
                let conversions = work.reads * (of_block.len() * arrays.worth.len()) as u64;
                // What was begun before is the same read of the same array.
                let is_begun = first > columns.outputs.start;
                let (reads, word_lines) = if is_begun { (0, 0) } else { (work.reads, work.word_lines) };
                record.add_work((arrays, columns), Work { reads, word_lines, conversions });
                // Arrays that share a bias column share that of the first.
                let own = own_estimates.as_ref().map(|own| &own[index.min(own.len() - 1)][..]);
                let estimates = own.unwrap_or(block.estimates);
                let block = &Block { estimates, ..*block };
                for output in of_block {
                    let totals = OutputTotals { totals, grid, column: (output - first) * n_columns };
                    self.finish(block, (output, totals), sink);
                    record.add_outputs(arrays, n_images as u64);
                }
            }
        }
    }

    /// Makes of an output's totals what is wanted of them.
    fn finish<T: Total>(&self, block: &Block<'_>, (output, totals): (usize, OutputTotals<'_, T>), sink: &mut Sink<'_>) {
        let outputs = &self.layer.outputs;
        let first = output * block.n_positions + block.first;
        match sink {
            Sink::Nothing => {}
            Sink::Sums(sums) => {
                let sums = &mut sums[first..][..block.positions.len()];
                outputs.affines[output].apply(self.kernel, totals, block.estimates, sums);
            }
            Sink::Codes(planes) => {
                let (stride, n_planes) = (planes.plane_words(), planes.n_planes);
                let words = (&mut planes.words[first..], stride);
                outputs.finishes[output].codes(self.kernel, (totals, block.estimates), words);
                for plane in 0..n_planes {
                    let words = &mut planes.words[plane * stride + first..][..block.positions.len()];
                    for (word, position) in words.iter_mut().zip(block.positions) {
                        *word &= u64::MAX >> (LANES - position.n_lanes);
                    }
                }
            }
        }
    }
}

/// Room for so many totals, which begin where a line of the cache does: none is in two.
fn room<T: Total>(room: &mut Vec<T>, n: usize) -> &mut [[T; LANES]] {
    const LINE: usize = 64;
    room.resize(n * LANES + LINE, T::ZERO);
    let first = room.as_ptr().align_offset(LINE).min(LINE);
    &mut room[first..].as_chunks_mut().0[..n]
}

/// Adds a slice's sum in its place.
fn add_slice(slice: &Slice, sum: &Lift, total: &mut Lift) {
    for (total, sum) in total.iter_mut().zip(sum) {
        match slice.sign {
            SliceSign::Plus => *total += sum << slice.shift,
            SliceSign::Minus => *total -= sum << slice.shift,
        }
    }
}

/// The positions of a batch, `[position][word]`, with the first word of each window on the padded map, and how far from
/// it the words of the window's values are.
fn places(arrays: &LayerArrays, batch: Batch) -> (Vec<Position>, Vec<usize>, Vec<usize>) {
    let (window, shape, n_words) = (arrays.window, arrays.in_shape, batch.n_words());
    let (height, width) = (shape.height + 2 * window.padding, shape.width + 2 * window.padding);
    let out_width = arrays.out_shape.width;
    let n_positions = arrays.out_shape.positions() * n_words;
    let (mut positions, mut first_words) = (Vec::with_capacity(n_positions), Vec::with_capacity(n_positions));
    for pixel in 0..arrays.out_shape.positions() {
        let (row, column) = (pixel / out_width * window.stride, pixel % out_width * window.stride);
        for word in 0..n_words {
            let image = (batch.first + word * LANES) as u64;
            positions.push(Position { pixel: pixel as u32, image, n_lanes: batch.n_lanes(word) });
            first_words.push((row * width + column) * n_words + word);
        }
    }
    let line = |line: usize| {
        let (channel, place) = (line / window.area(), line % window.area());
        let (row, column) = (place / window.width, place % window.width);
        ((channel * height + row) * width + column) * n_words
    };
    (positions, first_words, (0..shape.channels * window.area()).map(line).collect())
}
