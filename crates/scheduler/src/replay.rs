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
#[cfg(test)]
mod tests;

use rebias_arch::Arch;
use rebias_mapper::Placement;
use rebias_network::Network;

pub use error::ReplayError;
use plan::Plan;
use record::Unwatched;
pub use result::{
    BufferReplay, CriticalPart, LayerReplay, PartKind, PartReplay, ReplayResult, Stall, Steadiness, UnitReplay,
};
use sim::Sim;

/// How long a replay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayOptions {
    /// Images at most; the replay ends sooner when the interval is steady. At least 3: fewer are taken as 3.
    pub max_images: u32,
}

impl ReplayOptions {
    /// Sixty-four images at most.
    pub const DEFAULT: Self = Self { max_images: 64 };
}

/// Replays a lone image and a stream of images of a placed network on a chip.
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
    let plan = Plan::new(network, arch, placement);
    let traffic = Traffic { max_images: options.max_images.max(3), window: Window::Fitted };
    Sim::new(&plan, arch, traffic, &mut Unwatched)?.run()
}

/// The images that the outside sends through the chip.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    /// Images after which a replay ends, steady or not.
    max_images: u32,
    window: Window,
}

/// How many images may be on their way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    /// So many, from the start.
    Fixed(u64),
    /// The first alone, then as many as fit into its latency, and more as long as that shortens the interval.
    Fitted,
}
