//! Which tile sends how much to which.

use std::collections::BTreeMap;
use std::ops::Range;

use rebias_arch::Arch;
use rebias_network::{Layer, LayerId, LayerInput, Network, Op, OutputFormat};
use rebias_tile::Interconnect;
use rebias_units::{Bits, Bytes};

use crate::{LayerPlacement, Placement, Replica};

/// The bytes that tiles send each other for an image: sums of copies that span tiles, and codes to the layers that read
/// them. What stays on a tile, and what comes from the outside, takes no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficMatrix {
    flows: BTreeMap<(u32, u32), Bytes>,
}

impl TrafficMatrix {
    /// The traffic of a placed network.
    pub fn new(network: &Network, arch: &Arch, placement: &Placement) -> Self {
        let sum_bits = arch.ima().partial_sum_bits;
        let mut traffic = Self { flows: BTreeMap::new() };
        for placed in placement.layers() {
            let copies = placed.replicas.iter().enumerate().take(placed.n_positions);
            let copies: Vec<_> = copies.map(|(first, replica)| Copy::new(placed, first, replica)).collect();
            for copy in &copies {
                traffic.add_sums(placed, copy, sum_bits);
            }
            for reader in readers(network, placed.layer, placement) {
                traffic.add_codes(network, placed, &copies, (reader, sum_bits));
            }
        }
        traffic
    }

    /// The senders and receivers with what they exchange, each pair of tiles once for each direction.
    pub fn flows(&self) -> impl Iterator<Item = ((u32, u32), Bytes)> + '_ {
        self.flows.iter().map(|(&tiles, &bytes)| (tiles, bytes))
    }

    /// Σ bytes × hops of an image, a hop being a link between routers or between chips.
    pub fn byte_hops(&self, arch: &Arch) -> u64 {
        let interconnect = Interconnect::new(arch.chip(), arch.system());
        let hops = |(from, to)| {
            let route = interconnect.route(from, to);
            u64::from(route.links + route.chip_links)
        };
        self.flows().map(|(tiles, bytes)| bytes.0 * hops(tiles)).sum()
    }

    /// Sums to the tile that finishes their output.
    fn add_sums(&mut self, placed: &LayerPlacement, copy: &Copy, sum_bits: u32) {
        for (from, part) in copy.parts.iter().enumerate() {
            let mut outputs = BTreeMap::<usize, u64>::new();
            for (block, home) in
                copy.homes.iter().enumerate().filter(|&(block, &home)| part.holds[block] && home != from)
            {
                *outputs.entry(*home).or_default() += placed.column_blocks[block].len() as u64;
            }
            for (home, outputs) in outputs {
                let bytes = bytes_of(outputs + u64::from(part.tells_sum), sum_bits);
                self.add((part.tile, copy.parts[home].tile), bytes, copy.n_positions);
            }
        }
    }

    /// Codes to the tiles of a layer that keep them.
    fn add_codes(
        &mut self,
        network: &Network,
        placed: &LayerPlacement,
        copies: &[Copy],
        (reader, sum_bits): (&LayerPlacement, u32),
    ) {
        let Some(weighted) = network.layer(placed.layer).weighted() else { return };
        let bits = match weighted.output {
            OutputFormat::Codes { bits } => bits,
            OutputFormat::Logits => sum_bits,
        };
        let n_channels = network.layer(placed.layer).out_shape().channels;
        let kept = kept_outputs(network, &placed.column_blocks, n_channels, reader);
        for copy in copies {
            for (index, part) in copy.parts.iter().enumerate() {
                for (&to, kept) in &kept {
                    let finished = copy.homes.iter().zip(kept).filter(|(home, _)| **home == index);
                    let outputs: u64 = finished.map(|(_, &outputs)| outputs).sum();
                    self.add((part.tile, to), bytes_of(outputs, bits), copy.n_positions);
                }
            }
        }
    }

    fn add(&mut self, (from, to): (u32, u32), bytes: Bytes, times: u64) {
        if from != to && bytes.0 > 0 {
            self.flows.entry((from, to)).or_insert(Bytes(0)).0 += bytes.0 * times;
        }
    }
}

/// A copy of a layer over tiles.
struct Copy {
    /// In order of their first array.
    parts: Vec<Part>,
    /// For each column block, the part that finishes its outputs.
    homes: Vec<usize>,
    /// Positions of an image that the copy computes.
    n_positions: u64,
}

/// What stands of a copy on one tile.
struct Part {
    tile: u32,
    /// Whether it holds rows of each column block.
    holds: Vec<bool>,
    /// Whether it tells the sum of some inputs: that of a row block is told by its first array.
    tells_sum: bool,
}

impl Copy {
    /// The copy that computes position `first` and every further one that is its turn.
    fn new(placed: &LayerPlacement, first: usize, replica: &Replica) -> Self {
        let n_blocks = placed.column_blocks.len();
        let mut parts: Vec<Part> = Vec::new();
        let mut index_of = BTreeMap::new();
        for array in &replica.arrays {
            let tile = array.ima.tile.0;
            let index = *index_of.entry(tile).or_insert_with(|| {
                parts.push(Part { tile, holds: vec![false; n_blocks], tells_sum: false });
                parts.len() - 1
            });
            parts[index].holds[array.column_block] = true;
            parts[index].tells_sum |= array.column_block == 0;
        }
        // Column blocks go round in turn over the parts that hold rows of them.
        let home = |block: usize| {
            let holders: Vec<_> = (0..parts.len()).filter(|&part| parts[part].holds[block]).collect();
            holders[block % holders.len()]
        };
        let homes = (0..n_blocks).map(home).collect();
        Self { parts, homes, n_positions: (placed.n_positions - first).div_ceil(placed.replicas.len()) as u64 }
    }
}

/// The placed layers that read a layer's codes, with nothing but pools and additions between, which are done where
/// their results are read.
fn readers<'p>(
    network: &Network,
    source: LayerId,
    placement: &'p Placement,
) -> impl Iterator<Item = &'p LayerPlacement> {
    // Whether each layer's output is made of the source's codes; inputs are earlier layers.
    let mut carries = vec![false; network.layers().len()];
    let reads = |layer: &Layer, carries: &[bool]| {
        layer.inputs().any(|input| matches!(input, LayerInput::Layer(before) if carries[before.0]))
    };
    for (id, layer) in network.layers_with_ids() {
        carries[id.0] = match layer.op() {
            Op::Weighted(_) => id == source,
            Op::MaxPool(_) | Op::SumPool(_) | Op::Add(_) => reads(layer, &carries),
        };
    }
    placement.layers().iter().filter(move |placed| reads(network.layer(placed.layer), &carries))
}

/// For each tile of a reader, how many outputs of each of its source's column blocks it keeps.
fn kept_outputs(
    network: &Network,
    column_blocks: &[Range<usize>],
    n_channels: usize,
    reader: &LayerPlacement,
) -> BTreeMap<u32, Vec<u64>> {
    // A linear layer reads a channel's pixels side by side.
    let rows_per_channel = network.layer(reader.layer).rows() / n_channels;
    let mut channels = BTreeMap::<u32, Vec<bool>>::new();
    for array in reader.replicas.iter().flat_map(|replica| &replica.arrays) {
        let rows = &reader.row_blocks[array.row_block];
        let kept = channels.entry(array.ima.tile.0).or_insert_with(|| vec![false; n_channels]);
        kept[rows.start / rows_per_channel..rows.end.div_ceil(rows_per_channel)].fill(true);
    }
    let count = |kept: Vec<bool>| {
        column_blocks.iter().map(|block| kept[block.clone()].iter().filter(|kept| **kept).count() as u64).collect()
    };
    channels.into_iter().map(|(tile, kept)| (tile, count(kept))).collect()
}

fn bytes_of(values: u64, bits: u32) -> Bytes {
    Bits(values * u64::from(bits)).to_bytes()
}

#[cfg(test)]
mod tests;
