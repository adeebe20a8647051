//! From the totals of an output's columns to Y, and to its codes.
//!
//! With converted sums z that stand for `base` + `scale`·z units, and Ŝ the estimate of the inputs,
//!
//! ```text
//! P̂ = Σ_j 2^(c·j)·Σ ±2^(v·b)·(base + scale·z − pedestal·ŝ)
//! Y = 2^F·P̂ + n·Ŝ
//! ```
//!
//! (of a pair, −r·2^(c·j) in place of 2^F·2^(c·j) for the columns of w⁻) is linear in the totals T_j = Σ ±2^(v·b)·z and in Ŝ. A column that is stored complemented in a row block gives
//! (2^c − 1)·Ŝ less what it gives there, with the Ŝ of that block.

use rebias_kernels::{Affine, Finish, SliceSign};
use rebias_mapper::DigitalRest;
use rebias_network::{Direction, OutputTensors};

use crate::LEVEL;
use crate::arrays::LayerArrays;
use crate::converters::Converters;

/// What becomes of each output channel's totals.
#[derive(Clone, Debug)]
pub(crate) struct Outputs {
    pub(crate) affines: Vec<Affine>,
    /// Empty for a layer whose outputs are logits.
    pub(crate) finishes: Vec<Finish>,
}

impl Outputs {
    pub(crate) fn new(arrays: &LayerArrays, converters: &Converters, tensors: &OutputTensors) -> Self {
        let affines: Vec<_> = (0..arrays.out_channels()).map(|channel| affine(arrays, converters, channel)).collect();
        let finishes = match tensors {
            OutputTensors::Logits { .. } => Vec::new(),
            OutputTensors::Codes { thresholds, direction } => {
                let rows = thresholds.outer_iter().map(|thresholds| thresholds.iter().copied().collect::<Vec<_>>());
                let channels = rows.zip(direction).zip(&affines);
                channels.map(|(thresholds, affine)| finish(arrays, converters, affine, thresholds)).collect()
            }
        };
        Self { affines, finishes }
    }

    /// For a layer of which nothing comes but what is recorded.
    pub(crate) fn none() -> Self {
        Self { affines: Vec::new(), finishes: Vec::new() }
    }
}

fn finish(
    arrays: &LayerArrays,
    converters: &Converters,
    affine: &Affine,
    (thresholds, direction): (Vec<i64>, &Direction),
) -> Finish {
    let (max_total, max_inputs) = converters.max_totals(arrays);
    let bound = affine.bound(max_total, max_inputs);
    let thresholds = thresholds.into_iter().map(|threshold| threshold.saturating_mul(LEVEL));
    match direction {
        Direction::Rising => Finish::new(affine.clone(), thresholds, bound),
        // Y ≤ Θ is −Y ≥ −Θ.
        Direction::Falling => Finish::new(affine.negated(), thresholds.map(i64::saturating_neg), bound),
    }
}

/// Y of a channel in units.
pub(crate) fn affine(arrays: &LayerArrays, converters: &Converters, channel: usize) -> Affine {
    // Numbers beyond 64 bits saturate, and are then told by their bound.
    let product = |numbers: &[i64]| numbers.iter().fold(1i64, |product, number| product.saturating_mul(*number));
    let weight: i64 = arrays
        .slices
        .iter()
        .map(|slice| match slice.sign {
            SliceSign::Plus => 1 << slice.shift,
            SliceSign::Minus => -(1 << slice.shift),
        })
        .sum();
    let weights = arrays
        .gains(channel)
        .take(converters.n_columns(arrays))
        .map(|gain| product(&[gain, converters.scale]))
        .collect();
    let n_columns = arrays.worth.len();
    let mut offset = 0;
    let mut slopes = Vec::new();
    let block = arrays.column_blocks.iter().find(|block| block.outputs.contains(&channel));
    let (corrections, n_outputs) = block.map_or((&[][..], 0), |block| (&block.corrections[..], block.outputs.len()));
    let output = block.map_or(0, |block| channel - block.outputs.start);
    for row_block in 0..arrays.n_row_blocks() {
        let n_reads = arrays.row_block_of.iter().filter(|&&it| it == row_block).count() as i64;
        let flips = block.map_or(&[][..], |block| block.flips_of(row_block));
        let first = output * n_columns;
        let mut slope = arrays.beta[channel] * LEVEL;
        for (column, gain) in arrays.gains(channel).enumerate() {
            let is_flipped = flips.get(first + column) == Some(&true);
            let sign = if is_flipped { -1 } else { 1 };
            offset = i64::saturating_add(offset, product(&[sign, gain, converters.base, weight, n_reads]));
            let pedestal = converters.pedestal - arrays.subtracted.reference(column);
            slope = slope.saturating_sub(product(&[sign, gain, pedestal]));
            if is_flipped {
                slope = slope.saturating_add(product(&[gain, arrays.max_level, LEVEL]));
            }
        }
        if let Some(&delta) = corrections.get(row_block * n_outputs + output) {
            slope = slope.saturating_sub(product(&[delta, 1 << arrays.beta_fraction_bits]));
        }
        slopes.push(match arrays.rest {
            DigitalRest::Needed => slope,
            DigitalRest::Vanishes => 0,
        });
    }
    if !arrays.has_sums_of_blocks() {
        // All row blocks have the same.
        slopes.truncate(1);
    }
    Affine { weights, slopes, offset }
}
