//! Our figures beside the published ones.

use std::collections::BTreeMap;

use rebias_arch::Arch;
use rebias_cost::{Costs, PeakFormat, peak};
use rebias_mapper::{MapError, map};
use rebias_network::Network;
use rebias_scheduler::{ReplayError, ReplayOptions, ReplayResult, replay};
use rebias_units::Action;

use crate::claim::Verdict;
use crate::expected::{Expected, Figure};
use crate::metric::{Kind, PeakFigure, Quantity, ReplayFigure};
use crate::sums::{Part, Sum};

/// What came out for a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Validation {
    /// The design's name.
    pub design: String,
    /// Each figure, in the order of `expected.toml`.
    pub figures: Vec<Compared>,
}

impl Validation {
    /// Figures that should be as published, and are not.
    pub fn n_failed(&self) -> usize {
        self.figures.iter().filter(|figure| figure.verdict == Verdict::Failed).count()
    }
}

/// A figure with ours beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The published figure.
    pub figure: Figure,
    /// Ours, in the unit of the metric's name.
    pub ours: f64,
    /// What that makes of the claim.
    pub verdict: Verdict,
}

impl Compared {
    /// Ours less the published one, in per cent of the latter; `None` where the source has no such figure.
    pub fn difference_percent(&self) -> Option<f64> {
        let published = self.figure.claim.published()?.value();
        Some(100.0 * (self.ours - published) / published)
    }
}

/// Why figures could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidateError {
    /// A figure needs a trace, and there is no network for it.
    #[error("there is no network for the trace `{trace}`")]
    NoNetwork {
        /// The trace, as `expected.toml` names it.
        trace: String,
    },
    /// A trace does not fit the design.
    #[error("the trace `{trace}` cannot be placed: {error}")]
    Map {
        /// The trace, as `expected.toml` names it.
        trace: String,
        /// Why not.
        error: MapError,
    },
    /// A trace does not run on the design.
    #[error("the trace `{trace}` cannot be replayed: {error}")]
    Replay {
        /// The trace, as `expected.toml` names it.
        trace: String,
        /// Why not.
        error: ReplayError,
    },
}

/// Computes each figure of a design and judges it. `networks` has the network of each of [`Expected::traces`].
///
/// # Errors
/// Networks that are missing, do not fit the design or do not run on it.
pub fn validate(
    arch: &Arch,
    costs: &Costs,
    expected: &Expected,
    networks: &BTreeMap<String, Network>,
) -> Result<Validation, ValidateError> {
    let mut replays = BTreeMap::new();
    for trace in expected.traces() {
        let network = networks.get(trace).ok_or_else(|| ValidateError::NoNetwork { trace: trace.to_owned() })?;
        replays.insert(trace, Replayed::new(arch, trace, network)?);
    }
    let design = Design { arch, costs, replays };
    let compared = |figure: &Figure| {
        let ours = design.figure(&figure.metric.kind);
        Compared { figure: figure.clone(), ours, verdict: figure.claim.judge(ours) }
    };
    Ok(Validation { design: arch.name().to_owned(), figures: expected.figures.iter().map(compared).collect() })
}

/// What a network did on the design.
struct Replayed {
    macs: u64,
    result: ReplayResult,
}

impl Replayed {
    fn new(arch: &Arch, trace: &str, network: &Network) -> Result<Self, ValidateError> {
        let placement = map(network, arch).map_err(|error| ValidateError::Map { trace: trace.to_owned(), error })?;
        let result = replay(network, arch, &placement, &ReplayOptions::DEFAULT)
            .map_err(|error| ValidateError::Replay { trace: trace.to_owned(), error })?;
        Ok(Self { macs: network.macs(), result })
    }
}

/// A design with all that its figures are computed from.
struct Design<'d> {
    arch: &'d Arch,
    costs: &'d Costs,
    replays: BTreeMap<&'d str, Replayed>,
}

impl Design<'_> {
    fn figure(&self, kind: &Kind) -> f64 {
        match kind {
            Kind::Sum { part, quantity } => quantity.of(Sum::of_part(*part, self.arch, self.costs)),
            Kind::Component { component, quantity } => quantity.of(self.component(component)),
            Kind::Crossbars => self.crossbars(),
            Kind::Storage => self.storage(),
            Kind::StorageDensity => self.storage() / self.chip_area_mm2(),
            Kind::Peak { figure, weight_bits, input_bits } => self.peak(*figure, *weight_bits, *input_bits),
            Kind::Replay { trace, figure } => self.replay(trace, *figure),
        }
    }

    fn component(&self, name: &str) -> Sum {
        let row = self.costs.rows().iter().find(|row| row.component == name);
        Sum::of_component(row.unwrap_or_else(|| unreachable!("components are checked when they are read")), self.arch)
    }

    fn crossbars(&self) -> f64 {
        let (chip, tile, ima) = (self.arch.chip(), self.arch.tile(), self.arch.ima());
        f64::from(chip.n_tiles) * f64::from(tile.n_imas) * f64::from(ima.n_crossbars)
    }

    fn storage(&self) -> f64 {
        let crossbar = &self.arch.ima().crossbar;
        let cells = f64::from(crossbar.word_lines) * f64::from(crossbar.bit_lines);
        self.crossbars() * cells * f64::from(crossbar.cell.bits) / 8.0 / f64::from(1 << 20)
    }

    fn chip_area_mm2(&self) -> f64 {
        Quantity::SquareMillimetres.of(Sum::of_part(Part::Chip, self.arch, self.costs))
    }

    fn peak(&self, figure: PeakFigure, weight_bits: u32, input_bits: u32) -> f64 {
        let ima = self.arch.ima();
        let n_weight_slices = weight_bits.div_ceil(ima.crossbar.cell.bits);
        let format = PeakFormat {
            n_weight_slices,
            n_conversions: n_weight_slices,
            n_input_slices: input_bits.div_ceil(ima.dac.bits),
        };
        let peak = peak(self.arch, self.costs, format);
        let peak = peak.unwrap_or_else(|| unreachable!("published powers are checked when figures are read"));
        match figure {
            PeakFigure::Gops => peak.ops_per_second / 1e9,
            PeakFigure::GopsPerWatt => 1e3 * peak.tops_per_w(),
            PeakFigure::GopsPerSquareMillimetre => peak.gops_per_mm2(),
        }
    }

    fn replay(&self, trace: &str, figure: ReplayFigure) -> f64 {
        let Some(replayed) = self.replays.get(trace) else { unreachable!("every trace that figures need is replayed") };
        match figure {
            ReplayFigure::Cycles => replayed.result.first_latency.0 as f64,
            ReplayFigure::ConversionsPerMac => {
                replayed.result.counts()[Action::AdcConversion] as f64 / replayed.macs as f64
            }
        }
    }
}

impl Quantity {
    fn of(self, sum: Sum) -> f64 {
        match self {
            Quantity::Milliwatts => sum.power.milliwatts(),
            Quantity::Watts => sum.power.watts(),
            Quantity::SquareMillimetres => sum.area.square_millimetres(),
        }
    }
}
