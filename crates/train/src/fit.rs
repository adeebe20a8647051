//! The training loop of one phase.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Int, Tensor};
use rebias_recipe::{Distillation, Schedule};

use crate::batches::{Batch, Batches};
use crate::checkpoint::{Checkpoints, FittedState, PhaseState};
use crate::data::ImageSet;
use crate::hardware::Chips;
use crate::model::Model;
use crate::parameter::{Pass, Rates};
use crate::random::Purpose;
use crate::{Observer, Phase, TrainError};

/// Images of a batch in evaluation.
const EVALUATION_BATCH: usize = 250;

/// A phase and its schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) phase: Phase,
    pub(crate) schedule: Schedule,
    pub(crate) evaluate_every: usize,
    pub(crate) beta: BetaPlan,
    /// The chips on which the network is trained and evaluated; `None`: ideal ones.
    pub(crate) chips: Option<Chips<'a>>,
}

/// What happens to β.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BetaPlan {
    /// There is none.
    Absent,
    /// Trained, then rounded and fixed before the last steps, among whose weights the best are chosen.
    FixedForLast {
        /// Number of the last steps; not more than all.
        steps: usize,
        /// Bits after the point.
        fraction_bits: u32,
    },
}

impl Plan<'_> {
    /// Linear warm-up, then half a cosine down to 0.
    fn rate(&self, step: usize) -> f64 {
        let Schedule { steps, warm_up_steps, learning_rate, .. } = self.schedule;
        if step <= warm_up_steps {
            return learning_rate * step as f64 / warm_up_steps as f64;
        }
        let done = (step - warm_up_steps) as f64 / (steps - warm_up_steps).max(1) as f64;
        0.5 * learning_rate * (1.0 + (std::f64::consts::PI * done).cos())
    }

    /// Steps after which β is fixed.
    fn free_beta_steps(&self) -> Option<usize> {
        match self.beta {
            BetaPlan::Absent => None,
            BetaPlan::FixedForLast { steps, .. } => Some(self.schedule.steps - steps),
        }
    }
}

/// Held-out images for choosing the best weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldOut<'a> {
    pub(crate) set: &'a ImageSet,
    pub(crate) indices: &'a [usize],
}

/// What a network learns from.
#[derive(Debug)]
pub(crate) enum Lesson {
    /// The labels.
    Labels,
    /// The labels, and what another network makes of the images.
    Teacher(Box<Model>, Distillation),
}

/// A trained network and its accuracy on the held-out images.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(crate) model: Model,
    pub(crate) held_out_accuracy: f64,
    pub(crate) step: usize,
}

/// Who is told of a phase.
pub(crate) struct Watch<'a> {
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) checkpoints: Option<&'a mut Checkpoints>,
}

/// A network on its way through a phase.
struct Progress {
    model: Model,
    best: Option<Fitted>,
    /// Steps done.
    step: usize,
}

/// Trains `model` and returns the best weights by the accuracy on held-out images; the later of equals. Goes on from a
/// checkpoint of the phase if there is one, and leaves some.
pub(crate) fn fit(
    mut model: Model,
    batches: &mut Batches<'_>,
    held_out: HeldOut<'_>,
    plan: &Plan<'_>,
    mut lesson: Lesson,
    watch: &mut Watch<'_>,
) -> Result<Fitted, TrainError> {
    watch.observer.phase(plan.phase, plan.schedule.steps);
    model.reset_optimiser();
    let mut progress = Progress::start(model, batches, watch)?;
    let free_beta_steps = plan.free_beta_steps();
    for step in progress.step + 1..=plan.schedule.steps {
        if let BetaPlan::FixedForLast { fraction_bits, .. } = plan.beta
            && free_beta_steps == Some(step - 1)
        {
            progress.model.freeze(fraction_bits);
        }
        let value = train(&mut progress.model, batches.next(), plan, step, &mut lesson)?;
        progress.step = step;
        watch.observer.step(step, value);
        if step % plan.evaluate_every == 0 || step == plan.schedule.steps {
            let accuracy = accuracy(&mut progress.model, held_out, plan.chips);
            watch.observer.evaluated(step, accuracy);
            let is_candidate = free_beta_steps.is_none_or(|free| step > free);
            if is_candidate && progress.best.as_ref().is_none_or(|best| accuracy >= best.held_out_accuracy) {
                progress.best = Some(Fitted { model: progress.model.clone(), held_out_accuracy: accuracy, step });
            }
        }
        if let Some(checkpoints) = &mut watch.checkpoints
            && checkpoints.is_due(step)
            && step < plan.schedule.steps
        {
            checkpoints.keep(progress.state(batches))?;
        }
    }
    let Progress { model, best, .. } = progress;
    let mut fitted = best.unwrap_or(Fitted { model, held_out_accuracy: 0.0, step: 0 });
    if let Some(checkpoints) = &mut watch.checkpoints {
        checkpoints.finish(plan.phase, fitted.state())?;
    }
    Ok(fitted)
}

/// One step; its loss.
fn train(
    model: &mut Model,
    batch: Batch,
    plan: &Plan<'_>,
    step: usize,
    lesson: &mut Lesson,
) -> Result<f64, TrainError> {
    let mut chip = plan.chips.map(|chips| chips.chip(Purpose::Chip, step));
    let loss = lesson.loss(model.forward_on(batch.images.clone(), Pass::Training, chip.as_mut()), &batch);
    let value: f64 = loss.clone().into_scalar();
    if !value.is_finite() {
        return Err(diverged(model, batch.images, plan.phase, step));
    }
    let gradients = loss.backward();
    model.update(&gradients, Rates { step, learning: plan.rate(step), decay: plan.schedule.weight_decay });
    Ok(value)
}

impl Progress {
    /// From the first step, or from where the phase was interrupted.
    fn start(mut model: Model, batches: &mut Batches<'_>, watch: &mut Watch<'_>) -> Result<Self, TrainError> {
        let Some(checkpoints) = &mut watch.checkpoints else { return Ok(Self { model, best: None, step: 0 }) };
        let Some(state) = checkpoints.interrupted() else { return Ok(Self { model, best: None, step: 0 }) };
        let best = match &state.best {
            Some(best) => Some(Fitted::restored(model.clone(), best).ok_or_else(|| checkpoints.unfit())?),
            None => None,
        };
        let restored = model.restore(&state.model).and_then(|()| batches.restore(&state.batches));
        restored.ok_or_else(|| checkpoints.unfit())?;
        watch.observer.resumed(state.step);
        Ok(Self { model, best, step: state.step })
    }

    fn state(&mut self, batches: &Batches<'_>) -> PhaseState {
        PhaseState {
            step: self.step,
            model: self.model.state(),
            best: self.best.as_mut().map(Fitted::state),
            batches: batches.state(),
        }
    }
}

impl Fitted {
    fn state(&mut self) -> FittedState {
        FittedState { model: self.model.state(), held_out_accuracy: self.held_out_accuracy, step: self.step }
    }

    /// The network that a state is of, in the form of `model`; `None` if that has another.
    pub(crate) fn restored(mut model: Model, state: &FittedState) -> Option<Self> {
        model.restore(&state.model)?;
        Some(Self { model, held_out_accuracy: state.held_out_accuracy, step: state.step })
    }
}

impl Lesson {
    /// The loss of class scores `[images, classes]`, shape `[1]`.
    fn loss(&mut self, logits: Tensor<2>, batch: &Batch) -> Tensor<1> {
        let by_labels = cross_entropy(logits.clone(), batch.labels.clone());
        match self {
            Self::Labels => by_labels,
            Self::Teacher(teacher, Distillation { weight, temperature }) => {
                let wanted = teacher.forward(batch.images.clone().inner(), Pass::Evaluation);
                let wanted = Tensor::from_inner(softmax(wanted / *temperature, 1));
                // The gradients of softened scores are smaller by the square of the temperature.
                let by_teacher = soft_cross_entropy(logits / *temperature, wanted) * (*temperature * *temperature);
                by_labels * (1.0 - *weight) + by_teacher * *weight
            }
        }
    }
}

/// Mean cross-entropy in nats of class scores and wanted probabilities, both `[images, classes]`; shape `[1]`.
fn soft_cross_entropy(logits: Tensor<2>, wanted: Tensor<2>) -> Tensor<1> {
    (log_softmax(logits, 1) * wanted).sum_dim(1).mean().neg()
}

/// Mean cross-entropy in nats of class scores `[images, classes]`, shape `[1]`.
fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)).mean().neg()
}

/// Part of the held-out images whose class is found; on the same few chips each time.
pub(crate) fn accuracy(model: &mut Model, held_out: HeldOut<'_>, chips: Option<Chips<'_>>) -> f64 {
    let device = model.device().clone();
    let mut right = 0i64;
    for (index, indices) in held_out.indices.chunks(EVALUATION_BATCH).enumerate() {
        let batch = Batch::plain(held_out.set, indices, &device);
        let mut chip = chips.map(|chips| chips.chip(Purpose::HeldOutChip, index));
        let logits = model.forward_on(batch.images, Pass::Evaluation, chip.as_mut());
        let found: Tensor<1, Int> = logits.argmax(1).flatten(0, 1);
        right += found.equal(batch.labels).int().sum().into_scalar::<i64>();
    }
    right as f64 / held_out.indices.len().max(1) as f64
}

fn diverged(model: &mut Model, images: Tensor<4>, phase: Phase, step: usize) -> TrainError {
    // Finite layers with a non-finite loss leave only the class scores, which the last layer gives.
    let (layer, what) = model.first_non_finite(images).unwrap_or(("linear".to_owned(), "the class scores"));
    TrainError::Diverged { phase, step, layer, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(steps: usize, warm_up_steps: usize, beta: BetaPlan) -> Plan<'static> {
        let schedule = Schedule { steps, warm_up_steps, learning_rate: 0.8, weight_decay: 0.0 };
        Plan { phase: Phase::Quantised, schedule, evaluate_every: 1, beta, chips: None }
    }

    #[test]
    fn rate_rises_linearly_and_falls_as_half_a_cosine() {
        let plan = plan(104, 4, BetaPlan::Absent);
        let rates = [1, 4, 29, 54, 104].map(|step| plan.rate(step));
        let quarter = 0.4 * (1.0 + std::f64::consts::FRAC_1_SQRT_2);
        for (rate, expected) in rates.into_iter().zip([0.2, 0.8, quarter, 0.4, 0.0]) {
            assert!((rate - expected).abs() < 1e-12, "{rates:?}");
        }
        assert!((self::plan(3, 3, BetaPlan::Absent).rate(3) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn beta_is_free_until_the_last_steps() {
        assert_eq!(plan(10, 0, BetaPlan::Absent).free_beta_steps(), None);
        let fixed_for = |steps| plan(10, 0, BetaPlan::FixedForLast { steps, fraction_bits: 8 }).free_beta_steps();
        assert_eq!([fixed_for(3), fixed_for(10)], [Some(7), Some(0)]);
    }

    #[test]
    fn cross_entropy_of_even_scores_is_the_logarithm_of_their_number() {
        let device = burn::tensor::Device::flex();
        let labels = Tensor::from_data([0i64, 3], &device);
        let loss = cross_entropy(Tensor::zeros([2, 4], &device), labels).into_scalar::<f64>();
        assert!((loss - 4f64.ln()).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn soft_cross_entropy_of_certain_classes_is_that_of_labels() {
        let device = burn::tensor::Device::flex();
        let logits = Tensor::from_data([[0.3, -1.2, 0.8], [2.0, 0.1, 0.4]], &device);
        let hard: f64 = cross_entropy(logits.clone(), Tensor::from_data([2i64, 0], &device)).into_scalar();
        let certain = Tensor::from_data([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], &device);
        let soft: f64 = soft_cross_entropy(logits.clone(), certain).into_scalar();
        assert!((hard - soft).abs() < 1e-6, "{hard} {soft}");
        let even: f64 = soft_cross_entropy(logits, Tensor::full([2, 3], 1.0 / 3.0, &device)).into_scalar();
        let by_hand = (((0.3f64).exp() + (-1.2f64).exp() + 0.8f64.exp()).ln()
            + 0.1 / 3.0
            + (2f64.exp() + 0.1f64.exp() + 0.4f64.exp()).ln()
            - 2.5 / 3.0)
            / 2.0;
        assert!((even - by_hand).abs() < 1e-6, "{even} {by_hand}");
    }
}
