//! The cells of arrays as first factors of tiles: a row for each of 16 columns, a byte for each of 64 word lines.
//!
//! A byte is not always enough for a cell, which then has a second one, in tiles of their own:
//!
//! | second byte | of a cell w | its sums |
//! |---|---|---|
//! | absent | | |
//! | rest | w − 255, up to 255 | are added to those of first bytes: both are driven alike |
//! | high | w ≫ 8 | are added 8 bits higher |
//!
//! A read of at most 32 word lines leaves half of a tile's rows free, which may hold more; see [`Upper`].

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

/// What a tile holds in the place of its last 32 word lines, where a read has no more than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upper {
    /// Lines of the read, or nothing.
    Lines,
    /// Cells once more, times 16: driven 16-fold, their sums are 8 bits higher.
    Sixteenfold,
    /// Second bytes that are driven as first ones.
    Seconds,
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
    /// Tiles of second bytes.
    n_seconds: usize,
    upper: Upper,
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
}

impl Upper {
    fn of(second: Second, word_lines: usize, max_cell: u32) -> Self {
        match second {
            _ if word_lines > LINES / 2 => Self::Lines,
            Second::Absent if max_cell < 16 => Self::Sixteenfold,
            Second::Rest => Self::Seconds,
            Second::Absent | Second::High => Self::Lines,
        }
    }
}

impl Products {
    /// Cells, with more of them where there is room.
    pub(crate) fn new(second: Second, shape: Shape<'_>, cells: &[u32]) -> Self {
        let max_cell = cells.iter().copied().max().unwrap_or(0);
        Self::with_upper(second, shape, cells, |word_lines| Upper::of(second, word_lines, max_cell))
    }

    /// Bytes that are driven as cells may be, but once.
    pub(crate) fn of_bytes(shape: Shape<'_>, bytes: &[u32]) -> Self {
        Self::with_upper(Second::Absent, shape, bytes, |_| Upper::Lines)
    }

    fn with_upper(
        second: Second,
        Shape { lines, n_columns }: Shape<'_>,
        cells: &[u32],
        upper: impl Fn(usize) -> Upper,
    ) -> Self {
        let mut tiles = Vec::new();
        let mut reads = Vec::with_capacity(lines.reads().len());
        for read in lines.reads() {
            let layout = Layout::new(tiles.len(), second, (read.word_lines(), upper(read.word_lines())));
            let of_columns = layout.n_tiles + layout.n_seconds;
            tiles.resize(tiles.len() + n_columns.div_ceil(ROWS) * of_columns, ZEROS);
            for (at, line) in read.lines.clone().enumerate() {
                for (column, &cell) in cells[line * n_columns..][..n_columns].iter().enumerate() {
                    let tiles = &mut tiles[layout.first + column / ROWS * of_columns..][..of_columns];
                    let [first, other] = second.bytes(cell);
                    tiles[at / LINES][column % ROWS].0[at % LINES] = first;
                    match layout.upper {
                        Upper::Sixteenfold => tiles[0][column % ROWS].0[LINES / 2 + at] = 16 * first,
                        Upper::Seconds => tiles[0][column % ROWS].0[LINES / 2 + at] = other,
                        Upper::Lines if layout.n_seconds > 0 => {
                            tiles[layout.n_tiles + at / LINES][column % ROWS].0[at % LINES] = other;
                        }
                        Upper::Lines => {}
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

    /// What is in the place of the last 32 word lines of a read's tiles.
    pub(crate) fn upper(&self, read: usize) -> Upper {
        self.reads[read].upper
    }

    /// The tiles of 16 columns in a read, of first and of second bytes; the latter may be none.
    #[inline]
    pub(crate) fn of(&self, read: usize, columns: usize) -> (&[Tile], &[Tile]) {
        let Layout { first, n_tiles, n_seconds, .. } = self.reads[read];
        let of_columns = n_tiles + n_seconds;
        self.tiles[first + columns * of_columns..][..of_columns].split_at(n_tiles)
    }
}

impl Layout {
    /// From a tile on.
    fn new(first: usize, second: Second, (word_lines, upper): (usize, Upper)) -> Self {
        let n_tiles = word_lines.div_ceil(LINES);
        let n_seconds = match (second, upper) {
            (Second::Absent, _) | (_, Upper::Seconds) => 0,
            (Second::Rest | Second::High, _) => n_tiles,
        };
        Self { first, n_tiles, n_seconds, upper }
    }
}
