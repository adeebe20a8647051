//! What drives word lines, as second factors of tiles: a column for each of 16 images, four word lines in a row.
//!
//! ```text
//!            image 0           image 1                    Patterns hold a byte for eight word lines of an image; here each
//! row 0   lines 0 1 2 3     lines 0 1 2 3     …           line is a byte of its own: 0, or what its bits are worth.
//! row 1   lines 4 5 6 7     lines 4 5 6 7     …
//! ```

use std::arch::x86_64::*;

use crate::patterns::Patterns;
use crate::products::{ROWS, Tile, Upper, ZEROS};
use crate::{LANES, Read, Vector};

/// Groups of images, each of 16.
pub(super) const GROUPS: usize = 4;

/// The image in each column of a group: packed into words, two groups are 32 images in order.
pub(super) const IMAGES: [[usize; ROWS]; GROUPS] = {
    let mut images = [[0; ROWS]; GROUPS];
    let mut group = 0;
    while group < GROUPS {
        let mut column = 0;
        while column < ROWS {
            images[group][column] = 32 * (group / 2) + 8 * (column / 4) + 4 * (group % 2) + column % 4;
            column += 1;
        }
        group += 1;
    }
    images
};

/// From the bytes of all images to those of a group, each four times.
const SPREAD: [[u8; LANES]; GROUPS] = {
    let mut spread = [[0; LANES]; GROUPS];
    let mut group = 0;
    while group < GROUPS {
        let mut at = 0;
        while at < LANES {
            spread[group][at] = IMAGES[group][at / 4] as u8;
            at += 1;
        }
        group += 1;
    }
    spread
};

/// What a bit plane that drives a word line is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Driven {
    pub(super) plane: usize,
    pub(super) worth: u8,
}

/// The row of a tile where its last 32 word lines begin.
const HALF: usize = ROWS / 2;

/// What drives 64 word lines, a tile for each group of images.
pub(super) type InputTiles = [Tile; GROUPS];

/// What drives the word lines of a read: bit planes that add up, and maybe one whose sums are told from theirs.
#[derive(Clone, Debug)]
pub(super) struct Slices {
    pub(super) first: Vec<Driven>,
    /// Worth more than all sums of the others, but where cells themselves are there twice.
    pub(super) second: Option<Driven>,
}

/// The tiles that drive a read in one position.
#[derive(Debug)]
pub(super) struct Inputs {
    /// Rows of them that lines fill, of the first half and of the second.
    n_rows: [usize; 2],
    /// `[tile of lines]`.
    tiles: Vec<InputTiles>,
}

/// Where the bits of a read in one position come from.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    /// `[group of lines][plane]`.
    vectors: &'a [Vector],
    n_planes: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(patterns: &'a Patterns, read: &Read, position: usize) -> Self {
        // A strip of this kernel has one position.
        Self { vectors: patterns.read_vectors(position, read), n_planes: patterns.n_planes() }
    }
}

impl Inputs {
    pub(super) fn new() -> Self {
        Self { n_rows: [0; 2], tiles: Vec::new() }
    }

    /// Those of 64 word lines after another.
    #[inline(always)]
    pub(super) fn tiles(&self) -> &[InputTiles] {
        &self.tiles
    }

    /// Fills the tiles of a read.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    pub(super) fn fill(&mut self, bits: Bits<'_>, Slices { first, second }: &Slices, upper: Upper) {
        let n_rows = 2 * bits.vectors.len() / bits.n_planes;
        match (upper, second) {
            (Upper::Sixteenfold, Some(second)) => {
                self.clear([n_rows, n_rows]);
                self.spread_all(bits, first, 0);
                self.spread_all(bits, &[Driven { worth: 16, ..*second }], HALF);
            }
            (Upper::Seconds, _) => {
                self.clear([n_rows, n_rows]);
                self.spread_all(bits, first, 0);
                self.spread_all(bits, first, HALF);
            }
            (Upper::Lines | Upper::Sixteenfold, _) => {
                self.clear([n_rows, 0]);
                match (&first[..], second) {
                    ([first], Some(second)) => self.spread_all(bits, &[*first, *second], 0),
                    _ => self.spread_all(bits, first, 0),
                }
            }
        }
    }

    /// Empties all rows, unless those that are filled next are all that are filled: what no line fills is 0.
    fn clear(&mut self, n_rows: [usize; 2]) {
        if self.n_rows != n_rows {
            self.n_rows = n_rows;
            self.tiles.clear();
            self.tiles.resize(n_rows[0].div_ceil(ROWS), [ZEROS; GROUPS]);
        }
    }

    /// Fills rows from one on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn spread_all(&mut self, bits: Bits<'_>, driven: &[Driven], row: usize) {
        let groups = bits.vectors.chunks_exact(bits.n_planes);
        match *driven {
            [one] => {
                let matrix = matrix([one.worth; 2]);
                for (index, vectors) in groups.enumerate() {
                    let bits = load(&vectors[one.plane].0);
                    self.spread(row + 2 * index, [(bits, 0x0804_0201), (bits, 0x8040_2010)], matrix);
                }
            }
            [low, high] if low.worth & high.worth == 0 => {
                let matrix = matrix([low.worth, high.worth]);
                for (index, vectors) in groups.enumerate() {
                    let [first, others] = nibbles([&vectors[low.plane], &vectors[high.plane]]);
                    self.spread(row + 2 * index, [(first, 0x8844_2211), (others, 0x8844_2211)], matrix);
                }
            }
            _ => {
                for (index, vectors) in groups.enumerate() {
                    self.spread_many(row + 2 * index, vectors, driven);
                }
            }
        }
    }

    /// Spreads eight lines over two rows of each group: those of the first four to one row, those of the others to the next.
    /// For each row there are bytes for all images, bits of a byte that its four lines have, and what is made of them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn spread(&mut self, row: usize, rows: [(__m512i, u32); 2], matrix: __m512i) {
        let (tile, row) = (row / ROWS, row % ROWS);
        for (group, spread) in SPREAD.iter().enumerate() {
            let tile = &mut self.tiles[tile][group];
            for (offset, (bytes, lines)) in rows.into_iter().enumerate() {
                let images = _mm512_permutexvar_epi8(load(spread), bytes);
                let of_line = _mm512_and_si512(images, _mm512_set1_epi32(lines as i32));
                store(&mut tile[row + offset].0, _mm512_gf2p8affine_epi64_epi8::<0>(of_line, matrix));
            }
        }
    }

    /// Likewise, of any number of planes.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,vaes,gfni")]
    fn spread_many(&mut self, row: usize, vectors: &[Vector], driven: &[Driven]) {
        let (tile, row) = (row / ROWS, row % ROWS);
        for (group, spread) in SPREAD.iter().enumerate() {
            let spread = load(spread);
            let mut rows = [_mm512_setzero_si512(); 2];
            for driven in driven {
                add_bits(&mut rows, _mm512_permutexvar_epi8(spread, load(&vectors[driven.plane].0)), driven.worth);
            }
            let tile = &mut self.tiles[tile][group];
            store(&mut tile[row].0, rows[0]);
            store(&mut tile[row + 1].0, rows[1]);
        }
    }

    /// The same with the square of each byte, none of which is beyond a byte.
    pub(super) fn squared(&self) -> Self {
        let mut tiles = self.tiles.clone();
        for byte in tiles.as_flattened_mut().as_flattened_mut().iter_mut().flat_map(|row| &mut row.0) {
            *byte = byte.wrapping_mul(*byte);
        }
        Self { tiles, ..*self }
    }
}

/// The low halves of the bytes of two planes as one byte, and their high halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn nibbles([first, second]: [&Vector; 2]) -> [__m512i; 2] {
    let (first, second, low) = (load(&first.0), load(&second.0), _mm512_set1_epi8(0x0f));
    // Those of the first plane where a bit of the third operand is set, and else those of the second.
    const SELECT: i32 = 0b1110_0100;
    [
        _mm512_ternarylogic_epi32::<SELECT>(first, _mm512_slli_epi16::<4>(second), low),
        _mm512_ternarylogic_epi32::<SELECT>(_mm512_srli_epi16::<4>(first), second, low),
    ]
}

/// From bytes with at most one bit in either half to what these bits are worth.
#[inline]
#[target_feature(enable = "avx512f")]
fn matrix([low, high]: [u8; 2]) -> __m512i {
    // The last byte tells what bits the lowest bit of a product is the sum of.
    let row = |bit: usize| ((low >> bit) & 1) * 0x0f + ((high >> bit) & 1) * 0xf0;
    _mm512_set1_epi64(i64::from_be_bytes(std::array::from_fn(row)))
}

/// Adds what the bits of eight lines are worth, those of the first four to the first row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add_bits(rows: &mut [__m512i; 2], images: __m512i, worth: u8) {
    let worth = _mm512_set1_epi8(worth as i8);
    let masks = [_mm512_set1_epi32(0x0804_0201), _mm512_set1_epi32(0x8040_2010_u32 as i32)];
    for (row, mask) in rows.iter_mut().zip(masks) {
        *row = _mm512_mask_add_epi8(*row, _mm512_test_epi8_mask(images, mask), *row, worth);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(bytes: &[u8; LANES]) -> __m512i {
    // SAFETY: the array is 64 bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn store(bytes: &mut [u8; LANES], register: __m512i) {
    // SAFETY: the array is 64 bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), register) }
}
