//! From network, chip and placement to the tables of a plan.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use rebias_arch::Arch;
use rebias_buffer::RegisterUse;
use rebias_engine::{Divisor, RegionId};
use rebias_mapper::{DigitalRest, ImaId, LayerPlacement, PlacedArray, Placement, Replica};
use rebias_network::{Layer, Network, Op, OutputFormat, Weighted, Window};
use rebias_tile::{ArrayShape, ChipSpec, InputSum, Interconnect, MvmShape};
use rebias_units::Bytes;

use super::routes::Homes;
use crate::replay::Schedule;

use super::{
    BufferIdx, BufferPlan, ImaIdx, ImaPlan, InputMap, Lanes, LayerIdx, LayerKind, LayerPlan, Output, PartIdx, PartPlan,
    Plan, ReplicaIdx, ReplicaPlan, Role, ShareIdx, SharePlan, TileIdx, TilePlan, Turns, bytes_of,
};

/// What is known of the hosts while a plan is built.
pub(super) struct Builder<'a> {
    pub(super) network: &'a Network,
    arch: &'a Arch,
    interconnect: Interconnect,
    pub(super) plan: Plan,
    tiles: BTreeMap<u32, TileIdx>,
    imas: BTreeMap<ImaId, ImaIdx>,
    buffers: BTreeMap<(LayerIdx, TileIdx), BufferIdx>,
    /// Outputs that each part finishes.
    pub(super) homes: Homes,
    /// Bytes of the partial sums that each part holds for a position.
    pub(super) sums_of_part: Vec<Bytes>,
    /// For each buffer, whether it keeps a channel.
    pub(super) channels_of_buffer: Vec<Vec<bool>>,
}

impl Plan {
    pub(crate) fn new(network: &Network, arch: &Arch, placement: &Placement, schedule: Schedule) -> Self {
        let mut builder = Builder {
            network,
            arch,
            interconnect: Interconnect::new(arch.chip(), arch.system()),
            plan: Plan::empty(arch.chip(), schedule),
            tiles: BTreeMap::new(),
            imas: BTreeMap::new(),
            buffers: BTreeMap::new(),
            homes: Vec::new(),
            sums_of_part: Vec::new(),
            channels_of_buffer: Vec::new(),
        };
        for (id, layer) in network.layers_with_ids() {
            match layer.op() {
                Op::Weighted(weighted) => {
                    if let Some(placed) = placement.layer(id) {
                        builder.add_layer(placed, layer, weighted);
                    }
                }
                Op::Add(_) => builder.add_sum(id, layer, Window::UNIT),
                Op::SumPool(window) => builder.add_sum(id, layer, *window),
                // Max-pools belong to whoever reads them.
                Op::MaxPool(_) => {}
            }
        }
        builder.finish()
    }

    /// Adds an empty buffer for a map that a layer reads on a tile; no channel of it is kept yet.
    pub(super) fn add_buffer(
        &mut self,
        (layer, operand): (LayerIdx, usize),
        tile: TileIdx,
        channels_of_buffer: &mut Vec<Vec<bool>>,
    ) -> BufferIdx {
        let buffer = BufferIdx::new(self.buffers.len());
        let host = &mut self.tiles[tile.at()].buffers;
        host.push(buffer);
        self.buffers.push(BufferPlan {
            layer,
            operand,
            map: Rc::clone(&self.layers[layer.at()].inputs[operand]),
            tile,
            region: RegionId(host.len() - 1),
            n_channels: 0,
            slot: Bytes(0),
            reserved: Bytes(0),
            shares: Vec::new(),
            adder: None,
            outside: None,
        });
        let reader = &mut self.layers[layer.at()];
        reader.buffers.push(buffer);
        channels_of_buffer.push(vec![false; reader.inputs[operand].n_channels]);
        buffer
    }

    fn empty(chip: &ChipSpec, schedule: Schedule) -> Self {
        Self {
            period: chip.ticks_per_cycle,
            edram: chip.tile.edram.capacity,
            input_register: chip.tile.ima.input_register.capacity,
            flit_bits: chip.noc.flit_bits,
            schedule,
            layers: Vec::new(),
            replicas: Vec::new(),
            parts: Vec::new(),
            shares: Vec::new(),
            adders: Vec::new(),
            lanes: Vec::new(),
            buffers: Vec::new(),
            imas: Vec::new(),
            tiles: Vec::new(),
        }
    }
}

impl Builder<'_> {
    fn add_layer(&mut self, placed: &LayerPlacement, layer: &Layer, weighted: &Weighted) {
        let layer_idx = LayerIdx::new(self.plan.layers.len());
        self.plan.layers.push(LayerPlan {
            id: placed.layer,
            name: layer.name().to_owned(),
            n_positions: placed.n_positions as u64,
            kind: LayerKind::Weighted,
            inputs: vec![Rc::new(InputMap::new(self.network, layer, layer.input(), weighted.window))],
            replicas: Vec::new(),
            buffers: Vec::new(),
            output: match weighted.output {
                OutputFormat::Codes { bits } => Output::Codes { bits },
                OutputFormat::Logits => Output::Logits { bits: self.arch.ima().partial_sum_bits },
            },
            bias_multiplies: placed.bias_multiplies(self.arch),
            role: Role::Last,
        });
        for (first_position, replica) in placed.replicas.iter().enumerate().take(placed.n_positions) {
            self.add_replica(layer_idx, placed, weighted, (first_position, replica));
        }
    }

    /// Adds the copy that computes `first_position` and every further one that is its turn.
    fn add_replica(
        &mut self,
        layer: LayerIdx,
        placed: &LayerPlacement,
        weighted: &Weighted,
        (first_position, replica): (usize, &Replica),
    ) {
        let idx = ReplicaIdx::new(self.plan.replicas.len());
        let stride = placed.replicas.len();
        self.plan.layers[layer.at()].replicas.push(idx);
        self.plan.replicas.push(ReplicaPlan {
            layer,
            turns: Turns {
                first: first_position as u32,
                stride: stride as u32,
                per_image: Divisor::new((placed.n_positions - first_position).div_ceil(stride) as u32),
            },
            parts: Vec::new(),
            shares: Vec::new(),
            adder: None,
            depth: 1,
            departures: 0,
        });
        // Tiles in order of their first array, so that outputs are finished alike wherever the tiles are.
        let mut by_tile: Vec<(TileIdx, BTreeMap<ImaId, Vec<&PlacedArray>>)> = Vec::new();
        for array in &replica.arrays {
            let tile = self.tile(array.ima.tile.0);
            let place = by_tile.iter().position(|(known, _)| *known == tile).unwrap_or_else(|| {
                by_tile.push((tile, BTreeMap::new()));
                by_tile.len() - 1
            });
            by_tile[place].1.entry(array.ima).or_default().push(array);
        }
        let mut parts = Vec::new();
        for (tile, shares) in by_tile {
            let part = self.add_part(idx, tile, shares.len());
            parts.push(part);
            // Outputs whose sums some earlier share of the part has brought, and whether one has brought a sum of
            // inputs.
            let mut brought = Brought { outputs: vec![false; placed.column_blocks.len()], input_sum: false };
            for (ima, arrays) in shares {
                self.add_share(part, ima, placed, weighted, &arrays, &mut brought);
            }
            let outputs = placed.column_blocks.iter().zip(&brought.outputs).filter(|(_, brought)| **brought);
            let outputs = outputs.map(|(block, _)| block.len() as u64).sum();
            self.sums_of_part.push(bytes_of(outputs, self.arch.ima().partial_sum_bits));
        }
        let bits = self.arch.ima().partial_sum_bits;
        self.plan.link_parts(placed, replica, &parts, &self.interconnect, (bits, &mut self.homes));
    }

    pub(super) fn add_part(&mut self, replica: ReplicaIdx, tile: TileIdx, n_shares: usize) -> PartIdx {
        let part = PartIdx::new(self.plan.parts.len());
        let replica_plan = &mut self.plan.replicas[replica.at()];
        replica_plan.parts.push(part);
        self.plan.parts.push(PartPlan {
            turns: replica_plan.turns,
            replica,
            layer: replica_plan.layer,
            tile,
            n_shares: n_shares as u32,
            n_outputs: 0,
            n_incoming: 0,
            sums: Lanes::default(),
            codes: Lanes::default(),
        });
        self.homes.push(Vec::new());
        part
    }

    fn add_share(
        &mut self,
        part: PartIdx,
        ima: ImaId,
        placed: &LayerPlacement,
        weighted: &Weighted,
        arrays: &[&PlacedArray],
        brought: &mut Brought,
    ) {
        let PartPlan { turns, replica, layer, tile, .. } = self.plan.parts[part.at()];
        let blocks = Blocks::of(arrays);
        let rows: usize = blocks.rows.iter().map(|&block| placed.row_blocks[block].len()).sum();
        let outputs = |blocks: &[usize]| blocks.iter().map(|&block| placed.column_blocks[block].len() as u64).sum();
        let values: u64 = outputs(&blocks.columns);
        // The first array of a row block tells the sum of its inputs.
        let input_sums = u64::from(arrays.iter().any(|array| array.column_block == 0));
        let new: Vec<_> = blocks.columns.iter().copied().filter(|&block| !brought.outputs[block]).collect();
        let first = outputs(&new) + u64::from(input_sums == 1 && !brought.input_sum);
        for &block in &new {
            brought.outputs[block] = true;
        }
        brought.input_sum |= input_sums == 1;
        let bits = self.arch.ima().partial_sum_bits;
        let share = ShareIdx::new(self.plan.shares.len());
        let buffer = self.buffer(layer, tile, placed, weighted, &blocks.rows);
        self.plan.buffers[buffer.at()].shares.push(share);
        self.plan.replicas[replica.at()].shares.push(share);
        let ima_idx = self.ima(ima);
        let host = &mut self.plan.imas[ima_idx.at()];
        let mvm = host.products.len();
        host.shares.push(share);
        host.products.push(product(self.arch, placed, arrays));
        self.plan.shares.push(SharePlan {
            turns,
            replica,
            layer,
            part,
            ima: ima_idx,
            tile,
            mvm,
            buffer,
            input: bytes_of(rows as u64, weighted.input.bits),
            sums: bytes_of(values, bits),
            carried: bytes_of(values + input_sums, bits),
            merges: values + input_sums - first,
            fills: 1,
            places: 2,
        });
    }

    pub(super) fn tile(&mut self, index: u32) -> TileIdx {
        let place = self.interconnect.address(index);
        let tiles = &mut self.plan.tiles;
        *self.tiles.entry(index).or_insert_with(|| {
            let output_register = RegisterUse { fills: 1, depth: 1 };
            tiles.push(TilePlan { index, place, buffers: Vec::new(), needed: Bytes(0), output_register });
            TileIdx::new(tiles.len() - 1)
        })
    }

    fn ima(&mut self, id: ImaId) -> ImaIdx {
        let place = self.interconnect.address(id.tile.0);
        let imas = &mut self.plan.imas;
        *self.imas.entry(id).or_insert_with(|| {
            imas.push(ImaPlan { id, place, shares: Vec::new(), products: Vec::new() });
            ImaIdx::new(imas.len() - 1)
        })
    }

    /// The buffer of a layer on a tile, which from now on keeps the channels of some row blocks too.
    fn buffer(
        &mut self,
        layer: LayerIdx,
        tile: TileIdx,
        placed: &LayerPlacement,
        weighted: &Weighted,
        row_blocks: &[usize],
    ) -> BufferIdx {
        let buffer = match self.buffers.entry((layer, tile)) {
            Entry::Occupied(buffer) => *buffer.get(),
            Entry::Vacant(place) => *place.insert(self.plan.add_buffer((layer, 0), tile, &mut self.channels_of_buffer)),
        };
        let map = &self.plan.layers[layer.at()].inputs[0];
        let kept = &mut self.channels_of_buffer[buffer.at()];
        for block in row_blocks {
            let rows = &placed.row_blocks[*block];
            let channels = rows.start / map.rows_per_channel..rows.end.div_ceil(map.rows_per_channel);
            kept[channels].fill(true);
        }
        let plan = &mut self.plan.buffers[buffer.at()];
        plan.n_channels = kept.iter().filter(|&&kept| kept).count() as u64;
        plan.slot = bytes_of(plan.n_channels, weighted.input.bits);
        buffer
    }

    fn finish(mut self) -> Plan {
        self.take_last_maps();
        let mut consumers: Vec<Vec<(LayerIdx, usize)>> = vec![Vec::new(); self.plan.layers.len()];
        for consumer in (0..self.plan.layers.len()).map(LayerIdx::new) {
            for operand in 0..self.plan.layers[consumer.at()].inputs.len() {
                match self.plan.source(consumer, operand) {
                    None => self.plan.feed_buffers(consumer, operand),
                    Some(producer) => consumers[producer.at()].push((consumer, operand)),
                }
            }
        }
        for (producer, consumers) in consumers.iter().enumerate().filter(|(_, consumers)| !consumers.is_empty()) {
            let producer = LayerIdx::new(producer);
            self.plan.layers[producer.at()].role = Role::Inner;
            let keeps = &self.channels_of_buffer;
            self.plan.target_buffers(producer, consumers, &self.homes, keeps, &self.interconnect);
        }
        self.plan.count_departures();
        self.plan.share_registers(self.arch, &self.sums_of_part);
        self.plan.reserve_buffers();
        self.plan
    }
}

/// What the shares of a part have brought to its output register.
struct Brought {
    /// For each column block, whether sums of its outputs are there.
    outputs: Vec<bool>,
    /// Whether a sum of inputs is there.
    input_sum: bool,
}

/// The row and column blocks that some arrays hold, each once, in order.
struct Blocks {
    rows: Vec<usize>,
    columns: Vec<usize>,
}

impl Blocks {
    fn of(arrays: &[&PlacedArray]) -> Self {
        let distinct = |block: fn(&PlacedArray) -> usize| {
            let mut blocks: Vec<_> = arrays.iter().map(|array| block(array)).collect();
            blocks.sort_unstable();
            blocks.dedup();
            blocks
        };
        Self { rows: distinct(|array| array.row_block), columns: distinct(|array| array.column_block) }
    }
}

/// The product that some arrays of a layer make.
fn product(arch: &Arch, placed: &LayerPlacement, arrays: &[&PlacedArray]) -> MvmShape {
    let input_sum = |column_block: usize| match (arch.mapping().bias.columns(), placed.bias.rest) {
        (_, DigitalRest::Vanishes) => InputSum::Unneeded,
        (Some(columns), DigitalRest::Needed) => {
            InputSum::Columns { n: placed.bias.bias_columns(column_block), converter: columns.converter }
        }
        (None, DigitalRest::Needed) => InputSum::Counted,
    };
    let arrays = arrays.iter().map(|array| ArrayShape {
        rows: placed.row_blocks[array.row_block].len() as u32,
        data_columns: placed.converted_columns(array.column_block),
        input_sum: input_sum(array.column_block),
    });
    MvmShape { n_slices: placed.slicing.input_slices().len() as u32, arrays: arrays.collect() }
}
