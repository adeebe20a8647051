//! Tiles rearranged so that bytes cross few links.

use std::collections::BTreeMap;

use rebias_arch::Arch;
use rebias_tile::{Mesh, Place};

use crate::TrafficMatrix;

/// Pairs looked at and costs brought up to date before the search ends: a bound for the largest networks, far above what
/// a chip needs.
const MAX_STEPS: usize = 1 << 26;
/// Most costs that the search keeps; beyond them tiles stay as they are.
const MAX_COSTS: usize = 1 << 22;

/// Where each of the tiles in use moves to: the better of the order of the tiles and a serpentine over the routers, with
/// pairs of tiles exchanged as long as that saves Σ bytes × hops. The tiles take no more routers than in order.
pub(crate) fn arrange(traffic: &TrafficMatrix, arch: &Arch, n_tiles: u32) -> Vec<u32> {
    let in_order: Vec<u32> = (0..n_tiles).collect();
    let cost = |tiles: &[u32]| -> u64 {
        let bytes_times_hops = |((from, to), bytes): ((u32, u32), rebias_units::Bytes)| {
            bytes.0 * u64::from(Site::new(arch, tiles[from as usize]).hops(&Site::new(arch, tiles[to as usize])))
        };
        traffic.flows().map(bytes_times_hops).sum()
    };
    let serpentine = serpentine(arch, n_tiles);
    let tiles = if cost(&serpentine) < cost(&in_order) { serpentine } else { in_order };
    let routers = routers(arch, &tiles);
    if tiles.len().saturating_mul(routers.len()) > MAX_COSTS {
        return tiles;
    }
    let mut search = Search::new(traffic, arch, (tiles, &routers));
    search.exchange_pairs();
    search.tiles
}

/// The routers of some tiles, in order: their chips, and their numbers there.
fn routers(arch: &Arch, tiles: &[u32]) -> Vec<(u32, u32)> {
    let mut routers: Vec<_> = tiles.iter().map(|&tile| router_of(arch, tile)).collect();
    routers.sort_unstable();
    routers.dedup();
    routers
}

/// The first tiles on a way over the routers that turns at the end of each row.
fn serpentine(arch: &Arch, n_tiles: u32) -> Vec<u32> {
    let per_chip = arch.chip().n_tiles;
    let mut tiles: Vec<u32> = (0..n_tiles.div_ceil(per_chip) * per_chip).collect();
    tiles.sort_by_key(|&tile| {
        let Site { chip, place, .. } = Site::new(arch, tile);
        let column = i64::from(place.column);
        (chip, place.row, if place.row % 2 == 0 { column } else { -column }, tile)
    });
    tiles.truncate(n_tiles as usize);
    tiles
}

/// Where a tile is.
struct Site {
    chip: u32,
    place: Place,
    /// Links to the router of the chip link.
    to_chip_link: u32,
}

impl Site {
    fn new(arch: &Arch, tile: u32) -> Self {
        Self::of_router(arch, router_of(arch, tile))
    }

    fn of_router(arch: &Arch, (chip, router): (u32, u32)) -> Self {
        let mesh = Mesh::new(arch.chip().n_tiles, arch.chip().noc);
        let gateway = arch.system().chip_link.map_or(router, |link| link.router);
        Self { chip, place: mesh.place(router), to_chip_link: mesh.route_between(router, gateway).links }
    }

    /// Links between routers and chips from one tile to another.
    fn hops(&self, to: &Self) -> u32 {
        if self.chip == to.chip {
            self.place.row.abs_diff(to.place.row) + self.place.column.abs_diff(to.place.column)
        } else {
            self.to_chip_link + 1 + to.to_chip_link
        }
    }
}

/// The chip of a tile, and its router there.
fn router_of(arch: &Arch, tile: u32) -> (u32, u32) {
    let mesh = Mesh::new(arch.chip().n_tiles, arch.chip().noc);
    (tile / arch.chip().n_tiles, mesh.router_of(tile % arch.chip().n_tiles))
}

/// A search for pairs of tiles that had better change places.
///
/// What a load's traffic would cost at every router is kept, so that a pair is judged from a few numbers, and only an
/// exchange has to go through the neighbours of both.
struct Search {
    /// Where each tile's load stands now.
    tiles: Vec<u32>,
    /// The router of each, as an index.
    at: Vec<usize>,
    /// Hops from router to router.
    hops: Vec<Vec<i64>>,
    /// For each load, the bytes that it exchanges with others, in both directions together.
    neighbours: Vec<BTreeMap<usize, i64>>,
    /// For each load and router, Σ bytes × hops to the load's neighbours if it stood there.
    costs: Vec<Vec<i64>>,
}

impl Search {
    fn new(traffic: &TrafficMatrix, arch: &Arch, (tiles, routers): (Vec<u32>, &[(u32, u32)])) -> Self {
        let mut neighbours = vec![BTreeMap::new(); tiles.len()];
        for ((from, to), bytes) in traffic.flows() {
            *neighbours[from as usize].entry(to as usize).or_insert(0) += bytes.0 as i64;
            *neighbours[to as usize].entry(from as usize).or_insert(0) += bytes.0 as i64;
        }
        let sites: Vec<_> = routers.iter().map(|&router| Site::of_router(arch, router)).collect();
        let hops_from = |from: &Site| sites.iter().map(|to| i64::from(from.hops(to))).collect();
        let hops = sites.iter().map(hops_from).collect();
        let at = tiles.iter().map(|&tile| routers.partition_point(|&before| before < router_of(arch, tile))).collect();
        let costs = vec![vec![0; sites.len()]; tiles.len()];
        let mut search = Self { tiles, at, hops, neighbours, costs };
        for load in 0..search.tiles.len() {
            search.tell_neighbours(load, 1);
        }
        search
    }

    /// Exchanges pairs until none saves anything, or the bound of steps is reached.
    fn exchange_pairs(&mut self) {
        let mut steps = 0;
        loop {
            let mut has_improved = false;
            for one in 0..self.tiles.len() {
                for other in one + 1..self.tiles.len() {
                    steps += 1;
                    if steps > MAX_STEPS {
                        return;
                    }
                    if self.change(one, other) < 0 {
                        self.exchange(one, other);
                        steps += (self.neighbours[one].len() + self.neighbours[other].len()) * self.hops.len();
                        has_improved = true;
                    }
                }
            }
            if !has_improved {
                return;
            }
        }
    }

    /// What is added to bytes × hops when two loads change places.
    fn change(&self, one: usize, other: usize) -> i64 {
        let (here, there) = (self.at[one], self.at[other]);
        let moved = self.costs[one][there] - self.costs[one][here] + self.costs[other][here] - self.costs[other][there];
        if moved >= 0 {
            return moved;
        }
        // Each was told as coming to where the other still stands; they stay as far apart as they are.
        let between = self.neighbours[one].get(&other).copied().unwrap_or(0);
        moved + 2 * between * self.hops[here][there]
    }

    fn exchange(&mut self, one: usize, other: usize) {
        for load in [one, other] {
            self.tell_neighbours(load, -1);
        }
        self.tiles.swap(one, other);
        self.at.swap(one, other);
        for load in [one, other] {
            self.tell_neighbours(load, 1);
        }
    }

    /// Adds a load where it stands to the costs of its neighbours, `times` 1, or takes it away, −1.
    fn tell_neighbours(&mut self, load: usize, times: i64) {
        let hops = &self.hops[self.at[load]];
        for (&neighbour, bytes) in &self.neighbours[load] {
            for (cost, hops) in self.costs[neighbour].iter_mut().zip(hops) {
                *cost += times * bytes * hops;
            }
        }
    }
}

#[cfg(test)]
mod tests;
