//! Column sums as ADCs see them: of each array, input slice and weight slice by itself.
//!
//! code = clip(⌊(i − lo)/Δ + ½⌋, 0, 2^A − 1), decoded d = lo + Δ·code; a complemented column gives (2^c − 1)·S − d, S the sum
//! of the array's inputs, which the bias column reads without loss. The sums of a layer are then
//! α·Σ 2^(v·b + c·j)·d + α·β·Σ 2^(v·b)·S.

use burn::tensor::Tensor;
use ndarray::Array2;
use rebias_recipe::{Hardware, PartialSums, Range};

use super::cells::Cells;
use super::{InputCodes, Product, constant};
use crate::codes::Codes;

/// Images whose column sums are held at a time: there are as many of them as input slices, weight slices and arrays. The
/// first so many of a batch calibrate converters.
const IMAGES: usize = 16;

/// A layer whose sums go through converters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Converted<'a> {
    pub(crate) hardware: &'a Hardware,
    pub(crate) adc: PartialSums,
    pub(crate) product: Product,
    /// Output channels, input channels, rows, columns of the weights.
    pub(crate) dims: [usize; 4],
}

/// The columns of an array.
struct Array {
    /// The input channels that have rows in it.
    channels: std::ops::Range<usize>,
    /// `[slices · out_channels + 1, channels, rows, columns]`, the bias column last.
    columns: Tensor<4>,
}

/// The sums of an array's columns for one input slice.
struct Read {
    /// `[images, slices · out_channels + 1, height, width]`, the bias column last.
    sums: Tensor<4>,
    /// Significance of the input slice.
    weight: f64,
    /// The array.
    array: usize,
}

/// What shift-and-add has merged so far.
#[derive(Default)]
struct Merged {
    /// Of each weight slice, `[images, slices · out_channels, height, width]`.
    columns: Option<Tensor<4>>,
    /// The inputs' sum, `[images, 1, height, width]`.
    counts: Option<Tensor<4>>,
}

/// An ADC's transfer, in levels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Transfer {
    low: f64,
    step: f64,
    max_code: f64,
}

impl Converted<'_> {
    /// The sums of inputs `x`, without gradient: `[images, channels, height, width]` to the same with other channels.
    pub(crate) fn sums(&self, x: &Tensor<4>, inputs: InputCodes, codes: &Codes, cells: &Cells) -> Tensor<4> {
        let arrays = self.arrays(x, cells);
        let mut transfer = None;
        let parts = x.clone().detach().split(IMAGES, 0).into_iter().map(|x| {
            let reads = self.reads(&x, inputs, &arrays);
            let transfer = *transfer.get_or_insert_with(|| self.transfer(&reads, cells));
            self.merged(&x, reads, transfer, (codes, cells)) * inputs.step
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// What the digital side makes of all reads, in units of the inputs' codes.
    fn merged(
        &self,
        x: &Tensor<4>,
        reads: Vec<Read>,
        transfer: Transfer,
        (codes, cells): (&Codes, &Cells),
    ) -> Tensor<4> {
        let (n_slices, outputs) = (cells.n_slices(), self.dims[0]);
        let n_columns = n_slices * outputs;
        let mut merged = Merged::default();
        for Read { sums, weight, array } in reads {
            // Decoded, complemented back and weighted in one multiplication, as there are many sums.
            let flips = cells.flips(array);
            let sign = |column: usize| if flips[column] { -weight } else { weight };
            let decoded = transfer.codes(sums.clone().narrow(1, 0, n_columns))
                * of_channels(n_columns, |column| sign(column) * transfer.step, x)
                + of_channels(n_columns, |column| sign(column) * transfer.low, x);
            let full = f64::from(self.hardware.max_level());
            let counted = sums.narrow(1, n_columns, 1) * weight;
            let complements = flips
                .contains(&true)
                .then(|| counted.clone() * of_channels(n_columns, |column| if flips[column] { full } else { 0.0 }, x));
            merged.add(decoded, complements, counted);
        }
        let Merged { columns: Some(columns), counts: Some(counts) } = merged else {
            unreachable!("a layer has inputs");
        };
        let [images, _, height, width] = columns.dims();
        let shifts = Array2::from_shape_fn((1, n_slices), |(_, slice)| self.significance(slice));
        let by_slice = columns.reshape([images, n_slices, outputs * height * width]);
        let sums = (by_slice * constant(&shifts, [1, n_slices, 1], x)).sum_dim(1);
        let sums = sums.reshape([images, outputs, height, width]);
        let beta = of_channels(outputs, |channel| codes.beta_of(channel), x);
        (sums + counts * beta) * of_channels(outputs, |channel| codes.alpha_of(channel), x)
    }

    /// What a level in a weight slice stands for.
    fn significance(&self, slice: usize) -> f64 {
        f64::from(self.hardware.cell_bits * slice as u32).exp2()
    }

    /// The columns of all arrays, in the precision of `like`.
    fn arrays(&self, like: &Tensor<4>, cells: &Cells) -> Vec<Array> {
        let [_, n_channels, height, width] = self.dims;
        let per_channel = height * width;
        let n_rows = n_channels * per_channel;
        let of_rows = |first: usize| {
            let rows = first..(first + self.hardware.word_lines).min(n_rows);
            let channels = rows.start / per_channel..rows.end.div_ceil(per_channel);
            let columns = cells.array(rows.clone());
            let shape = (columns.nrows(), channels.len() * per_channel);
            // Rows of the outer channels may belong to other arrays.
            let before = rows.start - channels.start * per_channel;
            let row = |at: usize| at.checked_sub(before).filter(|&row| row < rows.len());
            let padded = Array2::from_shape_fn(shape, |(column, at)| row(at).map_or(0.0, |row| columns[[column, row]]));
            let columns = constant(&padded, [shape.0, channels.len(), height, width], like);
            Array { channels, columns }
        };
        (0..n_rows).step_by(self.hardware.word_lines).map(of_rows).collect()
    }

    /// What all columns give for all input slices.
    fn reads(&self, x: &Tensor<4>, inputs: InputCodes, arrays: &[Array]) -> Vec<Read> {
        let dac_bits = self.adc.dac_bits;
        let codes = (x.clone() / inputs.step).add_scalar(0.5).floor();
        let mut reads = Vec::new();
        for slice in 0..inputs.bits.div_ceil(dac_bits) {
            let weight = f64::from(dac_bits * slice).exp2();
            let of_slice = digit(&codes, weight, f64::from(dac_bits).exp2());
            for (array, Array { channels, columns }) in arrays.iter().enumerate() {
                let inputs = of_slice.clone().narrow(1, channels.start, channels.len());
                reads.push(Read { sums: self.product.of(inputs, columns.clone()), weight, array });
            }
        }
        reads
    }

    fn transfer(&self, reads: &[Read], cells: &Cells) -> Transfer {
        let max_code = f64::from((1u32 << self.adc.adc_bits) - 1);
        let over = |low: f64, high: f64| Transfer { low, step: ((high - low) / max_code).max(1.0), max_code };
        match self.adc.range {
            Range::LosslessStep => Transfer { low: 0.0, step: 1.0, max_code },
            Range::FullScale => {
                let rows = self.hardware.word_lines.min(self.dims[1..].iter().product());
                let max_input = (1u32 << self.adc.dac_bits) - 1;
                over(0.0, rows as f64 * f64::from(max_input * self.hardware.max_level()))
            }
            Range::Calibrated => {
                let n_columns = cells.n_slices() * self.dims[0];
                let ends = reads.iter().map(|read| {
                    let sums = read.sums.clone().narrow(1, 0, n_columns);
                    [sums.clone().min().into_scalar::<f64>(), sums.max().into_scalar::<f64>()]
                });
                let ends =
                    ends.reduce(|[low, high], [other_low, other_high]| [low.min(other_low), high.max(other_high)]);
                let [low, high] = ends.expect("a layer has inputs");
                over(low, high)
            }
        }
    }
}

impl Merged {
    fn add(&mut self, decoded: Tensor<4>, complements: Option<Tensor<4>>, counted: Tensor<4>) {
        let decoded = match complements {
            None => decoded,
            Some(complements) => decoded + complements,
        };
        self.columns = Some(match self.columns.take() {
            None => decoded,
            Some(columns) => columns + decoded,
        });
        self.counts = Some(match self.counts.take() {
            None => counted,
            Some(counts) => counts + counted,
        });
    }
}

/// One number for each channel, so that it meets `[images, channels, height, width]`.
fn of_channels(channels: usize, value: impl Fn(usize) -> f64, like: &Tensor<4>) -> Tensor<4> {
    let values = Array2::from_shape_fn((1, channels), |(_, channel)| value(channel));
    constant(&values, [1, channels, 1, 1], like)
}

/// The digit with significance `weight` of integer codes, in base `base`.
fn digit(codes: &Tensor<4>, weight: f64, base: f64) -> Tensor<4> {
    let shifted = (codes.clone() / weight).floor();
    shifted.clone() - (shifted / base).floor() * base
}

impl Transfer {
    fn codes(self, sums: Tensor<4>) -> Tensor<4> {
        (sums / self.step).add_scalar(0.5 - self.low / self.step).floor().clamp(0.0, self.max_code)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use rebias_arch::FlipEncoding;
    use rebias_recipe::StuckCells;

    use super::*;
    use crate::codes::Sides;
    use crate::hardware::Chips;
    use crate::parameter::to_vec;
    use crate::random::{Purpose, Stream};

    const INPUTS: InputCodes = InputCodes { step: 0.25, bits: 3 };

    fn hardware(range: Range, adc_bits: u32, flip_encoding: FlipEncoding) -> Hardware {
        Hardware {
            cell_bits: 2,
            word_lines: 7,
            flip_encoding,
            bias_level: Some(2),
            weight_noise: 0.0,
            stuck_cells: StuckCells::NONE,
            partial_sums: Some(PartialSums { adc_bits, dac_bits: 1, range }),
        }
    }

    /// Inputs of two images with two channels of 4 × 5 codes.
    fn inputs() -> Tensor<4> {
        let mut stream = Stream::new(8, Purpose::Weights);
        let values: Vec<f32> = (0..80).map(|_| stream.below(8) as f32 * 0.25).collect();
        Tensor::from_data(TensorData::new(values, [2, 2, 4, 5]), &Device::flex())
    }

    /// Codes of three 3 × 3 filters with a step and a shift for each.
    fn codes() -> Codes {
        let mut stream = Stream::new(9, Purpose::Weights);
        let plus = Array2::from_shape_fn((3, 18), |_| stream.below(8) as u16);
        Codes { bits: 3, plus, alpha: vec![0.5, 0.25, 1.0], sides: Sides::Biased(vec![-3.5, 0.0, 1.25]) }
    }

    /// The sums through converters, and the exact ones.
    fn sums(hardware: &Hardware) -> [Vec<f32>; 2] {
        let (codes, x) = (codes(), inputs());
        let mut chip = Chips { hardware, seed: 1 }.chip(Purpose::Chip, 0);
        let cells = Cells::program(&codes, &mut chip);
        let adc = hardware.partial_sums.expect("a converter");
        let converted = Converted { hardware, adc, product: Product::Conv, dims: [3, 2, 3, 3] };
        let exact = Product::Conv.of(x.clone(), constant(&codes.weights(), [3, 2, 3, 3], &x));
        [to_vec(converted.sums(&x, INPUTS, &codes, &cells)), to_vec(exact)]
    }

    #[test]
    fn converters_that_lose_nothing_give_the_exact_sums() {
        // Seven rows of levels up to 3 make sums up to 21: five bits.
        for range in [Range::LosslessStep, Range::FullScale, Range::Calibrated] {
            for flip_encoding in [FlipEncoding::Off, FlipEncoding::On] {
                let [found, exact] = sums(&hardware(range, 5, flip_encoding));
                let worst = found.iter().zip(&exact).map(|(found, exact)| (found - exact).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-4, "{range:?} {flip_encoding:?}: {worst}");
            }
        }
    }

    #[test]
    fn coarse_converters_round_each_column_by_itself() {
        for range in [Range::LosslessStep, Range::FullScale, Range::Calibrated] {
            let [found, exact] = sums(&hardware(range, 2, FlipEncoding::Off));
            assert!(found.iter().zip(&exact).any(|(found, exact)| (found - exact).abs() > 0.1), "{range:?}");
        }
    }

    #[test]
    fn a_column_by_hand() {
        // One row of 2-bit weights 3 in an array of its own, input code 5 = 101₂: slices of 1, 0 and 1. With one bit of
        // ADC over 0 … 3 each sum of 3 is code 1, decoded 3. A lossless step of one level clips at 1: 1 + 4.
        let codes =
            Codes { bits: 2, plus: Array2::from_elem((1, 1), 3), alpha: vec![1.0], sides: Sides::Biased(vec![-1.0]) };
        let x = Tensor::from_data(TensorData::new(vec![1.25f32], [1, 1, 1, 1]), &Device::flex());
        for (range, expected) in [(Range::FullScale, 3.0 * 5.0 - 5.0), (Range::LosslessStep, 5.0 - 5.0)] {
            let hardware = hardware(range, 1, FlipEncoding::Off);
            let cells = Cells::program(&codes, &mut Chips { hardware: &hardware, seed: 1 }.chip(Purpose::Chip, 0));
            let adc = hardware.partial_sums.expect("a converter");
            let converted = Converted { hardware: &hardware, adc, product: Product::Linear, dims: [1, 1, 1, 1] };
            assert_eq!(to_vec(converted.sums(&x, INPUTS, &codes, &cells)), [expected * 0.25]);
        }
    }
}
