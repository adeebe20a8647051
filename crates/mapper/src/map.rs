//! From network and architecture to a placement.

use std::ops::Range;

use rebias_arch::{Arch, PairSubtraction, Replication, TilePlacement};
use rebias_network::{Layer, LayerId, Network, Representation, Scales, Weighted};

use crate::arrange::arrange;
use crate::replication::{self, Demand, Supply};
use crate::{
    BiasPlacement, ImaId, LayerPlacement, MapError, PlacedArray, Placement, Replica, Sides, Slicing, TileId,
    TrafficMatrix,
};

/// Places a network's weighted layers on the chips.
///
/// Arrays are given to layers in order, copy by copy and row block by row block; they fill IMAs, and IMAs fill tiles.
/// An IMA belongs to one layer; a tile may host several. Which of the tiles is which follows
/// [`TilePlacement`].
///
/// # Errors
/// A network that needs more tiles than there are, or more arrays than are to be spent, whose weights are wider than an
/// array, that has no weights, or no pairs of one scale where such are to be subtracted before conversion.
pub fn map(network: &Network, arch: &Arch) -> Result<Placement, MapError> {
    check_pairs(network, arch)?;
    let cuts: Vec<Cut> = network
        .weighted_layers()
        .map(|(id, layer, weighted)| Cut::new(id, layer, weighted, arch))
        .collect::<Result<_, _>>()?;
    if cuts.is_empty() {
        return Err(MapError::NoWeights { network: network.name().to_owned() });
    }
    let demands: Vec<Demand> = cuts.iter().map(Cut::demand).collect();
    let copies = copies(network, arch, &demands)?;
    let mut slots = Slots::new(arch);
    let layers: Vec<_> = cuts.iter().zip(copies).map(|(cut, copies)| cut.place(copies, &mut slots)).collect();
    let n_imas = slots.next_ima;
    let mut placement = Placement { layers, n_tiles: n_imas.div_ceil(slots.imas_per_tile), n_imas };
    if arch.mapping().placement == TilePlacement::ByTraffic {
        let tiles = arrange(&TrafficMatrix::new(network, arch, &placement), arch, placement.n_tiles);
        placement.move_tiles(&tiles);
    }
    Ok(placement)
}

/// Whether there are pairs of one scale, if such are asked for.
fn check_pairs(network: &Network, arch: &Arch) -> Result<(), MapError> {
    if arch.mapping().pairs == PairSubtraction::Digital {
        return Ok(());
    }
    let of_layer = |(_, layer, weighted): (LayerId, &Layer, &Weighted)| match weighted.representation {
        Representation::Biased => None,
        Representation::Pair(Scales::One) => Some(Ok(())),
        Representation::Pair(Scales::Two) => Some(Err(MapError::TwoScales { layer: layer.name().to_owned() })),
    };
    let none = || MapError::NoPairs { network: network.name().to_owned() };
    network.weighted_layers().filter_map(of_layer).reduce(Result::and).unwrap_or_else(|| Err(none()))
}

/// Copies of each layer.
fn copies(network: &Network, arch: &Arch, demands: &[Demand]) -> Result<Vec<u64>, MapError> {
    let imas_per_tile = u64::from(arch.tile().n_imas);
    let supply = Supply { crossbars_per_ima: arch.ima().n_crossbars, imas: u64::from(arch.n_tiles()) * imas_per_tile };
    let one_each = vec![1; demands.len()];
    if !supply.fits(demands, &one_each) {
        return Err(MapError::TooFewTiles {
            network: network.name().to_owned(),
            needed: supply.needed(demands, &one_each).div_ceil(imas_per_tile),
            available: arch.n_tiles(),
        });
    }
    let rule = arch.mapping().replication;
    let needed = replication::crossbars(demands, &one_each);
    if let Replication::Target { crossbars: target } = rule
        && needed > target
    {
        return Err(MapError::TargetTooSmall { network: network.name().to_owned(), needed, target });
    }
    Ok(replication::copies(rule, demands, supply))
}

/// How one layer's matrix is cut over arrays; its size is not bounded by the chip's yet.
struct Cut {
    layer: LayerId,
    slicing: Slicing,
    rows: usize,
    rows_per_array: usize,
    rows_per_read: usize,
    outputs: usize,
    outputs_per_array: usize,
    bias: BiasPlacement,
    n_positions: usize,
}

impl Cut {
    fn new(id: LayerId, layer: &Layer, weighted: &Weighted, arch: &Arch) -> Result<Self, MapError> {
        let ima = arch.ima();
        let slicing = Slicing::new(weighted.weight_bits, ima.crossbar.cell.bits, weighted.input, ima.dac.bits)
            .with_sides(Sides::of(weighted.representation, arch.mapping().pairs));
        let bias = BiasPlacement::new(arch, weighted, &slicing);
        let bit_lines = ima.crossbar.bit_lines.saturating_sub(bias.kept_bit_lines(arch));
        let slices = slicing.n_columns();
        if slices > bit_lines {
            return Err(MapError::ArrayTooNarrow { layer: layer.name().to_owned(), slices, bit_lines });
        }
        Ok(Self {
            layer: id,
            slicing,
            rows: layer.rows(),
            rows_per_array: ima.crossbar.word_lines as usize,
            rows_per_read: ima.crossbar.active_word_lines as usize,
            outputs: layer.out_shape().channels,
            outputs_per_array: (bit_lines / slices) as usize,
            bias,
            n_positions: layer.out_shape().positions(),
        })
    }

    fn demand(&self) -> Demand {
        let row_blocks = self.rows.div_ceil(self.rows_per_array) as u64;
        let column_blocks = self.outputs.div_ceil(self.outputs_per_array) as u64;
        let reads_per_slice = self.rows.min(self.rows_per_array).div_ceil(self.rows_per_read);
        Demand {
            n_positions: self.n_positions as u64,
            reads_per_position: (reads_per_slice * self.slicing.input_slices().len()) as u64,
            arrays_per_copy: row_blocks.saturating_mul(column_blocks),
        }
    }

    fn place(&self, copies: u64, slots: &mut Slots) -> LayerPlacement {
        let row_blocks = blocks(self.rows, self.rows_per_array);
        let column_blocks = blocks(self.outputs, self.outputs_per_array);
        slots.begin_ima();
        let replicas = (0..copies)
            .map(|_| {
                let arrays =
                    (0..row_blocks.len()).flat_map(|row| (0..column_blocks.len()).map(move |column| (row, column)));
                Replica { arrays: arrays.map(|(row, column)| slots.take(row, column)).collect() }
            })
            .collect();
        LayerPlacement {
            layer: self.layer,
            slicing: self.slicing.clone(),
            row_blocks,
            column_blocks,
            bias: self.bias.clone(),
            n_positions: self.n_positions,
            replicas,
        }
    }
}

/// Consecutive ranges of `size` indices, the last one perhaps shorter.
fn blocks(len: usize, size: usize) -> Vec<Range<usize>> {
    (0..len).step_by(size).map(|start| start..len.min(start + size)).collect()
}

/// The chip's arrays, given away in order.
struct Slots {
    crossbars_per_ima: u32,
    imas_per_tile: u32,
    /// IMAs that have been begun.
    next_ima: u32,
    /// Arrays taken of the IMA begun last.
    taken: u32,
}

impl Slots {
    fn new(arch: &Arch) -> Self {
        let crossbars_per_ima = arch.ima().n_crossbars;
        Self { crossbars_per_ima, imas_per_tile: arch.tile().n_imas, next_ima: 0, taken: crossbars_per_ima }
    }

    /// Leaves the rest of the IMA begun last empty.
    fn begin_ima(&mut self) {
        self.taken = self.crossbars_per_ima;
    }

    fn take(&mut self, row_block: usize, column_block: usize) -> PlacedArray {
        if self.taken == self.crossbars_per_ima {
            self.next_ima += 1;
            self.taken = 0;
        }
        let crossbar = self.taken;
        self.taken += 1;
        let ima = self.next_ima - 1;
        let ima = ImaId { tile: TileId(ima / self.imas_per_tile), ima: ima % self.imas_per_tile };
        PlacedArray { row_block, column_block, ima, crossbar }
    }
}

#[cfg(test)]
mod tests;
