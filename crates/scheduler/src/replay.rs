//! Replay: the work of a placed network goes through the chip's parts, event by event.
//!
//! Takes shapes only, never values: a [`Network`], an [`Arch`] and a [`Placement`]. Gives the first image's latency,
//! the interval between images of a stream, and what every part did meanwhile.
//!
//! The time model: time is counted in ticks of the tiles' digital clock. Each stage of the pipeline begins at a
//! boundary of the chip's cycle, and what it gives is latched at the end of the cycle in which it is finished. Within
//! a cycle the digital parts are busy for as many ticks as their work takes, first come first served, so that work
//! which comes late slips into a later cycle. No length of a pipeline is given anywhere: it follows from the parts.
//!
//! The outside is never in the way: it keeps the buffers of the layers that read the network's input full, and takes
//! finished images at once. The first image is alone on the chip; the others follow at the distance that the busiest part
//! allows, or else as fast as images come out.

mod error;
mod plan;
mod record;
mod result;
mod sim;
mod smallest;
#[cfg(test)]
mod tests;

use rebias_arch::Arch;
use rebias_mapper::Placement;
use rebias_network::Network;

pub use error::ReplayError;
use plan::Plan;
use record::Unwatched;
pub use record::{Buffer, Recorder, Stage, Work};
pub use result::{
    BufferReplay, CriticalPart, LayerReplay, PartKind, PartReplay, ReplayResult, Stall, Steadiness, UnitReplay,
};
use sim::Sim;
pub use smallest::{Smallest, SmallestBuffers, smallest_buffers};

/// What is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Which layers work at the same time.
    pub schedule: Schedule,
    /// How many images there are.
    pub images: Images,
}

impl ReplayOptions {
    /// Layers as a pipeline, until the interval is steady, sixty-four images at most.
    pub const DEFAULT: Self = Self { schedule: Schedule::InterLayer, images: Images::UntilSteady { at_most: 64 } };
}

/// Which layers work at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// All of them, as a pipeline: a position is computed as soon as its window is complete, and images follow each
    /// other.
    InterLayer,
    /// One: a layer begins when the one before it, in the network's order, has finished its whole map, and an image when
    /// the one before it is complete. Whole maps have to fit the eDRAM of the tiles that hold them.
    LayerByLayer,
}

/// How many images are replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Images {
    /// As many as it takes until their interval is steady.
    UntilSteady {
        /// Images at most; fewer than 3 are taken as 3.
        at_most: u32,
    },
    /// So many; none is taken as one.
    Exactly(u32),
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
    replay_recorded(network, arch, placement, options, &mut Unwatched)
}

/// Replays a stream of images as [`replay`] does, and tells someone of all that happens.
///
/// # Errors
///
/// As [`replay`].
pub fn replay_recorded<R: Recorder>(
    network: &Network,
    arch: &Arch,
    placement: &Placement,
    options: &ReplayOptions,
    recorder: &mut R,
) -> Result<ReplayResult, ReplayError> {
    let plan = Plan::new(network, arch, placement, options.schedule);
    replay_plan(&plan, arch, options, recorder)
}

fn replay_plan<R: Recorder>(
    plan: &Plan,
    arch: &Arch,
    options: &ReplayOptions,
    recorder: &mut R,
) -> Result<ReplayResult, ReplayError> {
    let window = match options.schedule {
        Schedule::InterLayer => Window::Fitted,
        Schedule::LayerByLayer => Window::Fixed(1),
    };
    let (traffic, alone) = match options.images {
        Images::UntilSteady { at_most } => (Traffic { until: Until::Steady(at_most.max(3)), window }, None),
        Images::Exactly(0 | 1) => (Traffic { until: Until::Complete(1), window }, None),
        Images::Exactly(images) => {
            let first = Sim::new(plan, arch, Traffic { until: Until::Complete(1), window }, Unwatched)?.run()?;
            let traffic = Traffic { until: Until::Complete(images), window: first.fitted_window() };
            (traffic, Some(first.summarise().first_latency))
        }
    };
    let stream = Sim::new(plan, arch, traffic, recorder)?.run()?.summarise();
    Ok(ReplayResult { first_latency: alone.unwrap_or(stream.first_latency), ..stream })
}

/// The images that the outside sends through the chip.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    until: Until,
    window: Window,
}

/// When a replay ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// When the interval is steady, or so many images are complete.
    Steady(u32),
    /// When so many images are complete, and no more are sent.
    Complete(u32),
}

/// How many images may be on their way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    /// So many, from the start.
    Fixed(u64),
    /// So many, one every so many cycles.
    Paced { images: u64, spacing: u64 },
    /// The first alone, then as many as fit into its latency, and more as long as that shortens the interval.
    Fitted,
}
