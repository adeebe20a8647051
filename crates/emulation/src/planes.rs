//! Feature maps of many images as bit planes: bit l of a word is that of image l of [`LANES`].
//!
//! Images stand side by side, so that a window's shift is an offset of words: no map is copied for a convolution, but
//! into its padding.

use rebias_kernels::{Kernel, LANES};
use rebias_network::{CodeFormat, Shape, Sign, Window};

/// Images that are run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The first; a multiple of [`LANES`].
    pub(crate) first: usize,
    pub(crate) n_images: usize,
}

impl Batch {
    /// Words that hold a bit of each image.
    pub(crate) fn n_words(self) -> usize {
        self.n_images.div_ceil(LANES)
    }

    /// Images of a word.
    pub(crate) fn n_lanes(self, word: usize) -> usize {
        LANES.min(self.n_images - word * LANES)
    }
}

/// The codes of a batch's feature maps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    pub(crate) batch: Batch,
    pub(crate) shape: Shape,
    pub(crate) n_planes: usize,
    /// `[plane][channel][row][column][word]`; zero for lanes without images.
    pub(crate) words: Vec<u64>,
}

impl Planes {
    /// Maps of zeros.
    pub(crate) fn zeros(batch: Batch, shape: Shape, n_planes: usize) -> Self {
        Self { batch, shape, n_planes, words: vec![0; n_planes * shape.len() * batch.n_words()] }
    }

    /// The maps of images, whose codes stand channel by channel and row by row.
    pub(crate) fn new(kernel: Kernel, batch: Batch, shape: Shape, n_planes: usize, images: &[&[u16]]) -> Self {
        let mut planes = Self::zeros(batch, shape, n_planes);
        let mut words = vec![0; n_planes];
        for place in 0..shape.len() {
            for (word, images) in images.chunks(LANES).enumerate() {
                let mut codes = [0; LANES];
                codes.iter_mut().zip(images).for_each(|(code, image)| *code = image[place]);
                rebias_kernels::planes(kernel, &codes, &mut words);
                for (plane, &bits) in words.iter().enumerate() {
                    planes.words[(plane * shape.len() + place) * batch.n_words() + word] = bits;
                }
            }
        }
        planes
    }

    /// Words of a plane.
    pub(crate) fn plane_words(&self) -> usize {
        self.shape.len() * self.batch.n_words()
    }

    /// The same maps with all values in one column of channels.
    pub(crate) fn into_flattened(self) -> Self {
        Self { shape: self.shape.flattened(), ..self }
    }

    /// Writes the maps with `padding` zeros around each channel: `[plane][channel][row][column][word]`.
    pub(crate) fn pad(&self, padding: usize, padded: &mut Vec<u64>) {
        let Shape { channels, height, width } = self.shape;
        let n_words = self.batch.n_words();
        let row_words = (width + 2 * padding) * n_words;
        let channel_words = (height + 2 * padding) * row_words;
        padded.clear();
        padded.resize(self.n_planes * channels * channel_words, 0);
        let rows = padded.chunks_exact_mut(row_words.max(1)).enumerate();
        let on_map = rows.filter(|(row, _)| (padding..padding + height).contains(&(row % (height + 2 * padding))));
        for ((_, padded), row) in on_map.zip(self.words.chunks_exact((width * n_words).max(1))) {
            padded[padding * n_words..][..row.len()].copy_from_slice(row);
        }
    }

    /// The largest codes of each window; padding adds nothing.
    pub(crate) fn max_pool(&self, format: CodeFormat, window: Window, out_shape: Shape) -> Self {
        let mut pooled = Self::zeros(self.batch, out_shape, self.n_planes);
        let (n_words, plane_words) = (self.batch.n_words(), pooled.plane_words());
        let mut best = vec![0; self.n_planes];
        for channel in 0..out_shape.channels {
            for position in 0..out_shape.positions() {
                let rows = window.rows_on_map(position / out_shape.width, self.shape.height);
                let columns = window.columns_on_map(position % out_shape.width, self.shape.width);
                for word in 0..n_words {
                    let places = rows.clone().flat_map(|row| columns.clone().map(move |column| (row, column)));
                    let mut places = places.map(|(row, column)| {
                        ((channel * self.shape.height + row) * self.shape.width + column) * n_words + word
                    });
                    if let Some(first) = places.next() {
                        (0..self.n_planes).for_each(|plane| best[plane] = self.word(plane, first));
                    }
                    places.for_each(|place| self.keep_larger(&mut best, place, format));
                    let place = (channel * out_shape.positions() + position) * n_words + word;
                    for (plane, &bits) in best.iter().enumerate() {
                        pooled.words[plane * plane_words + place] = bits;
                    }
                }
            }
        }
        pooled
    }

    /// The sums of each window's unsigned codes, in planes enough for the greatest.
    pub(crate) fn sum_pool(&self, n_planes: usize, window: Window, out_shape: Shape) -> Self {
        let mut pooled = Self::zeros(self.batch, out_shape, n_planes);
        let (n_words, plane_words) = (self.batch.n_words(), pooled.plane_words());
        let mut sum = vec![0; n_planes];
        for channel in 0..out_shape.channels {
            for position in 0..out_shape.positions() {
                let rows = window.rows_on_map(position / out_shape.width, self.shape.height);
                let columns = window.columns_on_map(position % out_shape.width, self.shape.width);
                for word in 0..n_words {
                    sum.fill(0);
                    for (row, column) in rows.clone().flat_map(|row| columns.clone().map(move |column| (row, column))) {
                        let place = (channel * self.shape.height + row) * self.shape.width + column;
                        self.add_to(&mut sum, place * n_words + word);
                    }
                    let place = (channel * out_shape.positions() + position) * n_words + word;
                    for (plane, &bits) in sum.iter().enumerate() {
                        pooled.words[plane * plane_words + place] = bits;
                    }
                }
            }
        }
        pooled
    }

    /// The sums of unsigned codes of two maps in so many planes; greater ones are cut to all ones.
    pub(crate) fn add(&self, other: &Self, n_planes: usize) -> Self {
        let mut sums = Self::zeros(self.batch, self.shape, n_planes);
        let plane_words = self.plane_words();
        let mut sum = vec![0; self.n_planes.max(other.n_planes).max(n_planes) + 1];
        for place in 0..plane_words {
            sum.fill(0);
            self.add_to(&mut sum, place);
            other.add_to(&mut sum, place);
            let is_cut = sum[n_planes..].iter().fold(0, |any, bits| any | bits);
            for (plane, bits) in sum[..n_planes].iter().enumerate() {
                sums.words[plane * plane_words + place] = bits | is_cut;
            }
        }
        sums
    }

    /// Adds the codes at a place to sums, plane by plane with a carry; the sums have planes enough.
    fn add_to(&self, sum: &mut [u64], place: usize) {
        let mut carry = 0;
        for (plane, sum) in sum.iter_mut().enumerate() {
            let bits = if plane < self.n_planes { self.word(plane, place) } else { 0 };
            let half = *sum ^ bits;
            (*sum, carry) = (half ^ carry, (*sum & bits) | (half & carry));
        }
    }

    fn word(&self, plane: usize, place: usize) -> u64 {
        self.words[plane * self.plane_words() + place]
    }

    /// Replaces the codes in `best` by those at a place where these are larger.
    fn keep_larger(&self, best: &mut [u64], place: usize, format: CodeFormat) {
        let (mut is_larger, mut is_equal) = (0, u64::MAX);
        for (plane, best) in best.iter().enumerate().rev() {
            let other = self.word(plane, place);
            // A sign bit makes smaller.
            let is_sign = format.sign == Sign::TwosComplement && plane + 1 == self.n_planes;
            is_larger |= is_equal & if is_sign { best & !other } else { other & !best };
            is_equal &= !(best ^ other);
        }
        for (plane, best) in best.iter_mut().enumerate() {
            *best = (*best & !is_larger) | (self.word(plane, place) & is_larger);
        }
    }
}

#[cfg(test)]
mod tests {
    use rebias_network::testing::SplitMix64;

    use super::*;

    fn random_maps(shape: Shape, n_images: usize, bits: u32) -> Vec<Vec<u16>> {
        let mut random = SplitMix64::new(7);
        let mut image = || (0..shape.len()).map(|_| random.integer(0..=(1 << bits) - 1) as u16).collect();
        (0..n_images).map(|_| image()).collect()
    }

    fn planes(shape: Shape, bits: u32, images: &[Vec<u16>]) -> Planes {
        let batch = Batch { first: 0, n_images: images.len() };
        let images: Vec<_> = images.iter().map(Vec::as_slice).collect();
        Planes::new(Kernel::PORTABLE, batch, shape, bits as usize, &images)
    }

    fn code(planes: &Planes, place: usize, image: usize) -> u16 {
        let (word, lane) = (image / LANES, image % LANES);
        let bit = |plane| (planes.word(plane, place * planes.batch.n_words() + word) >> lane & 1) as u16;
        (0..planes.n_planes).map(|plane| bit(plane) << plane).sum()
    }

    #[test]
    fn planes_hold_the_codes_of_all_images() {
        let shape = Shape::new(2, 3, 5);
        let images = random_maps(shape, 70, 5);
        let planes = planes(shape, 5, &images);
        assert_eq!(planes.batch.n_words(), 2);
        for (index, image) in images.iter().enumerate() {
            assert!((0..shape.len()).all(|place| code(&planes, place, index) == image[place]), "{index}");
        }
    }

    #[test]
    fn pools_take_the_largest_number_of_each_window() {
        let (shape, bits) = (Shape::new(2, 5, 4), 3);
        let images = random_maps(shape, 3, bits);
        let planes = planes(shape, bits, &images);
        for sign in [Sign::Unsigned, Sign::TwosComplement] {
            let format = CodeFormat { bits, sign };
            let window = Window { height: 3, width: 2, stride: 2, padding: 1 };
            let out_shape = Shape::new(2, 3, 3);
            let pooled = planes.max_pool(format, window, out_shape);
            for (index, image) in images.iter().enumerate() {
                for place in 0..out_shape.len() {
                    let (channel, position) = (place / 9, place % 9);
                    let rows = window.rows_on_map(position / 3, 5);
                    let values = rows.flat_map(|row| {
                        window.columns_on_map(position % 3, 4).map(move |column| image[channel * 20 + row * 4 + column])
                    });
                    let expected = values.max_by_key(|&code| format.value(code));
                    assert_eq!(Some(code(&pooled, place, index)), expected);
                }
            }
        }
    }

    #[test]
    fn sums_of_windows_are_exact() {
        let (shape, out_shape) = (Shape::new(2, 4, 4), Shape::new(2, 2, 2));
        let images = random_maps(shape, 70, 3);
        let window = Window { height: 3, width: 3, stride: 2, padding: 1 };
        let pooled = planes(shape, 3, &images).sum_pool(6, window, out_shape);
        for (index, image) in images.iter().enumerate() {
            for place in 0..out_shape.len() {
                let (channel, position) = (place / 4, place % 4);
                let values = window.rows_on_map(position / 2, 4).flat_map(|row| {
                    window.columns_on_map(position % 2, 4).map(move |column| image[channel * 16 + row * 4 + column])
                });
                assert_eq!(code(&pooled, place, index), values.sum::<u16>());
            }
        }
    }

    #[test]
    fn sums_of_maps_end_at_the_greatest_code() {
        let shape = Shape::new(3, 2, 2);
        let (left, right) = (random_maps(shape, 40, 3), random_maps(shape, 80, 2).split_off(40));
        for bits in [2, 3, 5] {
            let sums = planes(shape, 3, &left).add(&planes(shape, 2, &right), bits as usize);
            for (index, (left, right)) in left.iter().zip(&right).enumerate() {
                let expected = |place: usize| (left[place] + right[place]).min((1 << bits) - 1);
                assert!((0..shape.len()).all(|place| code(&sums, place, index) == expected(place)), "{bits}");
            }
        }
    }

    #[test]
    fn padding_is_zero_all_around() {
        let shape = Shape::new(2, 2, 3);
        let planes = planes(shape, 1, &[vec![1; 12]]);
        let mut padded = Vec::new();
        planes.pad(1, &mut padded);
        let expected = [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]].concat();
        assert_eq!(padded, [expected.clone(), expected].concat());
    }
}
