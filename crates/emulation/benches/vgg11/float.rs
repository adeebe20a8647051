//! The same layers as a float network: im2col, product, ReLU, max-pool.

use rebias_kernels::baseline::{Vectors, multiply};
use rebias_network::{Network, Op, Shape, Weighted, Window};

/// Images whose columns are multiplied at a time.
const BATCH: usize = 16;

/// Runs images of ones; the values don't change the time.
pub(crate) fn run(vectors: Vectors, network: &Network, n_images: usize) {
    let weights: Vec<Vec<f32>> =
        network.layers().iter().map(|layer| vec![0.01; layer.rows() * layer.out_shape().channels]).collect();
    for _ in 0..n_images / BATCH {
        // `[channel][image][pixel]`.
        let mut map = vec![1.0f32; BATCH * network.input_shape().len()];
        for (layer, weights) in network.layers().iter().zip(&weights) {
            let shapes = (layer.in_shape(), layer.out_shape());
            map = match layer.op() {
                Op::MaxPool(window) => max_pool(&map, *window, shapes),
                Op::SumPool(_) | Op::Add(_) => unreachable!("a VGG has none"),
                Op::Weighted(weighted) => convolution(vectors, &map, (weighted, weights), shapes),
            };
        }
        assert!(map.iter().all(|value| value.is_finite()), "sums of small numbers");
    }
}

fn convolution(
    vectors: Vectors,
    map: &[f32],
    (weighted, weights): (&Weighted, &[f32]),
    (in_shape, out_shape): (Shape, Shape),
) -> Vec<f32> {
    let window = weighted.window;
    let (rows, columns) = (in_shape.channels * window.area(), BATCH * out_shape.positions());
    let mut columns_of_rows = vec![0.0; rows * columns];
    for (row, into) in columns_of_rows.chunks_exact_mut(columns).enumerate() {
        let (channel, place) = (row / window.area(), row % window.area());
        let (window_row, window_column) = (place / window.width, place % window.width);
        let images = map[channel * BATCH * in_shape.positions()..].chunks_exact(in_shape.positions());
        for (into, image) in into.chunks_exact_mut(out_shape.positions()).zip(images) {
            for (out_row, into) in into.chunks_exact_mut(out_shape.width).enumerate() {
                let Some(row) = (out_row + window_row).checked_sub(window.padding) else { continue };
                if row >= in_shape.height {
                    continue;
                }
                let image = &image[row * in_shape.width..][..in_shape.width];
                let skipped = window.padding.saturating_sub(window_column);
                let first = window_column.saturating_sub(window.padding);
                let n = (out_shape.width - skipped).min(in_shape.width - first);
                into[skipped..skipped + n].copy_from_slice(&image[first..first + n]);
            }
        }
    }
    let mut sums = vec![0.0; out_shape.channels * columns];
    multiply(vectors, (out_shape.channels, rows, columns), (weights, &columns_of_rows), &mut sums);
    sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
    sums
}

fn max_pool(map: &[f32], window: Window, (in_shape, out_shape): (Shape, Shape)) -> Vec<f32> {
    let mut pooled = Vec::with_capacity(map.len() / 4);
    for image in map.chunks_exact(in_shape.positions()) {
        for rows in image.chunks_exact(window.height * in_shape.width) {
            let (first, second) = rows.split_at(in_shape.width);
            let pairs = first.chunks_exact(2).zip(second.chunks_exact(2));
            pooled.extend(pairs.map(|(a, b)| a[0].max(a[1]).max(b[0]).max(b[1])));
        }
    }
    assert_eq!(pooled.len(), out_shape.len() * BATCH, "windows of 2 × 2");
    pooled
}
