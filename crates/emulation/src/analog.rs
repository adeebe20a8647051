//! One layer's arrays read in `f64`: the reference for the integer arithmetic of whole networks.

use std::ops::Range;

use rebias_arch::{Arch, FlipEncoding};
use rebias_converter::{AdcErrors, AnalogAdc, DacSpec};
use rebias_crossbar::{ArrayDraws, CellModel, ChipSeed, CrossbarModel, ProgrammedCrossbar};
use rebias_mapper::{InputSlice, LayerPlacement, Slicing};
use rebias_network::{Layer, Tensors, Weighted};

use crate::EmulationError;
use crate::analog_bias::AnalogSubtraction;
use crate::analog_currents::{ColumnCurrents, Currents};
use crate::arrays::columns_beside;
use crate::levels::Levels;

/// A weighted layer's arrays, read in `f64` one vector at a time.
#[derive(Clone, Debug)]
pub struct AnalogLayer {
    pub(crate) name: String,
    n_outputs: usize,
    input_slices: Vec<InputSlice>,
    /// Converted columns.
    columns_per_output: usize,
    row_blocks: Vec<Range<usize>>,
    column_blocks: Vec<Range<usize>>,
    arrays: Vec<AnalogArray>,
    pub(crate) rows_per_read: usize,
    pub(crate) crossbar: CrossbarModel,
    pub(crate) dac: DacSpec,
    adc: AnalogAdc,
    bias: AnalogBias,
    pub(crate) subtraction: Option<AnalogSubtraction>,
    max_level: f64,
    /// The greatest magnitude that a cell nominally adds to a converted sum for input 1, in levels.
    pub(crate) greatest_of_line: f64,
    is_lossless: bool,
    residual: f64,
}

/// One array; arrays of a row block stand side by side.
#[derive(Clone, Debug)]
pub(crate) struct AnalogArray {
    pub(crate) draws: ArrayDraws,
    pub(crate) programmed: ProgrammedCrossbar,
    pub(crate) currents: Currents,
    /// What a converted column's sum is worth in its output.
    pub(crate) worth: Vec<f64>,
    /// For each output, Σ ±2^(c·j) over the slices that are stored complemented, as they are worth uncomplemented.
    flipped: Vec<f64>,
    /// What is taken off each output for each input, in levels; empty without calibrated bias.
    corrections: Vec<f64>,
    /// What its cells store.
    pub(crate) levels: Levels,
}

/// Where a read's sum of inputs comes from.
#[derive(Clone, Debug)]
enum AnalogBias {
    DigitalCount,
    /// Behind the weights' columns; the conductance of its cells by their level, and its converter.
    Column {
        conductance: f64,
        adc: AnalogAdc,
    },
}

/// What one vector gives.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalogProduct {
    /// P̂ of each output, in units of the codes' products.
    pub products: Vec<f64>,
    /// Ŝ as the arrays of each output see it.
    pub input_sums: Vec<f64>,
    /// Codes of the ADCs, `[input slice][read][column]`: reads of all row blocks in order, columns output by output,
    /// slices of an output side by side.
    pub codes: Vec<u32>,
    /// How well node currents balance where each read is solved by itself; the worst read's.
    pub residual: f64,
}

impl AnalogLayer {
    /// Programs a layer's arrays as a chip has them.
    ///
    /// # Errors
    ///
    /// A layer without tensors, a calibrated range, wires whose voltages can't be found, cells that no matrix stands for.
    pub fn new(
        (layer, weighted): (&Layer, &Weighted),
        placed: &LayerPlacement,
        arch: &Arch,
        chip: ChipSeed,
    ) -> Result<Self, EmulationError> {
        let name = layer.name().to_owned();
        let Some(tensors) = &weighted.tensors else { return Err(EmulationError::NoTensors { layer: name }) };
        let ima = arch.ima();
        let crossbar = CrossbarModel::new(&ima.crossbar);
        let max_level = f64::from(ima.crossbar.cell.max_level());
        let max_inputs = f64::from(ima.crossbar.active_word_lines) * f64::from(ima.dac.max_code());
        let greatest_of_line = placed.greatest_of_line(arch);
        let full_scale = max_inputs * greatest_of_line;
        let subtraction = AnalogSubtraction::new(placed);
        let adc = match &subtraction {
            None => AnalogAdc::of(&ima.adc, full_scale),
            Some(it) => AnalogAdc::signed_of(&ima.adc, full_scale, it.grain),
        };
        let adc = adc.ok_or(EmulationError::NoCalibration)?;
        let mut analog = Self {
            name,
            n_outputs: tensors.codes.nrows(),
            input_slices: placed.slicing.input_slices().to_vec(),
            columns_per_output: placed.slicing.n_conversions() as usize,
            row_blocks: placed.row_blocks.clone(),
            column_blocks: placed.column_blocks.clone(),
            arrays: Vec::new(),
            rows_per_read: ima.crossbar.active_word_lines as usize,
            bias: AnalogBias::new(arch, crossbar.cell(), max_inputs),
            dac: ima.dac.clone(),
            adc,
            subtraction,
            crossbar,
            max_level,
            greatest_of_line,
            is_lossless: false,
            residual: 0.0,
        };
        (analog.arrays, analog.residual) = analog.program(tensors, placed, (arch, chip))?;
        analog.is_lossless = analog.loses_nothing();
        Ok(analog)
    }

    /// The arrays, and the worst residual of their wires.
    fn program(
        &self,
        tensors: &Tensors,
        placed: &LayerPlacement,
        (arch, chip): (&Arch, ChipSeed),
    ) -> Result<(Vec<AnalogArray>, f64), EmulationError> {
        let (mut arrays, mut worst) = (Vec::new(), 0.0);
        let calibration = arch
            .of_calibration()
            .and_then(|at_reads| Some((arch.mapping().calibration?, CrossbarModel::new(&at_reads.ima().crossbar))));
        for (row_block, rows) in self.row_blocks.iter().enumerate() {
            for (column_block, outputs) in self.column_blocks.iter().enumerate() {
                let mut levels = Levels::new(tensors, &placed.slicing, (rows.clone(), outputs.clone()));
                let n_converted = outputs.len() * self.columns_per_output;
                let flips = match arch.mapping().flip_encoding {
                    FlipEncoding::Off => vec![false; n_converted],
                    FlipEncoding::On if placed.slicing.subtracts_currents() => vec![false; n_converted],
                    FlipEncoding::On => levels.flip_heavy_columns(self.max_level as u32),
                };
                let beside = columns_beside(arch, placed, column_block);
                let array = row_block * self.column_blocks.len() + column_block;
                let draws = ArrayDraws::new(chip, placed.layer.0 as u32, array as u32);
                let programmed = self.crossbar.program_beside(&levels.cells, levels.n_columns, &beside, &draws);
                let (currents, residual) = self.currents(&programmed)?;
                worst = f64::max(worst, residual);
                let (worth, flipped) =
                    worth(&gains(&placed.slicing, tensors, outputs), &flips, self.columns_per_output);
                let mut array =
                    AnalogArray { draws, levels, programmed, currents, worth, flipped, corrections: Vec::new() };
                if let Some((calibration, crossbar)) = &calibration {
                    let cells = (&array.levels.cells[..], array.levels.n_columns);
                    let programmed = crossbar.program_beside(cells.0, cells.1, &beside, &draws);
                    let (currents, _) = self.currents(&programmed)?;
                    let at_reads = AnalogArray { programmed, currents, ..array.clone() };
                    let rows_per_read = placed.rows_of_calibration(arch, calibration, rows.len());
                    array.corrections = self.corrections(&at_reads, (calibration, rows_per_read))?;
                }
                arrays.push(array);
            }
        }
        Ok((arrays, worst))
    }

    /// Whether cells are exact, no column can give a sum that the ADC loses, and no noise is in what is taken for their
    /// floor.
    fn loses_nothing(&self) -> bool {
        let is_exact = self.crossbar.is_exact() && !self.crossbar.cell().is_noisy() && self.dac.inl.is_empty();
        let max_input = f64::from(self.input_slices.iter().map(|slice| (1u32 << slice.bits) - 1).max().unwrap_or(0));
        let max_sum = |array: &AnalogArray| {
            let (cells, n_bit_lines) = (&array.programmed.cells, array.programmed.n_bit_lines);
            let sum = |read: &[rebias_crossbar::ProgrammedCell], column: usize| {
                read.iter().skip(column).step_by(n_bit_lines).map(|cell| cell.conductance).sum::<f64>()
            };
            let reads = cells.chunks(self.rows_per_read * n_bit_lines);
            reads.flat_map(|read| (0..array.worth.len()).map(move |column| sum(read, column))).fold(0.0, f64::max)
        };
        is_exact
            && self.subtraction.is_none()
            && (self.crossbar.cell().offset() == 0.0 || !self.bias.is_noisy())
            && self.arrays.iter().all(|array| self.adc.is_lossless(max_sum(array) * max_input))
    }

    /// The greatest level that a word line can be driven with.
    pub(crate) fn max_input(&self) -> f64 {
        self.dac.max_code().into()
    }

    /// Number of inputs.
    pub fn n_inputs(&self) -> usize {
        self.row_blocks.last().map_or(0, |rows| rows.end)
    }

    /// Shape of a vector's codes: input slices, reads, columns.
    pub fn codes_shape(&self) -> [usize; 3] {
        let reads = self.row_blocks.iter().map(|rows| rows.len().div_ceil(self.rows_per_read)).sum();
        [self.input_slices.len(), reads, self.n_outputs * self.columns_per_output]
    }

    /// How well the node currents of the arrays balance, relative to the cells' currents with ideal wires; the worst
    /// array's, 0 with ideal wires.
    pub fn residual(&self) -> f64 {
        self.residual
    }

    /// Reads all arrays for the vector `index`, whose codes are the layer's inputs.
    ///
    /// # Errors
    ///
    /// Arrays that are solved at each read, and whose voltages don't settle.
    ///
    /// # Panics
    ///
    /// If there are not as many codes as inputs.
    pub fn multiply(&self, index: u32, codes: &[u16]) -> Result<AnalogProduct, EmulationError> {
        assert_eq!(codes.len(), self.n_inputs(), "a code for each input");
        let [n_slices, n_reads, n_columns] = self.codes_shape();
        let mut product = AnalogProduct {
            products: vec![0.0; self.n_outputs],
            input_sums: vec![0.0; self.n_outputs],
            codes: vec![0; n_slices * n_reads * n_columns],
            residual: 0.0,
        };
        for (slice_index, slice) in self.input_slices.iter().enumerate() {
            let mut read_index = 0;
            for (rows, arrays) in self.row_blocks.iter().zip(self.arrays.chunks(self.column_blocks.len())) {
                for first in (0..rows.len()).step_by(self.rows_per_read) {
                    let lines = first..rows.len().min(first + self.rows_per_read);
                    let inputs: Vec<_> =
                        codes[rows.clone()][lines.clone()].iter().map(|&code| slice.of(code)).collect();
                    let at = slice_index * n_reads + read_index;
                    let read = Read {
                        lines,
                        inputs,
                        weight: slice.weight as f64,
                        id: index.wrapping_mul((n_slices * n_reads) as u32).wrapping_add(at as u32),
                    };
                    let codes = &mut product.codes[at * n_columns..][..n_columns];
                    let mut shared = None;
                    for (array, outputs) in arrays.iter().zip(&self.column_blocks) {
                        let codes =
                            &mut codes[outputs.start * self.columns_per_output..outputs.end * self.columns_per_output];
                        let sums = (&mut product.products[outputs.clone()], &mut product.input_sums[outputs.clone()]);
                        let residual = self.read(array, (&read, &mut shared), codes, sums)?;
                        product.residual = product.residual.max(residual);
                    }
                    read_index += 1;
                }
            }
        }
        Ok(product)
    }

    /// Reads one array once, and adds what it gives to its outputs' sums; returns the residual.
    ///
    /// `shared` is the sum of inputs that arrays with a bias column leave to those beside them without one.
    fn read(
        &self,
        array: &AnalogArray,
        (read, shared): (&Read, &mut Option<f64>),
        codes: &mut [u32],
        sums: (&mut [f64], &mut [f64]),
    ) -> Result<f64, EmulationError> {
        let (mut columns, residual) = self.column_sums(array, read)?;
        let beside = columns.split_off(array.levels.n_columns);
        let sum = read.inputs.iter().sum::<u32>();
        let has_references = self.subtraction.as_ref().is_some_and(AnalogSubtraction::has_references);
        let bias_columns = if has_references { &[][..] } else { &beside };
        let estimate = match (bias_columns.is_empty(), *shared) {
            (true, Some(estimate)) => estimate,
            (true, None) | (false, _) => self.estimate(sum, bias_columns, |column| {
                array.draws.conversion_noise(read.id, (array.levels.n_columns + column) as u32)
            }),
        };
        *shared = Some(estimate);
        if let Some(subtraction) = &self.subtraction {
            columns = subtraction.differences(&columns, &beside);
        }
        let offset = |column: usize| match &self.subtraction {
            None => self.crossbar.cell().offset(),
            // What a floor adds is taken off, and of a reference more.
            Some(subtraction) => -subtraction.reference(column),
        };
        let (products, input_sums) = sums;
        let n = self.columns_per_output;
        for (column, (code, &sum)) in codes.iter_mut().zip(&columns).enumerate() {
            *code = self.adc.code(sum, array.draws.conversion_noise(read.id, column as u32));
            let mut level_sum = self.adc.decoded(*code) - offset(column) * estimate;
            if self.is_lossless {
                // The nearest level, ties down.
                level_sum = (level_sum - 0.5).ceil();
            }
            products[column / n] += read.weight * array.worth[column] * level_sum;
        }
        for (product, delta) in products.iter_mut().zip(&array.corrections) {
            *product -= read.weight * delta * estimate;
        }
        for ((product, input_sum), &flipped) in products.iter_mut().zip(input_sums).zip(&array.flipped) {
            *product += read.weight * flipped * self.max_level * estimate;
            *input_sum += read.weight * estimate;
        }
        Ok(residual)
    }

    /// The currents of all bit lines in a read with their noise, in levels, and the residual.
    fn column_sums(&self, array: &AnalogArray, read: &Read) -> Result<(Vec<f64>, f64), EmulationError> {
        let levels = read.inputs.iter().map(|&input| self.dac.level(input));
        let driven: Vec<_> = read.lines.clone().zip(levels).collect();
        let ColumnCurrents { mut sums, variances, residual } = self.currents_of(array, &driven)?;
        if self.crossbar.cell().is_noisy() {
            for (column, (sum, variance)) in sums.iter_mut().zip(variances).enumerate() {
                *sum += variance.sqrt() * array.draws.read_noise(read.id, column as u32);
            }
        }
        Ok((sums, residual))
    }

    /// What the bias source makes of a read's sum of inputs, with a standard normal draw for each bias column's converter.
    fn estimate(&self, sum: u32, bias_columns: &[f64], draw: impl Fn(usize) -> f64) -> f64 {
        match &self.bias {
            AnalogBias::Column { conductance, adc } if !bias_columns.is_empty() => {
                let of_column = |(column, &current): (usize, &f64)| {
                    (adc.decoded(adc.code(current, draw(column))) / conductance - 0.5).ceil()
                };
                bias_columns.iter().enumerate().map(of_column).sum::<f64>() / bias_columns.len() as f64
            }
            AnalogBias::DigitalCount | AnalogBias::Column { .. } => sum.into(),
        }
    }
}

impl AnalogArray {
    pub(crate) fn n_outputs(&self) -> usize {
        self.flipped.len()
    }
}

/// Word lines driven at a time.
struct Read {
    /// Of the array.
    lines: Range<usize>,
    /// The slice of each line's code.
    inputs: Vec<u32>,
    weight: f64,
    /// Which read of the array this is.
    id: u32,
}

impl AnalogBias {
    fn new(arch: &Arch, cell: &CellModel, max_inputs: f64) -> Self {
        let Some(columns) = arch.mapping().bias.columns() else { return Self::DigitalCount };
        let conductance = f64::from(columns.level) + cell.offset();
        let errors = AdcErrors { noise: columns.adc_noise, ..AdcErrors::NONE };
        Self::Column { conductance, adc: AnalogAdc::full_scale(columns.adc_bits, max_inputs * conductance, &errors) }
    }

    fn is_noisy(&self) -> bool {
        match self {
            Self::DigitalCount => false,
            Self::Column { adc, .. } => adc.is_noisy(),
        }
    }
}

/// What a level of each converted column of some outputs is worth in its output: 2^(c·j), of w⁻ times −α⁻/α⁺.
fn gains(slicing: &Slicing, tensors: &Tensors, outputs: &Range<usize>) -> Vec<f64> {
    let unit = f64::from(1u32 << tensors.beta_fraction_bits);
    let gain = |output: usize, column: u32| {
        let of_code = match &tensors.minus {
            Some(minus) if slicing.is_minus(column) => -f64::from(minus.ratio_of(output)) / unit,
            Some(_) | None => 1.0,
        };
        of_code * f64::from(1u32 << slicing.weight_shift(slicing.slice_of(column)))
    };
    outputs
        .clone()
        .flat_map(|output| (0..slicing.n_conversions()).map(move |column| (output, column)))
        .map(|(output, column)| gain(output, column))
        .collect()
}

/// The columns' gains, negated where they are stored complemented, and the sum of those of each output.
fn worth(gains: &[f64], flips: &[bool], n_columns: usize) -> (Vec<f64>, Vec<f64>) {
    let columns = || gains.iter().zip(flips);
    let flipped: Vec<_> = columns().map(|(&gain, &is_flipped)| if is_flipped { gain } else { 0.0 }).collect();
    let worth = columns().map(|(&gain, &is_flipped)| if is_flipped { -gain } else { gain }).collect();
    (worth, flipped.chunks_exact(n_columns).map(|gains| gains.iter().sum()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flipped_columns_count_negatively() {
        let (worth, flipped) = worth(&[1.0, 4.0, 1.0, 4.0], &[false, true, true, false], 2);
        assert_eq!(worth, [1.0, -4.0, -1.0, 4.0]);
        assert_eq!(flipped, [4.0, 1.0]);
    }
}
