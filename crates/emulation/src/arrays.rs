//! The programmed arrays of a layer.

use std::ops::Range;

use rayon::prelude::*;
use rebias_arch::{Arch, FlipEncoding};
use rebias_crossbar::{CellModel, ChipSeed, CrossbarError, ReadEnergy};
use rebias_kernels::{Array, Read, Slice, SliceSign};
use rebias_mapper::{InputSlice, LayerPlacement, Slicing};
use rebias_network::{Layer, LayerId, OutputFormat, Tensors, Weighted};

use crate::bias::BiasModel;
use crate::driven::LineConductance;
use crate::packing::Packing;
use crate::programming::{ArrayWriter, CellUnit, WrittenCells};
use crate::{EmulationError, LEVEL};

/// Longest table of estimates.
const MAX_ESTIMATES: u64 = 1 << 16;

/// The arrays of a weighted layer. Copies of a layer hold the same values, so one is programmed.
#[derive(Clone, Debug)]
pub(crate) struct LayerArrays {
    pub(crate) layer: LayerId,
    pub(crate) name: String,
    pub(crate) packing: Packing,
    pub(crate) slices: Vec<Slice>,
    pub(crate) n_weight_slices: usize,
    pub(crate) row_blocks: Vec<RowBlock>,
    /// What the cells of the arrays count.
    pub(crate) unit: CellUnit,
    /// Conductance of level 0 in units.
    pub(crate) floor: i64,
    pub(crate) max_level: i64,
    pub(crate) bias: BiasModel,
    /// What the bias source makes of a read's sum of inputs, for sums up to the longest table.
    estimates: Vec<i64>,
    /// Bias columns of an array.
    pub(crate) n_bias_columns: u64,
    /// n of each output channel.
    pub(crate) beta: Vec<i64>,
    pub(crate) beta_fraction_bits: u32,
    pub(crate) n_positions: usize,
    pub(crate) output: OutputFormat,
    /// How well the node currents of the arrays' wires balance; the worst array's.
    pub(crate) wire_residual: f64,
}

/// The arrays that share their inputs.
#[derive(Clone, Debug)]
pub(crate) struct RowBlock {
    /// Column block by column block.
    pub(crate) arrays: Vec<ProgrammedArray>,
    /// `None` where reads have a constant energy.
    pub(crate) driven: Option<LineConductance>,
}

/// One array.
#[derive(Clone, Debug)]
pub(crate) struct ProgrammedArray {
    pub(crate) outputs: Range<usize>,
    pub(crate) cells: Array,
    /// Conductance of its bias column's cells, tabulated; `None` where all bias columns are alike, or there is none.
    pub(crate) bias: Option<LineConductance>,
    /// What a column's sum is worth in its output: ± 2^(c·j), minus where it is stored complemented.
    pub(crate) worth: Vec<i64>,
    /// For each output, Σ 2^(c·j) over the slices that are stored complemented.
    pub(crate) flipped: Vec<i64>,
}

impl RowBlock {
    /// Reads of each array.
    pub(crate) fn reads(&self) -> &[Read] {
        self.arrays[0].cells.reads()
    }

    pub(crate) fn n_groups(&self) -> usize {
        self.arrays[0].cells.n_groups()
    }
}

/// What the arrays of all layers have in common.
pub(crate) struct Programmer<'a> {
    arch: &'a Arch,
    cell: CellModel,
    bias: BiasModel,
    writer: ArrayWriter,
}

impl<'a> Programmer<'a> {
    pub(crate) fn new(arch: &'a Arch, chip: ChipSeed) -> Result<Self, CrossbarError> {
        let cell = CellModel::new(&arch.ima().crossbar.cell);
        Ok(Self { writer: ArrayWriter::new(arch, chip)?, arch, cell, bias: BiasModel::new(arch) })
    }

    /// Programs a layer's arrays.
    pub(crate) fn program(
        &self,
        layer: &Layer,
        weighted: &Weighted,
        placed: &LayerPlacement,
    ) -> Result<LayerArrays, EmulationError> {
        let name = layer.name().to_owned();
        let Some(tensors) = &weighted.tensors else { return Err(EmulationError::NoTensors { layer: name }) };
        if self.cell.is_noisy() || self.arch.ima().adc.errors.noise > 0.0 {
            return Err(EmulationError::Noise { layer: name });
        }
        let covers = |blocks: &[Range<usize>], end| blocks.last().is_some_and(|last| last.end == end);
        let (out_channels, rows) = tensors.codes.dim();
        if !covers(&placed.row_blocks, rows) || !covers(&placed.column_blocks, out_channels) {
            return Err(EmulationError::OtherPlacement { layer: name });
        }
        let rows_per_read = self.arch.ima().crossbar.active_word_lines as usize;
        let shapes = (layer.in_shape(), layer.out_shape());
        let n_planes = weighted.input.bits as usize;
        let programmed = (0..placed.row_blocks.len())
            .into_par_iter()
            .map(|row_block| self.row_block((&name, tensors), placed, row_block))
            .collect::<Result<Vec<_>, _>>()?;
        let (row_blocks, residuals): (Vec<_>, Vec<_>) = programmed.into_iter().unzip();
        let mut arrays = LayerArrays {
            layer: placed.layer,
            name,
            packing: Packing::new(weighted.window, shapes, n_planes, (&placed.row_blocks, rows_per_read)),
            slices: placed.slicing.input_slices().iter().map(slice).collect(),
            n_weight_slices: placed.slicing.n_weight_slices() as usize,
            row_blocks,
            unit: self.writer.unit(),
            floor: self.cell.offset_units().into(),
            max_level: self.arch.ima().crossbar.cell.max_level().into(),
            bias: self.bias.clone(),
            estimates: Vec::new(),
            n_bias_columns: placed.n_bias_columns.into(),
            beta: (0..out_channels).map(|channel| tensors.beta_of(channel).into()).collect(),
            beta_fraction_bits: tensors.beta_fraction_bits,
            n_positions: layer.out_shape().positions(),
            output: weighted.output,
            wire_residual: residuals.into_iter().fold(0.0, f64::max),
        };
        let max_tabulated = arrays.max_input_sum().min(MAX_ESTIMATES) as i64;
        arrays.estimates = (0..=max_tabulated).map(|sum| self.bias.estimate(sum)).collect();
        Ok(arrays)
    }

    /// The arrays of a row block, and the worst residual of their wires.
    fn row_block(
        &self,
        (name, tensors): (&str, &Tensors),
        placed: &LayerPlacement,
        row_block: usize,
    ) -> Result<(RowBlock, f64), EmulationError> {
        let crossbar = &self.arch.ima().crossbar;
        let rows = placed.row_blocks[row_block].clone();
        let (mut conductances, mut residual) = (vec![0; rows.len()], 0.0);
        let mut arrays = Vec::with_capacity(placed.column_blocks.len());
        for (column_block, outputs) in placed.column_blocks.iter().enumerate() {
            let place = (placed.layer.0, row_block * placed.column_blocks.len() + column_block);
            let (array, written) = self
                .array(tensors, placed, (rows.clone(), outputs.clone()), place)
                .map_err(|fault| fault.of_layer(name))?;
            for (conductance, line) in conductances.iter_mut().zip(&written.line_conductances) {
                *conductance += line;
            }
            residual = f64::max(residual, written.residual);
            arrays.push(array);
        }
        let driven = match crossbar.cell.read_energy {
            ReadEnergy::DataDependent => Some(self.tabulated(&conductances)),
            ReadEnergy::Constant => None,
        };
        Ok((RowBlock { arrays, driven }, residual))
    }

    fn array(
        &self,
        tensors: &Tensors,
        placed: &LayerPlacement,
        (rows, outputs): (Range<usize>, Range<usize>),
        place: (usize, usize),
    ) -> Result<(ProgrammedArray, WrittenCells), ArrayFault> {
        let crossbar = &self.arch.ima().crossbar;
        let mut levels = Levels::new(tensors, &placed.slicing, (rows, outputs.clone()));
        let flips = match self.arch.mapping().flip_encoding {
            FlipEncoding::Off => vec![false; levels.n_columns],
            FlipEncoding::On => levels.flip_heavy_columns(crossbar.cell.max_level()),
        };
        let bias_level = self.bias.level();
        if let Some(level) = bias_level {
            levels.append_column(level);
        }
        let written = self.writer.write(&levels.cells, levels.n_columns, place)?;
        let (values, bias) = match bias_level {
            Some(_) => (written.first_columns(levels.n_columns), Some(written.last_column(levels.n_columns))),
            None => (written.values.clone(), None),
        };
        let max_input = placed.slicing.input_slices().iter().map(|slice| (1u32 << slice.bits) - 1).max().unwrap_or(0);
        let rows_per_read = crossbar.active_word_lines as usize;
        check_sums(&values, (flips.len(), rows_per_read), max_input)?;
        let array = ProgrammedArray {
            outputs,
            worth: worth(&placed.slicing, &flips),
            flipped: flipped(&placed.slicing, &flips),
            cells: Array::new(&values, flips.len(), rows_per_read, max_input),
            bias: match self.writer.unit() {
                CellUnit::Level => None,
                CellUnit::Fraction => bias.map(|conductances| self.tabulated(&conductances)),
            },
        };
        Ok((array, written))
    }

    /// Conductances of word lines, read as the arrays are.
    fn tabulated(&self, conductances: &[u64]) -> LineConductance {
        let reads = conductances.chunks(self.arch.ima().crossbar.active_word_lines as usize);
        LineConductance::new(reads.flat_map(|read| read.chunks(rebias_kernels::GROUP)))
    }
}

/// Kernels hold sums of cells in 32 bits.
fn check_sums(cells: &[u32], (n_columns, rows_per_read): (usize, usize), max_input: u32) -> Result<(), ArrayFault> {
    let sum = |read: &[u32], column: usize| read.iter().skip(column).step_by(n_columns).map(|&it| u64::from(it)).sum();
    let reads = cells.chunks(rows_per_read * n_columns);
    let max: u64 = reads.flat_map(|read| (0..n_columns).map(move |column| sum(read, column))).max().unwrap_or(0);
    let (bound, limit) = (u128::from(max) * u128::from(max_input), u32::MAX.into());
    if bound <= limit { Ok(()) } else { Err(ArrayFault::TooLarge { bound, limit }) }
}

/// What can be wrong with an array, whatever layer it belongs to.
enum ArrayFault {
    Crossbar(CrossbarError),
    TooLarge { bound: u128, limit: u128 },
}

impl From<CrossbarError> for ArrayFault {
    fn from(error: CrossbarError) -> Self {
        Self::Crossbar(error)
    }
}

impl ArrayFault {
    fn of_layer(self, name: &str) -> EmulationError {
        let layer = name.to_owned();
        match self {
            Self::Crossbar(source) => EmulationError::Crossbar { layer, source },
            Self::TooLarge { bound, limit } => EmulationError::TooLarge { layer, what: "a column's sum", bound, limit },
        }
    }
}

fn slice(input: &InputSlice) -> Slice {
    let sign = if input.weight < 0 { SliceSign::Minus } else { SliceSign::Plus };
    let first = input.shift as usize;
    Slice { planes: first..first + input.bits as usize, shift: input.shift, sign }
}

/// ± 2^(c·j) of each column.
pub(crate) fn worth(slicing: &Slicing, flips: &[bool]) -> Vec<i64> {
    let column = |(slice, &is_flipped): (u32, &bool)| {
        let worth = 1 << slicing.weight_shift(slice);
        if is_flipped { -worth } else { worth }
    };
    let outputs = flips.chunks_exact(slicing.n_weight_slices() as usize);
    outputs.flat_map(|flips| (0..).zip(flips).map(column)).collect()
}

/// Σ 2^(c·j) over the flipped columns of each output.
pub(crate) fn flipped(slicing: &Slicing, flips: &[bool]) -> Vec<i64> {
    let output = |flips: &[bool]| {
        (0..).zip(flips).map(|(slice, &is_flipped)| i64::from(is_flipped) << slicing.weight_shift(slice)).sum()
    };
    flips.chunks_exact(slicing.n_weight_slices() as usize).map(output).collect()
}

/// What the cells of an array store.
pub(crate) struct Levels {
    pub(crate) n_columns: usize,
    /// `[word line][column]`, slices of an output side by side.
    pub(crate) cells: Vec<u8>,
}

impl Levels {
    pub(crate) fn new(tensors: &Tensors, slicing: &Slicing, (rows, outputs): (Range<usize>, Range<usize>)) -> Self {
        let n_columns = outputs.len() * slicing.n_weight_slices() as usize;
        let mut cells = Vec::with_capacity(rows.len() * n_columns);
        for row in rows {
            for output in outputs.clone() {
                let code = tensors.codes[[output, row]];
                // A cell has at most 8 bits.
                cells.extend((0..slicing.n_weight_slices()).map(|slice| slicing.weight_slice(code, slice) as u8));
            }
        }
        Self { n_columns, cells }
    }

    /// Complements the columns whose levels add up to more than half of what they could, and tells which.
    pub(crate) fn flip_heavy_columns(&mut self, max_level: u32) -> Vec<bool> {
        let mut sums = vec![0u64; self.n_columns];
        for row in self.cells.chunks_exact(self.n_columns) {
            for (sum, &level) in sums.iter_mut().zip(row) {
                *sum += u64::from(level);
            }
        }
        let full = (self.cells.len() / self.n_columns) as u64 * u64::from(max_level);
        let flips: Vec<_> = sums.iter().map(|sum| 2 * sum > full).collect();
        for row in self.cells.chunks_exact_mut(self.n_columns) {
            for (level, _) in row.iter_mut().zip(&flips).filter(|(_, is_flipped)| **is_flipped) {
                *level = max_level as u8 - *level;
            }
        }
        flips
    }

    /// Appends a column with the same level in every cell.
    pub(crate) fn append_column(&mut self, level: u8) {
        let rows = self.cells.chunks_exact(self.n_columns);
        self.cells = rows.flat_map(|row| row.iter().copied().chain([level])).collect();
        self.n_columns += 1;
    }
}

impl LayerArrays {
    pub(crate) fn out_channels(&self) -> usize {
        self.beta.len()
    }

    /// Arrays that share their inputs.
    pub(crate) fn n_column_blocks(&self) -> usize {
        self.row_blocks.first().map_or(0, |block| block.arrays.len())
    }

    /// The column block that an output's weights stand in.
    pub(crate) fn column_block_of(&self, channel: usize) -> usize {
        let arrays = self.row_blocks.first().map_or(&[][..], |block| &block.arrays);
        arrays.partition_point(|array| array.outputs.end <= channel)
    }

    /// What cells' conductance of level 0 adds to a column for each input: nothing where it is among what cells count.
    pub(crate) fn lift(&self) -> i64 {
        match self.unit {
            CellUnit::Level => self.floor,
            CellUnit::Fraction => 0,
        }
    }

    /// What the bias source makes of a read's sum of inputs, where all bias columns are alike.
    #[inline]
    pub(crate) fn estimate(&self, sum: i64) -> i64 {
        self.estimates.get(sum as usize).copied().unwrap_or_else(|| self.bias.estimate(sum))
    }

    /// The greatest level that a word line is driven with.
    pub(crate) fn max_input(&self) -> u64 {
        self.slices.iter().map(|slice| (1 << slice.planes.len()) - 1).max().unwrap_or(0)
    }

    /// All reads of one position, array by array.
    fn reads(&self) -> impl Iterator<Item = &Read> {
        self.row_blocks.iter().flat_map(|block| &block.arrays).flat_map(|array| array.cells.reads())
    }

    /// The greatest sum of a read's inputs.
    pub(crate) fn max_input_sum(&self) -> u64 {
        self.reads().map(|read| read.word_lines as u64).max().unwrap_or(0) * self.max_input()
    }

    /// The greatest sum of cells, in their unit, that a column of these arrays can give.
    pub(crate) fn max_cell_sum(&self) -> u64 {
        self.reads().map(|read| u64::from(read.max_sum)).max().unwrap_or(0) * self.max_input()
    }

    /// The greatest sum of conductances that a column of these arrays can give, in units.
    pub(crate) fn max_column_sum(&self) -> u64 {
        let sum =
            |read: &Read| (u64::from(read.max_sum) << self.unit.shift()) + self.lift() as u64 * read.word_lines as u64;
        self.reads().map(sum).max().unwrap_or(0) * self.max_input()
    }

    /// A bound on |Y|, and on all sums on the way to it, if a converted sum is at most `max_converted` in magnitude and
    /// an estimate of a read's inputs at most `max_estimate`.
    pub(crate) fn bound(&self, max_converted: u64, max_estimate: u64) -> u128 {
        let slices: u128 = self.slices.iter().map(|slice| 1 << slice.shift).sum();
        let n_reads: u128 = self.row_blocks.iter().map(|block| block.reads().len() as u128).sum();
        let max_worth: u128 = self.row_blocks.iter().flat_map(|block| &block.arrays).fold(0, |most, array| {
            let outputs = array.worth.chunks_exact(self.n_weight_slices);
            let worth = outputs.map(|worth| worth.iter().map(|worth| u128::from(worth.unsigned_abs())).sum()).max();
            most.max(worth.unwrap_or(0))
        });
        let max_estimate = u128::from(max_estimate) * LEVEL as u128;
        let converted = u128::from(max_converted) + self.max_level as u128 * max_estimate;
        let products = converted.saturating_mul(max_worth << self.beta_fraction_bits);
        let max_beta = self.beta.iter().map(|beta| beta.unsigned_abs()).max().unwrap_or(0);
        let biases = max_estimate.saturating_mul(max_beta.into());
        products.saturating_add(biases).saturating_mul(slices * n_reads)
    }
}

#[cfg(test)]
mod tests {
    use rebias_network::CodeFormat;

    use super::*;

    #[test]
    fn a_column_is_flipped_when_it_holds_more_than_half() {
        let mut levels = Levels { n_columns: 3, cells: vec![3, 3, 1, 1, 0, 1] };
        assert_eq!(levels.flip_heavy_columns(3), [true, false, false], "4 of 6, 3 of 6, 2 of 6");
        assert_eq!(levels.cells, [0, 3, 1, 2, 0, 1]);
    }

    #[test]
    fn flipped_columns_count_negatively() {
        let slicing = Slicing::new(4, 2, CodeFormat::unsigned(1), 1);
        let flips = [false, true, true, false];
        assert_eq!(worth(&slicing, &flips), [1, -4, -1, 4]);
        assert_eq!(flipped(&slicing, &flips), [4, 1]);
    }
}
