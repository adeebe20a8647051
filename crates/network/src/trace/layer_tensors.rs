//! `tensors.safetensors`: the trained values of all layers.

use ndarray::Array2;
use rebias_config::{Faults, Problem};

use super::Named;
use super::manifest::{Manifest, Storage};
use super::tensor_file::TensorFile;
use crate::layer::{Direction, Layer, Minus, OutputFormat, OutputTensors, Representation, Scales, Tensors, Weighted};
use crate::{Network, build};

/// The manifest's network with the tensors of the file.
pub(super) fn read(file: &Named<Vec<u8>>, manifest: &Manifest) -> Result<Network, Faults> {
    let mut tensors = TensorFile::open(file)?;
    let mut network = manifest.network.clone();
    let last = network.layers.len() - 1;
    let mut is_whole = true;
    for (index, (layer, storage)) in network.layers.iter_mut().zip(&manifest.storage).enumerate() {
        let read = match layer.weighted() {
            Some(weighted) => layer_tensors(&mut tensors, layer, weighted, *storage).map(Some),
            None => Some(None),
        };
        match read.map(|read| build::attach(layer, read, index == last)) {
            Some(Ok(())) => {}
            Some(Err(fault)) => tensors.fault(Problem::new(format!("layer `{}`: {fault}", layer.name))),
            None => is_whole = false,
        }
    }
    tensors.finish(is_whole.then_some(network))
}

fn layer_tensors(file: &mut TensorFile<'_>, layer: &Layer, weighted: &Weighted, storage: Storage) -> Option<Tensors> {
    let (out_channels, rows) = (layer.out_shape().channels, layer.rows());
    let name = |tensor: &str| format!("{}.{tensor}", layer.name());
    let (shape, beta_fraction_bits) = match storage {
        Storage::Conv { beta_fraction_bits } => {
            let window = weighted.window;
            (vec![out_channels, layer.in_shape().channels, window.height, window.width], beta_fraction_bits)
        }
        Storage::Linear { beta_fraction_bits } => (vec![out_channels, rows], beta_fraction_bits),
        Storage::Nothing => return None,
    };
    let mut codes = |tensor| file.take_codes(&name(tensor), &[&shape]);
    let (plus, minus) = match weighted.representation {
        Representation::Biased => (codes("codes"), None),
        Representation::Pair(_) => (codes("codes_pos"), Some(codes("codes_neg"))),
    };
    let mut alpha = |tensor| file.take::<f64>(&name(tensor), &[&[1], &[out_channels]]);
    let (alpha, ratio) = match weighted.representation {
        Representation::Biased => (alpha("alpha"), None),
        Representation::Pair(Scales::One) => (alpha("alpha"), Some(vec![1 << beta_fraction_bits])),
        Representation::Pair(Scales::Two) => {
            let (plus, minus) = (alpha("alpha_pos"), alpha("alpha_neg"));
            let ratio = plus.as_ref().zip(minus).map(|(plus, minus)| ratios(plus, &minus, beta_fraction_bits));
            (plus, ratio)
        }
    };
    let beta = match weighted.representation {
        Representation::Biased => file.take(&name("beta"), &[&[1], &[out_channels]]),
        Representation::Pair(_) => Some(vec![0]),
    };
    let output = match weighted.output {
        OutputFormat::Codes { bits } => {
            let shape = [out_channels, (1 << bits) - 1];
            let thresholds = file.take(&name("thresholds"), &[&shape]);
            let direction = take_direction(file, &name("direction"), out_channels);
            OutputTensors::Codes { thresholds: matrix(shape, thresholds?)?, direction: direction? }
        }
        OutputFormat::Logits => {
            let scale = file.take(&name("scale"), &[&[out_channels]]);
            let offset = file.take(&name("offset"), &[&[out_channels]]);
            OutputTensors::Logits { scale: scale?, offset: offset? }
        }
    };
    let codes = matrix([out_channels, rows], plus?)?;
    let minus = match minus {
        Some(minus) => Some(Minus { codes: matrix([out_channels, rows], minus?)?, ratio: ratio? }),
        None => None,
    };
    Some(Tensors { codes, minus, alpha: alpha?, beta: beta?, beta_fraction_bits, output })
}

/// ⌊2^F·α⁻/α⁺ + ½⌋ of each channel; the cast saturates, and takes what is no number for 0, which is then refused.
fn ratios(plus: &[f64], minus: &[f64], fraction_bits: u32) -> Vec<i32> {
    let unit = f64::from(1u32 << fraction_bits);
    // One scale serves all channels.
    let of = |values: &[f64], channel: usize| values.get(channel).or(values.first()).copied().unwrap_or(f64::NAN);
    let n = plus.len().max(minus.len());
    (0..n).map(|channel| (unit * of(minus, channel) / of(plus, channel) + 0.5).floor() as i32).collect()
}

fn take_direction(file: &mut TensorFile<'_>, name: &str, out_channels: usize) -> Option<Vec<Direction>> {
    let signs: Vec<i8> = file.take(name, &[&[out_channels]])?;
    let mut directions = Vec::with_capacity(signs.len());
    for (channel, sign) in signs.into_iter().enumerate() {
        directions.push(match sign {
            1 => Direction::Rising,
            -1 => Direction::Falling,
            _ => {
                file.value_fault(name, &[channel], sign.into(), "1 or -1");
                return None;
            }
        });
    }
    Some(directions)
}

/// The elements as a matrix; their number was checked with the tensor's shape.
fn matrix<T>(shape: [usize; 2], elements: Vec<T>) -> Option<Array2<T>> {
    Array2::from_shape_vec(shape, elements).ok()
}
