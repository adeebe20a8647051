//! The assembled architecture.

use rebias_tile::{ChipSpec, ImaSpec, TileSpec};

use crate::MappingSpec;

/// A valid architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Arch {
    pub(crate) name: String,
    pub(crate) chip: ChipSpec,
    pub(crate) mapping: MappingSpec,
}

impl Arch {
    /// The design's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chip.
    pub fn chip(&self) -> &ChipSpec {
        &self.chip
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
