//! What can be wrong with a network, and with an image.

use crate::{LayerId, Shape, Window};

/// Why layers are no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// There are no layers.
    #[error("the network has no layers")]
    Empty,
    /// The input's shape holds nothing or too much.
    #[error("input shape {shape} is not legal: 1 to {limit} values")]
    InputShape {
        /// The shape.
        shape: Shape,
        /// Most values of a feature map.
        limit: u64,
    },
    /// The input's codes are too narrow or too wide.
    #[error("input codes of {bits} bits are not legal: 1 to 16")]
    InputBits {
        /// Their width.
        bits: u32,
    },
    /// A layer is at fault.
    #[error("layer `{name}`: {fault}")]
    Layer {
        /// Its place.
        layer: LayerId,
        /// Its name.
        name: String,
        /// What is wrong.
        fault: Box<LayerFault>,
    },
}

/// What is wrong with a layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerFault {
    /// A name is also part of tensors' names and of reports.
    #[error("a name has letters, digits, `-` and `_`, and at least one of them")]
    Name,
    /// An earlier layer has the name, or it is `input`, which is the network's.
    #[error("the name is taken by an earlier layer or by the network's input")]
    NameTaken,
    /// The input is not an earlier layer.
    #[error("its input is not an earlier layer")]
    InputNotEarlier,
    /// The second operand of an addition is not an earlier layer.
    #[error("the second operand is not an earlier layer")]
    SkipNotEarlier,
    /// Sums are of unsigned codes.
    #[error("codes in two's complement cannot be added up; additions and sum-pools take unsigned codes")]
    SignedSum,
    /// A sum that no code can hold.
    #[error("sums of {bits} bits; a code has 16 at most")]
    WideSums {
        /// Bits of the greatest sum.
        bits: u32,
    },
    /// The operands of an addition differ in shape.
    #[error("a map of {input} and a map of {skip} cannot be added")]
    UnequalOperands {
        /// Shape of the first operand.
        input: Shape,
        /// Shape of the second.
        skip: Shape,
    },
    /// No later layer reads the output, and it is not the last.
    #[error("no layer reads its output")]
    Unread,
    /// A number is out of its range.
    #[error("`{field}` = {value} is not legal: {low} to {high}")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The least legal value.
        low: u64,
        /// The greatest legal value.
        high: u64,
    },
    /// The window does not fit on the padded map.
    #[error("a window of {}×{} does not fit on an input of {input} padded by {}", window.height, window.width, window.padding)]
    WindowTooLarge {
        /// The window.
        window: Window,
        /// The map.
        input: Shape,
    },
    /// Signed codes are not padded, as code 0 is not their least.
    #[error("a max-pool of two's-complement codes has no padding")]
    PaddedSignedPool,
    /// Something grows beyond what any machine would hold.
    #[error("too large: more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many are legal.
        limit: u64,
    },
    /// Sums Y may leave 55 bits.
    #[error("its sums may reach {bound}, beyond 2^55; fewer bits or fewer inputs are needed")]
    SumsTooLarge {
        /// The greatest magnitude that a sum may have.
        bound: u128,
    },
    /// Only the last layer gives logits.
    #[error("only the last layer gives logits")]
    LogitsNotLast,
    /// A network with trained values classifies.
    #[error("the last layer of a network with tensors gives logits")]
    NoLogits,
    /// Logits are one value for each class.
    #[error("logits on a map of {shape}; a layer of logits has one position")]
    LogitsMap {
        /// The layer's output shape.
        shape: Shape,
    },
    /// Other layers have tensors.
    #[error("it has no tensors, but other layers have")]
    NoTensors,
    /// A tensor is at fault.
    #[error("{0}")]
    Tensor(#[from] TensorFault),
}

/// What is wrong with a tensor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFault {
    /// The shape differs from the layer's.
    #[error("tensor `{tensor}` has shape {found:?}; legal: {legal}")]
    Shape {
        /// Its name without the layer's.
        tensor: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The legal shapes.
        legal: String,
    },
    /// An element is out of range.
    #[error("tensor `{tensor}` has {value} at {place}; legal: {legal}")]
    Value {
        /// Its name without the layer's.
        tensor: &'static str,
        /// Where, such as `channel 1, row 7`.
        place: String,
        /// The element.
        value: String,
        /// The legal range.
        legal: String,
    },
    /// Thresholds are not in order.
    #[error("tensor `thresholds` of channel {channel} goes from {before} to {after} at {index}; legal: {legal}")]
    Order {
        /// The output channel.
        channel: usize,
        /// Which threshold.
        index: usize,
        /// The threshold before it.
        before: i64,
        /// The threshold.
        after: i64,
        /// The legal order.
        legal: &'static str,
    },
    /// Thresholds in a layer of logits, or scales in a layer of codes.
    #[error("tensors of {found} in a layer that gives {legal}")]
    Output {
        /// What the tensors make.
        found: &'static str,
        /// What the layer gives.
        legal: &'static str,
    },
}

/// Why an image cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The network has shapes only.
    #[error("the network has no tensors: it has a cost but no values")]
    ShapeOnly,
    /// Codes and shape differ in number.
    #[error("{found} codes do not fill a map of {shape}")]
    Length {
        /// Number of codes.
        found: usize,
        /// The shape.
        shape: Shape,
    },
    /// A code has more bits than the input.
    #[error("code {code} at {index} is not below 2^{bits}")]
    Code {
        /// The code.
        code: u16,
        /// Its index in the image.
        index: usize,
        /// Bits of the network's input.
        bits: u32,
    },
}
