//! One matrix through the arrays of a chip, in `f64`.

use ndarray::{Array2, Array4};
use rayon::prelude::*;
use rebias_arch::Arch;
use rebias_crossbar::ChipSeed;
use rebias_emulation::{AnalogLayer, AnalogProduct};
use rebias_mapper::map;
use rebias_network::{
    CodeFormat, LayerDef, LayerInput, Minus, Network, NetworkError, OpDef, OutputFormat, OutputTensors, Representation,
    Scales, Shape, Tensors, WeightsDef,
};

use crate::RunError;

/// A matrix and what it is multiplied with.
#[derive(Clone, Debug)]
pub struct MatrixJob {
    /// Codes of the weights, `[output][input]`.
    pub weights: Array2<u16>,
    /// Codes of w⁻ of the same shape, if weights are pairs; those of w⁺ are then `weights`.
    pub minus: Option<Array2<u16>>,
    /// Bits of a weight, or of each side of a pair; 1 … 16.
    pub weight_bits: u32,
    /// Codes of the inputs, `[vector][input]`; those of two's complement have no bits beyond the format's.
    pub inputs: Array2<u16>,
    /// Bits of an input, and whether they have a sign.
    pub input_format: CodeFormat,
    /// β: each weight stands for its code + β. Pairs have none.
    pub beta: f64,
    /// Which chip's cells.
    pub chip: ChipSeed,
}

/// What arrays make of a matrix product.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixResult {
    /// Σ (q + β)·x, or Σ (q⁺ − q⁻)·x, as the arrays give it, `[vector][output]`.
    pub outputs: Array2<f64>,
    /// Codes of all ADCs, `[vector][input slice][read][column]`: reads of the arrays from the first word lines to the
    /// last, columns output by output, the slices of a weight side by side; those of w⁻ behind those of w⁺ where pairs
    /// are subtracted digitally.
    pub adc_codes: Array4<u32>,
    /// Arrays that hold the matrix.
    pub crossbars: usize,
    /// How well the node currents of arrays with wires balance, relative to the cells' currents with ideal wires.
    pub wire_residual: f64,
    /// √(Σ (y − y₀)²/Σ y₀²), y₀ being the exact products; `None` if all of them are 0.
    pub relative_error: Option<f64>,
}

/// Why a matrix can't be multiplied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// Codes of another size or width than stated.
    #[error("{0}")]
    Codes(NetworkError),
    /// It can't be placed or emulated.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The inputs are not as long as the matrix is wide.
    #[error(
        "each vector has {given} inputs, and the matrix has {wanted} columns\nhint: weights are `[output, input]`, inputs `[vector, input]`"
    )]
    Lengths {
        /// Inputs of a vector.
        given: usize,
        /// Columns of the matrix.
        wanted: usize,
    },
}

/// Multiplies a matrix with vectors on the arrays of a chip.
///
/// # Errors
/// Codes that don't fit their format or each other, a matrix that doesn't fit the chip, arrays that can't be read.
pub fn mvm(arch: &Arch, job: &MatrixJob) -> Result<MatrixResult, MatrixError> {
    let (n_vectors, n_inputs) = job.inputs.dim();
    if n_inputs != job.weights.ncols() {
        return Err(MatrixError::Lengths { given: n_inputs, wanted: job.weights.ncols() });
    }
    let network = network(job).map_err(MatrixError::Codes)?;
    let placement = map(&network, arch).map_err(RunError::from)?;
    let (layer, placed) = (network.weighted_layers().next(), placement.layers().first());
    let (Some((_, layer, weighted)), Some(placed)) = (layer, placed) else {
        unreachable!("the network has one layer with weights, and it is placed")
    };
    let analog = AnalogLayer::new((layer, weighted), placed, arch, job.chip).map_err(RunError::from)?;
    let multiply = |index: usize| analog.multiply(index as u32, &job.inputs.row(index).to_vec());
    let products: Result<Vec<_>, _> = (0..n_vectors).into_par_iter().map(multiply).collect();
    let products = products.map_err(RunError::from)?;
    let output = |(vector, output): (usize, usize)| {
        let AnalogProduct { products, input_sums, .. } = &products[vector];
        products[output] + job.beta * input_sums[output]
    };
    let outputs = Array2::from_shape_fn((n_vectors, job.weights.nrows()), output);
    let [n_slices, n_reads, n_columns] = analog.codes_shape();
    let code = |(vector, slice, read, column): (usize, usize, usize, usize)| {
        products[vector].codes[(slice * n_reads + read) * n_columns + column]
    };
    Ok(MatrixResult {
        relative_error: relative_error(&outputs, &exact(job)),
        adc_codes: Array4::from_shape_fn((n_vectors, n_slices, n_reads, n_columns), code),
        crossbars: placed.row_blocks.len() * placed.column_blocks.len(),
        wire_residual: products.iter().map(|product| product.residual).fold(analog.residual(), f64::max),
        outputs,
    })
}

/// A network of one linear layer that is the matrix.
fn network(job: &MatrixJob) -> Result<Network, NetworkError> {
    let (out_channels, rows) = job.weights.dim();
    let tensors = Tensors {
        minus: job.minus.clone().map(|codes| Minus { codes, ratio: vec![1] }),
        codes: job.weights.clone(),
        alpha: vec![1.0],
        beta: vec![0],
        beta_fraction_bits: 0,
        output: OutputTensors::Logits { scale: vec![1.0; out_channels], offset: vec![0.0; out_channels] },
    };
    let weights = WeightsDef {
        out_channels,
        weight_bits: job.weight_bits,
        representation: match job.minus {
            None => Representation::Biased,
            Some(_) => Representation::Pair(Scales::One),
        },
        output: OutputFormat::Logits,
        tensors: Some(tensors),
    };
    let layer = LayerDef { name: "matrix".to_owned(), input: LayerInput::Network, op: OpDef::Linear(weights) };
    Network::new("matrix", Shape::new(rows, 1, 1), job.input_format, vec![layer])
}

/// Σ (q + β)·x, or Σ (q⁺ − q⁻)·x, in `f64`.
fn exact(job: &MatrixJob) -> Array2<f64> {
    let input = |&code: &u16| f64::from(job.input_format.value(code));
    let mut weights = job.weights.map(|&code| f64::from(code) + job.beta);
    if let Some(minus) = &job.minus {
        weights.zip_mut_with(minus, |weight, &code| *weight -= f64::from(code));
    }
    job.inputs.map(input).dot(&weights.t())
}

fn relative_error(found: &Array2<f64>, exact: &Array2<f64>) -> Option<f64> {
    let power = exact.iter().map(|value| value * value).sum::<f64>();
    let error = found.iter().zip(exact).map(|(found, exact)| (found - exact).powi(2)).sum::<f64>();
    (power > 0.0).then(|| (error / power).sqrt())
}
