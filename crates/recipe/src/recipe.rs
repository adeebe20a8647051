//! The recipe of a training run.

use rebias_config::{Document, Faults, Interval, Problem, Table};

use crate::data::{self, Data};
use crate::form::{ActivationRange, Form, Granularity};
use crate::hardware::Hardware;
use crate::network::{self, PlannedLayer};

/// What to train, on what, and how: a valid recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Name of the network.
    pub name: String,
    /// Of everything random.
    pub seed: u64,
    /// The data set.
    pub data: Data,
    /// The layers, from the input; the last, and no other, is linear.
    pub layers: Vec<PlannedLayer>,
    /// Representation and widths.
    pub quantisation: Quantisation,
    /// What quantised training sees of the chip.
    pub hardware: Option<Hardware>,
    /// The phases.
    pub training: Training,
    /// The document as TOML with sorted keys: recipes that say the same have the same.
    pub text: String,
}

/// Representation and widths of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantisation {
    /// Representation of hidden weights; those of the first and last layer are biased.
    pub form: Form,
    /// How many channels share a scale.
    pub granularity: Granularity,
    /// What of activations is trained.
    pub activation_range: ActivationRange,
    /// Bits of hidden weights.
    pub weight_bits: u32,
    /// Bits of activations, which are unsigned.
    pub activation_bits: u32,
    /// Bits of the weights of the first and the last layer.
    pub edge_weight_bits: u32,
    /// Bits after the point of a stored β.
    pub beta_fraction_bits: u32,
}

/// The phases of training.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Images of a step.
    pub batch: usize,
    /// Steps between looks at the held-out images.
    pub evaluate_every: usize,
    /// Steps between checkpoints; `None`: none are written.
    pub checkpoint_every: Option<usize>,
    /// Pre-training, from random weights.
    pub float: Schedule,
    /// Training from the pre-trained weights: once quantised, once in float.
    pub fine_tune: Schedule,
    /// Of the fine-tuning steps, the last so many train with the stored β.
    pub fixed_beta_steps: usize,
    /// What is learnt from the float twin.
    pub distillation: Option<Distillation>,
}

/// What the quantised network learns from its float twin's class scores, beside the labels (G. Hinton, O. Vinyals,
/// J. Dean, 2015; for quantised networks A. Mishra, D. Marr, ICLR 2018).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distillation {
    /// Share of the loss that measures the distance to the twin; the rest measures that to the labels.
    pub weight: f64,
    /// What the scores of both are divided by before they become probabilities.
    pub temperature: f64,
}

/// Length and rates of a phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Number of steps.
    pub steps: usize,
    /// Steps in which the learning rate grows from 0; then it falls by half a cosine.
    pub warm_up_steps: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Decoupled decay, as a share of the learning rate.
    pub weight_decay: f64,
}

/// The one version of the format.
const FORMAT_VERSION: i64 = 1;
const MAX_STEPS: i64 = 10_000_000;

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// All faults: unknown and missing keys, values out of range, layers that don't make a network.
    pub fn parse(document: &Document) -> Result<Self, Faults> {
        document.read(|root| {
            let version = root.integer::<u32>("format_version", FORMAT_VERSION..=FORMAT_VERSION);
            let name = plain_name(root);
            let seed = root.integer("seed", 0..=i64::MAX);
            let data = root.table("data").and_then(|table| data::read(&table));
            let layers = root.table("network").and_then(|table| network::read(&table));
            let quantisation = root.table("quantisation").and_then(|table| quantisation(&table));
            let hardware = root.optional_table_as("hardware", Hardware::read);
            let training = root.table("training").and_then(|table| training(&table));
            if let (Some(Some(hardware)), Some(quantisation)) = (&hardware, &quantisation) {
                hardware.check_form(root, quantisation.form)?;
            }
            version?;
            Some(Self {
                name: name?,
                seed: seed?,
                data: data?,
                layers: layers?,
                quantisation: quantisation?,
                hardware: hardware?,
                training: training?,
                text: document.to_toml(),
            })
        })
    }

    /// Number of classes: the outputs of the last layer.
    pub fn classes(&self) -> usize {
        match self.layers.last() {
            Some(PlannedLayer::Linear(classes)) => *classes,
            Some(PlannedLayer::Conv(_) | PlannedLayer::Pool) | None => {
                unreachable!("a recipe's last layer is linear")
            }
        }
    }

    /// Number of 2 × 2 pools.
    pub fn pools(&self) -> u32 {
        self.layers.iter().filter(|&&layer| layer == PlannedLayer::Pool).count() as u32
    }
}

/// A name that may stand in paths and tables.
pub(crate) fn plain_name(root: &Table<'_>) -> Option<String> {
    let name = root.string("name")?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(is_plain) {
        return Some(name);
    }
    root.fault("name", Problem::new("not a plain name").legal("lower-case letters, digits and `-`"));
    None
}

fn quantisation(table: &Table<'_>) -> Option<Quantisation> {
    let form = table.choice_or_first("form", &Form::ALL);
    let scales = [("layer", Granularity::Layer), ("channel", Granularity::Channel)];
    let granularity = table.choice_or_first("scales", &scales);
    let ranges = [("step", ActivationRange::Step), ("clip", ActivationRange::Clip)];
    let activation_range = table.choice_or_first("activation_range", &ranges);
    let weight_bits = table.integer("weight_bits", 1..=8);
    let activation_bits = table.integer("activation_bits", 1..=8);
    let edge_weight_bits = table.integer("edge_weight_bits", 1..=8);
    let beta_fraction_bits = table.integer("beta_fraction_bits", 0..=16);
    let (form, granularity, weight_bits, beta_fraction_bits) = (form?, granularity?, weight_bits?, beta_fraction_bits?);
    let widths = form.widths();
    if !widths.contains(&weight_bits) {
        let legal = format!("{}..={} for this `form`", widths.start(), widths.end());
        table.fault("weight_bits", Problem::new("not a width of the form").legal(legal));
        return None;
    }
    if granularity == Granularity::Channel && !form.has_channels() {
        table.fault("scales", Problem::new("the form has one scale, or says itself how many").legal("`layer`"));
        return None;
    }
    if beta_fraction_bits == 0 && form.has_half_levels() {
        table.fault("beta_fraction_bits", Problem::new("the form's β is half a level").legal("1..=16"));
        return None;
    }
    Some(Quantisation {
        form,
        granularity,
        activation_range: activation_range?,
        weight_bits,
        activation_bits: activation_bits?,
        edge_weight_bits: edge_weight_bits?,
        beta_fraction_bits,
    })
}

fn training(table: &Table<'_>) -> Option<Training> {
    let batch = table.integer("batch", 2..=100_000);
    let evaluate_every = table.integer("evaluate_every", 1..=MAX_STEPS);
    let checkpoint_every = table.optional_integer("checkpoint_every", 1..=MAX_STEPS);
    let float = table.table("float").and_then(|table| schedule(&table));
    let fine_tune = table.table("fine_tune").and_then(|table| {
        let fixed_beta_steps: Option<usize> = table.integer("fixed_beta_steps", 1..=MAX_STEPS);
        let schedule = schedule(&table);
        let (fixed_beta_steps, schedule) = (fixed_beta_steps?, schedule?);
        if fixed_beta_steps > schedule.steps {
            table.fault(
                "fixed_beta_steps",
                Problem::new("more than all steps").legal(format!("1..={}", schedule.steps)),
            );
            return None;
        }
        Some((schedule, fixed_beta_steps))
    });
    let distillation = table.optional_table_as("distillation", distillation);
    let (fine_tune, fixed_beta_steps) = fine_tune?;
    Some(Training {
        batch: batch?,
        evaluate_every: evaluate_every?,
        checkpoint_every: checkpoint_every?,
        float: float?,
        fine_tune,
        fixed_beta_steps,
        distillation: distillation?,
    })
}

fn distillation(table: &Table<'_>) -> Option<Distillation> {
    let weight = table.number("weight", Interval::closed(0.0, 1.0));
    let temperature = table.number("temperature", Interval::closed(1.0, 100.0));
    Some(Distillation { weight: weight?, temperature: temperature? })
}

fn schedule(table: &Table<'_>) -> Option<Schedule> {
    let steps: Option<usize> = table.integer("steps", 1..=MAX_STEPS);
    let warm_up_steps = table.integer("warm_up_steps", 0..=MAX_STEPS);
    let learning_rate = table.number("learning_rate", Interval::positive());
    let weight_decay = table.number("weight_decay", Interval::closed(0.0, 100.0));
    let (steps, warm_up_steps) = (steps?, warm_up_steps?);
    if warm_up_steps > steps {
        table.fault("warm_up_steps", Problem::new("more than all steps").legal(format!("0..={steps}")));
        return None;
    }
    Some(Schedule { steps, warm_up_steps, learning_rate: learning_rate?, weight_decay: weight_decay? })
}
