//! Which tile sends how much to which.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use rebias_arch::Arch;
use rebias_network::{Layer, LayerInput, Network, Op, Weighted};
use rebias_tile::Interconnect;
use rebias_units::{Bits, Bytes};

use crate::{LayerPlacement, Placement, Replica};

/// The bytes that tiles send each other for an image: sums of copies that span tiles, and codes to the layers that read
/// them, additions and sum pools among these. What stays on a tile, and what comes from the outside, takes no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficMatrix {
    flows: BTreeMap<(u32, u32), Bytes>,
}

impl TrafficMatrix {
    /// The traffic of a placed network.
    pub fn new(network: &Network, arch: &Arch, placement: &Placement) -> Self {
        let mut traffic = Self { flows: BTreeMap::new() };
        // Who makes the codes of each layer, pools being made where they are read; none for the network's input.
        let mut makers: Vec<Option<Rc<Maker>>> = Vec::new();
        let maker_of = |makers: &[Option<Rc<Maker>>], input: LayerInput| match input {
            LayerInput::Network => None,
            LayerInput::Layer(before) => makers[before.0].clone(),
        };
        for (id, layer) in network.layers_with_ids() {
            let maker = match (layer.op(), placement.layer(id)) {
                (Op::MaxPool(_), _) => maker_of(&makers, layer.input()),
                (Op::Weighted(weighted), Some(placed)) => {
                    if let Some(source) = maker_of(&makers, layer.input()) {
                        traffic.add_codes(&source, &kept_channels(layer, placed, source.n_channels));
                    }
                    let copies = copies(placed);
                    for copy in &copies {
                        traffic.add_sums(placed, copy, arch.ima().partial_sum_bits);
                    }
                    Some(Rc::new(Maker::weighted(weighted, placed, &copies)))
                }
                // Every weighted layer is placed.
                (Op::Weighted(_), None) => None,
                (Op::Add(_) | Op::SumPool(_), _) => {
                    let sources: Vec<_> = layer.inputs().filter_map(|input| maker_of(&makers, input)).collect();
                    let home = sources.first().map_or(0, |source| source.home);
                    let all = BTreeMap::from([(home, vec![true; layer.in_shape().channels])]);
                    for source in &sources {
                        traffic.add_codes(source, &all);
                    }
                    let bits = network.output_codes(id).map_or(0, |format| format.bits);
                    Some(Rc::new(Maker::summed(layer, home, bits)))
                }
            };
            makers.push(maker);
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

    /// Codes to the tiles that keep some of their channels.
    fn add_codes(&mut self, source: &Maker, kept: &BTreeMap<u32, Vec<bool>>) {
        for (&to, kept) in kept {
            let n_kept = |outputs: &Range<usize>| kept[outputs.clone()].iter().filter(|kept| **kept).count() as u64;
            let of_block: Vec<u64> = source.blocks.iter().map(n_kept).collect();
            for sender in &source.senders {
                let values = sender.blocks.iter().map(|&block| of_block[block]).sum();
                self.add((sender.tile, to), bytes_of(values, source.bits), sender.n_positions);
            }
        }
    }

    fn add(&mut self, (from, to): (u32, u32), bytes: Bytes, times: u64) {
        if from != to && bytes.0 > 0 {
            self.flows.entry((from, to)).or_insert(Bytes(0)).0 += bytes.0 * times;
        }
    }
}

/// Where the codes of a layer are made.
struct Maker {
    senders: Vec<Sender>,
    /// Outputs that are finished together.
    blocks: Vec<Range<usize>>,
    n_channels: usize,
    bits: u32,
    /// Where a sum that reads these codes first is made: the last tile of the first copy that finishes some of them.
    home: u32,
}

/// A tile that finishes some outputs.
struct Sender {
    tile: u32,
    /// Which blocks of the outputs.
    blocks: Vec<usize>,
    n_positions: u64,
}

impl Maker {
    fn weighted(weighted: &Weighted, placed: &LayerPlacement, copies: &[Copy]) -> Self {
        let sender = |copy: &Copy, (index, part): (usize, &Part)| {
            let blocks: Vec<_> = (0..copy.homes.len()).filter(|&block| copy.homes[block] == index).collect();
            Sender { tile: part.tile, blocks, n_positions: copy.n_positions }
        };
        let of_copy = |copy: &Copy| copy.parts.iter().enumerate().map(|part| sender(copy, part)).collect::<Vec<_>>();
        let senders: Vec<_> = copies.iter().flat_map(of_copy).filter(|sender| !sender.blocks.is_empty()).collect();
        let n_first = copies.first().map_or(0, |copy| copy.homes.iter().collect::<BTreeSet<_>>().len());
        Self {
            home: senders.iter().take(n_first).next_back().map_or(0, |sender| sender.tile),
            senders,
            blocks: placed.column_blocks.clone(),
            n_channels: placed.column_blocks.last().map_or(0, |block| block.end),
            // Logits are read by no layer.
            bits: weighted.output.codes().map_or(0, |format| format.bits),
        }
    }

    /// An addition or a sum pool, which one tile makes.
    fn summed(layer: &Layer, home: u32, bits: u32) -> Self {
        let shape = layer.out_shape();
        Self {
            senders: vec![Sender { tile: home, blocks: vec![0], n_positions: shape.positions() as u64 }],
            blocks: std::iter::once(0..shape.channels).collect(),
            n_channels: shape.channels,
            bits,
            home,
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

/// The copies of a layer that have something to do.
fn copies(placed: &LayerPlacement) -> Vec<Copy> {
    let busy = placed.replicas.iter().enumerate().take(placed.n_positions);
    busy.map(|(first, replica)| Copy::new(placed, first, replica)).collect()
}

/// For each tile of a layer, which channels of its input map it keeps.
fn kept_channels(layer: &Layer, placed: &LayerPlacement, n_channels: usize) -> BTreeMap<u32, Vec<bool>> {
    // A linear layer reads a channel's pixels side by side.
    let rows_per_channel = layer.rows() / n_channels;
    let mut channels = BTreeMap::<u32, Vec<bool>>::new();
    for array in placed.replicas.iter().flat_map(|replica| &replica.arrays) {
        let rows = &placed.row_blocks[array.row_block];
        let kept = channels.entry(array.ima.tile.0).or_insert_with(|| vec![false; n_channels]);
        kept[rows.start / rows_per_channel..rows.end.div_ceil(rows_per_channel)].fill(true);
    }
    channels
}

fn bytes_of(values: u64, bits: u32) -> Bytes {
    Bits(values * u64::from(bits)).to_bytes()
}

#[cfg(test)]
mod tests;
