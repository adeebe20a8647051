//! Tiles rearranged so that bytes cross few links.

use rebias_arch::Arch;
use rebias_tile::{Mesh, Place};

use crate::TrafficMatrix;

/// Neighbours looked at before the search ends: a bound for the largest networks, far above what a chip needs.
const MAX_STEPS: usize = 1 << 24;

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
    let mut search = Search::new(traffic, arch, tiles);
    search.exchange_pairs();
    search.tiles
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
        let mesh = Mesh::new(arch.chip().n_tiles, arch.chip().noc);
        let (chip, tile) = (tile / arch.chip().n_tiles, tile % arch.chip().n_tiles);
        let router = mesh.router_of(tile);
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

/// A search for pairs of tiles that had better change places.
struct Search {
    /// Where each tile's load stands now.
    tiles: Vec<u32>,
    /// The same in place.
    sites: Vec<Site>,
    /// For each load, the loads that it exchanges bytes with, in either direction.
    neighbours: Vec<Vec<(usize, i64)>>,
}

impl Search {
    fn new(traffic: &TrafficMatrix, arch: &Arch, tiles: Vec<u32>) -> Self {
        let mut neighbours = vec![Vec::new(); tiles.len()];
        for ((from, to), bytes) in traffic.flows() {
            neighbours[from as usize].push((to as usize, bytes.0 as i64));
            neighbours[to as usize].push((from as usize, bytes.0 as i64));
        }
        let sites = tiles.iter().map(|&tile| Site::new(arch, tile)).collect();
        Self { tiles, sites, neighbours }
    }

    /// Exchanges pairs until none saves anything, or the bound of steps is reached.
    fn exchange_pairs(&mut self) {
        let mut steps = 0;
        loop {
            let mut has_improved = false;
            for one in 0..self.tiles.len() {
                for other in one + 1..self.tiles.len() {
                    steps += 1 + self.neighbours[one].len() + self.neighbours[other].len();
                    if steps > MAX_STEPS {
                        return;
                    }
                    if self.change(one, other) + self.change(other, one) < 0 {
                        self.tiles.swap(one, other);
                        self.sites.swap(one, other);
                        has_improved = true;
                    }
                }
            }
            if !has_improved {
                return;
            }
        }
    }

    /// What is added to bytes × hops of a load's exchange with third ones when it moves to another's place.
    fn change(&self, load: usize, to: usize) -> i64 {
        let (here, there) = (&self.sites[load], &self.sites[to]);
        let third = self.neighbours[load].iter().filter(|&&(other, _)| other != to);
        let added = |other: usize| i64::from(there.hops(&self.sites[other])) - i64::from(here.hops(&self.sites[other]));
        third.map(|&(other, bytes)| bytes * added(other)).sum()
    }
}

#[cfg(test)]
mod tests;
