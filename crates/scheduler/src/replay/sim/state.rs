//! What changes in the course of a replay; all of it plain data.

use std::collections::VecDeque;

use rebias_buffer::EdramUnit;
use rebias_engine::{Space, Tick};
use rebias_tile::{ImaUnit, PortUnit, TileUnit};

use crate::replay::plan::{BufferIdx, LinkIdx, PartPlan, ShareIdx, TargetIdx};

/// Something on its way to a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    /// Partial sums of a copy's turn.
    Sums { link: LinkIdx, turn: u64 },
    /// Output codes of a copy's turn.
    Codes { target: TargetIdx, turn: u64 },
    /// A pixel of the network's input, counted over all images in a row.
    Input { buffer: BufferIdx, pixel: u64 },
}

/// A parcel that waits for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) parcel: Parcel,
    pub(super) since: Tick,
}

/// The arrays of a copy in one IMA: how many positions have come how far. The stages keep their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShareState {
    pub(super) loaded: u64,
    pub(super) started: u64,
    /// Positions whose inputs have left the input register.
    pub(super) drained: u64,
    /// Positions whose last columns are converted, where converters are scarce.
    pub(super) converted: u64,
    pub(super) summed: u64,
    pub(super) sent: u64,
    pub(super) load: LoadState,
    pub(super) sending: Sending,
    /// The first pixel, of all images in a row, that a position still to be loaded needs.
    pub(super) first_needed: u64,
}

/// What the loading side of a share does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LoadState {
    /// Nothing, and nobody will wake it but itself.
    #[default]
    Idle,
    /// The window of the next position is not complete.
    WaitsForInput(Tick),
    /// The input register has no room.
    WaitsForRegister(Tick),
    /// A position is being loaded.
    Loading,
}

/// What the sending side of a share does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sending {
    /// Nothing.
    #[default]
    Idle,
    /// A position's sums are on the bus; so many fills of the register have passed it.
    Fill(u32),
}

/// A copy: the turns that have not left its tiles' output registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ReplicaState {
    /// Turns that have left, all up to here.
    pub(super) left: u64,
    /// Departures that each later turn still has before it.
    pub(super) departures: VecDeque<u32>,
}

/// A copy on one tile: for each turn that has not left, what its sums still wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartState {
    pub(super) turns: VecDeque<Missing>,
}

/// What the sums of a turn wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    /// Shares of the tile.
    pub(super) shares: u32,
    /// Other tiles, and this one as a whole.
    pub(super) tiles: u32,
}

/// A layer's input on one tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BufferState {
    /// Pixels, of all images in a row, that are complete up to here.
    pub(super) complete: u64,
    /// Codes received of the pixels behind.
    pub(super) received: VecDeque<u64>,
    /// Pixels that the outside has given, if it fills the buffer.
    pub(super) fed: u64,
}

/// An IMA.
#[derive(Debug)]
pub(super) struct ImaState {
    pub(super) unit: ImaUnit,
    pub(super) register: Space<ShareIdx>,
    /// Whether its next cycle is in the queue.
    pub(super) is_stepping: bool,
}

/// A tile.
#[derive(Debug)]
pub(super) struct TileState {
    pub(super) unit: TileUnit,
    pub(super) edram: EdramUnit<Waiting>,
    pub(super) port: PortUnit,
}

impl PartState {
    /// What a turn waits for, which is `ahead` turns behind the first that has not left.
    pub(super) fn missing(&mut self, ahead: u64, plan: &PartPlan) -> &mut Missing {
        let ahead = ahead as usize;
        while self.turns.len() <= ahead {
            self.turns.push_back(Missing { shares: plan.n_shares, tiles: plan.n_incoming + 1 });
        }
        &mut self.turns[ahead]
    }
}

impl ReplicaState {
    /// Takes one departure off a turn; returns how many turns in a row have left by that.
    pub(super) fn depart(&mut self, turn: u64, departures: u32) -> u64 {
        let ahead = (turn - self.left) as usize;
        while self.departures.len() <= ahead {
            self.departures.push_back(departures);
        }
        self.departures[ahead] -= 1;
        let before = self.left;
        while self.departures.front() == Some(&0) {
            self.departures.pop_front();
            self.left += 1;
        }
        self.left - before
    }
}
