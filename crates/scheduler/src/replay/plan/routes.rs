//! Who sends sums and codes to whom.

use std::ops::Range;

use rebias_engine::ticks_to_move;
use rebias_mapper::{LayerPlacement, Replica};
use rebias_tile::Interconnect;
use rebias_units::Bytes;

use super::{BufferIdx, Ends, LaneIdx, LanePlan, Lanes, LayerIdx, PartIdx, Plan, TileIdx, Way, bytes_of};

/// The outputs that a part finishes.
pub(super) type Homes = Vec<Vec<Range<usize>>>;

impl Plan {
    /// Gives each output of a copy a part that finishes it, and links the parts that hold other rows of it to that one.
    ///
    /// The column blocks go round in turn over the parts that hold rows of them, so that the work of finishing is
    /// spread.
    pub(super) fn link_parts(
        &mut self,
        placed: &LayerPlacement,
        replica: &Replica,
        parts: &[PartIdx],
        interconnect: &Interconnect,
        (partial_sum_bits, homes): (u32, &mut Homes),
    ) {
        let tiles: Vec<_> = parts.iter().map(|part| self.tile_of(*part)).collect();
        let holds = holdings(placed, replica, &tiles);
        // Outputs that part `from` sends to part `to`.
        let mut sent = vec![vec![0u64; parts.len()]; parts.len()];
        for (block, outputs) in placed.column_blocks.iter().enumerate() {
            let holders: Vec<_> = (0..parts.len()).filter(|&part| holds[part].blocks[block]).collect();
            let home = holders[block % holders.len()];
            homes[parts[home].at()].push(outputs.clone());
            self.parts[parts[home].at()].n_outputs += outputs.len() as u32;
            for &from in holders.iter().filter(|&&part| part != home) {
                sent[from][home] += outputs.len() as u64;
            }
        }
        for (from, row) in sent.iter().enumerate() {
            let tells_sum = u64::from(holds[from].tells_sum);
            let first = self.lanes.len() as u32;
            for (to, &outputs) in row.iter().enumerate().filter(|&(_, &outputs)| outputs > 0) {
                let bytes = bytes_of(outputs + tells_sum, partial_sum_bits);
                self.lanes.push(LanePlan {
                    ends: Ends::Sums { from: parts[from], to: parts[to] },
                    way: self.way(parts[from], self.parts[parts[to].at()].tile, interconnect),
                    values: (outputs + tells_sum) as u32,
                    bytes: bytes.0 as u32,
                    kept: bytes_of(outputs, partial_sum_bits).0 as u32,
                    flits: self.flits(bytes),
                });
                self.parts[parts[to].at()].n_incoming += 1;
            }
            self.parts[parts[from].at()].sums = Lanes { first, n: self.lanes.len() as u32 - first };
        }
    }

    /// Sends the outputs that each part of a layer finishes to the buffers that keep their channels.
    pub(super) fn target_buffers(
        &mut self,
        producer: LayerIdx,
        consumers: &[(LayerIdx, usize)],
        homes: &Homes,
        channels_of_buffer: &[Vec<bool>],
        interconnect: &Interconnect,
    ) {
        let output = self.layers[producer.at()].output;
        let replicas = &self.layers[producer.at()].replicas;
        let parts: Vec<_> = replicas.iter().flat_map(|replica| &self.replicas[replica.at()].parts).copied().collect();
        let buffers = consumers.iter().flat_map(|&(consumer, operand)| self.buffers_of(consumer, operand));
        // Of each buffer, the channels that it keeps before each channel.
        let buffers: Vec<_> = buffers.map(|buffer| (buffer, kept_before(&channels_of_buffer[buffer.at()]))).collect();
        for part in parts {
            let first = self.lanes.len() as u32;
            for (buffer, kept) in &buffers {
                let values: u32 = homes[part.at()].iter().map(|range| kept[range.end] - kept[range.start]).sum();
                if values == 0 {
                    continue;
                }
                let bytes = output.bytes(u64::from(values));
                self.lanes.push(LanePlan {
                    ends: Ends::Codes { from: part, to: *buffer },
                    way: self.way(part, self.buffers[buffer.at()].tile, interconnect),
                    values,
                    bytes: bytes.0 as u32,
                    kept: bytes.0 as u32,
                    flits: self.flits(bytes),
                });
            }
            self.parts[part.at()].codes = Lanes { first, n: self.lanes.len() as u32 - first };
        }
    }

    /// Counts the lanes by which a position leaves its copy's output registers.
    pub(super) fn count_departures(&mut self) {
        for replica in &mut self.replicas {
            replica.departures = replica.parts.iter().map(|part| self.parts[part.at()].departures()).sum();
        }
    }

    /// Lets the outside fill the buffers of a layer.
    pub(super) fn feed_buffers(&mut self, reader: LayerIdx, operand: usize) {
        for buffer in self.buffers_of(reader, operand) {
            let plan = &self.buffers[buffer.at()];
            let lane = LanePlan {
                ends: Ends::Input { to: buffer },
                way: Way::Local,
                values: plan.n_channels as u32,
                bytes: plan.slot.0 as u32,
                kept: plan.slot.0 as u32,
                flits: self.flits(plan.slot),
            };
            self.buffers[buffer.at()].outside = Some(LaneIdx::new(self.lanes.len()));
            self.lanes.push(lane);
        }
    }

    /// The buffers that hold one of the maps that a layer reads.
    fn buffers_of(&self, reader: LayerIdx, operand: usize) -> Vec<BufferIdx> {
        let buffers = self.layers[reader.at()].buffers.iter().copied();
        buffers.filter(|buffer| self.buffers[buffer.at()].operand == operand).collect()
    }

    /// Flits of a parcel of some bytes.
    fn flits(&self, bytes: Bytes) -> u32 {
        ticks_to_move(bytes, self.flit_bits).0 as u32
    }

    fn way(&self, from: PartIdx, to: TileIdx, interconnect: &Interconnect) -> Way {
        let from = self.parts[from.at()].tile;
        if from == to {
            return Way::Local;
        }
        let index = |tile: TileIdx| self.tiles[tile.at()].index;
        let route = interconnect.route(index(from), index(to));
        let links = route.links as u16;
        if route.chip_links == 0 { Way::Mesh { links } } else { Way::Chips { links } }
    }

    fn tile_of(&self, part: PartIdx) -> u32 {
        self.tiles[self.parts[part.at()].tile.at()].index
    }
}

/// How many channels are kept before each channel, and of all.
fn kept_before(channels: &[bool]) -> Vec<u32> {
    let count = channels.iter().scan(0, |count, &is_kept| {
        *count += u32::from(is_kept);
        Some(*count)
    });
    std::iter::once(0).chain(count).collect()
}

/// What a part holds of a copy.
struct Holding {
    /// Whether it holds rows of each column block.
    blocks: Vec<bool>,
    /// Whether it tells the sum of some inputs: a row block's sum is told by its first array alone.
    tells_sum: bool,
}

fn holdings(placed: &LayerPlacement, replica: &Replica, tiles: &[u32]) -> Vec<Holding> {
    let nothing = || Holding { blocks: vec![false; placed.column_blocks.len()], tells_sum: false };
    let mut holdings: Vec<_> = tiles.iter().map(|_| nothing()).collect();
    for array in &replica.arrays {
        // Every tile of a copy's arrays has a part.
        let Some(part) = tiles.iter().position(|&tile| tile == array.ima.tile.0) else {
            continue;
        };
        holdings[part].blocks[array.column_block] = true;
        holdings[part].tells_sum |= array.column_block == 0;
    }
    holdings
}
