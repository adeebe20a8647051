//! The assembled architecture.

use rebias_tile::{ChipSpec, ImaSpec, SystemSpec, TileSpec};

use crate::MappingSpec;

/// A valid architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Arch {
    pub(crate) name: String,
    pub(crate) chip: ChipSpec,
    pub(crate) system: SystemSpec,
    pub(crate) mapping: MappingSpec,
}

impl Arch {
    /// The design's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A chip.
    pub fn chip(&self) -> &ChipSpec {
        &self.chip
    }

    /// How many chips there are, and what links them.
    pub fn system(&self) -> &SystemSpec {
        &self.system
    }

    /// Tiles of all chips, which are numbered chip by chip.
    pub fn n_tiles(&self) -> u32 {
        self.system.n_chips * self.chip.n_tiles
    }

    /// A tile.
    pub fn tile(&self) -> &TileSpec {
        &self.chip.tile
    }

    /// An IMA.
    pub fn ima(&self) -> &ImaSpec {
        &self.chip.tile.ima
    }

    /// How networks are placed.
    pub fn mapping(&self) -> &MappingSpec {
        &self.mapping
    }
}
