//! Trained values and the optimiser's state of each.

use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::checkpoint::ParameterState;

/// Decay rates of Adam's averages, and what keeps its denominator from 0 (Kingma, Ba 2015).
const FIRST_MOMENT: f64 = 0.9;
const SECOND_MOMENT: f64 = 0.999;
const EPSILON: f64 = 1e-8;
/// A trained step never falls below this part of its first value.
const LEAST_PART: f64 = 0.01;

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Gradients are tracked, and batch norm uses the batch's statistics.
    Training,
    /// No gradients, and batch norm uses its running statistics.
    Evaluation,
}

/// How a parameter is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    /// Weights: with weight decay.
    Weights,
    /// Shifts and scales of channels: no decay.
    Channels,
    /// A scalar of a quantiser. Its rate is relative to `unit`, its magnitude at the start, since Adam's steps don't
    /// scale with the value.
    Scalar {
        /// Magnitude at the start.
        unit: f64,
        /// Lower bound that keeps a step size positive.
        at_least: Option<f64>,
    },
    /// Not trained any more.
    Fixed,
}

/// Rates of one step of the optimiser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// Step of the phase, from 1.
    pub(crate) step: usize,
    /// Learning rate.
    pub(crate) learning: f64,
    /// Decay of weights for each unit of the learning rate.
    pub(crate) decay: f64,
}

/// A trained tensor, flat; a leaf of the autodiff graph.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    value: Tensor<1>,
    role: Role,
    moments: Option<[Tensor<1>; 2]>,
}

impl Parameter {
    /// A parameter with these first values, on the inner (not differentiating) `device`.
    pub(crate) fn new(values: Vec<f32>, role: Role, device: &Device) -> Self {
        let len = values.len();
        let value = Tensor::from_data(TensorData::new(values, [len]), &device.clone().autodiff());
        Self { value: value.require_grad(), role, moments: None }
    }

    /// Steps of a quantiser: positive, and trained at a rate relative to their mean.
    pub(crate) fn step(values: &[f64], device: &Device) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        Self::scalars(values, Some(least * LEAST_PART), device)
    }

    /// Shifts of a quantiser, trained at a rate relative to their mean magnitude.
    pub(crate) fn shift(values: &[f64], device: &Device) -> Self {
        Self::scalars(values, None, device)
    }

    fn scalars(values: &[f64], at_least: Option<f64>, device: &Device) -> Self {
        let unit = values.iter().map(|value| value.abs()).sum::<f64>() / values.len().max(1) as f64;
        let values = values.iter().map(|&value| value as f32).collect();
        Self::new(values, Role::Scalar { unit, at_least }, device)
    }

    /// The tensor, shape `[len]`; outside training without its gradient.
    pub(crate) fn value(&self, pass: Pass) -> Tensor<1> {
        match pass {
            Pass::Training => self.value.clone(),
            Pass::Evaluation => self.value.clone().inner(),
        }
    }

    /// The values.
    pub(crate) fn values(&self) -> Vec<f32> {
        to_vec(self.value(Pass::Evaluation))
    }

    /// The values, widened without loss.
    pub(crate) fn exact_values(&self) -> Vec<f64> {
        widened(self.values())
    }

    /// The one value of a scalar parameter.
    pub(crate) fn scalar(&self) -> f64 {
        self.value(Pass::Evaluation).into_scalar()
    }

    /// Sets the values and stops training them.
    pub(crate) fn fix(&mut self, values: Vec<f32>) {
        *self = Self::new(values, Role::Fixed, &self.value.device().inner());
    }

    /// Rounds the values to `fraction_bits` bits after the point and stops training them.
    pub(crate) fn fix_rounded(&mut self, fraction_bits: u32) {
        let one = f64::from(1u32 << fraction_bits);
        let rounded = self.exact_values().into_iter().map(|value| ((value * one).round() / one) as f32);
        self.fix(rounded.collect());
    }

    /// Goes on in double precision.
    #[cfg(test)]
    pub(crate) fn widen(&mut self) {
        self.value = Tensor::from_inner(self.value.clone().inner().cast(burn::tensor::DType::F64)).require_grad();
    }

    /// What training has made of it so far.
    pub(crate) fn state(&self) -> ParameterState {
        let moments = self.moments.clone().map(|moments| moments.map(to_vec));
        ParameterState { values: self.values(), moments, is_fixed: self.role == Role::Fixed }
    }

    /// Sets it to a state; `None` if that is of another parameter.
    pub(crate) fn restore(&mut self, state: &ParameterState) -> Option<()> {
        let [len] = self.value.dims();
        if state.values.len() != len || state.moments.iter().flatten().any(|moment| moment.len() != len) {
            return None;
        }
        let device = self.value.device().inner();
        let tensor = |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [len]), &device);
        let role = if state.is_fixed { Role::Fixed } else { self.role };
        let moments = state.moments.as_ref().map(|[first, second]| [tensor(first), tensor(second)]);
        *self = Self { moments, ..Self::new(state.values.clone(), role, &device) };
        Some(())
    }

    /// Forgets the averages of the last phase.
    pub(crate) fn reset(&mut self) {
        self.moments = None;
    }

    /// One step of Adam with decoupled weight decay.
    pub(crate) fn update(&mut self, gradients: &Gradients, rates: Rates) {
        let (rate, decay, at_least) = match self.role {
            Role::Weights => (rates.learning, rates.decay * rates.learning, None),
            Role::Channels => (rates.learning, 0.0, None),
            Role::Scalar { unit, at_least } => (rates.learning * unit, 0.0, at_least),
            Role::Fixed => return,
        };
        let Some(gradient) = self.value.grad(gradients) else {
            return;
        };
        let gradient = gradient.inner();
        let square = gradient.clone() * gradient.clone();
        let [first, second] = match self.moments.take() {
            Some([first, second]) => [
                first * FIRST_MOMENT + gradient * (1.0 - FIRST_MOMENT),
                second * SECOND_MOMENT + square * (1.0 - SECOND_MOMENT),
            ],
            None => [gradient * (1.0 - FIRST_MOMENT), square * (1.0 - SECOND_MOMENT)],
        };
        let age = rates.step as f64;
        let first_scale = 1.0 / (1.0 - FIRST_MOMENT.powf(age));
        let second_scale = 1.0 / (1.0 - SECOND_MOMENT.powf(age));
        let change = (first.clone() * first_scale) / ((second.clone() * second_scale).sqrt() + EPSILON);
        self.moments = Some([first, second]);
        let mut value = self.value.clone().inner() * (1.0 - decay) - change * rate;
        if let Some(least) = at_least {
            value = value.clamp_min(least);
        }
        self.value = Tensor::from_inner(value).require_grad();
    }
}

/// The values of a tensor as `f32`.
pub(crate) fn to_vec<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data_as::<f32>();
    data.try_to_vec().expect("data converted to `f32` is read as `f32`")
}

/// The same numbers as `f64`.
pub(crate) fn widened(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { step: 1, learning: 0.1, decay: 0.5 };

    /// The values 2 and −1 after one step down the gradient (3, −3).
    fn stepped(role: Role) -> Vec<f32> {
        let mut parameter = Parameter::new(vec![2.0, -1.0], role, &Device::flex());
        let slope = Tensor::from_data([3.0, -3.0], &Device::flex().autodiff());
        let gradients = (parameter.value(Pass::Training) * slope).sum().backward();
        parameter.update(&gradients, RATES);
        parameter.values()
    }

    fn assert_close(found: &[f32], expected: [f32; 2]) {
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_gradient() {
        assert_close(&stepped(Role::Channels), [1.9, -0.9]);
    }

    #[test]
    fn weights_decay_apart_from_their_gradient() {
        assert_close(&stepped(Role::Weights), [1.9 - 0.1, -0.9 + 0.05]);
    }

    #[test]
    fn scalars_move_relative_to_their_unit_and_stay_above_their_bound() {
        assert_close(&stepped(Role::Scalar { unit: 4.0, at_least: None }), [1.6, -0.6]);
        assert_close(&stepped(Role::Scalar { unit: 4.0, at_least: Some(0.25) }), [1.6, 0.25]);
    }

    #[test]
    fn fixed_values_stay() {
        assert_close(&stepped(Role::Fixed), [2.0, -1.0]);
    }
}
