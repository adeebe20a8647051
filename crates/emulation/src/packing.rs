//! From a feature map to the bits that drive word lines.
//!
//! A position's inputs, in the order of the matrix's rows, are one string of bits for each bit plane of the codes. The
//! bits of a pixel's channels stand in it a window's area apart, so that a string is the bits of the window's pixels,
//! each moved by its place in the window. All positions of a row are put together at a time, word by word. Then the
//! strings are cut into the patterns of groups, which begin anew with every read of every array.

use std::ops::Range;

use rebias_kernels::GROUP;
use rebias_network::{FeatureMap, Shape, Window};

/// Bits of a word.
const WORD: usize = 64;

/// How a layer's inputs become patterns.
#[derive(Clone, Debug)]
pub(crate) struct Packing {
    window: Window,
    in_shape: Shape,
    out_shape: Shape,
    n_planes: usize,
    /// Words of a string.
    n_words: usize,
    blocks: Vec<Block>,
}

/// How the string of a row block is cut.
#[derive(Clone, Debug)]
struct Block {
    n_groups: usize,
    pieces: Vec<Piece>,
}

/// Up to a word of one read's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    first_row: usize,
    /// One bit for each row.
    mask: u64,
    /// Its place in the block.
    groups: Range<usize>,
}

/// Patterns of an image's positions, and room to make them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patterns {
    /// `[row block][position][plane][group]`.
    blocks: Vec<Vec<u8>>,
    /// `[plane][word][padded row][padded column]`: the bits of a pixel's channels, a window's area apart.
    map: Vec<u64>,
    /// `[word][out column]`: the strings of one row of positions in one plane, and a word of zeros behind them.
    row: Vec<u64>,
}

impl Patterns {
    /// The patterns of a row block, `[position][plane][group]`.
    pub(crate) fn block(&self, row_block: usize) -> &[u8] {
        &self.blocks[row_block]
    }
}

impl Packing {
    /// For a layer whose row blocks are read `rows_per_read` rows at a time.
    pub(crate) fn new(
        window: Window,
        (in_shape, out_shape): (Shape, Shape),
        n_planes: usize,
        (row_blocks, rows_per_read): (&[Range<usize>], usize),
    ) -> Self {
        let n_words = (in_shape.channels * window.area()).div_ceil(WORD);
        let blocks = row_blocks.iter().map(|rows| Block::new(rows, rows_per_read)).collect();
        Self { window, in_shape, out_shape, n_planes, n_words, blocks }
    }

    /// Bit planes of the input codes.
    pub(crate) fn n_planes(&self) -> usize {
        self.n_planes
    }

    /// Packs a map of the layer's input shape.
    pub(crate) fn pack(&self, ifmap: &FeatureMap, patterns: &mut Patterns) {
        self.split_planes(ifmap, &mut patterns.map);
        patterns.blocks.resize_with(patterns.blocks.len().max(self.blocks.len()), Vec::new);
        for (block, bytes) in self.blocks.iter().zip(&mut patterns.blocks) {
            bytes.resize(self.out_shape.positions() * self.n_planes * block.n_groups, 0);
        }
        for out_row in 0..self.out_shape.height {
            for plane in 0..self.n_planes {
                self.put_together(&patterns.map, (out_row, plane), &mut patterns.row);
                for (block, bytes) in self.blocks.iter().zip(&mut patterns.blocks) {
                    self.cut(block, &patterns.row, (out_row, plane), bytes);
                }
            }
        }
    }

    /// Rows and columns of the map with its padding.
    fn padded(&self) -> (usize, usize) {
        (self.in_shape.height + 2 * self.window.padding, self.in_shape.width + 2 * self.window.padding)
    }

    fn split_planes(&self, ifmap: &FeatureMap, map: &mut Vec<u64>) {
        let Shape { channels, height, width } = self.in_shape;
        let (padded_height, padded_width) = self.padded();
        let (padding, n_pixels) = (self.window.padding, padded_height * padded_width);
        map.clear();
        map.resize(self.n_planes * self.n_words * n_pixels, 0);
        for (plane, map) in map.chunks_exact_mut(self.n_words * n_pixels).enumerate() {
            for channel in 0..channels {
                let (word, shift) = (channel * self.window.area() / WORD, channel * self.window.area() % WORD);
                let words = &mut map[word * n_pixels..][..n_pixels];
                let rows = words.chunks_exact_mut(padded_width).skip(padding).take(height);
                for (words, codes) in rows.zip(ifmap.channel(channel).chunks_exact(width)) {
                    for (word, &code) in words[padding..].iter_mut().zip(codes) {
                        *word |= u64::from(code >> plane & 1) << shift;
                    }
                }
            }
        }
    }

    /// The strings of a row of positions in one plane.
    fn put_together(&self, map: &[u64], (out_row, plane): (usize, usize), strings: &mut Vec<u64>) {
        let (padded_height, padded_width) = self.padded();
        let (out_width, stride) = (self.out_shape.width, self.window.stride);
        strings.clear();
        strings.resize((self.n_words + 1) * out_width, 0);
        for place in 0..self.window.area() {
            let (row, column) = (out_row * stride + place / self.window.width, place % self.window.width);
            let (words, shift) = (place / WORD, place % WORD);
            for word in words..self.n_words {
                let pixels = |word: usize| {
                    let row = ((plane * self.n_words + word) * padded_height + row) * padded_width;
                    &map[row..][column..padded_width]
                };
                let strings = &mut strings[word * out_width..][..out_width];
                or_steps(strings, pixels(word - words), stride, |bits| bits << shift);
                // What was moved out of the word before.
                if word > words && shift > 0 {
                    or_steps(strings, pixels(word - words - 1), stride, |bits| bits >> (WORD - shift));
                }
            }
        }
    }

    /// Cuts the strings of a row of positions in one plane into the patterns of a block.
    fn cut(&self, block: &Block, strings: &[u64], (out_row, plane): (usize, usize), patterns: &mut [u8]) {
        let out_width = self.out_shape.width;
        let row = &mut patterns[out_row * out_width * self.n_planes * block.n_groups..];
        for (column, position) in row.chunks_exact_mut(self.n_planes * block.n_groups).take(out_width).enumerate() {
            let patterns = &mut position[plane * block.n_groups..][..block.n_groups];
            for piece in &block.pieces {
                let (word, shift) = (piece.first_row / WORD, piece.first_row % WORD);
                let (low, high) = (strings[word * out_width + column], strings[(word + 1) * out_width + column]);
                // Two shifts, as one by 64 would be none.
                let bits = (low >> shift | (high << 1) << (WORD - 1 - shift)) & piece.mask;
                let bytes = &bits.to_le_bytes()[..piece.groups.len()];
                patterns[piece.groups.clone()].copy_from_slice(bytes);
            }
        }
    }
}

/// Combines every `stride`-th word of `from` into `into`.
#[inline(always)]
fn or_steps(into: &mut [u64], from: &[u64], stride: usize, moved: impl Fn(u64) -> u64) {
    if stride == 1 {
        into.iter_mut().zip(from).for_each(|(into, &bits)| *into |= moved(bits));
    } else {
        into.iter_mut().zip(from.iter().step_by(stride)).for_each(|(into, &bits)| *into |= moved(bits));
    }
}

impl Block {
    fn new(rows: &Range<usize>, rows_per_read: usize) -> Self {
        let (mut n_groups, mut pieces) = (0, Vec::new());
        for read in rows.clone().step_by(rows_per_read) {
            let end = rows.end.min(read + rows_per_read);
            for first_row in (read..end).step_by(WORD) {
                let n_rows = WORD.min(end - first_row);
                let groups = n_groups..n_groups + n_rows.div_ceil(GROUP);
                n_groups = groups.end;
                pieces.push(Piece { first_row, mask: u64::MAX >> (WORD - n_rows), groups });
            }
        }
        Self { n_groups, pieces }
    }
}

#[cfg(test)]
mod tests {
    use rebias_network::testing::SplitMix64;

    use super::*;

    /// The code under a row of the matrix, worked out one at a time.
    fn code_at(ifmap: &FeatureMap, window: Window, (position, out_width): (usize, usize), row: usize) -> u16 {
        let (channel, place) = (row / window.area(), row % window.area());
        let y = position / out_width * window.stride + place / window.width;
        let x = position % out_width * window.stride + place % window.width;
        let Shape { height, width, .. } = ifmap.shape();
        let on_map = |padded: usize, extent| padded.checked_sub(window.padding).filter(|&at| at < extent);
        match (on_map(y, height), on_map(x, width)) {
            (Some(y), Some(x)) => ifmap.channel(channel)[y * width + x],
            _ => 0,
        }
    }

    fn check(in_shape: Shape, window: Window, rows_per_block: usize, rows_per_read: usize) {
        let (n_planes, mut random) = (3, SplitMix64::new(1));
        let codes = (0..in_shape.len()).map(|_| random.integer(0..=7) as u16).collect();
        let ifmap = FeatureMap::new(in_shape, codes).expect("codes of the shape");
        let steps =
            |extent: usize, window_extent: usize| (extent + 2 * window.padding - window_extent) / window.stride + 1;
        let out_shape = Shape::new(1, steps(in_shape.height, window.height), steps(in_shape.width, window.width));
        let n_rows = in_shape.channels * window.area();
        let blocks: Vec<_> =
            (0..n_rows).step_by(rows_per_block).map(|start| start..n_rows.min(start + rows_per_block)).collect();
        let packing = Packing::new(window, (in_shape, out_shape), n_planes, (&blocks, rows_per_read));
        let mut patterns = Patterns::default();
        packing.pack(&ifmap, &mut patterns);
        for (index, block) in blocks.iter().enumerate() {
            let mut expected = Vec::new();
            for position in 0..out_shape.positions() {
                for plane in 0..n_planes {
                    let rows: Vec<_> = block.clone().collect();
                    for group in rows.chunks(rows_per_read).flat_map(|read| read.chunks(GROUP)) {
                        let bit = |(at, &row): (usize, &usize)| {
                            (code_at(&ifmap, window, (position, out_shape.width), row) >> plane & 1) << at
                        };
                        expected.push(group.iter().enumerate().map(bit).sum::<u16>() as u8);
                    }
                }
            }
            assert_eq!(patterns.block(index), expected, "{in_shape} {window:?} block {index}");
        }
    }

    #[test]
    fn patterns_are_the_bits_of_the_rows_in_order() {
        let window = |height, width, stride, padding| Window { height, width, stride, padding };
        check(Shape::new(3, 5, 6), window(3, 3, 1, 1), 16, 16);
        check(Shape::new(3, 5, 6), window(3, 2, 2, 2), 13, 5);
        check(Shape::new(40, 1, 1), Window::UNIT, 32, 32);
        check(Shape::new(2, 3, 140), window(2, 67, 3, 4), 100, 11);
        check(Shape::new(1, 2, 200), window(1, 128, 1, 0), 128, 128);
    }
}
