//! The facade: one network on one chip, from mapping to prices.

use rebias_arch::{Arch, LayerPlace};
use rebias_cost::{Costs, LayerCost, LayerUsage, Priced, Usage, price, warnings};
use rebias_emulation::{EmulationError, Emulator};
use rebias_mapper::{LayerPlacement, MapError, Placement, map};
use rebias_network::{LayerId, Network, Trace};
use rebias_units::Cycles;

use crate::chips::Emulated;
use crate::cost::Pricing;
use crate::density::assumed_read_activity;
use crate::{
    Allocation, Chips, LayerReplay, LayerResult, Recorder, ReplayError, ReplayOptions, ReplayResult, RunResult, Timing,
    replay, replay_recorded,
};

/// How a network is run.
#[derive(Clone, Copy)]
pub struct RunOptions<'o> {
    /// Images to run at most; all of the trace's samples if absent.
    pub images: Option<usize>,
    /// Seed of everything random.
    pub seed: u64,
    /// Which draws of what is fixed when a chip is made.
    pub chips: Chips,
    /// How its cycles are replayed.
    pub replay: ReplayOptions,
    /// Called with the number of images done since the last call, from any thread.
    pub progress: &'o (dyn Fn(usize) + Sync),
}

/// Why a network could not be run: each is a matter of the input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The network does not fit the chip.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The values cannot be emulated.
    #[error(transparent)]
    Emulation(#[from] EmulationError),
    /// The cycles cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// Maps, emulates, replays and prices a network on a chip.
///
/// # Errors
/// A network that does not fit, values that cannot be emulated, buffers that are too small.
pub fn run(arch: &Arch, costs: &Costs, trace: &Trace, options: &RunOptions<'_>) -> Result<RunResult, RunError> {
    run_replayed((arch, costs, trace), options, replay)
}

/// Runs a network as [`run`] does, and tells someone of all that happens in the replay.
///
/// # Errors
/// As [`run`].
pub fn run_recorded<R: Recorder>(
    arch: &Arch,
    costs: &Costs,
    trace: &Trace,
    options: &RunOptions<'_>,
    recorder: &mut R,
) -> Result<RunResult, RunError> {
    run_replayed((arch, costs, trace), options, |network, arch, placement, options| {
        replay_recorded(network, arch, placement, options, recorder)
    })
}

fn run_replayed(
    (arch, costs, trace): (&Arch, &Costs, &Trace),
    options: &RunOptions<'_>,
    replay: impl FnOnce(&Network, &Arch, &Placement, &ReplayOptions) -> Result<ReplayResult, ReplayError>,
) -> Result<RunResult, RunError> {
    let network = &trace.network;
    let samples = trace.samples.as_ref().filter(|_| !network.is_shape_only());
    if samples.is_some() {
        Emulator::check(arch, trace.calibration.as_ref())?;
    }
    let placement = map(network, arch)?;
    let replayed = replay(network, arch, &placement, &options.replay)?;
    let calibration = trace.calibration.as_ref();
    let program = |chip| Emulator::of_chip(network, arch, &placement, calibration, chip);
    let emulated = samples.map(|samples| Emulated::on_chips(arch, samples, options, program)).transpose()?;
    let stages = Stages { placement: &placement, replayed, emulated: emulated.as_ref(), seed: options.seed };
    Ok(conclude(arch, costs, network, stages))
}

/// What the stages before pricing gave.
#[derive(Clone, Debug)]
pub struct Stages<'s> {
    /// Where the network stands.
    pub placement: &'s Placement,
    /// What its replay gave.
    pub replayed: ReplayResult,
    /// What its emulation gave; `None` for a trace without tensors or images.
    pub emulated: Option<&'s Emulated>,
    /// Seed of everything random in it.
    pub seed: u64,
}

/// Prices what has been placed, replayed and emulated. The stages may be those of another architecture, if it has the
/// same [keys](Arch::replay_key).
pub fn conclude(arch: &Arch, costs: &Costs, network: &Network, stages: Stages<'_>) -> RunResult {
    let Stages { placement, replayed, emulated, seed } = stages;
    let layers_used = usage((arch, network, placement), &replayed, emulated);
    let timing = timing(arch, &replayed);
    let usage = Usage { layers: &layers_used, n_tiles: placement.n_tiles(), interval: timing.interval };
    let priced = price(arch, costs, &usage);
    let pricing = Pricing { arch, network, placement, usage };
    RunResult {
        network: network.name().to_owned(),
        architecture: arch.name().to_owned(),
        seed,
        version: env!("CARGO_PKG_VERSION"),
        quality: emulated.and_then(Emulated::quality),
        chips: emulated.map(Emulated::chips).unwrap_or_default(),
        cost: pricing.cost(costs, &priced),
        warnings: warnings(arch, costs),
        allocation: allocation(arch, placement),
        layers: layers(arch, network, placement, (&replayed, &priced), emulated),
        timing,
        measured: replayed.measured,
        parts: replayed.units,
        buffers: replayed.buffers,
    }
}

/// What each layer did for one image: counts from the replay, read activity from the values, or from the densities of
/// their bits where there are no values. Layers without weights read no arrays.
fn usage(
    (arch, network, placement): (&Arch, &Network, &Placement),
    replayed: &ReplayResult,
    emulated: Option<&Emulated>,
) -> Vec<LayerUsage> {
    let activity = |layer: LayerId| match emulated {
        Some(emulated) => emulated.read_activity(weighted_index(placement, layer)?),
        None => assumed_read_activity(arch, network, placement.layer(layer)?),
    };
    let n_weighted = placement.layers().len();
    // Layers without weights use no converters.
    let place =
        |layer| weighted_index(placement, layer).map_or(LayerPlace::Inside, |it| LayerPlace::of(it, n_weighted));
    let usage = |layer: &LayerReplay| LayerUsage {
        counts: layer.counts,
        read_activity: activity(layer.layer),
        place: place(layer.layer),
    };
    replayed.layers.iter().map(usage).collect()
}

/// Which of the weighted layers it is; `None` for a layer without weights.
fn weighted_index(placement: &Placement, layer: LayerId) -> Option<usize> {
    placement.layers().iter().position(|placed| placed.layer == layer)
}

fn timing(arch: &Arch, replayed: &ReplayResult) -> Timing {
    let time = |cycles: Cycles| arch.chip().cycle_time * cycles.0 as f64;
    Timing {
        first_latency_cycles: replayed.first_latency,
        first_latency: time(replayed.first_latency),
        interval_cycles: replayed.interval,
        interval: time(replayed.interval),
        steadiness: replayed.steadiness,
        critical: replayed.critical.path.clone(),
        critical_busy: replayed.critical.busy,
    }
}

fn allocation(arch: &Arch, placement: &Placement) -> Allocation {
    Allocation {
        crossbars: placement.n_crossbars(),
        imas: placement.n_imas(),
        tiles: placement.n_tiles(),
        chip_tiles: arch.n_tiles(),
        chips: arch.system().n_chips,
        utilisation: placement.utilisation(arch),
    }
}

fn layers(
    arch: &Arch,
    network: &Network,
    placement: &Placement,
    (replayed, priced): (&ReplayResult, &Priced),
    emulated: Option<&Emulated>,
) -> Vec<LayerResult> {
    let conversion = |layer: LayerId| emulated?.conversion(weighted_index(placement, layer)?);
    let result = |(used, cost): (&LayerReplay, &LayerCost)| {
        // Layers without weights take no arrays.
        let placed = placement.layer(used.layer);
        LayerResult {
            name: network.layer(used.layer).name().to_owned(),
            macs: network.layer(used.layer).macs(),
            replicas: placed.map_or(1, |placed| placed.replicas.len()),
            crossbars: placed.map_or(0, LayerPlacement::n_crossbars),
            utilisation: placed.map_or(0.0, |placed| placed.utilisation(arch)),
            energy: cost.total(),
            energy_by_component: cost.by_component.clone(),
            counts: used.counts,
            conversion: conversion(used.layer),
        }
    };
    replayed.layers.iter().zip(&priced.layers).map(result).collect()
}
