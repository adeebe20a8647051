//! Where a run stands, in a file beside its trace's place, so that a run that was killed goes on.
//!
//! A checkpoint holds everything that the rest of the run depends on and that neither recipe nor data give: weights with
//! the optimiser's averages, running statistics, the order of images, the generator of random numbers, and the best weights
//! so far. A run that goes on from one ends with the same bytes as one that was never stopped. (Chips need nothing: each
//! step's follows from seed and step.)

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rebias_recipe::Recipe;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::data::ImageSet;
use crate::output::write_whole;
use crate::{Phase, TrainError};

/// First bytes of a checkpoint: what it is, and the version of its form.
const MAGIC: &str = "rebias checkpoint 1";

/// State of a trained value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParameterState {
    pub(crate) values: Vec<f32>,
    pub(crate) moments: Option<[Vec<f32>; 2]>,
    pub(crate) is_fixed: bool,
}

/// State of a part of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageState {
    /// Of its quantiser, beside parameters.
    pub(crate) stored: Vec<f64>,
    pub(crate) parameters: Vec<ParameterState>,
    /// Running statistics.
    pub(crate) statistics: Vec<Vec<f32>>,
}

/// State of a network, stage by stage.
pub(crate) type ModelState = Vec<StageState>;

/// State of a network that was chosen by its accuracy on held-out images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FittedState {
    pub(crate) model: ModelState,
    pub(crate) held_out_accuracy: f64,
    pub(crate) step: usize,
}

/// State of the training batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BatchesState {
    pub(crate) order: Vec<usize>,
    pub(crate) next: usize,
    pub(crate) stream: u64,
}

/// State of a phase after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PhaseState {
    pub(crate) step: usize,
    pub(crate) model: ModelState,
    pub(crate) best: Option<FittedState>,
    pub(crate) batches: BatchesState,
}

/// State of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct RunState {
    /// What earlier phases gave.
    pretrained: Option<FittedState>,
    twin: Option<FittedState>,
    /// The phase that runs.
    current: Option<PhaseState>,
}

/// The checkpoints of a run.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    path: PathBuf,
    every: usize,
    /// What the run depends on: program, recipe and training images.
    identity: String,
    state: RunState,
}

impl Checkpoints {
    /// Those of a run that leaves its trace in `out`, as its recipe asks for them; it goes on from one that is there.
    ///
    /// # Errors
    /// A checkpoint that cannot be read, is damaged, or is of another run.
    pub(crate) fn open(recipe: &Recipe, out: &Path, set: &ImageSet) -> Result<Option<Self>, TrainError> {
        let Some(every) = recipe.training.checkpoint_every else { return Ok(None) };
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".checkpoint");
        let path = out.with_file_name(name);
        let images = Sha256::digest(&set.pixels);
        let identity = format!("{MAGIC}\n{}\n{images:x}\n{}", env!("CARGO_PKG_VERSION"), recipe.text);
        let state = match fs::read(&path) {
            Ok(bytes) => Self::parse(&path, &identity, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => RunState::default(),
            Err(source) => return Err(TrainError::File { action: "read", path, source }),
        };
        Ok(Some(Self { path, every, identity, state }))
    }

    fn parse(path: &Path, identity: &str, bytes: &[u8]) -> Result<RunState, TrainError> {
        let refused = |problem| TrainError::Checkpoint { path: path.to_path_buf(), problem };
        // First alone: the states of another version may have another form.
        let (found, rest) = postcard::take_from_bytes::<String>(bytes).map_err(|_| refused("is damaged"))?;
        if found != identity {
            return Err(refused("was written by another version, or with another recipe or other images"));
        }
        decoded(rest).ok_or_else(|| refused("is damaged"))
    }

    /// What phase `phase` gave, if it is over.
    pub(crate) fn finished(&self, phase: Phase) -> Option<&FittedState> {
        match phase {
            Phase::Pretrain => self.state.pretrained.as_ref(),
            Phase::FloatTwin => self.state.twin.as_ref(),
            Phase::Quantised | Phase::Export => None,
        }
    }

    /// Where the phase that runs was interrupted.
    pub(crate) fn interrupted(&mut self) -> Option<PhaseState> {
        self.state.current.take()
    }

    /// Whether the state after `step` is to be kept.
    pub(crate) fn is_due(&self, step: usize) -> bool {
        step.is_multiple_of(self.every)
    }

    /// Keeps where the phase that runs stands.
    pub(crate) fn keep(&mut self, state: PhaseState) -> Result<(), TrainError> {
        self.state.current = Some(state);
        self.write()
    }

    /// Keeps what a phase gave.
    pub(crate) fn finish(&mut self, phase: Phase, fitted: FittedState) -> Result<(), TrainError> {
        self.state.current = None;
        match phase {
            Phase::Pretrain => self.state.pretrained = Some(fitted),
            Phase::FloatTwin => self.state.twin = Some(fitted),
            // The trace follows at once.
            Phase::Quantised | Phase::Export => return Ok(()),
        }
        self.write()
    }

    fn write(&self) -> Result<(), TrainError> {
        write_whole(&self.path, &encoded(&(&self.identity, &self.state)))
    }

    /// What a network that does not fit its own checkpoint is told.
    pub(crate) fn unfit(&self) -> TrainError {
        TrainError::Checkpoint { path: self.path.clone(), problem: "is damaged" }
    }

    /// Removes the file: the run is over.
    pub(crate) fn remove(self) -> Result<(), TrainError> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(TrainError::File { action: "remove", path: self.path, source })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The bytes of a value, floats to the bit.
fn encoded(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("memory takes numbers, texts and lists of known length")
}

/// The value that some bytes hold; `None` if they hold another, or more.
fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state() -> PhaseState {
        let parameter = ParameterState {
            values: vec![0.1, f32::MIN_POSITIVE, -0.0],
            moments: Some([vec![1.0; 3], vec![2.5; 3]]),
            is_fixed: true,
        };
        let stage = StageState { stored: vec![1.25], parameters: vec![parameter], statistics: vec![vec![], vec![3.0]] };
        let batches = BatchesState { order: vec![2, 0, 1], next: 1, stream: u64::MAX };
        PhaseState { step: 7, model: vec![stage], best: None, batches }
    }

    #[test]
    fn what_was_written_is_read_to_the_bit() {
        assert_eq!(decoded(&encoded(&state())), Some(state()));
        let none = f32::NAN;
        assert_eq!(decoded(&encoded(&none)).map(f32::to_bits), Some(none.to_bits()));
    }

    #[test]
    fn every_part_that_is_cut_off_is_missed() {
        let bytes = encoded(&state());
        for len in 0..bytes.len() {
            assert_eq!(decoded::<PhaseState>(&bytes[..len]), None, "{len} of {}", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn prop_no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decoded::<PhaseState>(&bytes);
            let _ = decoded::<String>(&bytes);
        }
    }
}
