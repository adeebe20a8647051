//! What was counted while a layer was emulated.

use rebias_kernels::{Tally, Work};
use rebias_mapper::DigitalRest;
use rebias_network::OutputFormat;
use rebias_tile::BiasConverter;
use rebias_units::{Action, Counts};

use crate::arrays::{ColumnBlock, LayerArrays};
use crate::bias::BiasModel;

/// What a layer's arrays did.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) counts: Counts,
    /// Column sums, where something is lost of them.
    pub(crate) tally: Option<Tally>,
    /// Σ g·x²; `None` where reads have a constant energy.
    pub(crate) driven: Option<u128>,
}

impl Record {
    pub(crate) fn new(arrays: &LayerArrays, tally: Option<Tally>) -> Self {
        Self { counts: Counts::ZERO, tally, driven: arrays.driven.as_ref().map(|_| 0) }
    }

    /// Counts what the parts around an array did for the reads that a kernel executed.
    pub(crate) fn add_work(&mut self, (arrays, block): (&LayerArrays, &ColumnBlock), work: Work) {
        let bias_conversions = block.n_bias_columns * work.reads;
        let counts = &mut self.counts;
        counts.add(Action::CrossbarRead, work.reads);
        counts.add(Action::DacDrive, work.word_lines);
        counts.add(Action::SampleHold, work.conversions + bias_conversions);
        counts.add(Action::AdcConversion, work.conversions);
        counts.add(Action::ShiftAdd, work.conversions + bias_conversions);
        match arrays.bias {
            BiasModel::DigitalCount => match arrays.rest {
                DigitalRest::Needed => counts.add(Action::BiasCount, work.word_lines),
                DigitalRest::Vanishes => {}
            },
            BiasModel::Column { converter: BiasConverter::Own, .. } => {
                counts.add(Action::BiasConversion, bias_conversions);
            }
            BiasModel::Column { converter: BiasConverter::Shared, .. } => {
                counts.add(Action::AdcConversion, bias_conversions);
            }
        }
    }

    /// Counts outputs that got their bias.
    pub(crate) fn add_outputs(&mut self, arrays: &LayerArrays, n_outputs: u64) {
        self.counts.add(Action::BiasMultiply, n_outputs * arrays.bias_multiplies);
        match arrays.output {
            OutputFormat::Codes { .. } => self.counts.add(Action::Activation, n_outputs),
            OutputFormat::Logits => {}
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.tally = match (self.tally.take(), other.tally) {
            (Some(mut mine), Some(theirs)) => {
                mine.histogram.merge(theirs.histogram);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.driven = match (self.driven, other.driven) {
            (Some(mine), Some(theirs)) => Some(mine + theirs),
            (mine, theirs) => mine.or(theirs),
        };
    }
}
