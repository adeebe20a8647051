//! How many positions the output registers hold.

use rebias_arch::Arch;
use rebias_units::Bytes;

use super::{Plan, SharePlan};

/// Cycles between an array's last read and the output register: conversion and addition.
const CYCLES_TO_REGISTER: u64 = 2;

impl Plan {
    /// Shares the output registers out among those who use them, by turns of all at once.
    ///
    /// Sums that exceed a register pass it in several fills. A product may start a position while the positions before
    /// it are in the stages between array and output register, one in each, and in the register itself.
    pub(super) fn share_registers(&mut self, arch: &Arch, sums_of_part: &[Bytes]) {
        for tile in 0..self.tiles.len() {
            let held = self.parts.iter().zip(sums_of_part).filter(|(part, _)| part.tile.at() == tile);
            self.tiles[tile].output_register = arch.tile().output_register.hold(held.map(|(_, &bytes)| bytes).sum());
        }
        for replica in &mut self.replicas {
            let depths = replica.parts.iter().map(|part| {
                let tile = &self.tiles[self.parts[part.at()].tile.at()];
                u64::from(tile.output_register.depth)
            });
            replica.depth = depths.min().unwrap_or(1);
        }
        for ima in &self.imas {
            let held: Bytes = ima.shares.iter().map(|share| self.shares[share.at()].sums).sum();
            let register = arch.ima().output_register.hold(held);
            for (share, product) in ima.shares.iter().zip(&ima.products) {
                let share: &mut SharePlan = &mut self.shares[share.at()];
                share.fills = register.fills.max(self.tiles[share.tile.at()].output_register.fills);
                let reads = product.n_reads(arch.ima().crossbar.active_word_lines);
                share.places = u64::from(register.depth) + CYCLES_TO_REGISTER / reads + 1;
            }
        }
    }
}
