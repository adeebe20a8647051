//! The network in training: stages of tensors with gradients.
//!
//! Order of a convolution: conv → batch norm → pools that follow it → ReLU or quantiser. Max-pool commutes with both,
//! as they never fall, and they have fewer values to work on this way.

use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Gradients, Tensor};
use rebias_recipe::{Form, Granularity, PlannedLayer, Quantisation};

use crate::checkpoint::{ModelState, StageState};
use crate::hardware::{Chip, InputCodes};
use crate::layers::{Activation, Conv, Linear, Run, Weights};
use crate::parameter::{Parameter, Pass, Rates, to_vec};
use crate::random::Stream;
use crate::trained::{Trained, TrainedStage};

/// A network in training.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    stages: Vec<Stage>,
    device: Device,
}

/// A part of the network.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a network has few stages")]
enum Stage {
    Conv(Conv),
    Pool,
    Activation(Activation),
    Linear(Linear),
}

impl Stage {
    fn forward(&mut self, x: Tensor<4>, run: &mut Run<'_, '_>) -> Tensor<4> {
        match self {
            Self::Conv(conv) => conv.forward(x, run),
            Self::Pool => max_pool2d(x, MaxPoolOptions::new([2, 2])),
            Self::Activation(activation) => activation.forward(x, run),
            Self::Linear(linear) => linear.forward(x, run),
        }
    }

    /// Name of the layer to which the stage belongs, if it has values of its own.
    fn layer(&self) -> Option<&str> {
        match self {
            Self::Conv(conv) => Some(&conv.weights.name),
            Self::Activation(activation) => Some(&activation.layer),
            Self::Linear(linear) => Some(&linear.weights.name),
            Self::Pool => None,
        }
    }

    fn trained(&self) -> TrainedStage {
        match self {
            Self::Conv(conv) => conv.trained(),
            Self::Pool => TrainedStage::Pool,
            Self::Activation(activation) => activation.trained(),
            Self::Linear(linear) => linear.trained(),
        }
    }

    fn parameters(&mut self) -> Vec<&mut Parameter> {
        match self {
            Self::Conv(conv) => conv.parameters(),
            Self::Pool => Vec::new(),
            Self::Activation(activation) => activation.parameters(),
            Self::Linear(linear) => linear.parameters(),
        }
    }

    fn state(&mut self) -> StageState {
        let statistics = match self {
            Self::Conv(conv) => conv.statistics().into(),
            Self::Pool | Self::Activation(_) | Self::Linear(_) => Vec::new(),
        };
        let stored = self.weights().map(|weights| weights.stored()).unwrap_or_default();
        let parameters = self.parameters().iter().map(|parameter| parameter.state()).collect();
        StageState { stored, parameters, statistics }
    }

    /// Sets it to a state; `None` if that is of another stage.
    fn restore(&mut self, state: &StageState) -> Option<()> {
        // First, as a frozen quantiser may have fewer parameters.
        if let Some(weights) = self.weights() {
            weights.set_stored(&state.stored);
        }
        if let (Self::Conv(conv), [mean, variance]) = (&mut *self, state.statistics.as_slice()) {
            conv.set_statistics([mean, variance])?;
        }
        let parameters = self.parameters();
        if parameters.len() != state.parameters.len() {
            return None;
        }
        parameters.into_iter().zip(&state.parameters).try_for_each(|(parameter, state)| parameter.restore(state))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        match self {
            Self::Conv(conv) => Some(&mut conv.weights),
            Self::Linear(linear) => Some(&mut linear.weights),
            Self::Pool | Self::Activation(_) => None,
        }
    }
}

impl Model {
    /// A float network with random weights for images of these channels, rows and columns.
    pub(crate) fn new(plan: &[PlannedLayer], shape: [usize; 3], stream: &mut Stream, device: &Device) -> Self {
        let mut stages = Vec::new();
        let [mut channels, mut height, mut width] = shape;
        let mut n_convs = 0;
        let mut pending = None;
        for layer in plan {
            if *layer != PlannedLayer::Pool {
                stages.extend(pending.take().map(Stage::Activation));
            }
            match *layer {
                PlannedLayer::Conv(out) => {
                    n_convs += 1;
                    let name = format!("conv{n_convs}");
                    pending = Some(Activation::relu(&name));
                    stages.push(Stage::Conv(Conv::new(name, [out, channels], stream, device)));
                    channels = out;
                }
                PlannedLayer::Pool => {
                    (height, width) = (height / 2, width / 2);
                    stages.push(Stage::Pool);
                }
                PlannedLayer::Linear(classes) => {
                    let inputs = channels * height * width;
                    stages.push(Stage::Linear(Linear::new([classes, inputs], stream, device)));
                }
            }
        }
        Self { stages, device: device.clone() }
    }

    /// Class scores, shape `[images, classes]`, of images `[images, channels, height, width]`.
    pub(crate) fn forward(&mut self, x: Tensor<4>, pass: Pass) -> Tensor<2> {
        self.forward_on(x, pass, None)
    }

    /// The same on a chip: each call programs cells of its own.
    pub(crate) fn forward_on(&mut self, x: Tensor<4>, pass: Pass, chip: Option<&mut Chip<'_>>) -> Tensor<2> {
        let mut run = Run { pass, chip, inputs: InputCodes::PIXELS };
        let logits = self.stages.iter_mut().fold(x, |x, stage| stage.forward(x, &mut run));
        logits.flatten(1, 3)
    }

    /// Puts quantisers into the float network, one layer after the other, fitted to its weights and to what `x` makes
    /// of them.
    pub(crate) fn quantise(&mut self, plan: &Quantisation, x: Tensor<4>) {
        let weighted = (0..self.stages.len()).filter(|&index| self.stages[index].weights().is_some());
        let weighted: Vec<usize> = weighted.collect();
        let mut x = x;
        let mut run = Run { pass: Pass::Training, chip: None, inputs: InputCodes::PIXELS };
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let is_edge = weighted.first() == Some(&index) || weighted.last() == Some(&index);
            if let Some(weights) = stage.weights() {
                // First and last layer have the same quantiser in all networks, so that what differs is the form.
                if is_edge {
                    weights.quantise(Form::Biased, plan.edge_weight_bits, Granularity::Layer, &self.device);
                } else {
                    weights.quantise(plan.form, plan.weight_bits, plan.granularity, &self.device);
                }
            }
            if let Stage::Activation(activation) = stage {
                activation.quantise(x.clone(), plan.activation_bits, plan.activation_range, &self.device);
            }
            x = stage.forward(x, &mut run);
        }
    }

    /// Rounds what layers store with `fraction_bits` bits after the point, β above all, and trains it no further.
    pub(crate) fn freeze(&mut self, fraction_bits: u32) {
        for weights in self.stages.iter_mut().filter_map(Stage::weights) {
            weights.freeze(fraction_bits);
        }
    }

    /// One step of the optimiser.
    pub(crate) fn update(&mut self, gradients: &Gradients, rates: Rates) {
        for parameter in self.stages.iter_mut().flat_map(Stage::parameters) {
            parameter.update(gradients, rates);
        }
    }

    /// Makes the optimiser forget the last phase.
    pub(crate) fn reset_optimiser(&mut self) {
        for parameter in self.stages.iter_mut().flat_map(Stage::parameters) {
            parameter.reset();
        }
    }

    /// What training has made of it so far.
    pub(crate) fn state(&mut self) -> ModelState {
        self.stages.iter_mut().map(Stage::state).collect()
    }

    /// Sets it to a state; `None` if that is of another network.
    pub(crate) fn restore(&mut self, state: &ModelState) -> Option<()> {
        if self.stages.len() != state.len() {
            return None;
        }
        self.stages.iter_mut().zip(state).try_for_each(|(stage, state)| stage.restore(state))
    }

    /// The first layer, from the input, with non-finite parameters or output, and which they are.
    pub(crate) fn first_non_finite(&mut self, x: Tensor<4>) -> Option<(String, &'static str)> {
        let mut x = x;
        let mut run = Run { pass: Pass::Training, chip: None, inputs: InputCodes::PIXELS };
        for stage in &mut self.stages {
            let layer = stage.layer().unwrap_or("pool").to_owned();
            let finite = |values: Vec<f32>| values.iter().all(|value| value.is_finite());
            if stage.parameters().iter().any(|parameter| !finite(parameter.values())) {
                return Some((layer, "the parameters"));
            }
            x = stage.forward(x, &mut run);
            if !finite(to_vec(x.clone())) {
                return Some((layer, "the outputs"));
            }
        }
        None
    }

    /// The numbers of a network for images of these channels, rows and columns.
    pub(crate) fn trained(&self, shape: [usize; 3]) -> Trained {
        Trained { shape, stages: self.stages.iter().map(Stage::trained).collect() }
    }

    /// Where it computes; without autodiff.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::Batch;
    use crate::codes::Sides;
    use crate::data::ImageSet;
    use crate::random::Purpose;
    use crate::reference;
    use rebias_recipe::ActivationRange;

    const LAYERS: [PlannedLayer; 5] =
        [PlannedLayer::Conv(4), PlannedLayer::Pool, PlannedLayer::Conv(6), PlannedLayer::Pool, PlannedLayer::Linear(5)];
    const BITS: Quantisation = Quantisation {
        form: Form::Biased,
        granularity: Granularity::Layer,
        activation_range: ActivationRange::Step,
        weight_bits: 2,
        activation_bits: 3,
        edge_weight_bits: 8,
        beta_fraction_bits: 8,
    };

    /// Forty images of 9 × 9 random pixels: odd, so that pools leave a row and a column over.
    fn images() -> ImageSet {
        let mut stream = Stream::new(5, Purpose::Pretrain);
        let pixels = (0..40 * 81).map(|_| stream.below(256) as u8).collect();
        ImageSet { shape: [1, 9, 9], pixels, labels: (0..40).map(|label| label % 5).collect() }
    }

    fn batch(set: &ImageSet, device: &Device) -> Tensor<4> {
        Batch::plain(set, &(0..set.len()).collect::<Vec<_>>(), device).images
    }

    /// A network with random weights whose running statistics have seen a few batches.
    fn toy(set: &ImageSet) -> Model {
        let device = Device::flex();
        let mut model = Model::new(&LAYERS, [1, 9, 9], &mut Stream::new(2, Purpose::Weights), &device);
        for _ in 0..20 {
            model.forward(batch(set, &device.clone().autodiff()), Pass::Training);
        }
        model
    }

    fn classes(model: &mut Model, set: &ImageSet) -> Vec<u16> {
        let logits = model.forward(batch(set, &Device::flex()), Pass::Evaluation);
        let classes = logits.argmax(1).into_data_as::<i32>().try_to_vec::<i32>().expect("an index is an integer");
        classes.into_iter().map(|class| class as u16).collect()
    }

    #[test]
    fn evaluation_in_tensors_and_in_plain_numbers_give_the_same_classes() {
        let set = images();
        let mut model = toy(&set);
        assert_eq!(classes(&mut model, &set), reference::classes(&model.trained([1, 9, 9]), &set));
        model.quantise(&BITS, batch(&set, &Device::flex().autodiff()));
        model.freeze(BITS.beta_fraction_bits);
        assert_eq!(classes(&mut model, &set), reference::classes(&model.trained([1, 9, 9]), &set));
    }

    #[test]
    fn quantisers_have_the_widths_of_their_layers_and_a_beta_that_can_be_stored() {
        let set = images();
        let mut model = toy(&set);
        model.quantise(&BITS, batch(&set, &Device::flex().autodiff()));
        model.freeze(4);
        let widths = model.trained([1, 9, 9]).stages.into_iter().filter_map(|stage| match stage {
            TrainedStage::Conv { weights, .. } | TrainedStage::Linear { weights, .. } => weights.codes.map(|codes| {
                assert!(codes.alpha.iter().all(|&alpha| alpha > 0.0));
                match codes.sides {
                    Sides::Biased(beta) => assert_eq!((beta[0] * 16.0).fract(), 0.0),
                    Sides::Pair { .. } => panic!("biased codes"),
                }
                codes.bits
            }),
            TrainedStage::Activation(levels) => levels.map(|levels| levels.bits),
            TrainedStage::Pool => None,
        });
        assert_eq!(widths.collect::<Vec<_>>(), [8, 3, 2, 3, 8]);
    }

    #[test]
    fn the_first_non_finite_layer_is_named() {
        let set = images();
        let images = || batch(&set, &Device::flex().autodiff());
        let mut model = toy(&set);
        assert_eq!(model.first_non_finite(images()), None);
        let conv2 = model.stages.iter_mut().filter_map(Stage::weights).nth(1).unwrap();
        conv2.parameters()[0].fix(vec![f32::INFINITY; 4 * 6 * 9]);
        assert_eq!(model.first_non_finite(images()), Some(("conv2".to_owned(), "the parameters")));
        model.stages[0].parameters()[1].fix(vec![f32::NAN; 4]);
        assert_eq!(model.first_non_finite(images()), Some(("conv1".to_owned(), "the parameters")));
        // Finite weights whose sums overflow.
        let mut model = toy(&set);
        model.stages[0].parameters()[0].fix(vec![3e38; 4 * 9]);
        assert_eq!(model.first_non_finite(images()), Some(("conv1".to_owned(), "the outputs")));
    }
}
