//! Number representations, as recipes name them.

use std::ops::RangeInclusive;

/// A number representation of weights; its training rule, and the source of it, stand in `rebias-train`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// α·(q + β), both trained, one gradient for α.
    Biased,
    /// α·q + b, both trained.
    BiasedDecoupled,
    /// Unsigned codes offset by a fixed range.
    OffsetBinary,
    /// Levels at odd halves of a trained step, as many above zero as below.
    Symmetric,
    /// Signed codes of a trained step, in pairs of columns.
    Lsq,
    /// Levels of a squashed weight.
    DoReFa,
    /// Dynamic fixed point: signed codes of a power of two.
    FixedPoint,
    /// ±1 with a scale.
    Bwn,
    /// −1, 0 and 1 with a scale.
    Twn,
    /// −1, 0 and 1 with two scales.
    Ttq,
    /// Sign and magnitude, in pairs of columns.
    SignMagnitude,
}

/// How many output channels share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// All of a layer.
    Layer,
    /// None.
    Channel,
}

/// What of an activation's levels is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivationRange {
    /// The step, as LSQ trains it.
    Step,
    /// The clip, as PACT trains it.
    Clip,
}

impl Form {
    /// All forms by their names in recipes.
    pub const ALL: [(&'static str, Self); 11] = [
        ("biased", Self::Biased),
        ("biased-decoupled", Self::BiasedDecoupled),
        ("offset-binary", Self::OffsetBinary),
        ("symmetric", Self::Symmetric),
        ("lsq", Self::Lsq),
        ("dorefa", Self::DoReFa),
        ("fixed-point", Self::FixedPoint),
        ("bwn", Self::Bwn),
        ("twn", Self::Twn),
        ("ttq", Self::Ttq),
        ("sign-magnitude", Self::SignMagnitude),
    ];

    /// Widths of its codes, k.
    pub const fn widths(self) -> RangeInclusive<u32> {
        match self {
            Self::Biased | Self::BiasedDecoupled | Self::Symmetric | Self::DoReFa => 1..=8,
            // With one bit, two's complement has −1 and 0 only.
            Self::OffsetBinary | Self::Lsq | Self::FixedPoint | Self::SignMagnitude => 2..=8,
            Self::Bwn => 1..=1,
            Self::Twn | Self::Ttq => 2..=2,
        }
    }

    /// Whether each output channel may have levels of its own.
    pub const fn has_channels(self) -> bool {
        matches!(self, Self::Biased | Self::BiasedDecoupled)
    }

    /// Whether it stands in pairs of columns.
    pub const fn is_pair(self) -> bool {
        matches!(self, Self::Lsq | Self::Ttq | Self::SignMagnitude)
    }

    /// Whether its fixed β is an odd number of halves.
    pub const fn has_half_levels(self) -> bool {
        matches!(self, Self::Symmetric | Self::DoReFa | Self::Bwn)
    }
}
