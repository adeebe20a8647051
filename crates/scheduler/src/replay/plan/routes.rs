//! Who sends sums and codes to whom.

use std::ops::Range;

use rebias_mapper::{LayerPlacement, Replica};
use rebias_tile::Mesh;

use super::{LayerIdx, LinkIdx, LinkPlan, PartIdx, Plan, TargetIdx, TargetPlan, Way, bytes_of};

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
        mesh: &Mesh,
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
            self.parts[parts[home].at()].n_outputs += outputs.len() as u64;
            for &from in holders.iter().filter(|&&part| part != home) {
                sent[from][home] += outputs.len() as u64;
            }
        }
        for (from, row) in sent.iter().enumerate() {
            let tells_sum = u64::from(holds[from].tells_sum);
            for (to, &outputs) in row.iter().enumerate().filter(|&(_, &outputs)| outputs > 0) {
                let values = outputs + tells_sum;
                let link = LinkIdx::new(self.links.len());
                self.links.push(LinkPlan {
                    from: parts[from],
                    to: parts[to],
                    values,
                    bytes: bytes_of(values, partial_sum_bits),
                    sums: bytes_of(outputs, partial_sum_bits),
                    route: mesh.route(tiles[from], tiles[to]),
                });
                self.parts[parts[from].at()].links.push(link);
                self.parts[parts[to].at()].n_incoming += 1;
            }
        }
    }

    /// Sends the outputs that each part of a layer finishes to the buffers that keep their channels.
    pub(super) fn target_buffers(
        &mut self,
        producer: LayerIdx,
        consumer: LayerIdx,
        homes: &Homes,
        channels_of_buffer: &[Vec<bool>],
        mesh: &Mesh,
    ) {
        let output = self.layers[producer.at()].output;
        let replicas = self.layers[producer.at()].replicas.clone();
        for part in replicas.into_iter().flat_map(|replica| self.replicas[replica.at()].parts.clone()) {
            for &buffer in &self.layers[consumer.at()].buffers {
                let kept = |channel: &usize| channels_of_buffer[buffer.at()][*channel];
                let values = homes[part.at()].iter().cloned().flatten().filter(kept).count() as u64;
                if values == 0 {
                    continue;
                }
                let (from, to) = (self.tile_of(part), self.tiles[self.buffers[buffer.at()].tile.at()].index);
                let way = if from == to { Way::Local } else { Way::Network(mesh.route(from, to)) };
                let target = TargetIdx::new(self.targets.len());
                self.targets.push(TargetPlan { from: part, buffer, values, bytes: output.bytes(values), way });
                self.parts[part.at()].targets.push(target);
            }
        }
    }

    /// Counts the ways by which a position leaves its copy's output registers; a part whose outputs go nowhere else
    /// writes them to its own eDRAM.
    pub(super) fn count_departures(&mut self) {
        for replica in &mut self.replicas {
            replica.departures = 0;
            for part in &replica.parts {
                let part = &self.parts[part.at()];
                let finished = if part.n_outputs > 0 { part.targets.len().max(1) } else { 0 };
                replica.departures += (part.links.len() + finished) as u32;
            }
        }
    }

    fn tile_of(&self, part: PartIdx) -> u32 {
        self.tiles[self.parts[part.at()].tile.at()].index
    }
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
