//! Writing weights into cells: pulses, each followed by reads that verify it, until a cell is at its level.
//!
//! Paid once for a network, so that it is no part of an image's energy.

use rebias_units::{Energy, Time};

use crate::row::Confidence;

/// How cells are programmed.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgrammingSpec {
    /// Pulses that a cell needs on average until it is at its level.
    pub pulses_per_cell: f64,
    /// Energy of a pulse.
    pub pulse_energy: Energy,
    /// Length of a pulse.
    pub pulse_width: Time,
    /// Reads after each pulse.
    pub verify_reads_per_pulse: f64,
    /// Energy of such a read of one cell, its conversion included.
    pub verify_energy: Energy,
    /// Time of such a read.
    pub verify_time: Time,
    /// Cells of a tile that are programmed at once; at least 1. Tiles are programmed side by side.
    pub cells_in_parallel: u32,
    /// Where the numbers are from.
    pub source: String,
    /// How much they are to be trusted.
    pub confidence: Confidence,
}

/// What a network's cells are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgrammedCells {
    /// Cells that store something, in all copies.
    pub total: u64,
    /// Those of the tile with most of them.
    pub fullest_tile: u64,
}

/// What it takes to load a network once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Programming {
    /// Cells written.
    pub cells: u64,
    /// Energy of all pulses and reads.
    pub energy: Energy,
    /// Time until the last tile is done.
    pub time: Time,
}

impl Programming {
    /// Images after which an image's energy has been spent as often as loading the network took; `None` for images
    /// that cost nothing.
    pub fn images_to_amortise(&self, energy_of_image: Energy) -> Option<u64> {
        (energy_of_image > Energy::ZERO).then(|| (self.energy / energy_of_image).ceil() as u64)
    }
}

impl ProgrammingSpec {
    /// What it takes to write cells once.
    pub fn load(&self, cells: ProgrammedCells) -> Programming {
        let step_energy = self.pulse_energy + self.verify_energy * self.verify_reads_per_pulse;
        let step_time = self.pulse_width + self.verify_time * self.verify_reads_per_pulse;
        let groups = cells.fullest_tile.div_ceil(u64::from(self.cells_in_parallel));
        Programming {
            cells: cells.total,
            energy: step_energy * (self.pulses_per_cell * cells.total as f64),
            time: step_time * (self.pulses_per_cell * groups as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ProgrammingSpec {
        ProgrammingSpec {
            pulses_per_cell: 8.0,
            pulse_energy: Energy::from_picojoules(10.0),
            pulse_width: Time::from_nanoseconds(100.0),
            verify_reads_per_pulse: 2.0,
            verify_energy: Energy::from_picojoules(1.0),
            verify_time: Time::from_nanoseconds(50.0),
            cells_in_parallel: 128,
            source: "by hand".to_owned(),
            confidence: Confidence::Ours,
        }
    }

    #[test]
    fn a_load_is_pulses_times_cells_times_steps() {
        let load = spec().load(ProgrammedCells { total: 1000, fullest_tile: 300 });
        // 1000 cells · 8 pulses · (10 + 2·1) pJ; 3 groups · 8 pulses · (100 + 2·50) ns.
        assert!((load.energy.picojoules() - 96_000.0).abs() < 1e-6);
        assert!((load.time.nanoseconds() - 4_800.0).abs() < 1e-6);
    }

    #[test]
    fn images_amortise_a_load_when_they_have_cost_as_much() {
        let load = spec().load(ProgrammedCells { total: 1000, fullest_tile: 300 });
        assert_eq!(load.images_to_amortise(Energy::from_picojoules(48_000.0)), Some(2));
        assert_eq!(load.images_to_amortise(Energy::from_picojoules(47_000.0)), Some(3));
        assert_eq!(load.images_to_amortise(Energy::ZERO), None);
    }
}
