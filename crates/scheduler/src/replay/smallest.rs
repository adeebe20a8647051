//! The smallest buffers with which a placed network works.

use rebias_arch::Arch;
use rebias_mapper::Placement;
use rebias_network::Network;
use rebias_units::{Bytes, Cycles};

use super::plan::Plan;
use super::record::Unwatched;
use super::{ReplayError, ReplayOptions, replay_plan};

/// How small the buffers of a chip may be for a network, one kind at a time, all of a kind alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallestBuffers {
    /// A tile's eDRAM.
    pub edram: Smallest,
    /// An IMA's input register.
    pub input_register: Smallest,
}

/// How small a buffer may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smallest {
    /// So that the network runs at all.
    pub to_finish: Bytes,
    /// So that the interval is not longer than with the architecture's.
    pub to_keep_pace: Bytes,
}

/// Finds the smallest eDRAM and the smallest input register by bisection: with a byte less the network does not finish,
/// or not as fast. Costs tens of replays.
///
/// Larger buffers are not always faster ([`replay`](super::replay)), so there may be still smaller ones that keep the
/// pace by chance.
///
/// # Errors
///
/// As [`replay`](super::replay), if the network does not run with the architecture's buffers.
pub fn smallest_buffers(
    network: &Network,
    arch: &Arch,
    placement: &Placement,
    options: &ReplayOptions,
) -> Result<SmallestBuffers, ReplayError> {
    let mut plan = Plan::new(network, arch, placement, options.schedule);
    let interval = |plan: &Plan| Ok(replay_plan(plan, arch, options, &mut Unwatched)?.interval);
    let pace: Cycles = interval(&plan)?;
    let mut smallest = |size_of: fn(&mut Plan) -> &mut Bytes| {
        let given = *size_of(&mut plan);
        let mut interval_with = |bytes| {
            *size_of(&mut plan) = bytes;
            let result: Result<_, ReplayError> = interval(&plan);
            result.ok()
        };
        let to_finish = bisect(Bytes(0), given, |bytes| interval_with(bytes).is_some());
        let keeps = |interval: Option<Cycles>| interval.is_some_and(|interval| interval <= pace);
        let to_keep_pace = bisect(to_finish, given, |bytes| keeps(interval_with(bytes)));
        *size_of(&mut plan) = given;
        Smallest { to_finish, to_keep_pace }
    };
    Ok(SmallestBuffers {
        edram: smallest(|plan| &mut plan.edram),
        input_register: smallest(|plan| &mut plan.input_register),
    })
}

/// A size from `low` on that is enough, as `high` is, and than which one byte less is not, unless it is `low`.
fn bisect(low: Bytes, high: Bytes, mut is_enough: impl FnMut(Bytes) -> bool) -> Bytes {
    if is_enough(low) {
        return low;
    }
    let (mut too_small, mut enough) = (low.0, high.0);
    while enough - too_small > 1 {
        let middle = too_small.midpoint(enough);
        if is_enough(Bytes(middle)) {
            enough = middle;
        } else {
            too_small = middle;
        }
    }
    Bytes(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bisection_finds_the_first_size_that_is_enough() {
        for first in [0, 1, 7, 63, 64] {
            assert_eq!(bisect(Bytes(0), Bytes(64), |bytes| bytes.0 >= first), Bytes(first));
        }
        assert_eq!(bisect(Bytes(5), Bytes(64), |_| true), Bytes(5));
    }
}
