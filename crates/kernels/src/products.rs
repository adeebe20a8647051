//! The cells of arrays as first factors of tiles: a row for each of 16 columns, a byte for each of 64 word lines.
//!
//! A byte is not always enough for a cell, which then has a second one, in tiles of their own:
//!
//! | second byte | of a cell w | its sums |
//! |---|---|---|
//! | absent | | |
//! | rest | w − 255, up to 255 | are added to those of first bytes: both are driven alike |
//! | high | w ≫ 8 | are added 8 bits higher |

use crate::stack::Shape;
use crate::{LANES, Vector};

/// Rows of a tile.
pub(crate) const ROWS: usize = 16;

/// Rows of 64 bytes.
pub(crate) type Tile = [Vector; ROWS];

/// A tile of zeros.
pub(crate) const ZEROS: Tile = [Vector([0; LANES]); ROWS];

/// The greatest level of a word line whose square, which noise goes by, is a byte.
pub(crate) const MAX_SQUARED: u32 = 15;

/// Word lines of a tile.
const LINES: usize = LANES;

/// The second byte of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Second {
    /// There is none.
    Absent,
    /// What is left above 255.
    Rest,
    /// Its high byte; the first is its low one.
    High,
}

/// The cells of a stack's columns.
#[derive(Clone, Debug)]
pub(crate) struct Products {
    second: Second,
    reads: Vec<Layout>,
    /// `[read][tile of columns][byte][tile of lines]`.
    tiles: Vec<Tile>,
}

/// Where the tiles of a read are.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The first of them all.
    first: usize,
    /// Tiles of lines.
    n_tiles: usize,
}

impl Second {
    /// What cells need; `None` if they are too wide.
    pub(crate) fn of(cells: &[u32]) -> Option<Self> {
        match cells.iter().copied().max().unwrap_or(0) {
            0..=255 => Some(Self::Absent),
            256..=510 => Some(Self::Rest),
            511..=65535 => Some(Self::High),
            65536.. => None,
        }
    }

    /// The two bytes of a cell.
    fn bytes(self, cell: u32) -> [u8; 2] {
        match self {
            Self::Absent => [cell as u8, 0],
            Self::Rest => [cell.min(255) as u8, cell.saturating_sub(255) as u8],
            Self::High => [cell as u8, (cell >> 8) as u8],
        }
    }

    /// How many bytes cells have.
    const fn n_bytes(self) -> usize {
        match self {
            Self::Absent => 1,
            Self::Rest | Self::High => 2,
        }
    }
}

impl Products {
    pub(crate) fn new(second: Second, Shape { lines, n_columns }: Shape<'_>, cells: &[u32]) -> Self {
        let mut tiles = Vec::new();
        let mut reads = Vec::with_capacity(lines.reads().len());
        for read in lines.reads() {
            let layout = Layout { first: tiles.len(), n_tiles: read.word_lines().div_ceil(LINES) };
            let of_columns = second.n_bytes() * layout.n_tiles;
            tiles.resize(tiles.len() + n_columns.div_ceil(ROWS) * of_columns, ZEROS);
            for (at, line) in read.lines.clone().enumerate() {
                for (column, &cell) in cells[line * n_columns..][..n_columns].iter().enumerate() {
                    let tiles = &mut tiles[layout.first + column / ROWS * of_columns..][..of_columns];
                    for (byte, value) in second.bytes(cell).into_iter().enumerate().take(second.n_bytes()) {
                        tiles[byte * layout.n_tiles + at / LINES][column % ROWS].0[at % LINES] = value;
                    }
                }
            }
            reads.push(layout);
        }
        Self { second, reads, tiles }
    }

    pub(crate) fn second(&self) -> Second {
        self.second
    }

    /// The tiles of 16 columns in a read, of first and of second bytes; the latter may be none.
    #[inline]
    pub(crate) fn of(&self, read: usize, columns: usize) -> (&[Tile], &[Tile]) {
        let Layout { first, n_tiles } = self.reads[read];
        let of_columns = self.second.n_bytes() * n_tiles;
        self.tiles[first + columns * of_columns..][..of_columns].split_at(n_tiles)
    }
}
