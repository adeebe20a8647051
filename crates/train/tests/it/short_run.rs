//! Whole runs, a few steps long, on images made by code.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rebias_config::Document;
use rebias_cost::Costs;
use rebias_network::{ExactMvm, Network, Trace, TraceFiles, classify, forward};
use rebias_scheduler::{Chips, ReplayOptions, RunOptions};
use rebias_train::{Observer, Phase, Recipe, RunFiles, Silent, Summary, TrainError, run};

use crate::images;

/// A recipe of `steps` steps a phase; lines of `changes` replace those with the same key.
fn recipe(steps: usize, changes: &str) -> Recipe {
    Recipe::parse(&Document::parse("bars.toml", text(steps, changes)).unwrap()).unwrap()
}

pub(crate) fn text(steps: usize, changes: &str) -> String {
    let text = format!(
        r#"format_version = 1
name = "bars"
seed = 7
[data]
set = "bars and squares"
licence = "CC0-1.0"
held_out = 60
shift_pixels = 1
mirror = "never"
[network]
layers = ["conv 6", "pool", "conv 8", "conv 8", "pool", "linear 3"]
[quantisation]
form = "biased"
scales = "layer"
activation_range = "step"
weight_bits = 2
activation_bits = 2
edge_weight_bits = 8
beta_fraction_bits = 8
[training]
batch = 30
evaluate_every = 10
[training.float]
steps = {steps}
warm_up_steps = 2
learning_rate = 5e-3
weight_decay = 0.02
[training.fine_tune]
steps = {steps}
warm_up_steps = 2
learning_rate = 4e-3
weight_decay = 0.02
fixed_beta_steps = 5
"#
    );
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let changed: HashMap<_, _> = changes.lines().map(|line| (key(line), line)).collect();
    let lines = text.lines().map(|line| match key(line) {
        Some(key) => changed.get(&Some(key)).copied().unwrap_or(line),
        None => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs `recipe` on 300 training and 90 test images; the trace is left in `dir`/trace.
fn run_in(dir: &Path, recipe: &Recipe, observer: &mut dyn Observer) -> Result<Summary, TrainError> {
    let data = dir.join("data");
    fs::create_dir_all(&data).unwrap();
    images::write(&data, 300, 90);
    run(recipe, &RunFiles { data: &data, out: &dir.join("trace"), command: "rebias train bars.toml" }, observer)
}

fn files(dir: &Path) -> TraceFiles {
    TraceFiles::fetch("trace", |file| fs::read(dir.join("trace").join(file))).unwrap()
}

fn integer_class(network: &Network, image: &[u16]) -> u16 {
    classify(&forward(network, image, &mut ExactMvm::new(network).unwrap()).unwrap())
}

#[derive(Default)]
pub(crate) struct Counts {
    phases: Vec<(Phase, usize)>,
    pub(crate) steps: usize,
    evaluations: usize,
}

impl Observer for Counts {
    fn phase(&mut self, phase: Phase, steps: usize) {
        self.phases.push((phase, steps));
    }

    fn step(&mut self, _: usize, loss: f64) {
        assert!(loss.is_finite());
        self.steps += 1;
    }

    fn evaluated(&mut self, _: usize, accuracy: f64) {
        assert!((0.0..=1.0).contains(&accuracy));
        self.evaluations += 1;
    }
}

#[test]
fn twenty_steps_make_a_trace_that_infers() {
    let dir = tempfile::tempdir().unwrap();
    let mut counts = Counts::default();
    let summary = run_in(dir.path(), &recipe(20, ""), &mut counts).unwrap();
    let phases = [(Phase::Pretrain, 20), (Phase::FloatTwin, 20), (Phase::Quantised, 20), (Phase::Export, 0)];
    assert_eq!(counts.phases, phases);
    assert_eq!((counts.steps, counts.evaluations), (60, 6));

    let trace = Trace::parse(&files(dir.path())).unwrap();
    let names: Vec<_> = trace.network.layers().iter().map(|layer| layer.name()).collect();
    assert_eq!(names, ["conv1", "pool1", "conv2", "conv3", "pool2", "linear"]);
    let bits: Vec<_> = trace.network.weighted_layers().map(|(_, _, weighted)| weighted.weight_bits).collect();
    assert_eq!(bits, [8, 2, 2, 8]);

    let samples = trace.samples.as_ref().unwrap();
    let (labels, expected) = (samples.labels.as_ref().unwrap(), samples.expected.as_ref().unwrap());
    assert_eq!((samples.len(), trace.calibration.as_ref().unwrap().len()), (90, 200));
    let mut right = 0;
    for index in 0..samples.len() {
        let class = integer_class(&trace.network, &samples.image(index));
        assert_eq!(class, expected[index], "image {index}");
        right += usize::from(class == labels[index]);
    }
    assert_eq!(right as f64 / 90.0, summary.integer_accuracy);
    assert!(summary.integer_accuracy > 0.7, "chance is 0.33: {summary:?}");
    assert_eq!(summary.agreeing, 90, "the thresholds are exact: {summary:?}");

    let accuracies = trace.provenance.accuracies.as_ref().unwrap();
    assert_eq!(accuracies.integer, Some(summary.integer_accuracy));
    assert_eq!(accuracies.float, Some(summary.float_accuracy));
    assert_eq!(trace.provenance.seed, Some(7));
    simulate(&trace, summary.integer_accuracy);
}

/// The exported network runs on the toy chip as the integer network does.
fn simulate(trace: &Trace, accuracy: f64) {
    let arch = rebias_arch::testing::toy();
    let costs = include_str!("../../../../arch-configs/toy/costs.toml");
    let costs = Costs::parse(&Document::parse("costs.toml", costs).unwrap(), &arch).unwrap();
    let options =
        RunOptions { images: None, seed: 0, chips: Chips::FIRST, replay: ReplayOptions::DEFAULT, progress: &|_| {} };
    let result = rebias_scheduler::run(&arch, &costs, trace, &options).unwrap();
    let quality = result.quality.unwrap();
    assert_eq!(quality.agreement.share(), 1.0, "the chip's ADC loses nothing");
    assert_eq!(quality.accuracy.unwrap().share(), accuracy);
    assert!(result.timing.interval_cycles.0 > 0 && result.cost.energy_gated().joules() > 0.0);
}

#[test]
fn integer_and_fake_quantised_network_agree_at_other_widths() {
    for changes in
        ["weight_bits = 1\nactivation_bits = 1", "weight_bits = 3\nactivation_bits = 4\nedge_weight_bits = 5"]
    {
        let dir = tempfile::tempdir().unwrap();
        let summary = run_in(dir.path(), &recipe(6, changes), &mut Silent).unwrap();
        assert_eq!((summary.agreeing, summary.test_images), (90, 90), "{changes}");
    }
}

#[test]
fn every_form_becomes_an_exact_integer_network_that_runs_on_a_chip() {
    let one_scale = ["offset-binary", "symmetric", "lsq", "dorefa", "fixed-point", "twn", "ttq", "sign-magnitude"];
    let mut forms: Vec<_> = one_scale.map(|form| format!("form = \"{form}\"")).into();
    forms.push("form = \"bwn\"\nweight_bits = 1".to_owned());
    forms.push("form = \"biased\"\nscales = \"channel\"".to_owned());
    forms.push("form = \"biased-decoupled\"\nscales = \"channel\"".to_owned());
    forms.push("form = \"biased-decoupled\"\nactivation_range = \"clip\"".to_owned());
    for changes in forms {
        let dir = tempfile::tempdir().unwrap();
        let summary = run_in(dir.path(), &recipe(6, &changes), &mut Silent).unwrap();
        assert_eq!((summary.agreeing, summary.test_images), (90, 90), "{changes}");
        simulate(&Trace::parse(&files(dir.path())).unwrap(), summary.integer_accuracy);
    }
}

#[test]
fn a_student_learns_from_its_twin() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{}[training.distillation]\nweight = 1.0\ntemperature = 3.0\n", text(20, ""));
    let recipe = Recipe::parse(&Document::parse("bars.toml", text).unwrap()).unwrap();
    let summary = run_in(dir.path(), &recipe, &mut Silent).unwrap();
    // No label has taught it.
    assert!(summary.integer_accuracy > 0.7, "chance is 0.33: {summary:?}");
}

#[test]
fn networks_learn_on_chips_with_errors_and_coarse_converters() {
    let hardware = "[hardware]\ncell_bits = 2\nword_lines = 16\nflip_encoding = \"on\"\nbias_level = 1\n\
                    weight_noise = 0.05\nstuck_cells = { lrs = 0.01, hrs = 0.02 }\n\
                    partial_sums = { adc_bits = 4, dac_bits = 1, range = \"calibrated\" }\n";
    let learnt = |hardware: &str| {
        let dir = tempfile::tempdir().unwrap();
        let recipe =
            Recipe::parse(&Document::parse("bars.toml", format!("{}{hardware}", text(20, ""))).unwrap()).unwrap();
        let summary = run_in(dir.path(), &recipe, &mut Silent).unwrap();
        (summary, files(dir.path()).tensors)
    };
    let (summary, tensors) = learnt(hardware);
    assert_eq!(summary.agreeing, 90, "{summary:?}");
    assert!(summary.integer_accuracy > 0.6, "chance is 0.33: {summary:?}");
    assert!(learnt(hardware).1 == tensors, "the same chips");
    let (ideal, others) = learnt("");
    assert!(others != tensors);
    assert_eq!(ideal.float_accuracy, summary.float_accuracy, "hardware acts on the quantised network alone");
}

#[test]
fn equal_seeds_make_equal_traces_for_any_number_of_threads() {
    let trace = |seed: u64, threads: usize| {
        let dir = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let recipe = recipe(5, &format!("seed = {seed}"));
        pool.install(|| run_in(dir.path(), &recipe, &mut Silent)).unwrap();
        files(dir.path())
    };
    let (first, second, other) = (trace(3, 1), trace(3, 3), trace(4, 1));
    assert_eq!(first, second);
    assert_ne!(first.tensors, other.tensors);
}

#[test]
fn diverging_training_stops_with_step_and_layer_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let error = run_in(dir.path(), &recipe(20, "learning_rate = 1e38"), &mut Silent).unwrap_err();
    let TrainError::Diverged { phase, step, layer, .. } = &error else { panic!("{error}") };
    assert_eq!(*phase, Phase::Pretrain);
    // The first step's update makes all weights infinite or huge; the second step's loss shows it.
    assert!((2..=4).contains(step), "{error}");
    assert!(layer.starts_with("conv"), "{error}");
    assert!(error.to_string().starts_with("float pre-training: the loss is not finite at step"), "{error}");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["data"]);
}

#[test]
fn a_damaged_data_set_is_refused_by_folder_and_file() {
    let dir = tempfile::tempdir().unwrap();
    let refused = || {
        let files = RunFiles { data: dir.path(), out: &dir.path().join("trace"), command: "" };
        let error = run(&recipe(5, ""), &files, &mut Silent).unwrap_err();
        assert!(matches!(error, TrainError::Data { .. }), "{error}");
        error.to_string()
    };
    assert!(refused().contains("`train-images-idx3-ubyte`"));
    images::write(dir.path(), 90, 9);
    let path = dir.path().join("train-labels-idx1-ubyte");
    let labels = fs::read(&path).unwrap();
    fs::write(&path, &labels[..50]).unwrap();
    assert!(refused().contains("`train-labels-idx1-ubyte`"));
    // The test set is read after training.
    fs::write(&path, labels).unwrap();
    fs::remove_file(dir.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    assert!(refused().contains("`t10k-labels-idx1-ubyte`"));
    assert!(!dir.path().join("trace").exists());
}

#[test]
fn what_does_not_fit_is_refused_before_training() {
    struct NoPhase;
    impl Observer for NoPhase {
        fn phase(&mut self, phase: Phase, _: usize) {
            panic!("{phase} began");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let refused = |changes: &str| run_in(dir.path(), &recipe(20, changes), &mut NoPhase).unwrap_err().to_string();
    assert_eq!(
        refused("held_out = 300"),
        "recipe and data set do not fit: `data.held_out` = 300, of 300 training images"
    );
    assert_eq!(
        refused(r#"layers = ["conv 2", "pool", "pool", "pool", "pool", "linear 3"]"#),
        "recipe and data set do not fit: 4 pools leave nothing of 12×12 pixels"
    );
    assert!(refused(r#"layers = ["conv 2", "linear 2"]"#).ends_with("image 2 has label 2, of 2 classes"));
    fs::create_dir(dir.path().join("trace")).unwrap();
    assert!(refused("").ends_with("trace` exists already"));
}
