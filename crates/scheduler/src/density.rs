//! What the driven cells conduct, from the densities of bits where there are no values to count.

use rebias_arch::{Arch, FlipEncoding};
use rebias_crossbar::{CellModel, FRACTION_BITS, ReadEnergy};
use rebias_mapper::LayerPlacement;
use rebias_network::{Layer, Network, Weighted};

/// The expected Σ g·x² of an image over the cells and reads of a layer, in units of 1/128 level times the square of an
/// input slice's code, if every bit and slice is drawn by itself with the layer's densities; `None` where reads have a
/// constant energy.
///
/// Cells are taken as their levels say. With flip encoding a heavy column is stored complemented, so that columns hold at
/// most half: the mean of a density d is taken to be min(d, 1 − d).
pub(crate) fn assumed_read_activity(arch: &Arch, network: &Network, placed: &LayerPlacement) -> Option<f64> {
    if arch.ima().crossbar.cell.read_energy == ReadEnergy::Constant {
        return None;
    }
    let layer = network.layer(placed.layer);
    let weighted = layer.weighted()?;
    let outputs = layer.out_shape().channels as f64;
    let columns = outputs * output_conductance(arch, placed, weighted);
    let biases = (0..placed.column_blocks.len()).map(|block| bias_conductance(arch, placed, block)).sum::<f64>();
    Some(driven_lines(layer, weighted) * squared_inputs(placed, weighted) * (columns + biases))
}

/// Expected conductance of the cells of a column block on one word line, in units, those of bias and reference columns
/// included; `None` where reads have a constant energy.
pub(crate) fn assumed_line_conductance(
    arch: &Arch,
    network: &Network,
    placed: &LayerPlacement,
    column_block: usize,
) -> Option<f64> {
    if arch.ima().crossbar.cell.read_energy == ReadEnergy::Constant {
        return None;
    }
    let weighted = network.layer(placed.layer).weighted()?;
    let outputs = placed.column_blocks.get(column_block)?.len() as f64;
    Some(outputs * output_conductance(arch, placed, weighted) + bias_conductance(arch, placed, column_block))
}

/// Expected conductance of an output's cells on one word line, in units.
fn output_conductance(arch: &Arch, placed: &LayerPlacement, weighted: &Weighted) -> f64 {
    let cell = &arch.ima().crossbar.cell;
    let floor = f64::from(CellModel::new(cell).offset_units());
    let density = weighted.densities.weights;
    let stored = match arch.mapping().flip_encoding {
        FlipEncoding::Off => density,
        FlipEncoding::On => density.min(1.0 - density),
    };
    let level = |slice: u32| {
        // The last slice of a code may be narrower than a cell.
        let bits = (weighted.weight_bits - placed.slicing.weight_shift(slice)).min(cell.bits);
        stored * f64::from((1u32 << bits) - 1)
    };
    let units = f64::from(1u32 << FRACTION_BITS);
    let slicing = &placed.slicing;
    (0..slicing.n_columns()).map(|column| level(slicing.slice_of(column)) * units + floor).sum()
}

/// Conductance of the cells of bias and reference columns on one word line of an array, in units.
fn bias_conductance(arch: &Arch, placed: &LayerPlacement, column_block: usize) -> f64 {
    let cell = CellModel::new(&arch.ima().crossbar.cell);
    let level = arch.mapping().bias.columns().map_or(0, |columns| columns.level);
    let biases = f64::from(placed.bias.bias_columns(column_block)) * f64::from(cell.units(level));
    let reference = |level: f64| (level + cell.offset()) * f64::from(1u32 << FRACTION_BITS);
    biases + placed.bias.reference_levels().into_iter().map(reference).sum::<f64>()
}

/// Word lines that see a value of the map, over all positions; those that see padding are never driven.
fn driven_lines(layer: &Layer, weighted: &Weighted) -> f64 {
    let (window, input, output) = (weighted.window, layer.in_shape(), layer.out_shape());
    let inside = |positions: usize, size: usize, limit: usize| -> usize {
        let of = |position: usize| {
            let first = position * window.stride;
            (first + size).min(limit + window.padding).saturating_sub(first.max(window.padding))
        };
        (0..positions).map(of).sum()
    };
    let rows = inside(output.height, window.height, input.height);
    let columns = inside(output.width, window.width, input.width);
    rows as f64 * columns as f64 * input.channels as f64
}

/// Expected Σ x² of a value's input slices: with independent bits of density p, a slice Σ 2^t·b_t has
/// p·(1 − p)·Σ 4^t + (p·Σ 2^t)².
fn squared_inputs(placed: &LayerPlacement, weighted: &Weighted) -> f64 {
    let density = weighted.densities.inputs;
    let slice = |bits: u32| {
        let squares: f64 = (0..bits).map(|bit| f64::from(1u32 << bit).powi(2)).sum();
        let mean = density * f64::from((1u32 << bits) - 1);
        density * (1.0 - density) * squares + mean * mean
    };
    placed.slicing.input_slices().iter().map(|input| slice(input.bits)).sum()
}

#[cfg(test)]
mod tests;
