//! How networks are placed on the chip: the `[mapping]` of an architecture.

use crate::{BiasCalibrationSpec, BiasSource, EdgeLayersSpec, Remainder};

/// The mapper's choices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MappingSpec {
    /// Where the sum of inputs S comes from.
    pub bias: BiasSource,
    /// How the mean error of each column is found and taken off; `None` if it is not.
    pub calibration: Option<BiasCalibrationSpec>,
    /// What the first and the last layer have of their own.
    pub edge_layers: EdgeLayersSpec,
    /// Whether heavy columns are stored complemented.
    pub flip_encoding: FlipEncoding,
    /// Where the two columns of a differential pair are subtracted.
    pub pairs: PairSubtraction,
    /// Copies of layers.
    pub replication: Replication,
    /// Which tiles layers stand on.
    pub placement: TilePlacement,
}

impl MappingSpec {
    /// Whether an array may need its inputs counted digitally.
    pub fn counts_inputs(&self) -> bool {
        match self.bias {
            BiasSource::DigitalCount => true,
            BiasSource::Columns(_) => false,
            // δ·S is digital.
            BiasSource::Reference(reference) => reference.remainder == Remainder::Digital || self.calibration.is_some(),
        }
    }
}

/// Whether a column whose cells sum to more than half is stored complemented (ISAAC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlipEncoding {
    /// Columns are stored as they are.
    Off,
    /// Heavy columns are complemented, and their sums restored digitally.
    On,
}

/// Where w⁻ of a weight w⁺ − w⁻ is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairSubtraction {
    /// After conversion: each column of a pair has a conversion of its own.
    Digital,
    /// Before: a signed ADC converts the difference of a pair's currents. Its columns are not complemented.
    Analog,
}

/// Copies of a layer's weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// One copy each.
    None,
    /// ISAAC's rule: the last layer has one copy, and each earlier one as many more as the positions it computes
    /// for one of its successor's, so that output rates meet; scaled down alike where the chip is too small.
    Balanced,
    /// As many as some arrays allow, one copy after the other to the layer with the most reads of a copy, which is
    /// the one that the others wait for. A layer gets no more copies than it has positions.
    Target {
        /// Arrays to spend on all layers together; the chip may have fewer.
        crossbars: u64,
    },
}

/// Which tiles layers stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePlacement {
    /// In order of the network, tile by tile.
    InOrder,
    /// The same tiles, rearranged so that an image's bytes cross few links.
    ByTraffic,
}
