//! The network: layers that fit together.

use crate::build;
use crate::layer::{
    Add, Densities, Layer, LayerId, LayerInput, Op, OutputFormat, Representation, Tensors, Weighted, Window,
};
use crate::{CodeFormat, NetworkError, Shape};

/// A valid quantised network: layers, each of which reads earlier ones, and all but the last of which are read.
///
/// Either all weighted layers have tensors, and the last gives logits; or none has (a shape-only network, which has a
/// cost but no values), and the last may as well give codes.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub(crate) name: String,
    pub(crate) input_shape: Shape,
    pub(crate) input_format: CodeFormat,
    /// Never empty.
    pub(crate) layers: Vec<Layer>,
}

/// A layer as it is asked for: what cannot be told from the layers before it.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerDef {
    /// Unique name; letters, digits, `-` and `_`.
    pub name: String,
    /// Where the input comes from.
    pub input: LayerInput,
    /// What it computes.
    pub op: OpDef,
}

/// What a layer is asked to compute.
#[derive(Clone, Debug, PartialEq)]
pub enum OpDef {
    /// A convolution.
    Conv {
        /// Its window.
        window: Window,
        /// Its weights.
        weights: WeightsDef,
    },
    /// A linear layer on the flattened input.
    Linear(WeightsDef),
    /// Maximum over windows.
    MaxPool(Window),
    /// Sum over windows.
    SumPool(Window),
    /// Sum of two maps.
    Add(Add),
}

/// The weights of a layer as they are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightsDef {
    /// Output channels, or outputs of a linear layer.
    pub out_channels: usize,
    /// Bits of a weight code, k; 1 … 16.
    pub weight_bits: u32,
    /// How real weights became codes.
    pub representation: Representation,
    /// What leaves the layer.
    pub output: OutputFormat,
    /// The trained values; `None` in a shape-only network.
    pub tensors: Option<Tensors>,
}

impl Network {
    /// Puts layers together.
    ///
    /// # Errors
    ///
    /// The first fault: names, inputs, shapes, widths, tensors, sizes beyond any machine.
    pub fn new(
        name: impl Into<String>,
        input_shape: Shape,
        input_format: CodeFormat,
        layers: Vec<LayerDef>,
    ) -> Result<Self, NetworkError> {
        let (layers, tensors) = build::layers(input_shape, input_format, layers)?;
        let network = Self { name: name.into(), input_shape, input_format, layers };
        build::with_tensors(network, tensors)
    }

    /// The same network, with what is assumed of the bits of each layer; layers without weights have none.
    #[must_use]
    pub fn with_densities(mut self, densities: impl IntoIterator<Item = (LayerId, Densities)>) -> Self {
        for (layer, assumed) in densities {
            if let Some(Op::Weighted(weighted)) = self.layers.get_mut(layer.0).map(|layer| &mut layer.op) {
                weighted.densities = assumed;
            }
        }
        self
    }

    /// The name, such as that of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Shape of an image.
    pub fn input_shape(&self) -> Shape {
        self.input_shape
    }

    /// Format of an image's codes.
    pub fn input_format(&self) -> CodeFormat {
        self.input_format
    }

    /// All layers, in the order in which they run.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// One layer.
    ///
    /// # Panics
    ///
    /// If the network has no such layer.
    pub fn layer(&self, layer: LayerId) -> &Layer {
        &self.layers[layer.0]
    }

    /// The layers with their ids.
    pub fn layers_with_ids(&self) -> impl Iterator<Item = (LayerId, &Layer)> {
        self.layers.iter().enumerate().map(|(index, layer)| (LayerId(index), layer))
    }

    /// The layers with weights.
    pub fn weighted_layers(&self) -> impl Iterator<Item = (LayerId, &Layer, &Weighted)> {
        self.layers_with_ids().filter_map(|(id, layer)| Some((id, layer, layer.weighted()?)))
    }

    /// Format of the codes that a layer reads.
    ///
    /// # Panics
    ///
    /// If the network has no such layer.
    pub fn input_codes(&self, layer: LayerId) -> CodeFormat {
        match self.layer(layer).input() {
            LayerInput::Network => self.input_format,
            // Logits are read by no layer, so there is a format.
            LayerInput::Layer(earlier) => self.output_codes(earlier).unwrap_or(self.input_format),
        }
    }

    /// Format of the codes that a layer gives; `None` if it gives logits.
    ///
    /// # Panics
    ///
    /// If the network has no such layer.
    pub fn output_codes(&self, layer: LayerId) -> Option<CodeFormat> {
        match self.layer(layer).op() {
            Op::MaxPool(_) => Some(self.input_codes(layer)),
            Op::SumPool(window) => Some(build::sum_format(self.input_codes(layer), *window)),
            Op::Add(add) => Some(CodeFormat::unsigned(add.bits)),
            Op::Weighted(weighted) => weighted.output.codes(),
        }
    }

    /// Whether each layer reads the one before it and nothing else.
    pub fn is_chain(&self) -> bool {
        self.layers_with_ids().all(|(LayerId(index), layer)| {
            let before = index.checked_sub(1).map_or(LayerInput::Network, |before| LayerInput::Layer(LayerId(before)));
            layer.inputs().all(|input| input == before)
        })
    }

    /// Number of classes; `None` if a shape-only network ends in codes.
    pub fn classes(&self) -> Option<usize> {
        let last = self.layers.last()?;
        let gives_logits = last.weighted()?.output == OutputFormat::Logits;
        gives_logits.then(|| last.out_shape().channels)
    }

    /// Multiply–accumulates of one image.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(Layer::macs).sum()
    }

    /// Whether it has shapes without values.
    pub fn is_shape_only(&self) -> bool {
        self.weighted_layers().all(|(_, _, weighted)| weighted.tensors.is_none())
    }
}
