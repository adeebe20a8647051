//! Running an image: what is the same for the exact network and for emulated arrays.

use crate::feature_map::{FeatureMap, add, max_pool, sum_pool};
use crate::layer::{LayerId, Op, OutputTensors};
use crate::live::LiveMaps;
use crate::{CodeFormat, ForwardError, Network, activate};

/// How the sums of a layer come about: exactly, or on emulated arrays.
pub trait Mvm {
    /// Bits after the point of the sums: Y is given in units of 2^−fraction_bits; at most 8.
    fn fraction_bits(&self) -> u32;

    /// Writes the sums Y of a weighted layer, times 2^fraction_bits.
    ///
    /// # Shapes
    ///
    /// `ifmap`: the layer's input shape. `out`: `[out_channel][position]`, positions row by row.
    fn pre_activations(&mut self, layer: LayerId, ifmap: &FeatureMap, out: &mut [i64]);
}

/// Runs one image and returns its logits, one for each class.
///
/// # Shapes
///
/// `image`: codes of the network's input, channel, row, column.
///
/// # Errors
///
/// If the network has no tensors, or the image is not one of its inputs.
pub fn forward(network: &Network, image: &[u16], mvm: &mut impl Mvm) -> Result<Vec<f64>, ForwardError> {
    forward_observed(network, image, mvm, |_, _, _| {})
}

/// As [`forward`], and shows the sums of every weighted layer to `observe(layer, sums, fraction_bits)`.
///
/// # Errors
///
/// As [`forward`].
pub fn forward_observed(
    network: &Network,
    image: &[u16],
    mvm: &mut impl Mvm,
    mut observe: impl FnMut(LayerId, &[i64], u32),
) -> Result<Vec<f64>, ForwardError> {
    let format = network.input_format();
    if let Some(index) = image.iter().position(|&code| code > format.max_code()) {
        return Err(ForwardError::Code { code: image[index], index, bits: format.bits });
    }
    let mut live = LiveMaps::new(network, FeatureMap::new(network.input_shape(), image.to_vec())?);
    for (id, layer) in network.layers_with_ids() {
        let map = live.read(layer.input());
        let weighted = match layer.op() {
            Op::MaxPool(window) => {
                live.write(id, max_pool(&map, network.input_codes(id), *window, layer.out_shape()));
                continue;
            }
            Op::SumPool(window) => {
                live.write(id, sum_pool(&map, *window, layer.out_shape()));
                continue;
            }
            Op::Add(sum) => {
                let skip = live.read(sum.skip);
                live.write(id, add(&map, &skip, CodeFormat::unsigned(sum.bits).max_code()));
                continue;
            }
            Op::Weighted(weighted) => weighted,
        };
        let tensors = weighted.tensors.as_ref().ok_or(ForwardError::ShapeOnly)?;
        let map = if map.shape() == layer.in_shape() { map } else { map.into_flattened() };
        let mut sums = vec![0; layer.out_shape().len()];
        mvm.pre_activations(id, &map, &mut sums);
        let fraction_bits = mvm.fraction_bits();
        observe(id, &sums, fraction_bits);
        match &tensors.output {
            OutputTensors::Codes { thresholds, direction } => {
                let positions = layer.out_shape().positions();
                let codes = activate::codes(thresholds, direction, &sums, (positions, fraction_bits));
                live.write(id, FeatureMap::new(layer.out_shape(), codes)?);
            }
            OutputTensors::Logits { scale, offset } => {
                return Ok(activate::logits(scale, offset, &sums, fraction_bits));
            }
        }
    }
    // Only a network without tensors can end in codes.
    Err(ForwardError::ShapeOnly)
}

/// The class of the largest logit; the lowest class among equals.
pub fn classify(logits: &[f64]) -> u16 {
    let mut best = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit > logits[best] {
            best = class;
        }
    }
    best as u16
}
