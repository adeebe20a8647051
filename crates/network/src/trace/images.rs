//! `samples.safetensors` and `calibration.safetensors`: images with their classes.

use ndarray::Array4;
use rebias_config::{Faults, Problem};

use super::tensor_file::TensorFile;
use super::{Named, SampleSet};
use crate::{Network, Shape};

/// Widest input codes that images come in.
const IMAGE_BITS: u32 = 8;

/// The images, if they are inputs of `network`.
pub(super) fn read(file: &Named<Vec<u8>>, network: &Network) -> Result<SampleSet, Faults> {
    let bits = network.input_format().bits;
    if bits > IMAGE_BITS {
        let problem =
            Problem::new(format!("images have codes of {IMAGE_BITS} bits, but the network's input has {bits}"));
        return Err(Faults::in_file(&file.name, problem));
    }
    let mut tensors = TensorFile::open(file)?;
    let n_images = tensors.shape_of("inputs").and_then(|shape| shape.first().copied()).unwrap_or(1).max(1);
    let inputs = inputs(&mut tensors, network, n_images);
    let labels = classes(&mut tensors, "labels", network, n_images);
    let expected = classes(&mut tensors, "expected", network, n_images);
    let set = || Some(SampleSet { inputs: inputs?, labels: labels?, expected: expected? });
    let set = set();
    tensors.finish(set)
}

fn inputs(file: &mut TensorFile<'_>, network: &Network, n_images: usize) -> Option<Array4<u8>> {
    let Shape { channels, height, width } = network.input_shape();
    let shape = [n_images, channels, height, width];
    let codes: Vec<u8> = file.take("inputs", &[&shape])?;
    let inputs = Array4::from_shape_vec(shape, codes).ok()?;
    let max_code = network.input_format().max_code();
    if let Some(((image, channel, row, column), &code)) =
        inputs.indexed_iter().find(|(_, code)| u16::from(**code) > max_code)
    {
        file.value_fault("inputs", &[image, channel, row, column], code.into(), &format!("0 to {max_code}"));
        return None;
    }
    Some(inputs)
}

fn classes(file: &mut TensorFile<'_>, name: &str, network: &Network, n_images: usize) -> Option<Option<Vec<u16>>> {
    let classes: Option<Vec<u16>> = file.take_optional(name, &[&[n_images]])?;
    let n_classes = network.classes().unwrap_or(usize::MAX);
    let found = classes.iter().flatten().enumerate().find(|(_, class)| usize::from(**class) >= n_classes);
    if let Some((image, &class)) = found {
        file.value_fault(name, &[image], class.into(), &format!("0 to {}", n_classes - 1));
        return None;
    }
    Some(classes)
}
