//! The integer network: exact sums by a matrix product in the narrowest arithmetic that cannot round.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, LinalgScalar};

use crate::feature_map::FeatureMap;
use crate::forward::Mvm;
use crate::layer::{LayerId, Tensors, Weighted, Window};
use crate::{CodeFormat, ForwardError, Network, Shape, Sign};

/// Values of input columns that are multiplied at a time: they stay in a core's cache.
const CHUNK_VALUES: usize = 1 << 18;

/// Computes the sums Y = 2^F·P + n·S of the integer network.
///
/// A clone shares the weights, so that each thread can have its own. One product gives P and S: the weight matrix has a
/// last row of ones. It is taken in `f32` where no sum can reach 2^24, in `f64` below 2^53, else in `i64`.
#[derive(Clone, Debug)]
pub struct ExactMvm<'n> {
    network: &'n Network,
    /// One for each layer; `None` without weights.
    matrices: Arc<[Option<Matrix>]>,
}

#[derive(Clone, Debug)]
enum Matrix {
    F32(Array2<f32>),
    F64(Array2<f64>),
    I64(Array2<i64>),
}

impl<'n> ExactMvm<'n> {
    /// Prepares the weights of a network.
    ///
    /// # Errors
    ///
    /// [`ForwardError::ShapeOnly`] if the network has no tensors.
    pub fn new(network: &'n Network) -> Result<Self, ForwardError> {
        let mut matrices = Vec::with_capacity(network.layers().len());
        for layer in network.layers() {
            matrices.push(match layer.weighted() {
                None => None,
                Some(weighted) => {
                    let tensors = weighted.tensors.as_ref().ok_or(ForwardError::ShapeOnly)?;
                    Some(Matrix::new(weighted, tensors, layer.rows()))
                }
            });
        }
        Ok(Self { network, matrices: matrices.into() })
    }
}

impl Mvm for ExactMvm<'_> {
    fn fraction_bits(&self) -> u32 {
        0
    }

    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]) {
        let network_layer = self.network.layer(layer);
        let weighted = network_layer.weighted();
        let tensors = weighted.and_then(|weighted| weighted.tensors.as_ref());
        let (Some(weighted), Some(tensors), Some(matrix)) = (weighted, tensors, &self.matrices[layer.0]) else {
            unreachable!("sums are asked of layers with weights, and all of them have tensors");
        };
        let task =
            Task { window: weighted.window, format: weighted.input, ifmap, out_shape: network_layer.out_shape() };
        match matrix {
            Matrix::F32(matrix) => task.run(matrix, tensors, out),
            Matrix::F64(matrix) => task.run(matrix, tensors, out),
            Matrix::I64(matrix) => task.run(matrix, tensors, out),
        }
    }
}

impl Matrix {
    fn new(weighted: &Weighted, tensors: &Tensors, rows: usize) -> Self {
        // No partial sum of products is greater in magnitude, so that none is rounded in any order of addition.
        let ratios = tensors.minus.iter().flat_map(|minus| &minus.ratio);
        let greatest =
            ratios.max().map_or(1, |ratio| (1 << tensors.beta_fraction_bits) + u128::from(ratio.unsigned_abs()));
        let max_code = (1u128 << weighted.weight_bits) - 1;
        let bound = (rows as u128) * u128::from(greatest_input(weighted.input)) * max_code * greatest;
        if bound < 1 << 24 {
            Self::F32(with_ones(tensors))
        } else if bound < 1 << 53 {
            Self::F64(with_ones(tensors))
        } else {
            Self::I64(with_ones(tensors))
        }
    }
}

/// Greatest magnitude of a number in `format`.
fn greatest_input(format: CodeFormat) -> u32 {
    match format.sign {
        Sign::Unsigned => (1 << format.bits) - 1,
        Sign::TwosComplement => 1 << (format.bits - 1),
    }
}

/// The codes, or the whole weights of pairs in units of 2^−F, and a last row of ones whose product is the sum of the inputs.
fn with_ones<T: Number>(tensors: &Tensors) -> Array2<T> {
    let (out_channels, rows) = tensors.codes.dim();
    let of = |channel, row| match tensors.minus {
        Some(_) => tensors.weight(channel, row),
        None => tensors.codes[[channel, row]].into(),
    };
    Array2::from_shape_fn((out_channels + 1, rows), |(channel, row)| {
        if channel == out_channels { T::one() } else { T::from_i64(of(channel, row)) }
    })
}

/// A number that holds integers exactly up to a bound that the caller keeps.
trait Number: LinalgScalar {
    fn from_i64(integer: i64) -> Self;
    fn to_i64(self) -> i64;
}

impl Number for f32 {
    fn from_i64(integer: i64) -> Self {
        integer as f32
    }

    fn to_i64(self) -> i64 {
        self as i64
    }
}

impl Number for f64 {
    fn from_i64(integer: i64) -> Self {
        integer as f64
    }

    fn to_i64(self) -> i64 {
        self as i64
    }
}

impl Number for i64 {
    fn from_i64(integer: i64) -> Self {
        integer
    }

    fn to_i64(self) -> i64 {
        self
    }
}

/// One layer on one map.
struct Task<'a> {
    window: Window,
    format: CodeFormat,
    ifmap: &'a FeatureMap,
    out_shape: Shape,
}

impl Task<'_> {
    fn run<T: Number>(&self, matrix: &Array2<T>, tensors: &Tensors, out: &mut [i64]) {
        let (out_rows, rows) = matrix.dim();
        let positions = self.out_shape.positions();
        let shift = if tensors.minus.is_some() { 0 } else { tensors.beta_fraction_bits };
        let chunk = (CHUNK_VALUES / rows).clamp(1, positions);
        let mut columns = vec![T::zero(); rows * chunk];
        let mut products = vec![T::zero(); out_rows * chunk];
        let values: Vec<T> =
            self.ifmap.codes().iter().map(|&code| T::from_i64(self.format.value(code).into())).collect();
        for start in (0..positions).step_by(chunk) {
            let n = chunk.min(positions - start);
            self.fill_columns(&values, start, (&mut columns[..rows * n], n));
            multiply(matrix, (&columns[..rows * n], n), &mut products[..out_rows * n]);
            let (sums_of_codes, sums_of_inputs) = products[..out_rows * n].split_at((out_rows - 1) * n);
            for (channel, sums_of_codes) in sums_of_codes.chunks_exact(n).enumerate() {
                let bias = i64::from(tensors.beta_of(channel));
                let out = &mut out[channel * positions + start..][..n];
                for ((out, &p), &s) in out.iter_mut().zip(sums_of_codes).zip(sums_of_inputs) {
                    *out = (p.to_i64() << shift) + bias * s.to_i64();
                }
            }
        }
    }

    /// Writes the inputs of `n` positions from `start`: `[row][position]`, padding as 0.
    fn fill_columns<T: Number>(&self, values: &[T], start: usize, (columns, n): (&mut [T], usize)) {
        let Window { height, width, stride, padding } = self.window;
        let map = self.ifmap.shape();
        for (row, inputs) in columns.chunks_exact_mut(n).enumerate() {
            let (channel, place) = (row / (height * width), row % (height * width));
            let (window_row, window_column) = (place / width, place % width);
            let channel = &values[channel * map.positions()..][..map.positions()];
            let (mut out_row, mut out_column) = (start / self.out_shape.width, start % self.out_shape.width);
            for input in inputs {
                // Above or left of the map the difference wraps, and is then not below the extent.
                let map_row = (out_row * stride + window_row).wrapping_sub(padding);
                let map_column = (out_column * stride + window_column).wrapping_sub(padding);
                let is_on_map = map_row < map.height && map_column < map.width;
                *input = if is_on_map { channel[map_row * map.width + map_column] } else { T::zero() };
                // Counted, not divided anew for each of the many inputs.
                out_column += 1;
                if out_column == self.out_shape.width {
                    (out_row, out_column) = (out_row + 1, 0);
                }
            }
        }
    }
}

/// `[a, k] × [k, n] → [a, n]`.
fn multiply<T: Number>(matrix: &Array2<T>, (columns, n): (&[T], usize), products: &mut [T]) {
    let (out_rows, rows) = matrix.dim();
    let columns = ArrayView2::from_shape((rows, n), columns);
    let products = ArrayViewMut2::from_shape((out_rows, n), products);
    if let (Ok(columns), Ok(mut products)) = (columns, products) {
        general_mat_mul(T::one(), matrix, &columns, T::zero(), &mut products);
    } else {
        unreachable!("the slices have the lengths that their shapes say");
    }
}
