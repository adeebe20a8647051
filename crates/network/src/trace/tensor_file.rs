//! Reading tensors by name from safetensors, and collecting what is wrong with them.

use std::collections::BTreeMap;

use rebias_config::{Faults, Problem};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::Named;

/// A file of tensors being read; each tensor is taken once, and what is left in the end is unknown.
///
/// Methods return `None` after they recorded a fault.
pub(super) struct TensorFile<'f> {
    name: &'f str,
    tensors: BTreeMap<String, TensorView<'f>>,
    problems: Vec<Problem>,
}

/// An element type, stored in little-endian order.
pub(super) trait Element: Sized {
    /// Its name in the file.
    const DTYPE: Dtype;

    /// All elements of a tensor's bytes.
    fn decode(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! elements {
    ($($element:ident $dtype:ident),* $(,)?) => {$(
        impl Element for $element {
            const DTYPE: Dtype = Dtype::$dtype;

            fn decode(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect()
            }
        }
    )*};
}

elements!(u8 U8, i8 I8, u16 U16, i32 I32, i64 I64, f64 F64);

impl<'f> TensorFile<'f> {
    /// Reads the header.
    pub(super) fn open(file: &'f Named<Vec<u8>>) -> Result<Self, Faults> {
        let tensors = SafeTensors::deserialize(&file.content).map_err(|error| {
            let problem = Problem::new(format!("not a whole safetensors file: {error}"));
            Faults::in_file(&file.name, problem.hint("it may be truncated or damaged"))
        })?;
        Ok(Self { name: &file.name, tensors: tensors.tensors().into_iter().collect(), problems: Vec::new() })
    }

    /// Takes the tensor `name`, which has one of the shapes.
    pub(super) fn take<T: Element>(&mut self, name: &str, legal: &[&[usize]]) -> Option<Vec<T>> {
        let view = self.required(name, legal)?;
        self.decode(name, &view)
    }

    /// As [`take`](Self::take), if the tensor is there: `Some(None)` is absence.
    pub(super) fn take_optional<T: Element>(&mut self, name: &str, legal: &[&[usize]]) -> Option<Option<Vec<T>>> {
        match self.tensors.contains_key(name) {
            true => self.take(name, legal).map(Some),
            false => Some(None),
        }
    }

    /// Takes codes of up to 16 bits, stored as `u8` or `u16`.
    pub(super) fn take_codes(&mut self, name: &str, legal: &[&[usize]]) -> Option<Vec<u16>> {
        let view = self.required(name, legal)?;
        match view.dtype() == Dtype::U8 {
            true => Some(view.data().iter().map(|&code| code.into()).collect()),
            false => self.decode(name, &view),
        }
    }

    /// Shape of the tensor `name`, if it is there.
    pub(super) fn shape_of(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(TensorView::shape)
    }

    /// Records that something is wrong with a tensor.
    pub(super) fn fault(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Records that an element is not legal.
    pub(super) fn value_fault(&mut self, name: &str, index: &[usize], value: i64, legal: &str) {
        self.fault(Problem::new(format!("tensor `{name}` has {value} at {index:?}")).legal(legal));
    }

    /// Hands out `read` if nothing was wrong and no tensor is left.
    pub(super) fn finish<T>(mut self, read: Option<T>) -> Result<T, Faults> {
        let unknown = self.tensors.keys().map(|name| Problem::new(format!("tensor `{name}` belongs to nothing")));
        self.problems.extend(unknown);
        let faults = self.problems.into_iter().map(|problem| Faults::in_file(self.name, problem));
        match (faults.reduce(Faults::merge), read) {
            (None, Some(read)) => Ok(read),
            (Some(faults), _) => Err(faults),
            (None, None) => Err(Faults::in_file(self.name, "the file holds nothing of use")),
        }
    }

    fn required(&mut self, name: &str, legal: &[&[usize]]) -> Option<TensorView<'f>> {
        let shapes = || legal.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>().join(" or ");
        let Some(view) = self.tensors.remove(name) else {
            self.fault(Problem::new(format!("tensor `{name}` is missing")).legal(format!("shape {}", shapes())));
            return None;
        };
        if !legal.contains(&view.shape()) {
            let problem = Problem::new(format!("tensor `{name}` has shape {:?}", view.shape()));
            self.fault(problem.legal(shapes()));
            return None;
        }
        Some(view)
    }

    fn decode<T: Element>(&mut self, name: &str, view: &TensorView<'f>) -> Option<Vec<T>> {
        if view.dtype() != T::DTYPE {
            let problem = Problem::new(format!("tensor `{name}` has elements of type {}", view.dtype()));
            self.fault(problem.legal(T::DTYPE));
            return None;
        }
        Some(T::decode(view.data()))
    }
}
