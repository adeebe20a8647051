//! A small trace made by hand, to be spoilt.

use std::borrow::Cow;
use std::collections::BTreeMap;

use expect_test::Expect;
use safetensors::Dtype;
use safetensors::tensor::View;

use crate::*;

pub(super) const TOML: &str = r#"format_version = 1
name = "toy"

[provenance]
data_set = "made by hand"
licence = "CC0-1.0"

[input]
shape = [1, 2, 2]
bits = 4
sign = "unsigned"

[[layers]]
name = "conv"
op = "conv"
out_channels = 2
kernel = 2
stride = 1
padding = 0
weight_bits = 2
representation = "biased"
activation_bits = 1

[[layers]]
name = "fc"
op = "linear"
out_channels = 3
weight_bits = 1
representation = "biased"
"#;

/// A tensor as its bytes.
#[derive(Clone)]
pub(super) struct Raw {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Raw {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        (&self.bytes).into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

pub(super) fn raw<const N: usize>(dtype: Dtype, shape: &[usize], elements: &[[u8; N]]) -> Raw {
    Raw { dtype, shape: shape.to_vec(), bytes: elements.concat() }
}

pub(super) fn u8s(shape: &[usize], elements: &[u8]) -> Raw {
    Raw { dtype: Dtype::U8, shape: shape.to_vec(), bytes: elements.to_vec() }
}

pub(super) fn u16s(elements: &[u16]) -> Raw {
    raw(Dtype::U16, &[elements.len()], &elements.iter().map(|e| e.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) fn f64s(elements: &[f64]) -> Raw {
    raw(Dtype::F64, &[elements.len()], &elements.iter().map(|e| e.to_le_bytes()).collect::<Vec<_>>())
}

pub(super) type Tensors = BTreeMap<&'static str, Raw>;

pub(super) fn tensors() -> Tensors {
    BTreeMap::from([
        ("conv.codes", u8s(&[2, 1, 2, 2], &[0, 1, 2, 3, 3, 2, 1, 0])),
        ("conv.alpha", f64s(&[0.5])),
        ("conv.beta", raw(Dtype::I32, &[2], &[(-384i32).to_le_bytes(), (-128i32).to_le_bytes()])),
        ("conv.thresholds", raw(Dtype::I64, &[2, 1], &[0i64.to_le_bytes(), (-7i64).to_le_bytes()])),
        ("conv.direction", raw(Dtype::I8, &[2], &[1i8.to_le_bytes(), (-1i8).to_le_bytes()])),
        ("fc.codes", u8s(&[3, 2], &[0, 1, 1, 0, 1, 1])),
        ("fc.alpha", f64s(&[0.5, 0.25, 0.125])),
        ("fc.beta", raw(Dtype::I32, &[1], &[(-128i32).to_le_bytes()])),
        ("fc.scale", f64s(&[1.0, 2.0, 3.0])),
        ("fc.offset", f64s(&[0.0, -1.0, 0.5])),
    ])
}

pub(super) fn samples() -> Tensors {
    BTreeMap::from([
        ("inputs", u8s(&[2, 1, 2, 2], &[0, 1, 2, 3, 12, 13, 14, 15])),
        ("labels", u16s(&[0, 2])),
        ("expected", u16s(&[1, 2])),
    ])
}

pub(super) struct Toy {
    pub(super) toml: String,
    pub(super) tensors: Tensors,
    pub(super) samples: Tensors,
}

impl Toy {
    pub(super) fn new() -> Self {
        Self { toml: TOML.to_owned(), tensors: tensors(), samples: samples() }
    }

    pub(super) fn files(self) -> TraceFiles {
        let file = |name: &str, tensors: Tensors| {
            let content = safetensors::serialize(tensors, None).expect("consistent tensors");
            Some(Named { name: name.to_owned(), content })
        };
        TraceFiles {
            toml: Named { name: "toy/trace.toml".to_owned(), content: self.toml },
            tensors: file("toy/tensors.safetensors", self.tensors),
            samples: file("toy/samples.safetensors", self.samples),
            calibration: None,
        }
    }
}

pub(super) fn check_files(files: &TraceFiles, expected: Expect) {
    let faults = Trace::parse(files).expect_err("a fault");
    expected.assert_eq(&format!("{faults}\n"));
}

pub(super) fn check(change: impl FnOnce(&mut Toy), expected: Expect) {
    let mut toy = Toy::new();
    change(&mut toy);
    check_files(&toy.files(), expected);
}

pub(super) fn check_toml(from: &str, to: &str, expected: Expect) {
    assert!(TOML.contains(from));
    check(|toy| toy.toml = TOML.replacen(from, to, 1), expected);
}
