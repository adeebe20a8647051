//! Where a network's weights stand on a chip.

use std::ops::Range;

use rebias_arch::{Arch, BiasColumnPlace};
use rebias_network::LayerId;

use crate::{BiasPlacement, DigitalRest, Slicing};

/// A network placed on a chip: one entry for each weighted layer, in the network's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    pub(crate) layers: Vec<LayerPlacement>,
    pub(crate) n_tiles: u32,
    pub(crate) n_imas: u32,
}

impl Placement {
    /// The weighted layers, in the network's order.
    pub fn layers(&self) -> &[LayerPlacement] {
        &self.layers
    }

    /// The placement of a weighted layer; `None` for a layer without weights.
    pub fn layer(&self, layer: LayerId) -> Option<&LayerPlacement> {
        self.layers.iter().find(|placed| placed.layer == layer)
    }

    /// Tiles that hold at least one array.
    pub fn n_tiles(&self) -> u32 {
        self.n_tiles
    }

    /// IMAs that hold at least one array.
    pub fn n_imas(&self) -> u32 {
        self.n_imas
    }

    /// Arrays in use.
    pub fn n_crossbars(&self) -> u32 {
        self.layers.iter().map(LayerPlacement::n_crossbars).sum()
    }

    /// Puts what stands on tile t onto tile `to[t]`.
    pub(crate) fn move_tiles(&mut self, to: &[u32]) {
        let replicas = self.layers.iter_mut().flat_map(|layer| &mut layer.replicas);
        for array in replicas.flat_map(|replica| &mut replica.arrays) {
            array.ima.tile = TileId(to[array.ima.tile.0 as usize]);
        }
    }

    /// Used cells among the cells of the arrays in use, 0 … 1; see [`LayerPlacement::utilisation`].
    pub fn utilisation(&self, arch: &Arch) -> f64 {
        let used: u64 = self.layers.iter().map(LayerPlacement::used_cells).sum();
        let allocated: u64 = self.layers.iter().map(|layer| layer.allocated_cells(arch)).sum();
        used as f64 / allocated as f64
    }
}

/// A tile of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId(pub u32);

/// An IMA of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImaId {
    /// Its tile.
    pub tile: TileId,
    /// Its index in the tile.
    pub ima: u32,
}

/// A weighted layer on arrays.
///
/// The matrix of `rows × outputs` codes is cut into row blocks (one array's word lines each) and column blocks (one
/// array's outputs each). Row r of row block [a, b) drives word line r − a; slice j of output o of column block [a, b)
/// stands on bit line (o − a)·J + j, and of a pair, slice j of w⁺ on (o − a)·2J + j and that of w⁻ J behind it. Columns
/// of bias and of reference stand behind the last used bit line.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPlacement {
    /// The layer.
    pub layer: LayerId,
    /// How codes are cut into slices.
    pub slicing: Slicing,
    /// Rows of the matrix in each row of arrays.
    pub row_blocks: Vec<Range<usize>>,
    /// Outputs in each column of arrays.
    pub column_blocks: Vec<Range<usize>>,
    /// What arrays have for their bias.
    pub bias: BiasPlacement,
    /// Output positions of one image.
    pub n_positions: usize,
    /// Copies of the layer, all alike; at least one.
    pub replicas: Vec<Replica>,
}

/// One copy of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Its arrays, row block by row block: index `row_block · n_column_blocks + column_block`.
    pub arrays: Vec<PlacedArray>,
}

/// One array of a layer's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedArray {
    /// Which rows it holds.
    pub row_block: usize,
    /// Which outputs it holds.
    pub column_block: usize,
    /// Its IMA.
    pub ima: ImaId,
    /// Its place in the IMA.
    pub crossbar: u32,
}

/// A cell of one copy of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellAddress {
    /// Row block of its array.
    pub row_block: usize,
    /// Column block of its array.
    pub column_block: usize,
    /// Its word line.
    pub word_line: u32,
    /// Its bit line.
    pub bit_line: u32,
}

/// A slice of one weight of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeightSlice {
    /// Row of the matrix.
    pub row: usize,
    /// Output of the matrix.
    pub output: usize,
    /// Which slice of the code, least significant first; of a pair, those of w⁻ come behind those of w⁺.
    pub slice: u32,
}

impl LayerPlacement {
    /// Arrays of all copies.
    pub fn n_crossbars(&self) -> u32 {
        self.replicas.iter().map(|replica| replica.arrays.len() as u32).sum()
    }

    /// Bit lines with weights in the arrays of a column block.
    pub fn data_columns(&self, column_block: usize) -> u32 {
        self.column_blocks[column_block].len() as u32 * self.slicing.n_columns()
    }

    /// Currents of weights that each read of the arrays of a column block has converted.
    pub fn converted_columns(&self, column_block: usize) -> u32 {
        self.column_blocks[column_block].len() as u32 * self.slicing.n_conversions()
    }

    /// Columns of bias and of reference in the arrays of a column block.
    pub fn bias_columns(&self, column_block: usize) -> u32 {
        self.bias.bias_columns(column_block) + self.bias.n_reference_columns()
    }

    /// Multiplications by a sum of inputs that each output of a position takes: one by S for β, or with a calibrated bias
    /// one for each row block, whose δ and β are one number.
    pub fn bias_multiplies(&self, arch: &Arch) -> u64 {
        match (self.bias.rest, arch.mapping().calibration) {
            (DigitalRest::Vanishes, _) => 0,
            (DigitalRest::Needed, None) => 1,
            (DigitalRest::Needed, Some(_)) => self.row_blocks.len() as u64,
        }
    }

    /// The copy that computes an output position: positions go round in turn.
    pub fn replica_of(&self, position: usize) -> usize {
        position % self.replicas.len()
    }

    /// The cell of each copy that holds a slice of a weight; `None` if the layer has no such slice.
    pub fn cell_of(&self, weight: WeightSlice) -> Option<CellAddress> {
        let n_slices = self.slicing.n_columns();
        if weight.slice >= n_slices {
            return None;
        }
        let row_block = block_of(&self.row_blocks, weight.row)?;
        let column_block = block_of(&self.column_blocks, weight.output)?;
        let word_line = (weight.row - self.row_blocks[row_block].start) as u32;
        let first_bit_line = (weight.output - self.column_blocks[column_block].start) as u32 * n_slices;
        let bit_line = first_bit_line + weight.slice;
        Some(CellAddress { row_block, column_block, word_line, bit_line })
    }

    /// The slice of a weight that a cell of each copy holds; `None` for a cell without weight: unused, or of a bias
    /// column.
    pub fn weight_at(&self, cell: CellAddress) -> Option<WeightSlice> {
        let n_slices = self.slicing.n_columns();
        let rows = self.row_blocks.get(cell.row_block)?;
        let outputs = self.column_blocks.get(cell.column_block)?;
        let row = rows.start + cell.word_line as usize;
        let output = outputs.start + (cell.bit_line / n_slices) as usize;
        let holds = rows.contains(&row) && outputs.contains(&output);
        holds.then_some(WeightSlice { row, output, slice: cell.bit_line % n_slices })
    }

    /// Cells of all copies that store something: slices of weights, and the levels of columns of bias and of
    /// reference.
    pub fn used_cells(&self) -> u64 {
        let rows: usize = self.row_blocks.iter().map(Range::len).sum();
        let bit_lines = |block| u64::from(self.data_columns(block) + self.bias_columns(block));
        let columns: u64 = (0..self.column_blocks.len()).map(bit_lines).sum();
        rows as u64 * columns * self.replicas.len() as u64
    }

    /// Cells of all arrays that hold some of the layer, among them those of extra bias columns.
    pub fn allocated_cells(&self, arch: &Arch) -> u64 {
        let crossbar = &arch.ima().crossbar;
        let extra = match arch.mapping().bias.columns_place() {
            Some(BiasColumnPlace::Extra) => (0..self.column_blocks.len()).map(|block| self.bias_columns(block)).sum(),
            Some(BiasColumnPlace::Inside) | None => 0u32,
        };
        let extra = u64::from(extra) * (self.row_blocks.len() * self.replicas.len()) as u64;
        let word_lines = u64::from(crossbar.word_lines);
        word_lines * (u64::from(crossbar.bit_lines) * u64::from(self.n_crossbars()) + extra)
    }

    /// Used cells among allocated cells, 0 … 1. A bias column counts on both sides.
    pub fn utilisation(&self, arch: &Arch) -> f64 {
        self.used_cells() as f64 / self.allocated_cells(arch) as f64
    }
}

/// The block that holds an index; blocks are in order and leave no gaps.
fn block_of(blocks: &[Range<usize>], index: usize) -> Option<usize> {
    let block = blocks.partition_point(|block| block.end <= index);
    (block < blocks.len()).then_some(block)
}
