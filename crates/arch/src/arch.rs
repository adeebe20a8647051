//! The assembled architecture.

use std::borrow::Cow;

use rebias_crossbar::NonIdealities;
use rebias_tile::{ChipSpec, ImaSpec, SystemSpec, TileSpec};

use crate::{EdgeCells, EdgeLayersSpec, MappingSpec};

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

    /// The architecture as the reads see it that calibrate the bias, with their resolution and cells of the age that they
    /// had; `None` if none do.
    pub fn of_calibration(&self) -> Option<Self> {
        let spec = self.mapping.calibration?;
        let mut arch = self.clone();
        let ima = &mut arch.chip.tile.ima;
        ima.adc.bits = spec.adc_bits;
        if let Some(drift) = &mut ima.crossbar.cell.non_idealities.drift {
            drift.time = spec.age_of_cells(drift);
        }
        Some(arch)
    }

    /// The architecture as the first and the last layer see it.
    pub fn of_edge_layers(&self) -> Cow<'_, Self> {
        if self.mapping.edge_layers == EdgeLayersSpec::AS_OTHERS {
            return Cow::Borrowed(self);
        }
        let mut arch = self.clone();
        let ima = &mut arch.chip.tile.ima;
        if let Some(bits) = self.mapping.edge_layers.adc_bits {
            ima.adc.bits = bits;
        }
        match self.mapping.edge_layers.cells {
            EdgeCells::AsOthers => {}
            EdgeCells::Ideal => ima.crossbar.cell.non_idealities = NonIdealities::NONE,
        }
        Cow::Owned(arch)
    }
}
