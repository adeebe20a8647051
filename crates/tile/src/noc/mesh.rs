//! Where routers stand, and which way packets go.

use rebias_units::Cycles;

use crate::NocSpec;

/// Where tiles are on a concentrated mesh, and which way packets go between them.
///
/// ```text
///  tiles 0…3   tiles 4…7        a router serves tiles_per_router tiles; routers stand in
///      ╲╱          ╲╱           rows, as near to a square as their number allows;
///    router 0 ── router 1       the last row may be shorter
///       │           │
///    router 2 ── router 3       north is up, east is right
/// ```
///
/// Packets go along the row first, then along the column (XY routing). A packet that starts in a last row which is too
/// short for its column goes one row north first. So no packet ever turns from south into a row, which some packet of
/// every circle of packets that wait for each other would have to: the network is free of deadlock as long as tiles
/// take what arrives (W. Dally, C. Seitz, IEEE Trans. Computers 36(5), 1987; C. Glass, L. Ni, ISCA 1992).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mesh {
    spec: NocSpec,
    n_routers: u32,
    columns: u32,
}

/// A way from tile to tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Links between routers.
    pub links: u32,
    /// Routers, both ends included.
    pub routers: u32,
    /// Links between chips.
    pub chip_links: u32,
    /// Ticks from the first flit's departure to its arrival, if nothing is in its way.
    pub latency: Cycles,
}

/// Where a router stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from the north.
    pub row: u32,
    /// Counted from the west.
    pub column: u32,
}

/// Where a link between routers leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Along the row, towards higher columns.
    East,
    /// Along the row, towards lower columns.
    West,
    /// Along the column, towards lower rows.
    North,
    /// Along the column, towards higher rows.
    South,
}

impl Direction {
    /// All directions, in the order of a router's ports.
    pub const ALL: [Self; 4] = [Self::East, Self::West, Self::North, Self::South];

    /// The way back.
    pub const fn opposite(self) -> Self {
        match self {
            Self::East => Self::West,
            Self::West => Self::East,
            Self::North => Self::South,
            Self::South => Self::North,
        }
    }
}

impl Mesh {
    /// The mesh of a chip of some tiles.
    pub fn new(n_tiles: u32, spec: NocSpec) -> Self {
        let n_routers = n_tiles.div_ceil(spec.tiles_per_router);
        let root = n_routers.isqrt();
        Self { spec, n_routers, columns: if root * root < n_routers { root + 1 } else { root } }
    }

    /// What the network is.
    pub fn spec(&self) -> &NocSpec {
        &self.spec
    }

    /// The number of routers.
    pub fn n_routers(&self) -> u32 {
        self.n_routers
    }

    /// The number of columns.
    pub(super) fn columns(&self) -> u32 {
        self.columns
    }

    /// The router of a tile.
    pub fn router_of(&self, tile: u32) -> u32 {
        tile / self.spec.tiles_per_router
    }

    /// The way from one tile to another; a tile reaches its neighbours at the same router without a link.
    pub fn route(&self, from: u32, to: u32) -> Route {
        self.route_between(self.router_of(from), self.router_of(to))
    }

    /// The way from one router to another.
    pub fn route_between(&self, from: u32, to: u32) -> Route {
        let (from, to) = (self.place(from), self.place(to));
        let links = from.row.abs_diff(to.row) + from.column.abs_diff(to.column);
        let routers = links + 1;
        Route { links, routers, chip_links: 0, latency: Cycles(self.spec.hop_ticks().0 * u64::from(routers)) }
    }

    /// Where a packet at a router goes next on its way to another; `None` if it is there.
    pub fn next_hop(&self, at: Place, to: Place) -> Option<Direction> {
        // Both ways are worked out and one is chosen: which it is, no branch predictor knows.
        let along_row = if at.column < to.column { Direction::East } else { Direction::West };
        let is_below = at.column == to.column && at.row < to.row;
        let along_column = if is_below { Direction::South } else { Direction::North };
        let has_corner = at.row * self.columns + to.column < self.n_routers;
        let next = if at.column != to.column && has_corner { along_row } else { along_column };
        (at != to).then_some(next)
    }

    /// The router next to another in a direction, if there is one.
    pub fn neighbour(&self, router: u32, direction: Direction) -> Option<u32> {
        let column = self.place(router).column;
        let next = match direction {
            Direction::East => (column + 1 < self.columns).then_some(router + 1),
            Direction::West => (column > 0).then(|| router - 1),
            Direction::North => router.checked_sub(self.columns),
            Direction::South => Some(router + self.columns),
        };
        next.filter(|&next| next < self.n_routers)
    }

    /// Where a router stands.
    pub fn place(&self, router: u32) -> Place {
        Place { row: router / self.columns, column: router % self.columns }
    }
}
