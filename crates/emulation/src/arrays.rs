//! The programmed arrays of a layer.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use rebias_arch::{Arch, FlipEncoding};
use rebias_converter::AdcSpec;
use rebias_crossbar::{CellModel, ChipSeed, CrossbarError, ReadEnergy, Workspace};
use rebias_kernels::{Kernel, Lines, Slice, SliceSign};
use rebias_mapper::{DigitalRest, InputSlice, LayerPlacement, Slicing};
use rebias_network::{Layer, LayerId, OutputFormat, Shape, Tensors, Weighted, Window};

use crate::bias::BiasModel;
use crate::driven::DrivenConductance;
use crate::levels::Levels;
use crate::programming::{ArrayWriter, WrittenCells};
use crate::reference::Subtracted;
use crate::{EmulationError, FRACTION_BITS, LEVEL};

/// Longest table of estimates.
const MAX_ESTIMATES: u64 = 1 << 16;

/// The arrays of a weighted layer. Copies of a layer hold the same values, so one is programmed.
#[derive(Clone, Debug)]
pub(crate) struct LayerArrays {
    pub(crate) layer: LayerId,
    pub(crate) name: String,
    pub(crate) window: Window,
    pub(crate) in_shape: Shape,
    pub(crate) out_shape: Shape,
    /// Bit planes of the inputs.
    pub(crate) n_planes: usize,
    pub(crate) slices: Vec<Slice>,
    /// What each converted column of an output is worth in its code, 2^(c·j).
    pub(crate) worth: Vec<i64>,
    /// α⁻/α⁺ of each output channel in units of 2^−F; empty where no pairs are subtracted digitally.
    minus: Vec<i64>,
    /// The word lines of all row blocks, one block after another.
    pub(crate) lines: Lines,
    /// The row block of each read.
    pub(crate) row_block_of: Vec<usize>,
    /// The arrays that share their outputs, one row block under another; clones have the same.
    pub(crate) column_blocks: Arc<Vec<ColumnBlock>>,
    /// For each read, the greatest sum of a column's levels.
    pub(crate) max_sums: Vec<u64>,
    /// Whether cells conduct what their levels say, but for noise.
    pub(crate) cells: CellState,
    /// Conductance of level 0 in units.
    pub(crate) floor: i64,
    pub(crate) max_level: i64,
    pub(crate) bias: BiasModel,
    /// What the bias source makes of a read's sum of inputs, for sums up to the longest table.
    estimates: Vec<i64>,
    /// What is taken off columns before conversion.
    pub(crate) subtracted: Subtracted,
    /// What cells' numbers are more than the conductances that bit lines see, in units; see [`fold`](Self::fold).
    pub(crate) lift: i64,
    /// Whether sums of inputs are needed after conversion.
    pub(crate) rest: DigitalRest,
    /// Multiplications by a sum of inputs for each output.
    pub(crate) bias_multiplies: u64,
    /// What converts the columns.
    pub(crate) adc: AdcSpec,
    /// The greatest magnitude that a column's sum nominally has, in units.
    pub(crate) full_scale: u64,
    /// n of each output channel.
    pub(crate) beta: Vec<i64>,
    pub(crate) beta_fraction_bits: u32,
    pub(crate) output: OutputFormat,
    /// `None` where reads have a constant energy.
    pub(crate) driven: Option<DrivenConductance>,
}

/// Whether cells conduct what their levels say, but for noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellState {
    /// They do.
    Exact,
    /// Each has a conductance of its own.
    Drawn,
}

/// Arrays one under another.
#[derive(Clone, Debug)]
pub(crate) struct ColumnBlock {
    pub(crate) outputs: Range<usize>,
    pub(crate) n_columns: usize,
    /// `[word line][column]`, slices of an output side by side.
    pub(crate) levels: Vec<u8>,
    /// Columns that are stored complemented, `[row block][column]`; empty if none is.
    pub(crate) flips: Vec<bool>,
    /// Bias columns of each array.
    pub(crate) n_bias_columns: u64,
    /// What is taken off for each input, `[row block][output]` in units; empty without calibrated bias.
    pub(crate) corrections: Vec<i64>,
    /// The cells as they were written, those of bias columns last; `None` where all conduct what their levels say at all
    /// times.
    pub(crate) written: Option<WrittenCells>,
    /// The stream of their noise.
    pub(crate) stream: u64,
}

/// One array, before it stands among others.
struct Array {
    levels: Vec<u8>,
    flips: Vec<bool>,
    written: Option<WrittenCells>,
}

/// In which unit cells are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellUnit {
    /// Levels, without a floor.
    Level,
    /// Conductances in units of 1/128 level.
    Conductance,
    /// Levels, those of an output's slices taken together: where nothing is lost, a sum of codes is what all slices'
    /// sums add up to.
    Code,
}

impl CellUnit {
    /// Bits of 1/128 level in it.
    pub(crate) fn shift(self) -> u32 {
        match self {
            Self::Level | Self::Code => FRACTION_BITS,
            Self::Conductance => 0,
        }
    }
}

/// What all layers' arrays have in common.
pub(crate) struct Programmer<'a> {
    pub(crate) arch: &'a Arch,
    kernel: Kernel,
    pub(crate) cell: CellModel,
    bias: BiasModel,
    pub(crate) writer: ArrayWriter,
    /// The same cells at the age at which they were read for a calibrated bias, if that is another.
    calibrated_at: Option<ArrayWriter>,
}

impl<'a> Programmer<'a> {
    pub(crate) fn new(arch: &'a Arch, kernel: Kernel, chip: ChipSeed) -> Result<Self, CrossbarError> {
        let cell = CellModel::new(&arch.ima().crossbar.cell);
        let at_calibration = arch.of_calibration().filter(|at_reads| at_reads.ima().crossbar != arch.ima().crossbar);
        let calibrated_at = at_calibration.map(|arch| ArrayWriter::new(&arch, chip)).transpose()?;
        let writer = ArrayWriter::new(arch, chip)?;
        Ok(Self { writer, calibrated_at, arch, kernel, cell, bias: BiasModel::new(arch) })
    }

    /// Programs a layer's arrays.
    pub(crate) fn program(
        &self,
        layer: &Layer,
        weighted: &Weighted,
        placed: &LayerPlacement,
    ) -> Result<LayerArrays, EmulationError> {
        let mut arrays = self.written((layer, weighted, placed), &self.writer)?;
        if let Some(calibration) = &self.arch.mapping().calibration {
            let at_reads = self.calibrated_at.as_ref();
            let at_reads = at_reads.map(|writer| self.written((layer, weighted, placed), writer)).transpose()?;
            let corrections = self.corrections(at_reads.as_ref().unwrap_or(&arrays), (placed, calibration));
            for (block, corrections) in arrays.blocks_mut().iter_mut().zip(corrections) {
                block.corrections = corrections;
            }
        }
        Ok(arrays.with_converters(&self.bias, &self.arch.ima().adc))
    }

    /// A layer's arrays with the cells that a writer writes, not yet calibrated.
    fn written(
        &self,
        (layer, weighted, placed): (&Layer, &Weighted, &LayerPlacement),
        writer: &ArrayWriter,
    ) -> Result<LayerArrays, EmulationError> {
        let name = layer.name().to_owned();
        let Some(tensors) = &weighted.tensors else { return Err(EmulationError::NoTensors { layer: name }) };
        let covers = |blocks: &[Range<usize>], end| blocks.last().is_some_and(|last| last.end == end);
        let (out_channels, rows) = tensors.codes.dim();
        if !covers(&placed.row_blocks, rows) || !covers(&placed.column_blocks, out_channels) {
            return Err(EmulationError::OtherPlacement { layer: name });
        }
        let most = self.arch.ima().crossbar.active_word_lines as usize;
        let reads_of = |(index, rows): (usize, &Range<usize>)| {
            let end = rows.end;
            rows.clone().step_by(most).map(move |row| (index, most.min(end - row))).collect::<Vec<_>>()
        };
        let reads: Vec<_> = placed.row_blocks.iter().enumerate().flat_map(reads_of).collect();
        let column_block = |block: usize| self.column_block((tensors, placed, writer), block);
        let column_blocks: Vec<_> = (0..placed.column_blocks.len())
            .into_par_iter()
            .map(column_block)
            .collect::<Result<_, _>>()
            .map_err(|source| EmulationError::Crossbar { layer: name.clone(), source })?;
        let subtracted = self.subtracted(placed);
        let subtracts_pairs = placed.slicing.subtracts_currents();
        let mut arrays = LayerArrays {
            full_scale: self.full_scale(&subtracted),
            layer: placed.layer,
            name,
            window: weighted.window,
            in_shape: layer.in_shape(),
            out_shape: layer.out_shape(),
            n_planes: weighted.input.bits as usize,
            slices: placed.slicing.input_slices().iter().map(slice).collect(),
            worth: worth(&placed.slicing),
            minus: (0..out_channels)
                .filter_map(|channel| Some(tensors.minus.as_ref()?.ratio_of(channel).into()))
                .filter(|_| !subtracts_pairs)
                .collect(),
            lines: Lines::new(self.kernel, reads.iter().map(|(_, word_lines)| *word_lines)),
            row_block_of: reads.into_iter().map(|(row_block, _)| row_block).collect(),
            driven: self.driven(placed, &column_blocks),
            max_sums: Vec::new(),
            cells: if self.writer.is_exact() { CellState::Exact } else { CellState::Drawn },
            column_blocks: Arc::new(column_blocks),
            // What is subtracted takes the floor away.
            floor: if subtracted == Subtracted::Nothing { self.cell.offset_units().into() } else { 0 },
            max_level: self.arch.ima().crossbar.cell.max_level().into(),
            bias: self.bias.clone(),
            estimates: Vec::new(),
            lift: 0,
            subtracted,
            rest: placed.bias.rest,
            bias_multiplies: placed.bias_multiplies(self.arch),
            adc: self.arch.ima().adc.clone(),
            beta: (0..out_channels).map(|channel| tensors.beta_of(channel).into()).collect(),
            beta_fraction_bits: tensors.beta_fraction_bits,
            output: weighted.output,
        };
        arrays.fold(&placed.bias);
        arrays.max_sums = arrays.lines.reads().iter().map(|read| arrays.max_sum(read.lines.clone())).collect();
        Ok(arrays)
    }

    fn column_block(
        &self,
        (tensors, placed, writer): (&Tensors, &LayerPlacement, &ArrayWriter),
        column_block: usize,
    ) -> Result<ColumnBlock, CrossbarError> {
        let outputs = placed.column_blocks[column_block].clone();
        let n_columns = outputs.len() * placed.slicing.n_columns() as usize;
        let arrays: Vec<_> = (0..placed.row_blocks.len())
            .into_par_iter()
            .map_init(Workspace::default, |workspace, row_block| {
                self.array((tensors, placed, writer), (row_block, column_block), workspace)
            })
            .collect::<Result<_, _>>()?;
        let (mut levels, mut flips, mut written) = (Vec::new(), Vec::new(), None);
        for array in arrays {
            levels.extend(array.levels);
            flips.extend(array.flips);
            if let Some(cells) = array.written {
                written.get_or_insert_with(WrittenCells::default).append(cells);
            }
        }
        if !flips.contains(&true) {
            flips.clear();
        }
        let stream = self.writer.stream(placed.layer.0, column_block);
        let n_bias_columns = placed.bias.bias_columns(column_block).into();
        Ok(ColumnBlock { outputs, n_columns, levels, flips, n_bias_columns, corrections: Vec::new(), written, stream })
    }

    fn array(
        &self,
        (tensors, placed, writer): (&Tensors, &LayerPlacement, &ArrayWriter),
        (row_block, column_block): (usize, usize),
        workspace: &mut Workspace,
    ) -> Result<Array, CrossbarError> {
        let (rows, outputs) = (&placed.row_blocks[row_block], &placed.column_blocks[column_block]);
        let mut levels = Levels::new(tensors, &placed.slicing, (rows.clone(), outputs.clone()));
        let flips = match self.arch.mapping().flip_encoding {
            FlipEncoding::Off => Vec::new(),
            FlipEncoding::On if placed.slicing.subtracts_currents() => Vec::new(),
            FlipEncoding::On => levels.flip_heavy_columns(self.arch.ima().crossbar.cell.max_level()),
        };
        if self.writer.is_exact() && !self.writer.is_noisy() {
            return Ok(Array { levels: levels.cells, flips, written: None });
        }
        let place = (placed.layer.0, row_block * placed.column_blocks.len() + column_block);
        let beside = columns_beside(self.arch, placed, column_block);
        let written = writer.write((&levels.cells, levels.n_columns), &beside, place, workspace)?;
        Ok(Array { levels: levels.cells, flips, written: Some(written) })
    }

    /// What the cells of each word line conduct, those of bias columns included.
    fn driven(&self, placed: &LayerPlacement, blocks: &[ColumnBlock]) -> Option<DrivenConductance> {
        match self.arch.ima().crossbar.cell.read_energy {
            ReadEnergy::Constant => return None,
            ReadEnergy::DataDependent => {}
        }
        let references = placed.bias.reference_levels();
        let references: f64 = references.iter().map(|level| (level + self.cell.offset()) * LEVEL as f64).sum();
        let n_lines = blocks.first().map_or(0, |block| block.levels.len() / block.n_columns);
        let mut word_lines = vec![0; n_lines];
        for block in blocks {
            let bias = block.n_bias_columns * self.bias.conductance() + (references + 0.5).floor() as u64;
            let nominal =
                |levels: &[u8]| -> u64 { levels.iter().map(|&level| u64::from(self.cell.units(level.into()))).sum() };
            let conductances: Vec<u64> = match &block.written {
                Some(written) => written.line_conductances.clone(),
                None => block.levels.chunks_exact(block.n_columns).map(|levels| bias + nominal(levels)).collect(),
            };
            word_lines.iter_mut().zip(conductances).for_each(|(sum, conductance)| *sum += conductance);
        }
        Some(DrivenConductance::new(word_lines))
    }
}

/// Levels of the columns that stand beside those of weights: of bias first, of reference last.
pub(crate) fn columns_beside(arch: &Arch, placed: &LayerPlacement, column_block: usize) -> Vec<f64> {
    let level = arch.mapping().bias.columns().map_or(0.0, |columns| columns.level.into());
    let mut levels = vec![level; placed.bias.bias_columns(column_block) as usize];
    levels.extend(placed.bias.reference_levels());
    levels
}

/// 2^(c·j) of each converted column of an output.
fn worth(slicing: &Slicing) -> Vec<i64> {
    (0..slicing.n_conversions()).map(|column| 1 << slicing.weight_shift(slicing.slice_of(column))).collect()
}

fn slice(input: &InputSlice) -> Slice {
    let sign = if input.weight < 0 { SliceSign::Minus } else { SliceSign::Plus };
    let first = input.shift as usize;
    Slice { planes: first..first + input.bits as usize, shift: input.shift, sign }
}

impl LayerArrays {
    /// The same cells with other converters, of bias columns too, which are the same if there are any.
    pub(crate) fn with_converters(mut self, bias: &BiasModel, adc: &AdcSpec) -> Self {
        let has_columns = self.column_blocks.iter().any(|block| block.n_bias_columns > 0);
        self.bias = if has_columns { bias.clone() } else { BiasModel::DigitalCount };
        let max_tabulated = self.max_input_sum().min(MAX_ESTIMATES) as i64;
        self.estimates = (0..=max_tabulated).map(|sum| self.bias.estimate(sum)).collect();
        self.adc = adc.clone();
        self
    }

    /// The arrays while they are written: copied if clones share them.
    pub(crate) fn blocks_mut(&mut self) -> &mut Vec<ColumnBlock> {
        Arc::make_mut(&mut self.column_blocks)
    }

    pub(crate) fn out_channels(&self) -> usize {
        self.beta.len()
    }

    /// Whether weights are pairs of codes that are subtracted digitally.
    pub(crate) fn has_pairs(&self) -> bool {
        !self.minus.is_empty()
    }

    /// What a level of each of a channel's columns is worth in Y: 2^F·2^(c·j), and −r·2^(c·j) for w⁻. Numbers beyond 64
    /// bits saturate.
    pub(crate) fn gains(&self, channel: usize) -> impl Iterator<Item = i64> + '_ {
        let of_side = self.worth.len() / if self.has_pairs() { 2 } else { 1 };
        self.worth.iter().enumerate().map(move |(column, worth)| {
            let of_code = if column < of_side { 1 << self.beta_fraction_bits } else { -self.minus[channel] };
            worth.saturating_mul(of_code)
        })
    }

    /// Whether columns are stored complemented.
    pub(crate) fn has_flips(&self) -> bool {
        self.column_blocks.iter().any(|block| !block.flips.is_empty())
    }

    /// Whether each row block's sum of inputs counts by itself.
    pub(crate) fn has_sums_of_blocks(&self) -> bool {
        self.has_flips() || self.column_blocks.iter().any(|block| !block.corrections.is_empty())
    }

    /// The word lines of a row block.
    pub(crate) fn lines_of(&self, row_block: usize) -> Range<usize> {
        let mut reads = self.lines.reads().iter().zip(&self.row_block_of).filter(|(_, it)| **it == row_block);
        let first = reads.next().map_or(0..0, |(read, _)| read.lines.clone());
        first.start..reads.next_back().map_or(first.end, |(read, _)| read.lines.end)
    }

    /// Number of row blocks.
    pub(crate) fn n_row_blocks(&self) -> usize {
        self.row_block_of.last().map_or(0, |last| last + 1)
    }

    /// What the bias source makes of a read's sum of inputs.
    #[inline]
    pub(crate) fn estimate(&self, sum: i64) -> i64 {
        self.estimates.get(sum as usize).copied().unwrap_or_else(|| self.bias.estimate(sum))
    }

    /// The unit in which converters that lose something want cells.
    pub(crate) fn unit(&self) -> CellUnit {
        if self.floor == 0 && self.cells == CellState::Exact { CellUnit::Level } else { CellUnit::Conductance }
    }

    /// Whether currents change from read to read.
    pub(crate) fn is_noisy(&self) -> bool {
        let written = self.column_blocks.iter().filter_map(|block| block.written.as_ref());
        written.into_iter().any(|written| written.variances.is_some())
    }

    /// How well the node currents of the arrays' wires balance; the worst array's.
    pub(crate) fn wire_residual(&self) -> f64 {
        let written = self.column_blocks.iter().filter_map(|block| block.written.as_ref());
        written.map(|written| written.residual).fold(0.0, f64::max)
    }
}

impl ColumnBlock {
    /// Which columns of a row block are stored complemented; empty if none is.
    pub(crate) fn flips_of(&self, row_block: usize) -> &[bool] {
        if self.flips.is_empty() { &[] } else { &self.flips[row_block * self.n_columns..][..self.n_columns] }
    }
}
