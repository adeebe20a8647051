//! Runs that are killed and go on.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rebias_config::Document;
use rebias_network::TraceFiles;
use rebias_train::{Observer, Phase, Recipe, RunFiles, Silent, TrainError, run};

use crate::images;
use crate::short_run::text;

/// Stops a run as a kill does: in the midst of a phase, with nothing tidied up.
struct KilledAt {
    phase: Phase,
    step: usize,
    running: Option<Phase>,
}

impl Observer for KilledAt {
    fn phase(&mut self, phase: Phase, _: usize) {
        self.running = Some(phase);
    }

    fn step(&mut self, step: usize, _: f64) {
        assert!(self.running != Some(self.phase) || step != self.step, "killed");
    }
}

/// Where a run went on, and what it did.
#[derive(Default)]
struct Resumed {
    at: Vec<(Phase, usize)>,
    phases: Vec<Phase>,
}

impl Observer for Resumed {
    fn phase(&mut self, phase: Phase, _: usize) {
        self.phases.push(phase);
    }

    fn resumed(&mut self, step: usize) {
        self.at.push((*self.phases.last().unwrap(), step));
    }
}

/// Twelve steps a phase, the last five with a fixed β; a checkpoint every four steps, an evaluation every two.
fn recipe(form: &str, hardware: &str) -> Recipe {
    let text = text(12, &format!("evaluate_every = 2\nform = \"{form}\""));
    let text = text.replace("[training]\n", "[training]\ncheckpoint_every = 4\n");
    Recipe::parse(&Document::parse("bars.toml", format!("{text}{hardware}")).unwrap()).unwrap()
}

fn go(dir: &Path, out: &str, recipe: &Recipe, observer: &mut dyn Observer) -> Result<(), TrainError> {
    let files = RunFiles { data: &dir.join("data"), out: &dir.join(out), command: "rebias train bars.toml" };
    run(recipe, &files, observer).map(|_| ())
}

fn trace(dir: &Path, out: &str) -> TraceFiles {
    TraceFiles::fetch("trace", |file| fs::read(dir.join(out).join(file))).unwrap()
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    images::write(&dir.path().join("data"), 200, 40);
    dir
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let hardware = "[hardware]\ncell_bits = 2\nword_lines = 16\nbias_level = 1\nweight_noise = 0.05\n";
    // `ttq` stores a ratio instead of a trained scale once β is fixed.
    for (form, hardware) in [("biased", hardware), ("ttq", "")] {
        let dir = folder();
        let recipe = recipe(form, hardware);
        go(dir.path(), "whole", &recipe, &mut Silent).unwrap();
        let kills = [
            (Phase::Pretrain, 3, None),
            (Phase::Pretrain, 9, Some(8)),
            (Phase::FloatTwin, 6, Some(4)),
            (Phase::Quantised, 11, Some(8)),
        ];
        for (phase, step, resumed_at) in kills {
            let mut killed = KilledAt { phase, step, running: None };
            let outcome = catch_unwind(AssertUnwindSafe(|| go(dir.path(), "killed", &recipe, &mut killed)));
            assert!(outcome.is_err() && !dir.path().join("killed").exists(), "{form} {phase}");
            let mut resumed = Resumed::default();
            go(dir.path(), "killed", &recipe, &mut resumed).unwrap();
            let expected: Vec<_> = resumed_at.map(|at| (phase, at)).into_iter().collect();
            assert_eq!(resumed.at, expected, "{form}");
            assert_eq!(resumed.phases[0], phase, "earlier phases are not run again");
            assert!(trace(dir.path(), "whole") == trace(dir.path(), "killed"), "{form} {phase}: the same bytes");
            assert!(!dir.path().join("killed.checkpoint").exists(), "a run that is over leaves none");
            fs::remove_dir_all(dir.path().join("killed")).unwrap();
        }
    }
}

#[test]
fn a_checkpoint_of_another_run_or_a_damaged_one_is_refused() {
    let dir = folder();
    let mut killed = KilledAt { phase: Phase::Pretrain, step: 9, running: None };
    let first = recipe("biased", "");
    catch_unwind(AssertUnwindSafe(|| go(dir.path(), "out", &first, &mut killed))).unwrap_err();
    let told = |recipe: &Recipe| go(dir.path(), "out", recipe, &mut Silent).unwrap_err().to_string();
    let message = told(&recipe("ttq", ""));
    assert!(message.contains("out.checkpoint` was written by another version, or with another recipe"), "{message}");
    assert!(message.contains("hint: remove it to begin again"), "{message}");
    let path = dir.path().join("out.checkpoint");
    let bytes = fs::read(&path).unwrap();
    for len in [0, 10, bytes.len() - 1] {
        fs::write(&path, &bytes[..len]).unwrap();
        assert!(told(&first).contains("out.checkpoint` is damaged"), "{len}");
    }
    fs::write(&path, &bytes).unwrap();
    images::write(&dir.path().join("data"), 199, 40);
    assert!(told(&first).contains("or other images"));
}
