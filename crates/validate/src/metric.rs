//! The figures that can be compared: a closed set, each computed from the design.

use std::fmt;

use crate::sums::Part;

/// A figure of a design: which, and of what. Its `Display` names it in reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    name: &'static str,
    pub(crate) kind: Kind,
}

/// How a figure is computed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Power or area of a part of the chip.
    Sum { part: Part, quantity: Quantity },
    /// Power or area of all units of one cost row at their place.
    Component { component: String, quantity: Quantity },
    /// All arrays busy with numbers of some bits.
    Peak { figure: PeakFigure, weight_bits: u32, input_bits: u32 },
    /// Arrays on the chip.
    Crossbars,
    /// What all cells hold, in 2^20 bytes.
    Storage,
    /// The same for each square millimetre of the chip.
    StorageDensity,
    /// What happens when a network runs.
    Replay { trace: String, figure: ReplayFigure },
}

/// What is summed, and its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    Milliwatts,
    Watts,
    SquareMillimetres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeakFigure {
    /// 10^9 operations a second, two for each multiply–accumulate.
    Gops,
    /// The same for each watt.
    GopsPerWatt,
    /// The same for each square millimetre.
    GopsPerSquareMillimetre,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayFigure {
    /// Chip cycles until the first image's last output is written.
    Cycles,
    /// Conversions of the arrays' ADCs in an image, for each multiply–accumulate.
    ConversionsPerMac,
}

/// What a metric's word in `expected.toml` asks for; other keys say of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Sum(Part, Quantity),
    Component(Quantity),
    Peak(PeakFigure),
    Crossbars,
    Storage,
    StorageDensity,
    Replay(ReplayFigure),
}

impl Family {
    /// The words of `metric`.
    pub(crate) const WORDS: &'static [(&'static str, Family)] = &[
        ("component.power_mw", Family::Component(Quantity::Milliwatts)),
        ("component.area_mm2", Family::Component(Quantity::SquareMillimetres)),
        ("ima.power_mw", Family::Sum(Part::Ima, Quantity::Milliwatts)),
        ("ima.area_mm2", Family::Sum(Part::Ima, Quantity::SquareMillimetres)),
        ("imas.power_mw", Family::Sum(Part::Imas, Quantity::Milliwatts)),
        ("imas.area_mm2", Family::Sum(Part::Imas, Quantity::SquareMillimetres)),
        ("tile-without-imas.power_mw", Family::Sum(Part::TileWithoutImas, Quantity::Milliwatts)),
        ("tile-without-imas.area_mm2", Family::Sum(Part::TileWithoutImas, Quantity::SquareMillimetres)),
        ("tile.power_mw", Family::Sum(Part::Tile, Quantity::Milliwatts)),
        ("tile.area_mm2", Family::Sum(Part::Tile, Quantity::SquareMillimetres)),
        ("tiles.power_w", Family::Sum(Part::Tiles, Quantity::Watts)),
        ("tiles.area_mm2", Family::Sum(Part::Tiles, Quantity::SquareMillimetres)),
        ("network.power_mw", Family::Sum(Part::Network, Quantity::Milliwatts)),
        ("network.area_mm2", Family::Sum(Part::Network, Quantity::SquareMillimetres)),
        ("chip.power_w", Family::Sum(Part::Chip, Quantity::Watts)),
        ("chip.area_mm2", Family::Sum(Part::Chip, Quantity::SquareMillimetres)),
        ("chip.crossbars", Family::Crossbars),
        ("peak.gops", Family::Peak(PeakFigure::Gops)),
        ("peak.gops_per_w", Family::Peak(PeakFigure::GopsPerWatt)),
        ("peak.gops_per_s_mm2", Family::Peak(PeakFigure::GopsPerSquareMillimetre)),
        ("storage.mb", Family::Storage),
        ("storage.mb_per_mm2", Family::StorageDensity),
        ("replay.cycles", Family::Replay(ReplayFigure::Cycles)),
        ("replay.conversions_per_mac", Family::Replay(ReplayFigure::ConversionsPerMac)),
    ];

    fn name(self) -> &'static str {
        let word = Self::WORDS.iter().find(|(_, family)| *family == self);
        word.map_or("", |(name, _)| name)
    }
}

impl Metric {
    /// A figure of a family.
    pub(crate) fn new(family: Family, kind: Kind) -> Self {
        Self { name: family.name(), kind }
    }

    /// Its word in `expected.toml`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The trace that it needs, as `expected.toml` names it.
    pub fn trace(&self) -> Option<&str> {
        if let Kind::Replay { trace, .. } = &self.kind { Some(trace) } else { None }
    }

    /// What it is a figure of, where the word alone does not say: a component, a number format, a trace.
    pub fn subject(&self) -> Option<String> {
        match &self.kind {
            Kind::Sum { .. } | Kind::Crossbars | Kind::Storage | Kind::StorageDensity => None,
            Kind::Component { component, .. } => Some(component.clone()),
            Kind::Peak { weight_bits, input_bits, .. } => Some(format!("{weight_bits} × {input_bits} bits")),
            Kind::Replay { trace, .. } => Some(trace.rsplit('/').next().unwrap_or(trace).to_owned()),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject() {
            Some(subject) => f.pad(&format!("{}, {subject}", self.name)),
            None => f.pad(self.name),
        }
    }
}
