//! Power and area of parts of a chip, summed as papers sum them: what the source gives, each part at its peak rate.

use rebias_arch::Arch;
use rebias_cost::{Confidence, Costs, Extent, Place, Row, Unit};
use rebias_units::{Area, Power};

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// One IMA.
    Ima,
    /// All IMAs of a tile.
    Imas,
    /// A tile without its IMAs, with its share of a router.
    TileWithoutImas,
    /// A tile with its share of a router.
    Tile,
    /// All tiles with their shares of routers.
    Tiles,
    /// All tiles' shares of routers.
    Network,
    /// The chip with whole routers and what it has once.
    Chip,
}

/// Power and area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sum {
    pub(crate) power: Power,
    pub(crate) area: Area,
}

impl Sum {
    /// Of a part of the chip, over the rows that the design's sources give; what we added is left out.
    pub(crate) fn of_part(part: Part, arch: &Arch, costs: &Costs) -> Self {
        let rows = || costs.rows().iter().filter(|row| row.confidence != Confidence::Ours);
        Self {
            power: rows().map(|row| row.peak_power_of_unit(arch) * part.n_units(row.unit, arch)).sum(),
            area: rows().map(|row| row.area_of_unit(arch) * part.n_units(row.unit, arch)).sum(),
        }
    }

    /// Of all units of one component at its place: in an IMA, in a tile, at a router, on the chip.
    pub(crate) fn of_component(row: &Row, arch: &Arch) -> Self {
        let n_units = row.unit.per_place(arch);
        Self { power: row.peak_power_of_unit(arch) * n_units, area: row.area_of_unit(arch) * n_units }
    }
}

impl Part {
    /// How many units of a kind belong to the part; shares of routers count as fractions.
    fn n_units(self, unit: Unit, arch: &Arch) -> f64 {
        let imas = f64::from(arch.tile().n_imas);
        let tiles = f64::from(arch.chip().n_tiles);
        let router_share = 1.0 / f64::from(arch.chip().noc.tiles_per_router);
        let places = match (self, unit.place()) {
            (Part::Chip, _) => return unit.count(arch, Extent::Chip),
            (Part::Ima, Place::Ima) => 1.0,
            (Part::Imas | Part::Tile, Place::Ima) => imas,
            (Part::Tiles, Place::Ima) => tiles * imas,
            (Part::TileWithoutImas | Part::Tile, Place::Tile) => 1.0,
            (Part::Tiles, Place::Tile) => tiles,
            (Part::TileWithoutImas | Part::Tile, Place::Router) => router_share,
            (Part::Tiles | Part::Network, Place::Router) => tiles * router_share,
            (Part::Ima | Part::Imas, Place::Tile | Place::Router)
            | (Part::TileWithoutImas | Part::Network, Place::Ima)
            | (Part::Network, Place::Tile)
            | (_, Place::Chip) => 0.0,
        };
        places * unit.per_place(arch)
    }
}
