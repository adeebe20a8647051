//! Replay: the work of a placed network goes through the chip's parts, event by event.
//!
//! Takes shapes only, never values: a [`Network`], an [`Arch`] and a [`Placement`]. Gives the first image's latency, the
//! interval between images of a stream, and what every part did meanwhile.
//!
//! The time model: time is counted in ticks of the tiles' digital clock. Each stage of the pipeline begins at a boundary
//! of the chip's cycle, and what it gives is latched at the end of the cycle in which it is finished. Within a cycle the
//! digital parts are busy for as many ticks as their work takes, first come first served, so that work which comes late
//! slips into a later cycle. No length of a pipeline is given anywhere: it follows from the parts.
//!
//! The outside is never in the way: it keeps the buffers of the layers that read the network's input as full as they can
//! be, and takes finished images at once.

mod error;
mod plan;
mod record;
mod result;
mod sim;
#[cfg(test)]
mod tests;

use rebias_arch::Arch;
use rebias_mapper::Placement;
use rebias_network::Network;

pub use error::ReplayError;
use plan::Plan;
use record::{Recorder, Unwatched};
pub use result::{CriticalPart, LayerReplay, PartKind, PartReplay, ReplayResult, Steadiness, Waits};
use sim::Sim;

/// How long a replay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Images at most; the replay ends sooner when two intervals in a row agree. At least 3: fewer are taken as 3.
    pub max_images: u32,
}

impl ReplayOptions {
    /// Six images at most.
    pub const DEFAULT: Self = Self { max_images: 6 };
}

/// Replays a stream of images of a placed network on a chip.
///
/// # Errors
///
/// Buffers or registers that are too small for what is placed at them, and deadlock.
pub fn replay(
    network: &Network,
    arch: &Arch,
    placement: &Placement,
    options: &ReplayOptions,
) -> Result<ReplayResult, ReplayError> {
    replay_watched(network, arch, placement, options, &mut Unwatched)
}

fn replay_watched(
    network: &Network,
    arch: &Arch,
    placement: &Placement,
    options: &ReplayOptions,
    recorder: &mut impl Recorder,
) -> Result<ReplayResult, ReplayError> {
    let plan = Plan::new(network, arch, placement);
    Sim::new(&plan, arch, u64::from(options.max_images.max(3)), recorder)?.run()
}
