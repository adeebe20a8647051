//! Batches of images as tensors, in an order and with shifts that depend on the seed alone.

use burn::tensor::{Device, Int, Tensor, TensorData};

use rebias_recipe::{Data, Mirror};

use crate::checkpoint::BatchesState;
use crate::data::ImageSet;
use crate::random::Stream;

/// Images as the network takes them, with their classes.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// `[images, channels, height, width]`; pixel code c is c/255.
    pub(crate) images: Tensor<4>,
    /// `[images]`.
    pub(crate) labels: Tensor<1, Int>,
}

impl Batch {
    /// The images `indices` as they are.
    pub(crate) fn plain(set: &ImageSet, indices: &[usize], device: &Device) -> Self {
        let pixels = indices.iter().flat_map(|&index| set.image(index)).map(|&code| value(code)).collect();
        Self::new(set, indices, pixels, device)
    }

    fn new(set: &ImageSet, indices: &[usize], pixels: Vec<f32>, device: &Device) -> Self {
        let [channels, height, width] = set.shape;
        let shape = [indices.len(), channels, height, width];
        let labels: Vec<i64> = indices.iter().map(|&index| i64::from(set.labels[index])).collect();
        Self {
            images: Tensor::from_data(TensorData::new(pixels, shape), device),
            labels: Tensor::from_data(TensorData::new(labels, [indices.len()]), device),
        }
    }
}

fn value(code: u8) -> f32 {
    f32::from(code) / 255.0
}

/// Endless training batches: all images once in random order, then again in another.
#[derive(Debug)]
pub(crate) struct Batches<'a> {
    set: &'a ImageSet,
    order: Vec<usize>,
    next: usize,
    stream: Stream,
    shift: usize,
    mirror: Mirror,
    size: usize,
    device: Device,
}

impl<'a> Batches<'a> {
    /// Batches of `size` of the images `indices`, moved as `data` says, on the differentiating `device`.
    pub(crate) fn new(
        set: &'a ImageSet,
        indices: &[usize],
        size: usize,
        data: &Data,
        stream: Stream,
        device: Device,
    ) -> Self {
        let order = indices.to_vec();
        let next = order.len();
        Self { set, order, next, stream, shift: data.shift_pixels, mirror: data.mirror, size, device }
    }

    /// Where they stand.
    pub(crate) fn state(&self) -> BatchesState {
        BatchesState { order: self.order.clone(), next: self.next, stream: self.stream.position() }
    }

    /// Goes on from a state; `None` if that is of other images.
    pub(crate) fn restore(&mut self, state: &BatchesState) -> Option<()> {
        let images = self.set.len();
        if state.order.len() != self.order.len() || state.order.iter().any(|&index| index >= images) {
            return None;
        }
        self.order.clone_from(&state.order);
        self.next = (state.next <= self.order.len()).then_some(state.next)?;
        self.stream = Stream::at(state.stream);
        Some(())
    }

    /// The next batch.
    pub(crate) fn next(&mut self) -> Batch {
        let mut indices = Vec::with_capacity(self.size);
        while indices.len() < self.size {
            if self.next == self.order.len() {
                self.stream.shuffle(&mut self.order);
                self.next = 0;
            }
            indices.push(self.order[self.next]);
            self.next += 1;
        }
        let mut pixels = Vec::with_capacity(self.size * self.set.shape.iter().product::<usize>());
        for &index in &indices {
            self.moved(index, &mut pixels);
        }
        Batch::new(self.set, &indices, pixels, &self.device)
    }

    /// Appends an image, mirrored by chance and shifted; what comes in from outside is 0.
    fn moved(&mut self, index: usize, pixels: &mut Vec<f32>) {
        let [_, height, width] = self.set.shape;
        let span = 2 * self.shift + 1;
        let [down, right] = [self.stream.below(span), self.stream.below(span)];
        let mirrored = self.mirror == Mirror::Horizontal && self.stream.below(2) == 1;
        for channel in self.set.image(index).chunks_exact(height * width) {
            for row in 0..height {
                let from_row = (row + down).checked_sub(self.shift).filter(|&row| row < height);
                for column in 0..width {
                    let column = if mirrored { width - 1 - column } else { column };
                    let from_column = (column + right).checked_sub(self.shift).filter(|&column| column < width);
                    let code = from_row.zip(from_column).map_or(0, |(row, column)| channel[row * width + column]);
                    pixels.push(value(code));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::to_vec;
    use crate::random::Purpose;
    use rebias_dataset::{Checksums, Layout};

    /// Six images of 5 × 4 pixels; the one bright pixel of each stands at row 2, column 1.
    fn set() -> ImageSet {
        let image = |label: u8| (0..20).map(move |place| if place == 2 * 4 + 1 { 100 + label } else { 0 });
        ImageSet { shape: [1, 5, 4], pixels: (0..6).flat_map(image).collect(), labels: (0..6).collect() }
    }

    fn batches(set: &ImageSet, shift_pixels: usize, mirror: Mirror) -> Batches<'_> {
        let data = Data {
            set: String::new(),
            licence: String::new(),
            layout: Layout::Idx,
            checksums: Checksums::default(),
            held_out: 1,
            shift_pixels,
            mirror,
        };
        Batches::new(set, &[0, 1, 2, 3, 4, 5], 3, &data, Stream::new(1, Purpose::Pretrain), Device::flex())
    }

    fn labels(batch: &Batch) -> Vec<i64> {
        batch.labels.clone().into_data_as::<i64>().try_to_vec().expect("labels are integers")
    }

    #[test]
    fn all_images_come_once_before_any_comes_again() {
        let set = set();
        let mut batches = batches(&set, 0, Mirror::Never);
        for _ in 0..4 {
            let mut round: Vec<i64> = [batches.next(), batches.next()].iter().flat_map(labels).collect();
            round.sort_unstable();
            assert_eq!(round, [0, 1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn unmoved_images_are_the_plain_ones() {
        let set = set();
        let batch = batches(&set, 0, Mirror::Never).next();
        let indices: Vec<usize> = labels(&batch).into_iter().map(|label| label as usize).collect();
        let plain = Batch::plain(&set, &indices, &Device::flex());
        assert_eq!(to_vec(batch.images), to_vec(plain.images));
    }

    #[test]
    fn images_move_by_up_to_the_shift_and_are_mirrored() {
        let set = set();
        let mut batches = batches(&set, 1, Mirror::Horizontal);
        let mut places = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let batch = batches.next();
            let labels = labels(&batch);
            for (image, label) in to_vec(batch.images).chunks(20).zip(labels) {
                let bright: Vec<usize> = (0..20).filter(|&place| image[place] > 0.0).collect();
                assert_eq!(bright.len(), 1);
                assert_eq!(image[bright[0]], (100 + label) as f32 / 255.0);
                places.insert((bright[0] / 4, bright[0] % 4));
            }
        }
        let rows_by_columns = (1..=3).flat_map(|row| (0..4).map(move |column| (row, column)));
        assert_eq!(places, rows_by_columns.collect());
    }

    #[test]
    fn channels_move_together() {
        let one = set();
        let pixels = (0..6).flat_map(|index| one.image(index).repeat(3)).collect();
        let colour = ImageSet { shape: [3, 5, 4], pixels, labels: one.labels.clone() };
        let mut batches = batches(&colour, 2, Mirror::Horizontal);
        for image in to_vec(batches.next().images).chunks(60) {
            assert_eq!((&image[..20], &image[..20]), (&image[20..40], &image[40..]));
        }
    }
}
