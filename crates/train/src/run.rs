//! A whole run: data, training, evaluation, export.

use std::path::Path;

use burn::tensor::Device;
use rebias_dataset::Split;
use rebias_network::{Provenance, Trace};
use rebias_recipe::{Recipe, Schedule, Training};

use crate::batches::{Batch, Batches};
use crate::checkpoint::Checkpoints;
use crate::data::ImageSet;
use crate::export::Evaluated;
use crate::fit::{BetaPlan, Fitted, HeldOut, Lesson, Plan, Watch, fit};
use crate::hardware::Chips;
use crate::model::Model;
use crate::output::OutputFolder;
use crate::random::{Purpose, Stream};
use crate::reference;
use crate::trained::Trained;
use crate::{Observer, Phase, TrainError};

/// Where Debian's package `dataset-fashion-mnist` puts its files.
pub const DEBIAN_FASHION_MNIST: &str = "/usr/share/datasets/fashion-mnist";

/// Training images to which the first step sizes of activations are fitted.
const FIT_IMAGES: usize = 500;

/// What a run reads and writes beside its recipe.
#[derive(Clone, Debug)]
pub struct RunFiles<'a> {
    /// Folder with the files of the data set, plain or gzipped.
    pub data: &'a Path,
    /// Folder of the trace; it must not exist yet.
    pub out: &'a Path,
    /// The command that started the run, for the trace's provenance.
    pub command: &'a str,
}

/// What came out of a run; accuracies are fractions of the test images.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Name of the network.
    pub name: String,
    /// Number of test images.
    pub test_images: usize,
    /// Accuracy of the float twin.
    pub float_accuracy: f64,
    /// Accuracy of the fake-quantised network, evaluated in `f64`.
    pub fake_quantised_accuracy: f64,
    /// Accuracy of the integer network, as exported.
    pub integer_accuracy: f64,
    /// Test images to which fake-quantised and integer network give the same class.
    pub agreeing: usize,
    /// Accuracy of the quantised network on the held-out training images, by which its weights were chosen.
    pub held_out_accuracy: f64,
}

/// The training images in random order: held out, then trained on.
pub(crate) struct Division {
    order: Vec<usize>,
    held_out: usize,
}

impl Division {
    pub(crate) fn new(recipe: &Recipe, set: &ImageSet) -> Result<Self, TrainError> {
        let held_out = recipe.data.held_out;
        if held_out >= set.len() {
            let images = set.len();
            return Err(TrainError::Mismatch(format!("`data.held_out` = {held_out}, of {images} training images")));
        }
        let mut order: Vec<usize> = (0..set.len()).collect();
        Stream::new(recipe.seed, Purpose::Split).shuffle(&mut order);
        Ok(Self { order, held_out })
    }

    fn held_out(&self) -> &[usize] {
        &self.order[..self.held_out]
    }

    fn trained_on(&self) -> &[usize] {
        &self.order[self.held_out..]
    }
}

/// The two networks of a run.
pub(crate) struct Pair {
    pub(crate) quantised: Outcome,
    pub(crate) float: Outcome,
}

/// A trained network, and how its weights were chosen.
pub(crate) struct Outcome {
    network: Trained,
    held_out_accuracy: f64,
    step: usize,
}

impl Outcome {
    fn new(fitted: &Fitted, set: &ImageSet) -> Self {
        let network = fitted.model.trained(set.shape);
        Self { network, held_out_accuracy: fitted.held_out_accuracy, step: fitted.step }
    }
}

/// Trains as `recipe` says and writes the quantised network as a trace.
///
/// The test set is read once, after training. Nothing is left behind on failure but the checkpoint that the recipe asks
/// for, `OUT.checkpoint`, from which the same call goes on.
///
/// # Errors
/// Bad data files, an output folder that exists or cannot be written, a recipe that doesn't fit the data, a loss that
/// is not finite.
pub fn run(recipe: &Recipe, files: &RunFiles<'_>, observer: &mut dyn Observer) -> Result<Summary, TrainError> {
    let folder = OutputFolder::reserve(files.out)?;
    let set = read_training(files.data, recipe)?;
    check_size(recipe, &set)?;
    let division = Division::new(recipe, &set)?;
    let mut checkpoints = Checkpoints::open(recipe, files.out, &set)?;
    let mut watch = Watch { observer: &mut *observer, checkpoints: checkpoints.as_mut() };
    let floats = float_pair(recipe, &set, &division, &mut watch)?;
    let quantised = quantised(recipe, &set, &division, &floats, &mut watch)?;
    let pair = Pair { quantised, float: floats.twin_outcome(&set) };

    observer.phase(Phase::Export, 0);
    let test = read_test(files.data, recipe, &set)?;
    let (trace, summary) = export(recipe, files.command, &pair, [&set, &test], &division)?;
    folder.publish(trace.render()?)?;
    checkpoints.map_or(Ok(()), Checkpoints::remove)?;
    Ok(summary)
}

pub(crate) fn read_training(dir: &Path, recipe: &Recipe) -> Result<ImageSet, TrainError> {
    ImageSet::read(dir, &recipe.data, Split::Train, recipe.classes())
}

/// Whether the recipe's pools leave something of the images.
pub(crate) fn check_size(recipe: &Recipe, set: &ImageSet) -> Result<(), TrainError> {
    let ([_, height, width], pools) = (set.shape, recipe.pools());
    if [height, width].iter().any(|side| side >> pools == 0) {
        return Err(TrainError::Mismatch(format!("{pools} pools leave nothing of {height}×{width} pixels")));
    }
    Ok(())
}

/// Evaluates both networks on the test set and makes the trace of the quantised one.
pub(crate) fn export(
    recipe: &Recipe,
    command: &str,
    pair: &Pair,
    [training, test]: [&ImageSet; 2],
    division: &Division,
) -> Result<(Trace, Summary), TrainError> {
    let fraction_bits = recipe.quantisation.beta_fraction_bits;
    let evaluated = Evaluated::new(&recipe.name, &pair.quantised.network, fraction_bits, test)?;
    let float_classes = reference::classes(&pair.float.network, test);
    let summary = Summary {
        name: recipe.name.clone(),
        test_images: test.len(),
        float_accuracy: reference::accuracy(&float_classes, test),
        fake_quantised_accuracy: evaluated.fake_quantised_accuracy,
        integer_accuracy: evaluated.integer_accuracy,
        agreeing: evaluated.agreeing,
        held_out_accuracy: pair.quantised.held_out_accuracy,
    };
    let provenance = Provenance {
        data_set: Some(recipe.data.set.clone()),
        licence: Some(recipe.data.licence.clone()),
        command: Some(command.to_owned()),
        recipe: Some(recipe.text.clone()),
        seed: Some(recipe.seed),
        notes: Some(notes(recipe, pair, &summary)),
        accuracies: Some(evaluated.accuracies(summary.float_accuracy)),
    };
    Ok((evaluated.into_trace(provenance, test, (training, division.trained_on())), summary))
}

/// What a trace's provenance has no key for.
fn notes(recipe: &Recipe, pair: &Pair, summary: &Summary) -> String {
    let Training { float, fine_tune, batch, .. } = &recipe.training;
    format!(
        "{pretrain} float and {fine_tune} quantised steps of batch {batch}; weights of quantised step {step}, with \
         {held_out:.4} of {n_held_out} held-out training images right; the float twin had {pretrain} + {fine_tune} \
         float steps; integer and fake-quantised network give the same class to {agreeing} of {images} test images",
        pretrain = float.steps,
        fine_tune = fine_tune.steps,
        step = pair.quantised.step,
        held_out = summary.held_out_accuracy,
        n_held_out = recipe.data.held_out,
        agreeing = summary.agreeing,
        images = summary.test_images,
    )
}

pub(crate) fn read_test(dir: &Path, recipe: &Recipe, training: &ImageSet) -> Result<ImageSet, TrainError> {
    let test = ImageSet::read(dir, &recipe.data, Split::Test, recipe.classes())?;
    let (found, expected) = (test.shape, training.shape);
    if found != expected {
        let fault = format!("test images of {found:?} channels, rows and columns, training images of {expected:?}");
        return Err(TrainError::Mismatch(fault));
    }
    Ok(test)
}

/// The float networks of a run.
pub(crate) struct Floats {
    /// Where the quantised network starts.
    pretrained: Model,
    /// What it is compared with.
    twin: Fitted,
}

impl Floats {
    pub(crate) fn twin_outcome(&self, set: &ImageSet) -> Outcome {
        Outcome::new(&self.twin, set)
    }
}

/// Trains the networks of a run phase by phase.
struct Trainer<'a> {
    recipe: &'a Recipe,
    set: &'a ImageSet,
    division: &'a Division,
    device: Device,
}

impl<'a> Trainer<'a> {
    fn new(recipe: &'a Recipe, set: &'a ImageSet, division: &'a Division) -> Self {
        Self { recipe, set, division, device: device() }
    }

    fn fit(
        &self,
        model: Model,
        plan: &Plan<'_>,
        purpose: Purpose,
        lesson: Lesson,
        watch: &mut Watch<'_>,
    ) -> Result<Fitted, TrainError> {
        let Self { recipe, set, division, device } = self;
        if let Some(checkpoints) = &watch.checkpoints
            && let Some(state) = checkpoints.finished(plan.phase)
        {
            return Fitted::restored(model, state).ok_or_else(|| checkpoints.unfit());
        }
        let stream = Stream::new(recipe.seed, purpose);
        let on = device.clone().autodiff();
        let mut batches = Batches::new(set, division.trained_on(), recipe.training.batch, &recipe.data, stream, on);
        let held_out = HeldOut { set, indices: division.held_out() };
        fit(model, &mut batches, held_out, plan, lesson, watch)
    }

    /// A phase on ideal chips.
    fn plan(&self, phase: Phase, schedule: Schedule, beta: BetaPlan) -> Plan<'a> {
        Plan { phase, schedule, evaluate_every: self.recipe.training.evaluate_every, beta, chips: None }
    }
}

/// Pre-trains a float network, and fine-tunes it in float.
pub(crate) fn float_pair(
    recipe: &Recipe,
    set: &ImageSet,
    division: &Division,
    watch: &mut Watch<'_>,
) -> Result<Floats, TrainError> {
    let trainer = Trainer::new(recipe, set, division);
    let mut weights = Stream::new(recipe.seed, Purpose::Weights);
    let model = Model::new(&recipe.layers, set.shape, &mut weights, &trainer.device);
    let plan = trainer.plan(Phase::Pretrain, recipe.training.float, BetaPlan::Absent);
    let pretrained = trainer.fit(model, &plan, Purpose::Pretrain, Lesson::Labels, watch)?.model;
    let plan = trainer.plan(Phase::FloatTwin, recipe.training.fine_tune, BetaPlan::Absent);
    let twin = trainer.fit(pretrained.clone(), &plan, Purpose::FineTune, Lesson::Labels, watch)?;
    Ok(Floats { pretrained, twin })
}

/// Fine-tunes the pre-trained network quantised, on the batches that its float twin saw.
pub(crate) fn quantised(
    recipe: &Recipe,
    set: &ImageSet,
    division: &Division,
    floats: &Floats,
    watch: &mut Watch<'_>,
) -> Result<Outcome, TrainError> {
    let (trainer, training) = (Trainer::new(recipe, set, division), &recipe.training);
    let mut model = floats.pretrained.clone();
    let fit_images = &division.trained_on()[..FIT_IMAGES.min(division.trained_on().len())];
    let fit_images = Batch::plain(set, fit_images, &trainer.device.clone().autodiff()).images;
    model.quantise(&recipe.quantisation, fit_images);
    let fraction_bits = recipe.quantisation.beta_fraction_bits;
    let beta = BetaPlan::FixedForLast { steps: training.fixed_beta_steps, fraction_bits };
    let chips = recipe.hardware.as_ref().map(|hardware| Chips { hardware, seed: recipe.seed });
    let plan = Plan { chips, ..trainer.plan(Phase::Quantised, training.fine_tune, beta) };
    let lesson = match training.distillation {
        Some(distillation) => Lesson::Teacher(Box::new(floats.twin.model.clone()), distillation),
        None => Lesson::Labels,
    };
    let fitted = trainer.fit(model, &plan, Purpose::FineTune, lesson, watch)?;
    Ok(Outcome::new(&fitted, set))
}

#[cfg(feature = "cuda")]
fn device() -> Device {
    Device::cuda(0)
}

#[cfg(not(feature = "cuda"))]
fn device() -> Device {
    Device::flex()
}
