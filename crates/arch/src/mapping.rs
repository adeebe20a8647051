//! How networks are placed on the chip: the `[mapping]` of an architecture.

use rebias_tile::BiasConverter;

/// The mapper's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingSpec {
    /// Where the sum of inputs S comes from.
    pub bias: BiasSource,
    /// Whether heavy columns are stored complemented.
    pub flip_encoding: FlipEncoding,
    /// Copies of layers.
    pub replication: Replication,
    /// Which tiles layers stand on.
    pub placement: TilePlacement,
}

/// Where the sum of an array's inputs comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasSource {
    /// An adder tree on the input slice; exact.
    DigitalCount,
    /// One bias column in each array.
    ColumnPerArray {
        /// Level ℓ_b stored in every cell of the column; 1 … 2^c − 1.
        level: u32,
        /// Where the column stands.
        place: BiasColumnPlace,
        /// What converts it.
        converter: BiasConverter,
        /// Resolution of its conversion in bits.
        adc_bits: u32,
    },
}

/// Where a bias column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BiasColumnPlace {
    /// Beside the C bit lines (ISAAC's 129th column).
    Extra,
    /// One of the C bit lines.
    Inside,
}

/// Whether a column whose cells sum to more than half is stored complemented (ISAAC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlipEncoding {
    /// Columns are stored as they are.
    Off,
    /// Heavy columns are complemented, and their sums restored digitally.
    On,
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
